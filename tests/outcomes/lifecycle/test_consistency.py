"""Evidence that was edited by hand contradicts itself somewhere, and the check says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from expkit.outcomes.consistency import contradictions
from expkit.outcomes.serialise import parse_evidence

Edit = Callable[[dict[str, Any]], None]


def edited(laboratory: Any, edit: Edit) -> tuple[str, ...]:
    """What is found in the committed evidence after an edit."""
    content = json.loads(laboratory.paths.evidence("rq01").read_bytes())
    edit(content)
    return contradictions(parse_evidence(json.dumps(content).encode()))


def test_evidence_as_written_does_not_contradict_itself(answered: Any) -> None:
    """What expkit writes passes its own check."""
    assert contradictions(answered.evidence_on_disk()) == ()


def verdict(content: dict[str, Any]) -> None:
    """A verdict that its interval does not give."""
    one = content["hypotheses"][0]
    one["verdict"] = "inconclusive" if one["verdict"] != "inconclusive" else "supported"


def bound(content: dict[str, Any]) -> None:
    """A bound moved to where the interval would be inside."""
    one = content["hypotheses"][0]
    one["region"]["low"] = one["test"]["interval"]["high"] + 1.0


def claim(content: dict[str, Any]) -> None:
    """A bound moved to where the verdict stays the same."""
    content["hypotheses"][1]["region"]["low"] -= 1e-6


def estimate(content: dict[str, Any]) -> None:
    """An estimate that the seeds do not give."""
    content["hypotheses"][1]["test"]["estimate"] += 0.01


def seed(content: dict[str, Any]) -> None:
    """A seed's total."""
    content["arms"][0]["seeds"]["total_reward"][0] += 100.0


def mean(content: dict[str, Any]) -> None:
    """A mean that the seeds do not give."""
    content["arms"][2]["summaries"]["total_reward"]["mean"] += 1.0


def missing(content: dict[str, Any]) -> None:
    """A seed left out without being called failed."""
    content["arms"][0]["seeds"]["total_reward"][0] = None


def fewer(content: dict[str, Any]) -> None:
    """A seed taken away."""
    content["arms"][0]["seeds"]["total_reward"].pop()


def untold(content: dict[str, Any]) -> None:
    """The values that everything follows from, taken away from every arm."""
    for one in content["arms"]:
        del one["seeds"]["total_reward"]


def unsummed(content: dict[str, Any]) -> None:
    """And what they come to, from an arm that no hypothesis is tested on."""
    content["hypotheses"].pop()
    del content["arms"][2]["seeds"]["total_reward"], content["arms"][2]["summaries"]["total_reward"]


def unmeasured(content: dict[str, Any]) -> None:
    """Every value taken away, and the count of those that were summed up."""
    one = content["arms"][0]
    one["seeds"]["total_reward"], one["summaries"]["total_reward"]["n"] = [None] * 6, 0


def nothing(content: dict[str, Any]) -> None:
    """A denominator of nothing."""
    content["arms"][1]["seeds"]["total_reward"] = [0.0] * 6


def twice(content: dict[str, Any]) -> None:
    """A hypothesis that is told twice."""
    content["hypotheses"].append(content["hypotheses"][0])


def curve(content: dict[str, Any]) -> None:
    """A curve without its last window."""
    content["arms"][0]["curve"]["value"].pop()


def arm(content: dict[str, Any]) -> None:
    """An arm that a hypothesis speaks of, renamed."""
    content["arms"][1]["name"] = "bookkeeper"


def unregistered(content: dict[str, Any]) -> None:
    """A confirmatory verdict without its registration."""
    content["registrations"] = []


def dirty(content: dict[str, Any]) -> None:
    """A confirmatory verdict on a changed tree."""
    content["registrations"][0]["clean"] = False


def decision(content: dict[str, Any]) -> None:
    """A registered decision, edited under its digest."""
    content["registrations"][1]["standing"]["decision"]["region"]["low"] = 0.4


def statement(content: dict[str, Any]) -> None:
    """A registered statement, edited under its digest."""
    content["registrations"][1]["standing"]["statement"] = "It was said otherwise."


def untested(content: dict[str, Any]) -> None:
    """A verdict without a test."""
    content["hypotheses"][0]["test"] = None


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (verdict, "h1 is called"),
        (bound, "h1 is called"),
        (claim, "h2 is judged by another criterion"),
        (estimate, "h2 is estimated as"),
        (seed, "the mean of total_reward"),
        (mean, "arm gambler of strategies: the mean of total_reward"),
        (missing, "not called failed"),
        (fewer, "5 values of total_reward for 6 seeds"),
        (untold, "arm drunkard of strategies: total_reward has no value for any seed"),
        (unsummed, "arm gambler of strategies: total_reward has no value for any seed"),
        (unmeasured, "arm drunkard of strategies: total_reward has a summary and no values"),
        (nothing, "its seeds give nan"),
        (twice, "h1 is there twice"),
        (curve, "has not 40 windows"),
        (arm, "speaks of an arm that is not there"),
        (unregistered, "h1 is called confirmatory, and no registration says so"),
        (dirty, "h1 is called confirmatory, and no registration says so"),
        (decision, "a registration of h2 has a decision"),
        (statement, "a registration of h2 has a statement"),
        (untested, "without a test"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_an_edit_is_found(answered: Any, edit: Edit, said: str) -> None:
    """Each edit contradicts a number, a bound or a digest elsewhere in the file."""
    assert any(said in one for one in edited(answered, edit)), edited(answered, edit)


def test_a_check_reports_it_with_the_way_back(answered: Any) -> None:
    """As a failure of the file, with the command that restores it."""
    file = answered.paths.evidence("rq01")
    content = json.loads(file.read_bytes())
    mean(content)
    file.write_text(json.dumps(content))
    assert any("contradicts itself" in failure and "git restore" in failure for failure in answered.failures())


def test_the_words_that_a_hypothesis_was_decided_in_are_those_of_the_question(answered: Any) -> None:
    """Their digest alone, edited, makes the outcome stale."""
    file = answered.paths.evidence("rq01")
    content = json.loads(file.read_bytes())
    content["hypotheses"][1]["wording_digest"] = "0" * 64
    file.write_text(json.dumps(content))
    assert any("stale: the wording of h2 changed" in failure for failure in answered.failures())
