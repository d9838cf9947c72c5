from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.plan import STEPS_PER_BATCH, PlannedArm, plan
from expkit.specs.experiment import Experiment
from expkit.specs.resolve import Unresolvable

EXPERIMENT: dict[str, Any] = {
    "id": "strategies",
    "title": "Three strategies",
    "environment": {"kind": "dungeon", "length": 3},
    "trainer": {"kind": "tabular", "steps": 1000},
    "arms": {"drunkard": {"agent": {"kind": "drunkard"}}, "gambler": {"agent": {"kind": "gambler"}}},
    "seeds": {"root": 7, "count": 20},
}


def planned(recorded: Any = lambda key, root, streams: frozenset(), **changes: Any) -> tuple[PlannedArm, ...]:
    """The plan of the small experiment with some of its keys replaced; by default nothing is recorded yet."""
    return plan(Experiment.model_validate_json(json.dumps(EXPERIMENT | changes)), recorded)


def key(**changes: Any) -> str:
    """The key of the gambler in the small experiment with some of its keys replaced."""
    return next(arm.key for arm in planned(**changes) if arm.name == "gambler")


def gambler(**changes: Any) -> dict[str, Any]:
    """The gambler as the only arm, with some of its agent's keys set."""
    return {"gambler": {"agent": {"kind": "gambler", **changes}}}


def test_what_nobody_has_run_is_planned_whole() -> None:
    """Every seed of every arm, in the order of the file."""
    arms = planned()
    assert [arm.name for arm in arms] == ["drunkard", "gambler"]
    assert all(arm.missing == arm.seeds == tuple(range(20)) for arm in arms)
    assert {(arm.experiment, arm.root, arm.streams) for arm in arms} == {("strategies", 7, "independent")}


@given(st.sets(st.integers(0, 30)))
def test_only_the_missing_seeds_are_planned(done: set[int]) -> None:
    """Seeds are covered one by one; recorded ones beyond the declared count are left where they are."""
    arms = planned(lambda key, root, streams: frozenset(done))
    for arm in arms:
        assert set(arm.missing) == set(range(20)) - done
        assert sorted(arm.missing) == list(arm.missing)
        assert sum((work.seeds for work in arm.batches()), ()) == arm.missing


def test_raising_the_count_plans_the_difference() -> None:
    """From 20 to 40 seeds, 20 are run."""
    arms = planned(lambda key, root, streams: frozenset(range(20)), seeds={"root": 7, "count": 40})
    assert {arm.missing for arm in arms} == {tuple(range(20, 40))}


def test_the_ledger_is_asked_for_each_arm_by_key_root_and_streams() -> None:
    """One arm's records, another root or other streams are no use."""
    asked: list[tuple[str, int, str]] = []

    def recorded(key: str, root: int, streams: str) -> frozenset[int]:
        asked.append((key, root, streams))
        return frozenset()

    arms = planned(recorded, seeds={"root": 8, "count": 5, "streams": "common"})
    assert asked == [(arm.key, 8, "common") for arm in arms]


@pytest.mark.parametrize("steps", [1000, STEPS_PER_BATCH // 3, STEPS_PER_BATCH, 3 * STEPS_PER_BATCH])
def test_work_comes_in_batches_of_about_a_second(steps: int) -> None:
    """As many seeds as fit into the batch's steps, and never none."""
    (arm,) = planned(trainer={"kind": "tabular", "steps": steps}, arms=gambler(), seeds={"root": 1, "count": 7})
    batches = list(arm.batches())
    assert [seed for work in batches for seed in work.seeds] == list(range(7))
    assert all(len(work.seeds) == 1 or len(work.seeds) * steps <= STEPS_PER_BATCH for work in batches)
    assert len(batches) == {1000: 1, STEPS_PER_BATCH // 3: 3}.get(steps, 7)


def test_a_learner_that_plans_comes_in_smaller_batches() -> None:
    """A batch is about a second, and fifty planning steps make a step long."""
    dreamer = {"dreamer": {"agent": {"kind": "dyna_q", "planning_steps": 50}}}
    seeds = {"root": 1, "count": 100}
    (simple,), (planning,) = (
        planned(trainer={"kind": "tabular", "steps": 100_000}, arms=arms, seeds=seeds) for arms in (gambler(), dreamer)
    )
    assert len(list(planning.batches())) > len(list(simple.batches())) == 1


def test_work_carries_all_that_a_worker_needs() -> None:
    """A worker reads no declaration and asks no ledger."""
    (work,) = planned()[1].batches()
    arm = planned()[1]
    assert (work.arm, work.arm_key, work.environment_digest) == (arm.arm, arm.key, arm.environment_digest)
    assert (work.root, work.streams, work.seeds) == (7, "independent", tuple(range(20)))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "other", "title": "Another title", "scope": "Elsewhere."},
        {"seeds": {"root": 8, "count": 500, "streams": "common"}},
        {"outputs": ["regret"], "failed_seed": "worst"},
        {"arms": gambler(learning_rate=0.1, discount=0.95, initial_value=0, epsilon={"start": 1, "end": 0.0})},
        {"arms": {"gambler": {"agent": {"kind": "gambler"}, "environment": {"slip": 0.1}, "trainer": {"steps": 1000}}}},
        {"environment": {"kind": "dungeon", "length": 3, "large_reward": 10}},
    ],
)
def test_what_changes_no_number_changes_no_key(changes: dict[str, Any]) -> None:
    """Titles, names, seeds, and defaults written out: a run is found again after all of these."""
    assert key(**changes) == key()


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": {"kind": "dungeon", "length": 4}},
        {"environment": {"kind": "dungeon", "length": 3, "slip": 0.2}},
        {"environment": {"kind": "dungeon", "length": 3, "reward_rule": "entry"}},
        {"trainer": {"kind": "tabular", "steps": 1001}},
        {"arms": gambler(learning_rate=0.2)},
        {"arms": gambler(initial_value=1)},
        {"arms": gambler(epsilon={"fraction": 0.5})},
        {"arms": {"gambler": {"agent": {"kind": "drunkard"}}}},
    ],
)
def test_what_changes_numbers_changes_the_key(changes: dict[str, Any]) -> None:
    """Nothing is found again that was another configuration."""
    assert key(**changes) != key()


def test_an_arms_name_is_no_part_of_its_key() -> None:
    """A sweep's arm that equals its base is the same configuration, and shares its records."""
    sweep = {"arm": "gambler", "vary": {"agent.learning_rate": [0.1, 0.2]}}
    _, base, same, other = planned(sweep=sweep)
    assert base.key == same.key != other.key


def test_an_experiment_that_cannot_be_resolved_is_not_planned() -> None:
    """The project's reader has refused it before; whoever built it by hand is told."""
    with pytest.raises(Unresolvable, match="no arm 'nobody'"):
        planned(sweep={"arm": "nobody", "vary": {"agent.discount": [0.5]}})
