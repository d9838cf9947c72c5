from __future__ import annotations

import numpy as np
import pytest

from expkit.specs.environment import Dungeon
from expkit.training.carry import carried
from expkit.training.dungeon import dungeon_table
from expkit.training.evaluate import greedy_policy, policy_gain
from expkit.training.metrics import measure, of_policies

TABLES = np.array([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]])
"""Two trials of three states."""


def test_states_that_a_table_does_not_have_are_acted_in_at_random() -> None:
    """Equal entries, which a greedy policy splits evenly; the states it has keep their rows."""
    tables = carried(TABLES, 5, "random")
    assert np.array_equal(tables[:, :3], TABLES)
    assert np.array_equal(greedy_policy(tables[0])[3:], [[0.5, 0.5], [0.5, 0.5]])


def test_or_as_in_the_last_state_where_that_is_declared() -> None:
    """The last row again, trial by trial."""
    assert np.array_equal(carried(TABLES, 5, "last")[:, 3:], np.repeat(TABLES[:, 2:], 2, axis=1))


@pytest.mark.parametrize("unseen", ["random", "last"])
def test_states_beyond_the_environment_are_left_out(unseen: str) -> None:
    """They are never entered there."""
    assert np.array_equal(carried(TABLES, 2, unseen), TABLES[:, :2])  # type: ignore[arg-type]


def test_nothing_is_made_up_where_nothing_is_declared() -> None:
    """Equal sizes need no rule; others are refused."""
    assert carried(TABLES, 3, None) is TABLES
    with pytest.raises(ValueError, match="3 states, the environment has 5"):
        carried(TABLES, 5, None)


def test_at_home_policies_are_worth_what_was_measured_in_training() -> None:
    """The same numbers, to the last bit."""
    mdp = dungeon_table(Dungeon(kind="dungeon"))
    q = np.random.default_rng(1).normal(size=(20, 5, 2))
    trained = measure(mdp, q, np.ones((20, 40)), 400).metrics
    found = of_policies(mdp, q)
    assert found.keys() == {"greedy_gain", "normalized_score", "optimal_policy"}
    assert all(np.array_equal(values, trained[name]) for name, values in found.items())


def test_elsewhere_they_are_worth_their_exact_gain_there() -> None:
    """Always FORWARD, learnt on five tiles: the optimum in another wind; on seven tiles it stumbles on the last two."""
    forward = np.tile([1.0, 0.0], (1, 5, 1))
    windy = of_policies(dungeon_table(Dungeon(kind="dungeon", slip=0.3)), forward)
    assert (windy["normalized_score"][0], windy["optimal_policy"][0]) == (1.0, 1.0)
    seven = dungeon_table(Dungeon(kind="dungeon", length=7))
    policy = np.array([[1.0, 0.0]] * 5 + [[0.5, 0.5]] * 2)
    found = of_policies(seven, carried(forward, 7, "random"))
    assert found["greedy_gain"][0] == policy_gain(seven, policy)
    assert found["optimal_policy"][0] == 0.0


def test_a_table_that_is_not_finite_is_worth_nothing_that_could_be_told() -> None:
    """NaN in every metric, and the other trials unharmed."""
    q = np.zeros((2, 5, 2))
    q[1, 3, 0] = np.inf
    found = of_policies(dungeon_table(Dungeon(kind="dungeon")), q)
    assert all(np.isfinite(values[0]) and np.isnan(values[1]) for values in found.values())
