from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from expkit.specs.agent import Accountant, DoubleQ, Drunkard, DynaQ, Epsilon, Gambler, QLearning, Sarsa
from expkit.specs.criterion import Difference, Ratio, Value, arms_of
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import Experiment, Seeds
from expkit.specs.exploration import Boltzmann, ConstantTemperature, EpsilonGreedy, Exponential, Linear, Ucb
from expkit.specs.metric import TABULAR_METRICS
from expkit.specs.question import Family, Hypothesis, ResearchQuestion
from expkit.specs.trainer import Tabular

TWO = {"metric": "total_reward", "treatment": "a", "control": "b"}
HYPOTHESIS = {"id": "h1", "statement": "s", "experiment": "e", "criterion": {"kind": "ratio", **TWO, "at_least": 1}}
QUESTION = {
    "id": "q",
    "title": "t",
    "question": "q?",
    "scope": "s",
    "experiments": ["e"],
    "hypotheses": [HYPOTHESIS],
}


def read(model: type[BaseModel], value: object) -> Any:
    """A value, validated as the JSON it would be in a file."""
    return model.model_validate_json(json.dumps(value))


@pytest.mark.parametrize(
    ("region", "low", "high"),
    [({"at_least": 0}, 0, None), ({"at_most": -1.5}, None, -1.5), ({"within": [0.5, 2]}, 0.5, 2)],
)
def test_a_criterion_claims_one_region(region: dict[str, Any], low: float | None, high: float | None) -> None:
    """An end that is None is open; a bound of zero is a bound."""
    criterion = read(Difference, {"kind": "difference", **TWO, **region})
    assert (criterion.low, criterion.high) == (low, high)


@pytest.mark.parametrize(
    "region",
    [
        {},
        {"at_least": 0, "at_most": 1},
        {"at_most": 1, "within": [0, 1]},
        {"within": [1, 1]},
        {"within": [2, 1]},
        {"within": [1]},
        {"at_least": "0"},
        {"at_least": True},
    ],
)
def test_a_criterion_that_does_not_claim_exactly_one_region_is_refused(region: dict[str, Any]) -> None:
    """Neither none, nor two, nor an empty band, nor something that is no number."""
    for model, arms in ((Difference, TWO), (Ratio, TWO), (Value, {"metric": "regret", "arm": "a"})):
        with pytest.raises(ValidationError):
            read(model, {"kind": model.__name__.lower(), **arms, **region})


@pytest.mark.parametrize("model", [Difference, Ratio])
def test_an_arm_is_not_compared_with_itself(model: type[BaseModel]) -> None:
    """The comparison of an arm with itself says nothing."""
    with pytest.raises(ValidationError, match="the same arm"):
        read(
            model, {"kind": model.__name__.lower(), "metric": "regret", "treatment": "a", "control": "a", "at_most": 0}
        )


def test_the_arms_of_a_criterion_are_treatment_then_control_or_the_one() -> None:
    """In the order they are subtracted or divided."""
    assert arms_of(read(Ratio, {"kind": "ratio", **TWO, "at_least": 1})) == ("a", "b")
    assert arms_of(read(Value, {"kind": "value", "metric": "regret", "arm": "a", "at_most": 1})) == ("a",)


@pytest.mark.parametrize("kind", [Difference, Ratio, Value])
def test_the_kind_of_a_criterion_chooses_its_form(kind: type[BaseModel]) -> None:
    """A value has one arm, the others two, and neither takes the other's keys."""
    arms = {"metric": "regret", "arm": "a"} if kind is Value else TWO
    name = kind.__name__.lower()
    hypothesis = read(Hypothesis, {**HYPOTHESIS, "criterion": {"kind": name, **arms, "at_most": 1}})
    assert type(hypothesis.criterion) is kind
    other = TWO if kind is Value else {"metric": "regret", "arm": "a"}
    with pytest.raises(ValidationError):
        read(Hypothesis, {**HYPOTHESIS, "criterion": {"kind": name, **other, "at_most": 1}})


