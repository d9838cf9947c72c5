from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from expkit.checkpoint.expected import expected_return
from expkit.specs.environment import Dungeon
from expkit.training.compile import compile_environment
from expkit.training.evaluate import greedy_policy, policy_gain
from expkit.training.mdp import Mdp
from tests.training.test_evaluate import tables


def carried_forward(mdp: Mdp, policy: NDArray[np.float64], steps: int) -> float:
    """The oracle goes the other way: the start distribution, carried through the chain, collects as it goes."""
    weight = policy[:, :, None] * mdp.probability
    chain = np.zeros((mdp.states, mdp.states))
    for state, action, outcome in np.ndindex(weight.shape):
        if mdp.terminal[state, action, outcome]:
            chain[state] += weight[state, action, outcome] * mdp.start
        else:
            chain[state, mdp.next_state[state, action, outcome]] += weight[state, action, outcome]
    pays = (weight * mdp.reward).sum(axis=(1, 2))
    total, where = 0.0, mdp.start
    for _ in range(steps):
        total += float(where @ pays)
        where = where @ chain
    return total


@given(tables(), st.integers(0, 30), st.data())
def test_backwards_equals_forwards(mdp: Mdp, steps: int, data: st.DataObject) -> None:
    """For any table, with episodes or without, and any policy."""
    size = mdp.states * mdp.actions
    drawn = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    weight = np.array(drawn, dtype=np.float64).reshape(mdp.states, mdp.actions)
    weight[:, 0] += weight.sum(axis=1) == 0
    policy = weight / weight.sum(axis=1, keepdims=True)
    assert expected_return(mdp, policy, steps) == pytest.approx(carried_forward(mdp, policy, steps), abs=1e-9)


@given(tables())
def test_the_first_step_is_worth_what_the_start_pays(mdp: Mdp) -> None:
    """No step is worth nothing, one step the expected reward at the start."""
    policy = np.full((mdp.states, mdp.actions), 1 / mdp.actions)
    assert expected_return(mdp, policy, 0) == 0
    pays = (policy[:, :, None] * mdp.probability * mdp.reward).sum(axis=(1, 2))
    assert expected_return(mdp, policy, 1) == pytest.approx(float(mdp.start @ pays), abs=1e-12)


def test_in_the_long_run_a_step_is_worth_the_gain() -> None:
    """Two exact computations that share no code agree: finite horizons here, elimination there."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    policy = greedy_policy(np.array([[1.0, 0.0]] * 5))
    late = expected_return(mdp, policy, 1001) - expected_return(mdp, policy, 1000)
    assert late == pytest.approx(policy_gain(mdp, policy), rel=1e-12)


def test_the_number_is_the_same_everywhere() -> None:
    """Sums are taken in a fixed order: not one bit depends on the machine."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    policy = greedy_policy(np.array([[1.0, 0.0]] * 4 + [[0.0, 0.0]]))
    assert expected_return(mdp, policy, 10_000).hex() == "0x1.197995019066bp+14"
