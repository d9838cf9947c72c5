"""Replaying: evidence that was not made by its trials is found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from expkit.dossier import Dossier
from expkit.outcomes.archive import read_records
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.registration import all_standings
from expkit.outcomes.write import write_outcome
from expkit.project.read import read_project
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from tests.replay.commands import say

if TYPE_CHECKING:
    from tests.conftest import Desk


def forged(desk: Desk, how: Callable[[Evidence], Evidence]) -> None:
    """Write an outcome from evidence that somebody has changed."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    assert dossier.evidence
    write_outcome(dossier.paths, dossier.question, how(dossier.evidence))
    desk.commit()


def other_seed(desk: Desk) -> Evidence:
    """What evidence would say had the gambler's third seed earned more: every statistic follows."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    at = ("strategies", "gambler")
    metrics = {name: column.copy() for name, column in dossier.results[at].metrics.items()}
    metrics["total_reward"][3] += 500
    keys, standing = {arm.key for arm in dossier.arms}, all_standings(project.questions, project.experiments)
    assert dossier.evidence
    made = build_evidence(
        question=dossier.question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        results={**dossier.results, at: replace(dossier.results[at], metrics=metrics)},
        records=read_records(dossier.paths, History(desk.root), "rq01", keys, standing),
        previous=dossier.evidence,
    )
    return made.model_copy(update={"previous": None})


def test_a_forged_seed_with_consistent_statistics_passes_the_check_and_not_the_replay(answered: Desk) -> None:
    """Nobody sees it in the numbers alone: only the trial itself says otherwise."""
    evidence = other_seed(answered)
    forged(answered, lambda _: evidence)
    assert say(answered, "check").return_value == 0
    said = say(answered, "check", "--replay", "rq01")
    assert said.return_value == 1
    assert "rq01: 18 trials replayed, 1 difference" in said.stdout
    failure = " ".join(said.stderr.split())
    assert "evidence.json: replayed, arm gambler of strategies, seed 3: total_reward is" in failure
    assert "git restore research_questions/rq01/evidence.json" in failure


def _of_arm(evidence: Evidence) -> Evidence:
    arm = evidence.arms[0]
    summary = arm.summaries["final_reward_rate"].model_copy(update={"mean": 9.0})
    arm = arm.model_copy(update={"summaries": {**arm.summaries, "final_reward_rate": summary}})
    return evidence.model_copy(update={"arms": (arm, *evidence.arms[1:])})


def _of_digest(evidence: Evidence) -> Evidence:
    arm = evidence.arms[0].model_copy(update={"results_digest": "0" * 64})
    return evidence.model_copy(update={"arms": (arm, *evidence.arms[1:])})


def _of_test(evidence: Evidence) -> Evidence:
    one = evidence.hypotheses[0]
    assert one.test
    test = one.test.model_copy(update={"effects": one.test.effects.model_copy(update={"hedges_g": 9.0})})
    others = evidence.hypotheses[1:]
    return evidence.model_copy(update={"hypotheses": (one.model_copy(update={"test": test}), *others)})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (_of_arm, "arm drunkard of strategies: summaries.final_reward_rate.mean is "),
        (_of_digest, "arm drunkard of strategies: other Q-tables, visits or curves than evidence.json was written"),
        (_of_test, "hypothesis h1: test.effects.hedges_g is "),
    ],
)
def test_whatever_follows_from_the_trials_is_compared(
    answered: Desk, how: Callable[[Evidence], Evidence], said: str
) -> None:
    """Metrics that are not kept seed by seed, what no metric shows, and the tests themselves."""
    forged(answered, how)
    printed = say(answered, "check", "--replay", "--json")
    assert printed.return_value == 1
    found = json.loads(printed.stdout)
    (one,) = found["replayed"]
    assert one["differing"][0].startswith(said)
    assert found["findings"][-1]["what"] == f"replayed, {one['differing'][0]}"


def _count(content: Any) -> None:
    content["arms"][0]["count"] += 1


def _renamed(content: Any) -> None:
    content["arms"][0]["seeds"]["reward"] = content["arms"][0]["seeds"].pop("total_reward")


def _more(content: Any) -> None:
    content["arms"][0]["seeds"]["regret"] = content["arms"][0]["seeds"]["total_reward"]


def _no_arm(content: Any) -> None:
    del content["arms"][0]


def _same_arm(content: Any) -> None:
    content["arms"].append({**content["arms"][0], "name": "other", "seeds": {}, "count": 0})


def _failed(content: Any) -> None:
    content["arms"][0]["failed"] = [1, 99]


def _nothing(content: Any) -> None:
    for one in content["arms"]:
        one["seeds"] = {metric: [None] * len(values) for metric, values in one["seeds"].items()}


def _hypothesis(content: Any) -> None:
    content["hypotheses"].append(content["hypotheses"][0])


def _no_seeds(content: Any) -> None:
    content["arms"][0] |= {"seeds": {"total_reward": []}, "count": 0}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_count, "6 values of total_reward for 7 seeds"),
        (_renamed, "arm drunkard of strategies: total_reward has no value for any seed"),
        (_more, "arm drunkard of strategies: regret is kept seed by seed in evidence.json, and not here"),
        (_no_arm, "speaks of an arm that is not there"),
        (_same_arm, "arm other of strategies is gone since"),
        (_failed, "arm drunkard of strategies: failed is [] here and [1, 99] in evidence.json"),
        (_nothing, "arm drunkard of strategies, seed 0: total_reward is "),
        (_hypothesis, "h1 is there twice"),
        (_no_seeds, "arm drunkard of strategies"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_evidence_that_was_edited_is_told_and_never_ends_the_replay(
    answered: Desk, edit: Callable[[Any], None], said: str
) -> None:
    """Whatever is missing from it, too much in it or named otherwise."""
    content = json.loads(answered.evidence.read_text())
    edit(content)
    answered.evidence.write_text(json.dumps(content))
    printed = say(answered, "check", "--replay", "--json")
    assert printed.return_value == 1
    assert said in printed.stdout
