from __future__ import annotations

import json
from typing import Any

import pytest

from expkit.digests import digest
from expkit.plan import plan
from expkit.specs.experiment import Experiment
from tests.outcomes.test_registration import DIFFERENCE, EXPERIMENT, hypothesis, question, standing

PLACES = {"evaluate_on": {"windy": {"slip": 0.3}, "long": {"length": 7}}, "carry": {"unseen": "random"}}
WINDY = DIFFERENCE | {"metric": "normalized_score/windy"}
BOTH = DIFFERENCE | {"metric": "normalized_score", "across": ["windy", "long"]}


def decision(criterion: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What a hypothesis with this criterion is decided by, in an experiment that evaluates elsewhere."""
    (one,) = standing(question(hypothesis(criterion=criterion)), **(PLACES | changed))
    assert digest(one.decision) == one.decision_digest
    return dict(one.decision)


def test_a_decision_elsewhere_holds_the_environments_table_and_no_name() -> None:
    """Metric, version, and what the environment is; renamed, it is the same decision."""
    found = decision(WINDY)
    ((windy),) = found["evaluated_on"]
    assert (found["metric"], found["metric_version"], windy["unseen"]) == ("normalized_score", 1, None)
    renamed = decision(
        WINDY | {"metric": "normalized_score/gusty"},
        evaluate_on={"long": {"length": 7}, "gusty": {"slip": 0.3}},
    )
    assert renamed == found


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"evaluate_on": {"windy": {"slip": 0.4}, "long": {"length": 7}}}, False),
        ({"evaluate_on": {"windy": {"slip": 0.3}, "long": {"length": 8}}}, False),
        ({"carry": {"unseen": "last"}}, False),
        ({"evaluate_on": PLACES["evaluate_on"] | {"calm": {"slip": 0.0}}}, True),
        ({"title": "Else"}, True),
    ],
)
def test_whatever_decides_there_changes_the_decision(changed: dict[str, Any], same: bool) -> None:
    """Another table, or another rule for unseen states; not an environment that it does not speak of."""
    assert (decision(BOTH, **changed) == decision(BOTH)) is same


def test_decisions_at_home_are_what_they_were() -> None:
    """Evaluated elsewhere or not: no new key, no other digest."""
    (at_home,) = standing(question(hypothesis()))
    assert decision(DIFFERENCE) == at_home.decision


def test_an_arms_key_does_not_know_where_else_it_is_evaluated() -> None:
    """So adding an environment trains nothing."""
    keys = [
        [arm.key for arm in plan(Experiment.model_validate_json(json.dumps(EXPERIMENT | more)), lambda *_: frozenset())]
        for more in ({}, PLACES)
    ]
    assert keys[0] == keys[1]


def test_a_question_without_such_a_criterion_has_the_digest_it_had() -> None:
    """The new key of a criterion is in no declaration that does not use it."""
    dumped = question(hypothesis()).model_dump(mode="json")
    assert "across" not in dumped["hypotheses"][0]["criterion"]
