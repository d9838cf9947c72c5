from __future__ import annotations

import json
from typing import Any

import pytest

from expkit.digests import digest
from expkit.outcomes.registration import all_standings, arm_keys, spoken_of, standings, tag, wording_digest
from expkit.plan import plan
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion

EXPERIMENT: dict[str, Any] = {
    "id": "strategies",
    "title": "Strategies",
    "environment": {"kind": "dungeon"},
    "trainer": {"kind": "tabular", "steps": 400},
    "arms": {
        "drunkard": {"agent": {"kind": "drunkard"}},
        "accountant": {"agent": {"kind": "accountant"}},
        "gambler": {"agent": {"kind": "gambler"}},
    },
    "seeds": {"root": 7, "count": 6},
}
DIFFERENCE: dict[str, Any] = {
    "kind": "difference",
    "metric": "total_reward",
    "treatment": "accountant",
    "control": "drunkard",
    "at_least": 0,
}
VALUE: dict[str, Any] = {"kind": "value", "metric": "greedy_gain", "arm": "gambler", "within": [1, 7]}


def question(*hypotheses: dict[str, Any], **changed: Any) -> ResearchQuestion:
    """A question with these hypotheses."""
    declared = {
        "id": "rq01",
        "title": "Title",
        "question": "Does it?",
        "scope": "Here.",
        "experiments": ["strategies"],
        "hypotheses": list(hypotheses),
    }
    return ResearchQuestion.model_validate_json(json.dumps(declared | changed))


def hypothesis(id: str = "h1", criterion: dict[str, Any] = DIFFERENCE, **changed: Any) -> dict[str, Any]:
    """A hypothesis on the experiment."""
    return {"id": id, "statement": "It does.", "experiment": "strategies", "criterion": criterion} | changed


def standing(asked: ResearchQuestion, **changed: Any) -> tuple[Any, ...]:
    """How a question stands, with an experiment that differs in these keys."""
    experiment = Experiment.model_validate_json(json.dumps(EXPERIMENT | changed))
    planned = {"strategies": plan(experiment, lambda *_: frozenset())}
    return standings(asked, planned, {"strategies": experiment})


def test_a_decision_holds_everything_that_decides_and_nothing_else() -> None:
    """The document that is hashed, key by key: a new key in it would change every digest that exists."""
    (one,) = standing(question(hypothesis()))
    accountant, drunkard = arm_keys(one)
    assert one.decision == {
        "metric": "total_reward",
        "metric_version": 1,
        "estimand": "iqm",
        "kind": "difference",
        "region": {"low": 0.0, "high": None},
        "treatment": accountant,
        "control": drunkard,
        "streams": "independent",
        "root": 7,
        "seeds": 6,
        "looks": 1,
        "failed_seed": "invalid",
    }
    assert one.decision_digest == digest(one.decision)
    assert accountant != drunkard


def test_a_hypothesis_on_one_arm_has_no_control() -> None:
    """A value is held against a constant."""
    (one,) = standing(question(hypothesis(criterion=VALUE)))
    assert one.decision["control"] is None
    assert arm_keys(one) == (one.decision["treatment"],)


@pytest.mark.parametrize(
    "changed",
    [
        {"at_least": 1},
        {"at_least": None, "at_most": 0},
        {"kind": "ratio"},
        {"metric": "regret"},
        {"estimand": "mean"},
        {"treatment": "gambler"},
        {"treatment": "drunkard", "control": "accountant"},
    ],
)
def test_whatever_decides_changes_the_decision(changed: dict[str, Any]) -> None:
    """Every part of a criterion that a result depends on."""
    (one,), (other,) = standing(question(hypothesis())), standing(question(hypothesis(criterion=DIFFERENCE | changed)))
    assert one.decision_digest != other.decision_digest
    assert one.family_digest != other.family_digest


@pytest.mark.parametrize(
    "changed",
    [
        {"seeds": {"root": 8, "count": 6}},
        {"seeds": {"root": 7, "count": 7}},
        {"seeds": {"root": 7, "count": 6, "streams": "common"}},
        {"failed_seed": "worst"},
        {"environment": {"kind": "dungeon", "slip": 0.2}},
        {"trainer": {"kind": "tabular", "steps": 401}},
    ],
)
def test_whatever_makes_other_data_changes_the_decision(changed: dict[str, Any]) -> None:
    """Every part of an experiment that an arm's results depend on."""
    assert (
        standing(question(hypothesis()))[0].decision_digest
        != standing(question(hypothesis()), **changed)[0].decision_digest
    )


def test_texts_names_and_expectations_are_in_no_digest() -> None:
    """What is written for people, and what the team expects, decides nothing."""
    (one,) = standing(question(hypothesis()))
    renamed = EXPERIMENT["arms"] | {"clerk": {"agent": {"kind": "accountant"}}}
    said = hypothesis("other", DIFFERENCE | {"treatment": "clerk", "expected": 12.0}, rationale="Because.")
    (other,) = standing(
        question(said, id="rq02", title="Another", scope="Elsewhere.", motivation="None."),
        arms=renamed,
        title="Another",
        scope="Anywhere.",
    )
    assert (one.decision_digest, one.family_digest) == (other.decision_digest, other.family_digest)


def test_a_family_is_its_decisions_in_any_order_and_alpha() -> None:
    """Siblings change each other's family, their order does not; withdrawing one does not either."""
    h1, h2 = hypothesis(), hypothesis("h2", VALUE)
    family = standing(question(h1, h2))[0].family_digest
    assert {one.family_digest for one in standing(question(h2, h1))} == {family}
    assert standing(question(h1, h2 | {"withdrawn": "Given up."}))[0].family_digest == family
    assert standing(question(h1))[0].family_digest != family
    assert standing(question(h1, h2, family={"alpha": 0.01}))[0].family_digest != family


def test_white_space_is_no_wording() -> None:
    """A statement that is wrapped otherwise says the same."""
    assert wording_digest("It does\n   indeed. ") == wording_digest("It does indeed.")
    assert wording_digest("It does indeed.") != wording_digest("It does not indeed.")


def test_an_attempt_carries_those_hypotheses_that_speak_of_its_arm() -> None:
    """By arm key, root and streams, as treatment or as control; another root is another matter."""
    experiment = Experiment.model_validate_json(json.dumps(EXPERIMENT))
    asked = question(hypothesis(), hypothesis("h2", VALUE))
    everything = all_standings({"rq01": asked}, {"strategies": experiment})
    keys = {arm.name: arm.key for arm in plan(experiment, lambda *_: frozenset())}

    def speaking(arm: str, root: int = 7) -> list[str]:
        found = spoken_of(everything, arm_key=keys[arm], root=root, streams="independent")
        return [one.hypothesis for one in found]

    assert [speaking(arm) for arm in ("drunkard", "accountant", "gambler")] == [["h1"], ["h1"], ["h2"]]
    assert speaking("drunkard", root=8) == []


def test_a_tag_holds_what_its_digests_are_made_of() -> None:
    """Anybody who reads the tag can compute the digests again, without expkit's files."""
    asked = question(hypothesis(), hypothesis("h2", VALUE))
    stands = standing(asked)
    name, message = tag(asked, stands)
    told = json.loads(message)
    assert name == f"expkit/rq01/{stands[0].family_digest[:12]}"
    for one in told["hypotheses"].values():
        assert digest(one["decision"]) == one["decision_digest"]
    decisions = sorted(one["decision_digest"] for one in told["hypotheses"].values())
    family = {"decisions": decisions, "alpha": told["alpha"], "correction": told["correction"]}
    assert digest(family) == told["family_digest"] == stands[0].family_digest
