from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from expkit.outcomes.figures import canvas, shades
from expkit.outcomes.figures.draw import draw
from expkit.outcomes.figures.sweep import sweep
from expkit.outcomes.markdown.arms import arms as arms_section
from expkit.outcomes.varied import sweeps
from expkit.records.evidence import ArmEvidence, Evidence
from tests.outcomes.test_figures import HOSTILE, PROGRAM, digests, texts

RATES, DISCOUNTS = (0.01, 0.1, 0.5), (0.5, 0.9, 0.95, 0.99)


def swept(
    make: SimpleNamespace, rates: Sequence[float] = RATES, discounts: Sequence[float] = DISCOUNTS
) -> tuple[ArmEvidence, ...]:
    """The arms of a sweep: totals rise with the rate, and more with the discount."""
    lost = {(0.01, 0.9): (3, 4), (0.5, 0.5): tuple(range(20))}
    return tuple(
        make.arm(
            f"gambler[learning_rate={rate},discount={discount}]",
            make.spread(20, 12_000 + 3000 * row + 1500 * column, 500),
            make.curve(1, 4, 0.1),
            varied={"agent.learning_rate": rate, "agent.discount": discount},
            failed=lost.get((rate, discount), ()),
        )
        for row, rate in enumerate(rates)
        for column, discount in enumerate(discounts)
    )


@pytest.fixture(name="evidence")
def _evidence(make: SimpleNamespace) -> Evidence:
    arms = swept(make)
    spoken = make.hypothesis("h1", make.test(1.5, 1.4, 1.6), treatment=arms[6].name, control=arms[3].name)
    return make.evidence(arms=arms, hypotheses=(spoken,))


def drawn_at(arms: tuple[ArmEvidence, ...], make: SimpleNamespace) -> list[str]:
    """Every text of the heat map of these arms."""
    evidence = make.evidence(arms=arms, hypotheses=())
    return texts(canvas.svg(partial(sweep, evidence), "a sweep"))


def test_only_a_sweep_over_two_parameters_has_a_heat_map(evidence: Evidence, make: SimpleNamespace) -> None:
    """Evidence without one keeps the figures it has: their digests are committed."""
    assert "sweep.svg" in draw(evidence)
    one = swept(make, discounts=(0.9,))
    single = [
        arm.model_copy(update={"varied": {"agent.learning_rate": arm.varied["agent.learning_rate"]}}) for arm in one
    ]
    for arms in (make.arms(), tuple(single)):
        assert set(draw(make.evidence(arms=arms))) == {"intervals.svg", "curves.svg", "seeds.svg"}


def test_every_cell_bears_its_number_as_text(evidence: Evidence) -> None:
    """Rows and columns are named by their settings, in ascending order; what is special about a cell is written."""
    words = texts(draw(evidence)["sweep.svg"])
    for arm in evidence.arms:
        if arm.summaries:
            assert f"{arm.summaries['total_reward'].iqm:,.0f}" in words
    assert [word for word in words if word in map(str, DISCOUNTS)][:4] == ["0.5", "0.9", "0.95", "0.99"]
    assert {"learning rate ↓", "discount →", "2 of 20 failed", "none", "best cell"} <= set(words)
    assert words.count("h1") == 2
    assert "interquartile mean of total reward, n = 20 in a cell unless it says otherwise" in words


def test_the_best_cell_is_the_best_of_its_own_environment(evidence: Evidence, make: SimpleNamespace) -> None:
    """Totals of two environments are not one scale, so each has its best; a metric that should be low, its lowest."""
    (found,) = sweeps(evidence)
    assert found.best == {(0.5, 0.99)}
    other = tuple(
        arm.model_copy(update={"environment_digest": "0" * 64}) if arm.varied["agent.discount"] < 0.95 else arm
        for arm in evidence.arms
    )
    (found,) = sweeps(evidence.model_copy(update={"arms": other}))
    assert found.best == {(0.5, 0.9), (0.5, 0.99)}
    (found,) = sweeps(evidence)
    lowest = type(found)(
        experiment=found.experiment, paths=found.paths, arms=found.arms, metric=found.metric, lower_is_better=True
    )
    assert lowest.best == {(0.01, 0.5)}


def test_the_same_sweep_is_the_same_bytes_under_a_hostile_matplotlibrc(evidence: Evidence, tmp_path: Path) -> None:
    """Twice here, and in a process whose settings change all they can; text stays text there, too."""
    here = digests(draw(evidence))
    assert digests(draw(evidence)) == here
    (tmp_path / "matplotlibrc").write_text(HOSTILE + "hatch.linewidth: 9\npatch.linewidth: 8\nimage.cmap: jet\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=evidence.model_dump_json(),
        env={**os.environ, "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == here


@given(st.floats(-1, 2))
def test_numbers_can_be_read_on_every_colour(share: float) -> None:
    """WCAG asks for a contrast of 4.5; colours of a scale keep their order in black and white."""
    for colour in (shades.ordered(share), shades.tint(min(1.0, max(0.0, share)))):
        assert shades.contrast(to_rgb(shades.ink_on(colour)), colour) >= 4.5
    black = to_rgb("black")
    lighter = [shades.contrast(black, shades.ordered(step / 20)) for step in range(21)]
    assert lighter == sorted(lighter)


def test_a_large_sweep_keeps_its_picture_and_gives_up_its_numbers(make: SimpleNamespace) -> None:
    """Twenty by twenty still bear them; beyond that, a sentence says where they are."""
    twenty = tuple(k / 20 for k in range(20))
    words = drawn_at(swept(make, twenty, twenty), make)
    assert "12,000" in words
    assert "numbers: see the table" not in words
    words = drawn_at(swept(make, (*twenty, 1.0), (0.5, 0.9)), make)
    assert "numbers: see the table" in words
    assert words.count("12,000") == 1  # the low end of the scale


def test_the_outcome_shows_it_with_words_for_who_cannot_see_it(evidence: Evidence) -> None:
    """The alternative text names both parameters and the best cell; evidence without the figure has no link to it."""
    assert "sweep.svg" not in arms_section(evidence)
    shown = arms_section(evidence.model_copy(update={"figures": {"sweep.svg": "0" * 64}}))
    assert (
        "![Total reward by learning rate and discount, interquartile mean; best at 0.5 and 0.99](figures/sweep.svg)"
        in shown
    )
