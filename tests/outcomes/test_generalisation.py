# ruff: noqa: RUF001 - the minus sign is what a reader gets
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from functools import partial

import pytest

from expkit.outcomes.consistency import contradictions
from expkit.outcomes.figures import canvas, environments, generalisation
from expkit.outcomes.markdown.generalisation import generalisation as section_of
from expkit.outcomes.serialise import evidence_bytes
from expkit.records.elsewhere import Elsewhere, PlaceEstimate
from expkit.records.evidence import Evidence, Interval, Summary

SVG = "{http://www.w3.org/2000/svg}"


def score(iqm: float, interval: Interval | None = None) -> Summary:
    """A score of which nothing else matters here."""
    return Summary(
        n=200, mean=iqm, iqm=iqm, iqm_interval=interval, sd=0.1, min=-1.0, q05=0.0, median=iqm, max=1.0, cvar10=0.0
    )


def place(environment: str, slip: float, unseen: str | None = None) -> Elsewhere:
    """A dungeon in another wind."""
    return Elsewhere(
        environment_digest=environment,
        unseen=unseen,  # type: ignore[arg-type]
        parameters={"kind": "dungeon", "slip": slip},
        optimal_gain=2.25,
        random_gain=1.3125,
    )


def heat_map(evidence: Evidence) -> bytes:
    """The figure's bytes."""
    return canvas.svg(partial(generalisation.generalisation, evidence), "")


@pytest.fixture
def carried(evidence: Evidence) -> Evidence:
    """The tutorial's evidence, each arm evaluated in two more environments, and a hypothesis over both."""
    home = evidence.arms[0].environment_digest
    assert home is not None
    evaluated_on = {"home": place(home, 0.1), "windy": place("0" * 64, 0.3, "random")}
    scores = {
        "normalized_score": score(0.96),
        "normalized_score/home": score(0.96),
        "normalized_score/windy": score(-0.42, Interval(low=-0.5, high=-0.31)),
    }
    arms = [
        arm.model_copy(update={"evaluated_on": evaluated_on, "summaries": arm.summaries | scores})
        for arm in evidence.arms
    ]
    alone = PlaceEstimate(estimate=0.3, interval95=Interval(low=0.1, high=0.5))
    hypothesis = evidence.hypotheses[0].model_copy(
        update={"metric": "normalized_score/home:windy", "places": {"home": alone, "windy": None}}
    )
    return evidence.model_copy(update={"arms": tuple(arms), "hypotheses": (hypothesis, *evidence.hypotheses[1:])})


def test_a_row_an_arm_a_column_an_environment(carried: Evidence) -> None:
    """With the interval where there is one; then what each environment is, and what is done in unseen states."""
    (section,) = section_of(carried)
    assert "| arm | as trained | `home` | `windy` |" in section
    assert "| `gambler` | 0.96 | 0.96 | −0.42 (−0.50 to −0.31) |" in section
    assert "- `windy`: slip 0.3; the optimal gain is 2.25 a step, a random walk's 1.3125" in section
    assert section.count("a policy acts uniformly at random") == 1
    assert "figures/generalisation.svg" in section
    assert "figures/environments.svg" in section


def test_nothing_is_said_where_nothing_was_evaluated_elsewhere(evidence: Evidence) -> None:
    """No section, no figure, no key in the file."""
    assert section_of(evidence) == ()
    assert not generalisation.is_drawn(evidence)
    assert not environments.is_drawn(evidence)
    assert b"evaluated_on" not in evidence_bytes(evidence)
    assert b"places" not in evidence_bytes(evidence)


def test_the_heat_map_has_its_numbers_written_in_the_cells(carried: Evidence) -> None:
    """On a white card, the same bytes each time, and no picture inside that a program could not read."""
    drawn = heat_map(carried)
    assert drawn == heat_map(carried)
    texts = [text.text for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("−0.42") == len(carried.arms)
    assert texts.count("0.96") == 2 * len(carried.arms)
    assert {"as trained", "home", "windy", "gambler"} <= set(texts)
    assert b"<image" not in drawn


def test_the_forest_has_a_row_for_each_environment_and_one_for_the_mean(carried: Evidence) -> None:
    """An environment that cannot be tested alone says so."""
    text = re.sub(r"<[^>]+>", "\n", canvas.svg(partial(environments.environments, carried), "").decode())
    assert {"home", "windy", "no spread", "mean of each seed", "0.3 (0.1 to 0.5)"} <= set(text.splitlines())


def test_a_mean_over_environments_is_checked_against_its_seeds(carried: Evidence) -> None:
    """As every estimate is: by the per-seed values that the evidence holds of it."""
    values = tuple(0.001 * seed for seed in range(200))
    name = "normalized_score/home:windy"
    arms = [
        arm.model_copy(update={"seeds": arm.seeds | {name: values}, "summaries": arm.summaries | {name: score(0.7)}})
        for arm in carried.arms
    ]
    found = contradictions(carried.model_copy(update={"arms": tuple(arms)}))
    assert any(f"the iqm of {name} is said to be 0.7" in one for one in found)
    assert any("is estimated as" in one and one.startswith("h1") for one in found)
