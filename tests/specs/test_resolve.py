from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.specs.experiment import Experiment, TabularArm
from expkit.specs.resolve import MOST_ARMS, Unresolvable, resolve

EXPERIMENT: dict[str, Any] = {
    "id": "a",
    "title": "A",
    "environment": {"kind": "dungeon", "slip": 0.3},
    "trainer": {"kind": "tabular", "steps": 100},
    "arms": {
        "drunkard": {"agent": {"kind": "drunkard"}, "environment": {"length": 7}},
        "gambler": {"agent": {"kind": "gambler", "epsilon": {"start": 0.5}}, "trainer": {"steps": 200}},
    },
    "seeds": {"root": 1, "count": 5},
}


def experiment(**changes: Any) -> Experiment:
    """The small experiment with some of its keys replaced."""
    return Experiment.model_validate_json(json.dumps(EXPERIMENT | changes))


def swept(**vary: list[Any]) -> list[TabularArm]:
    """The gambler's arms of a sweep; `__` in a name stands for a point."""
    paths = {path.replace("__", "."): values for path, values in vary.items()}
    arms = resolve(experiment(sweep={"arm": "gambler", "vary": paths}))
    return [arm for arm in arms if arm.varied]


def flaws(**changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Where and why an experiment cannot be resolved."""
    with pytest.raises(Unresolvable) as caught:
        resolve(experiment(**changes))
    return [(flaw.location, flaw.why) for flaw in caught.value.flaws]


def test_an_arm_is_the_experiment_with_its_overrides_and_every_default() -> None:
    """Resolved, it needs no other file and no default of a later version to be understood."""
    drunkard, gambler = resolve(experiment())
    assert (drunkard.name, drunkard.environment.length, drunkard.environment.slip) == ("drunkard", 7, 0.3)
    assert (gambler.environment.length, gambler.trainer.steps, drunkard.trainer.steps) == (5, 200, 100)
    assert gambler.agent.model_dump() == {
        "kind": "gambler",
        "learning_rate": 0.1,
        "discount": 0.95,
        "initial_value": 0.0,
        "epsilon": {"start": 0.5, "end": 0.0, "fraction": 1.0},
    }


def test_declared_arms_come_in_the_order_of_the_file_and_the_sweeps_after_them() -> None:
    """Tables and charts keep the order a person has chosen; the last path varies fastest."""
    vary = {"agent.learning_rate": [0.5, 0.1], "environment.length": [3, 4]}
    names = [arm.name for arm in resolve(experiment(sweep={"arm": "gambler", "vary": vary}))]
    assert names == [
        "drunkard",
        "gambler",
        "gambler[learning_rate=0.5,length=3]",
        "gambler[learning_rate=0.5,length=4]",
        "gambler[learning_rate=0.1,length=3]",
        "gambler[learning_rate=0.1,length=4]",
    ]


def test_a_swept_arm_is_its_base_but_for_what_is_varied() -> None:
    """Overrides of the base stay, and the settings are kept beside it."""
    (arm,) = swept(agent__epsilon__end=[0.25])
    assert (arm.trainer.steps, arm.varied) == (200, {"agent.epsilon.end": 0.25})
    assert arm.agent.model_dump()["epsilon"] == {"start": 0.5, "end": 0.25, "fraction": 1.0}


def test_a_setting_is_called_by_the_shortest_ending_of_its_path_that_no_other_shares() -> None:
    """Names are read in tables; two paths never share a label."""
    (arm,) = swept(agent__epsilon__start=[1], agent__epsilon__end=[0], environment__reward_rule=["entry"])
    assert arm.name == "gambler[start=1,end=0,reward_rule=entry]"


@given(
    st.lists(st.sampled_from([0.01, 0.1, 0.5, 1]), min_size=1, unique=True),
    st.lists(st.integers(2, 9), min_size=1, unique=True),
)
def test_a_sweep_yields_each_combination_once(rates: list[float], lengths: list[int]) -> None:
    """As many arms as there are combinations, each with a name of its own."""
    arms = swept(agent__learning_rate=rates, environment__length=lengths)
    assert len({arm.name for arm in arms}) == len(arms) == len(rates) * len(lengths)
    assert {(arm.varied["agent.learning_rate"], arm.environment.length) for arm in arms} == {
        (rate, length) for rate in rates for length in lengths
    }


def test_every_flaw_of_every_override_is_found_at_its_key() -> None:
    """Not only the first, and not only the first arm's."""
    arms = {
        "a": {"agent": {"kind": "drunkard"}, "environment": {"slip": 2, "slp": 0.1}},
        "b": {"agent": {"kind": "drunkard"}, "trainer": {"steps": "x"}},
    }
    assert {location for location, _ in flaws(arms=arms)} == {
        ("arms", "a", "environment", "slip"),
        ("arms", "a", "environment", "slp"),
        ("arms", "b", "trainer", "steps"),
    }


@pytest.mark.parametrize(
    ("vary", "where", "why"),
    [
        ({"agent.lr": [1]}, ("agent.lr",), "the varied arm has no parameter agent.lr"),
        ({"agent.epsilon": [1]}, ("agent.epsilon",), "the varied arm has no parameter agent.epsilon"),
        ({"agent.discount.x": [1]}, ("agent.discount.x",), "the varied arm has no parameter agent.discount.x"),
        ({"agent.kind": ["drunkard"]}, ("agent.kind",), "a sweep varies parameters, not kinds"),
        ({"agent.discount": [0.5, 0.5]}, (), "the sweep yields gambler[discount=0.5] twice"),
        ({"agent.discount": [0.5, 3]}, ("agent.discount", 1), "arm gambler[discount=3]: agent.discount: "),
        ({"agent.epsilon.start": ["x"]}, ("agent.epsilon.start", 0), "arm gambler[start=x]: agent.epsilon.start: "),
    ],
)
def test_a_flaw_of_a_sweep_is_found_at_its_path_or_value(
    vary: dict[str, Any], where: tuple[Any, ...], why: str
) -> None:
    """A path leads to exactly one parameter, and every value must fit it."""
    ((location, found),) = flaws(sweep={"arm": "gambler", "vary": vary})
    assert location == ("sweep", "vary", *where)
    assert found.startswith(why)


def test_a_sweep_of_an_arm_that_does_not_exist_is_refused() -> None:
    """With the arms there are."""
    assert flaws(sweep={"arm": "nobody", "vary": {"agent.discount": [0.5]}}) == [
        (("sweep", "arm"), "there is no arm 'nobody' to vary")
    ]


def test_a_flawed_base_arm_is_reported_once_and_not_for_each_of_its_variations() -> None:
    """What follows from a flaw is no flaw."""
    arms = {"gambler": {"agent": {"kind": "gambler"}, "environment": {"slip": 2}}}
    found = flaws(arms=arms, sweep={"arm": "gambler", "vary": {"agent.discount": [0.1, 0.2, 0.3]}})
    assert [location for location, _ in found] == [("arms", "gambler", "environment", "slip")]


def test_a_sweep_that_explodes_is_refused_before_it_is_spread_out() -> None:
    """Six paths of forty values are four thousand million arms."""
    paths = ["agent.learning_rate", "agent.discount", "agent.initial_value", "environment.slip"]
    paths += ["agent.epsilon.start", "agent.epsilon.end"]
    vary = {path: [n / 40 for n in range(1, 41)] for path in paths}
    ((location, why),) = flaws(sweep={"arm": "gambler", "vary": vary})
    assert (location, why) == (("sweep", "vary"), f"the sweep yields {40**6} arms")
    assert math.prod([40] * 6) > MOST_ARMS
