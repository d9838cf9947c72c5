"""Explanations held against what the shipped questions really came to: what is foretold is what was done."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from expkit.dossier import Dossier
from expkit.outcomes.explanation import Compared, Decided, compared, decided
from expkit.outcomes.foresight import foresights, lacking, sentences, warning
from expkit.outcomes.serialise import read_evidence
from expkit.project.read import Project, read_project
from expkit.records.evidence import HypothesisEvidence, Interval
from expkit.specs.criterion import Criterion, arms_of
from expkit.statistics.claim import Claim
from expkit.statistics.verdict import decide

ROOT = Path(__file__).parents[2]


@cache
def shipped() -> Project:
    """This repository, as a project."""
    return read_project(ROOT)


@cache
def dossier(question: str) -> Dossier:
    """One of its questions with all that stands about it."""
    return Dossier(shipped(), shipped().questions[question])


PAIRS = [(one.id, hypothesis.id) for one in read_project(ROOT).questions.values() for hypothesis in one.hypotheses]


def explained(question: str, hypothesis: str) -> tuple[Compared, Decided, Criterion]:
    """What is told of one of its hypotheses."""
    found = dossier(question)
    one = next(one for one in found.question.hypotheses if one.id == hypothesis)
    arms = {arm.name: arm for arm in found.planned[one.experiment]}
    what = compared(one, found.experiments[one.experiment], arms)
    return what, decided(found.question, one, found.experiments[one.experiment], what.metric), one.criterion


def judged(question: str, hypothesis: str) -> HypothesisEvidence:
    """What became of it."""
    evidence = dossier(question).evidence
    assert evidence is not None
    return next(one for one in evidence.hypotheses if one.id == hypothesis)


@pytest.mark.parametrize(("question", "hypothesis"), PAIRS)
def test_the_test_and_the_level_are_those_that_decided(question: str, hypothesis: str) -> None:
    """Told from the declaration alone, they are what the evidence records."""
    what, how, _ = explained(question, hypothesis)
    test = judged(question, hypothesis).test
    assert test is not None
    assert test.method.startswith(how.test)
    assert how.levels[0] <= test.level * (1 + 1e-9)
    assert test.level <= how.levels[1]
    assert what.arms == tuple(
        arm for arm in (judged(question, hypothesis).treatment, judged(question, hypothesis).control) if arm
    )


@pytest.mark.parametrize(("question", "hypothesis"), PAIRS)
def test_the_power_from_recorded_seeds_is_the_power_in_the_evidence(question: str, hypothesis: str) -> None:
    """At the strictest level, where that is the one it was decided at."""
    what, how, criterion = explained(question, hypothesis)
    found = dossier(question)
    evidence, test = found.evidence, judged(question, hypothesis).test
    assert evidence is not None
    assert test is not None
    arms = {arm.name: arm for arm in found.arms if arm.experiment == what.experiment}
    fore = foresights(criterion, what, how, [arms[name] for name in arms_of(criterion)], [evidence])
    recorded = [one for one in fore if one.spread == "recorded"]
    assert recorded or "/" in what.metric.name or how.binary
    if recorded and test.level == pytest.approx(how.levels[0]) and test.power_at_expected is not None:
        assert recorded[0].strictest.power == pytest.approx(test.power_at_expected, abs=1e-8)


def test_a_band_is_told_with_both_its_ends() -> None:
    """As a reader would say it: within, outside below or above, across."""
    what, how, _ = explained("rq01", "h1")
    assert how.supported == "if the whole deciding interval of the difference of the means lies within 3,000 to 5,000"
    assert how.refuted == "if the whole of it lies outside: below 3,000, or above 5,000"
    assert how.inconclusive == "otherwise: the interval reaches across a bound, 3,000 or 5,000"
    assert how.estimate == "difference of the means of total reward, accountant minus drunkard"
    assert how.level.startswith("between 0.0167 and 0.05: Holm shares alpha 0.05 among the question's 3 hypotheses")
    assert [(one.parameter, one.values) for one in what.differences] == [("agent.kind", ("accountant", "drunkard"))]
    assert re.fullmatch(r"dungeon \(length 5, .*\), version [0-9a-f]{12}", what.environment)


def test_a_ratio_and_a_share_have_ways_of_their_own_to_be_invalid() -> None:
    """A ratio needs a positive control, a share zeros and ones; spread between quarters is the concern of neither."""
    _, ratio, _ = explained("rq01", "h2")
    assert any("control reaches zero" in one for one in ratio.invalid)
    _, share, _ = explained("rq04", "h1")
    assert any("other than 0 and 1" in one for one in share.invalid)
    assert not any("quarters" in one for one in share.invalid)
    assert share.supported == "if the whole deciding interval of the share lies at 0.9 or more"


def test_what_power_needs_is_asked_for() -> None:
    """The expected effect, the spread, or both; and nothing once both are known."""
    what, how, criterion = explained("rq01", "h1")
    bare = criterion.model_copy(update={"expected": None})
    assert "expected, the difference you expect, and expected_sd" in (lacking(bare, how, ()) or "")
    assert (lacking(criterion, how, ()) or "").startswith("declare expected_sd")
    told = criterion.model_copy(update={"expected_sd": 900.0})
    (fore,) = foresights(told, what, how, [], [])
    assert lacking(told, how, [fore]) is None
    said = " ".join(sentences(fore, told, how))
    assert "From the declared expected_sd of 900, as if seeds were normal" in said
    assert "the expected difference of 4,000 is true, it is supported with a probability of" in said


def test_too_few_seeds_are_a_warning_that_names_enough() -> None:
    """And an effect that lies on a bound is found by no number of seeds."""
    what, how, criterion = explained("rq01", "h1")
    arms: list = []
    wide = criterion.model_copy(update={"expected_sd": 9000.0})
    (fore,) = foresights(wide, what, how, arms, [])
    assert fore.strictest.seeds_needed is not None
    assert f"write count: {fore.strictest.seeds_needed} in experiments/strategies.yaml" in (
        warning(fore, wide, what) or ""
    )
    (enough,) = foresights(criterion.model_copy(update={"expected_sd": 900.0}), what, how, arms, [])
    assert warning(enough, criterion, what) is None
    at_bound = wide.model_copy(update={"expected": 3000.0})
    (on_bound,) = foresights(at_bound, what, how, arms, [])
    said = " ".join(sentences(on_bound, at_bound, how))
    assert "the expected difference of 3,000 lies on a bound of the claim" in said
    assert "supported with a probability" not in said
    assert "no number of seeds" in (warning(on_bound, at_bound, what) or "")


def test_pairs_of_another_root_lend_no_spread() -> None:
    """What is paired is the luck, and two roots share none."""
    what, how, criterion = explained("rq06", "h1")
    assert how.paired
    found = dossier("rq06")
    evidence = read_evidence(found.paths.evidence("rq06"), where="evidence.json")
    assert evidence is not None
    names = arms_of(criterion)
    arms = [next(arm for arm in found.arms if arm.name == name) for name in names]
    torn = [arm.model_copy(update={"root": 1}) if arm.name == names[0] else arm for arm in evidence.arms]
    assert foresights(criterion, what, how, arms, [evidence])
    assert foresights(criterion, what, how, arms, [evidence.model_copy(update={"arms": tuple(torn)})]) == ()


def test_a_share_has_one_arm_and_its_power_is_exact() -> None:
    """Fifty successes at 0.95 seldom clear 0.9: told by the exact test alone, not by what was recorded."""
    what, how, criterion = explained("rq04", "h1")
    few = replace(what, seeds=(50,))
    told = criterion.model_copy(update={"expected": 0.95})
    how = replace(how, levels=(0.05, 0.05))
    assert dossier("rq04").evidence is not None
    (fore,) = foresights(told, few, how, [], [dossier("rq04").evidence])
    assert fore.strictest.power == pytest.approx(0.077, abs=0.001)
    assert (warning(fore, told, few) or "").startswith("50 seeds are too few: 80 % takes 231")


def test_a_withdrawn_hypothesis_leaves_its_share_to_nobody() -> None:
    """It counts with p = 1, so the mildest level of the others is what `decide` can come to."""
    found = dossier("rq01").question
    told = []
    for given_up in (0, 1, 2):
        hypotheses = [
            one.model_copy(update={"withdrawn": "no longer asked" if index >= 3 - given_up else None})
            for index, one in enumerate(found.hypotheses)
        ]
        question = found.model_copy(update={"hypotheses": tuple(hypotheses)})
        what, _, _ = explained("rq01", "h1")
        how = decided(question, hypotheses[0], dossier("rq01").experiments[hypotheses[0].experiment], what.metric)
        claim = Claim(kind="value", region=Interval(low=0, high=None), treatment=np.arange(9.0) + 9)
        family = [replace(claim, withdrawn=one.withdrawn) for one in hypotheses]
        levels = [decision.test.level for decision in decide(family, 0.05) if decision.test]
        assert how.levels == pytest.approx((min(levels), max(levels)))
        told.append(how.level)
    assert told[1].startswith("between 0.0167 and 0.025: ")
    assert told[2].startswith("0.0167: Holm shares alpha 0.05")