def test_a_question_needs_a_scope_an_experiment_and_a_hypothesis() -> None:
    """Without a scope an answer claims the world."""
    assert read(ResearchQuestion, QUESTION).family == Family(alpha=0.05, correction="holm")
    for lacking in ("scope", "experiments", "hypotheses"):
        with pytest.raises(ValidationError):
            read(ResearchQuestion, {key: value for key, value in QUESTION.items() if key != lacking})
    for empty in ("experiments", "hypotheses"):
        with pytest.raises(ValidationError):
            read(ResearchQuestion, {**QUESTION, empty: []})


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (Dungeon, {"kind": "dungeon", "slip": 1.01}),
        (Dungeon, {"kind": "dungeon", "slip": -0.01}),
        (Dungeon, {"kind": "dungeon", "length": 1}),
        (Dungeon, {"kind": "dungeon", "length": 5.0}),
        (Dungeon, {"kind": "dungeon", "large_reward": "10"}),
        (Dungeon, {"kind": "dungeon", "reward_rule": "bumps"}),
        (Gambler, {"kind": "gambler", "learning_rate": 0}),
        (Gambler, {"kind": "gambler", "learning_rate": 1.1}),
        (Gambler, {"kind": "gambler", "discount": 1.1}),
        (Gambler, {"kind": "gambler", "exploration_rate": 0.1}),
        (Epsilon, {"fraction": 0}),
        (Epsilon, {"start": 1.5}),
        (Drunkard, {"kind": "drunkard", "learning_rate": 0.1}),
        (Accountant, {"kind": "gambler"}),
        (QLearning, {"kind": "q_learning", "epsilon": {"start": 0.5}}),
        (QLearning, {"kind": "q_learning", "planning_steps": 5}),
        (Sarsa, {"kind": "sarsa", "exploration": {"kind": "epsilon_greedy", "epsilon": {"start": 0.5}}}),
        (DynaQ, {"kind": "dyna_q", "planning_steps": -1}),
        (Exponential, {"kind": "exponential"}),
        (Exponential, {"kind": "exponential", "decay": 1}),
        (Exponential, {"kind": "exponential", "decay": 0.9, "start": 0.1, "end": 0.2}),
        (Boltzmann, {"kind": "boltzmann", "temperature": {"kind": "constant", "value": 0}}),
        (Boltzmann, {"kind": "boltzmann", "temperature": {"kind": "linear", "end": 0}}),
        (Boltzmann, {"kind": "boltzmann", "temperature": {"kind": "exponential", "decay": 0.9, "end": 0}}),
        (Ucb, {"kind": "ucb", "c": -1}),
        (Tabular, {"kind": "tabular", "steps": 39}),
        (Tabular, {"kind": "tabular", "steps": 1e4}),
        (Seeds, {"root": 2**53, "count": 5}),
        (Seeds, {"root": -1, "count": 5}),
        (Seeds, {"root": 1, "count": 0}),
        (Seeds, {"root": True, "count": 5}),
        (Family, {"alpha": 0}),
        (Family, {"correction": "none"}),
    ],
)
def test_a_spec_refuses_what_it_cannot_mean(model: type[BaseModel], value: dict[str, Any]) -> None:
    """Ranges hold, types are not converted, and a key that would be ignored is refused."""
    with pytest.raises(ValidationError):
        read(model, value)


@pytest.mark.parametrize("name", ["", "H1", "-a", "a b", "a/b", "../a", "a.b", "é", "a\n", "a" * 61])
def test_an_id_is_safe_in_a_path_a_tag_and_a_url(name: str) -> None:
    """Lower-case letters, digits, hyphens and underscores."""
    with pytest.raises(ValidationError):
        read(Hypothesis, {**HYPOTHESIS, "id": name})


def test_a_spec_is_frozen() -> None:
    """What was checked stays what it was."""
    hypothesis = read(Hypothesis, HYPOTHESIS)
    with pytest.raises(ValidationError):
        hypothesis.statement = "another"


def test_prose_loses_the_space_around_it_and_cannot_be_empty() -> None:
    """A block of text ends in a line break that nobody means."""
    assert read(Hypothesis, {**HYPOTHESIS, "statement": "  It does.\n"}).statement == "It does."
    with pytest.raises(ValidationError):
        read(Hypothesis, {**HYPOTHESIS, "statement": " \n"})


def test_the_gamblers_defaults_are_the_tutorials_settings() -> None:
    """Learning rate 0.1, discount 0.95, epsilon from 1 to 0 over the whole run."""
    gambler = Gambler(kind="gambler")
    assert (gambler.learning_rate, gambler.discount, gambler.initial_value) == (0.1, 0.95, 0.0)
    assert gambler.epsilon == Epsilon(start=1.0, end=0.0, fraction=1.0)


def test_a_learners_defaults_are_the_gamblers() -> None:
    """So that two kinds that are compared differ in nothing else; a temperature may exceed 1."""
    for learner in (QLearning(kind="q_learning"), DoubleQ(kind="double_q"), DynaQ(kind="dyna_q")):
        assert (learner.learning_rate, learner.discount, learner.initial_value) == (0.1, 0.95, 0.0)
        assert learner.exploration == EpsilonGreedy(kind="epsilon_greedy", epsilon=Linear(kind="linear"))
    assert Linear(kind="linear").model_dump(exclude={"kind"}) == Epsilon().model_dump()
    assert read(ConstantTemperature, {"kind": "constant", "value": 20.0}).value == 20.0


def test_the_first_agents_are_written_as_ever() -> None:
    """Their dump enters the keys of arms whose results exist."""
    assert Drunkard(kind="drunkard").model_dump_json() == '{"kind":"drunkard"}'
    assert Accountant(kind="accountant").model_dump_json() == '{"kind":"accountant"}'
    assert Gambler(kind="gambler").model_dump_json() == (
        '{"kind":"gambler","learning_rate":0.1,"discount":0.95,"initial_value":0.0,'
        '"epsilon":{"start":1.0,"end":0.0,"fraction":1.0}}'
    )


def test_metrics_are_known_by_their_own_names() -> None:
    """Only whether a policy is optimal is a matter of yes and no; less is better for regret and gaps."""
    assert all(name == metric.name for name, metric in TABULAR_METRICS.items())
    assert [name for name, metric in TABULAR_METRICS.items() if metric.binary] == ["optimal_policy", "optimal_return"]
    assert {name for name, metric in TABULAR_METRICS.items() if metric.better == "lower"} == {
        "regret",
        "gain_gap",
        "return_gap",
    }


def test_a_spec_survives_its_own_json() -> None:
    """Records carry specs; what is read back is what was written."""
    question = read(ResearchQuestion, QUESTION)
    assert ResearchQuestion.model_validate_json(question.model_dump_json()) == question
    with pytest.raises(ValidationError):
        read(Experiment, QUESTION)
