from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expkit.specs.environment import Dungeon, RewardRule
from expkit.training.chain import long_run
from expkit.training.compile import compile_environment
from expkit.training.dungeon import BACKWARD, FORWARD
from expkit.training.evaluate import greedy_policy, optimal_gain, policy_gain, random_gain
from expkit.training.mdp import Mdp

Policy = NDArray[np.float64]


def dungeon(slip: float = 0.1, rule: RewardRule = "bump", length: int = 5) -> Mdp:
    """The compiled dungeon."""
    return compile_environment(Dungeon(kind="dungeon", slip=slip, reward_rule=rule, length=length))


def always(mdp: Mdp, action: int) -> Policy:
    """The policy that takes one action everywhere."""
    policy = np.zeros((mdp.states, mdp.actions))
    policy[:, action] = 1.0
    return policy


def limiting_gain(mdp: Mdp, policy: Policy) -> float:
    """The oracle: the start distribution carried through ever longer runs of the lazy chain, by repeated squaring."""
    weight = policy[:, :, None] * mdp.probability
    step = np.zeros((mdp.states, mdp.states))
    for state in range(mdp.states):
        for action, outcome in np.ndindex(weight.shape[1:]):
            if mdp.terminal[state, action, outcome]:
                step[state] += weight[state, action, outcome] * mdp.start
            else:
                step[state, mdp.next_state[state, action, outcome]] += weight[state, action, outcome]
    lazy = (step + np.eye(mdp.states)) / 2
    for _ in range(60):
        lazy = lazy @ lazy
        lazy /= lazy.sum(axis=1, keepdims=True)
    return float(mdp.start @ lazy @ (weight * mdp.reward).sum(axis=(1, 2)))


@st.composite
def tables(draw: st.DrawFn) -> Mdp:
    """Small tables, many of them with several recurrent classes, unreachable states and episodes."""
    states, actions, outcomes = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    shape = (states, actions, outcomes)

    def array(elements: st.SearchStrategy[float], *sizes: int) -> NDArray[np.float64]:
        count = int(np.prod(sizes))
        return np.array(draw(st.lists(elements, min_size=count, max_size=count)), dtype=float).reshape(sizes)

    weight = array(st.integers(0, 3), *shape)
    weight[..., 0] += weight.sum(axis=2) == 0
    start = array(st.integers(0, 2), states)
    start[0] += start.sum() == 0
    return Mdp(
        next_state=array(st.integers(0, states - 1), *shape).astype(np.int64),
        reward=array(st.sampled_from([-1.0, 0.0, 0.5, 2.0, 10.0]), *shape),
        probability=weight / weight.sum(axis=2, keepdims=True),
        terminal=array(st.sampled_from([0, 0, 0, 1]), *shape).astype(bool),
        start=start / start.sum(),
    )


@pytest.mark.parametrize(
    ("slip", "rule", "optimal", "backward", "walk"),
    [
        (0.1, "bump", 6.1049, 1.8001, 1.3125),
        (0.1, "landing", 6.7610, 1.8010, 1.6250),
        (0.2, "bump", 3.6768, None, 1.3125),
        (0.2, "landing", 4.4960, None, 1.6250),
    ],
)
def test_the_gains_of_the_dungeon_are_the_published_ones(
    slip: float, rule: RewardRule, optimal: float, backward: float | None, walk: float
) -> None:
    """Optimum (always FORWARD), always BACKWARD and the random walk, under two rules and two winds."""
    mdp = dungeon(slip, rule)
    assert optimal_gain(mdp) == pytest.approx(optimal, abs=1e-10)
    assert policy_gain(mdp, always(mdp, FORWARD)) == optimal_gain(mdp)
    assert random_gain(mdp) == pytest.approx(walk, abs=1e-10)
    if backward is not None:
        assert policy_gain(mdp, always(mdp, BACKWARD)) == pytest.approx(backward, abs=1e-4)


@settings(max_examples=150, deadline=None)
@given(mdp=tables(), data=st.data())
def test_a_policys_gain_is_that_of_the_endless_run(mdp: Mdp, data: st.DataObject) -> None:
    """On random tables and random policies, ties and several recurrent classes included."""
    values = data.draw(
        st.lists(st.integers(0, 2), min_size=mdp.states * mdp.actions, max_size=mdp.states * mdp.actions)
    )
    policy = greedy_policy(np.array(values, dtype=float).reshape(mdp.states, mdp.actions))
    assert policy_gain(mdp, policy) == pytest.approx(limiting_gain(mdp, policy), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(mdp=tables())
def test_the_optimal_gain_is_the_best_of_all_deterministic_policies(mdp: Mdp) -> None:
    """Against brute force on random tables."""
    every = (np.eye(mdp.actions)[list(choice)] for choice in itertools.product(range(mdp.actions), repeat=mdp.states))
    assert optimal_gain(mdp) == pytest.approx(max(limiting_gain(mdp, policy) for policy in every), abs=1e-9)


def test_equal_entries_share_the_greedy_policy_evenly() -> None:
    """Exact equality: the next double is already larger."""
    q = np.array([[1.0, 1.0, 0.0], [2.0, np.nextafter(2.0, 3.0), 2.0], [0.0, 0.0, 0.0]])
    assert greedy_policy(q).tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]


def test_an_empty_table_walks_at_random() -> None:
    """With ties split, the greedy policy of zeros is the random walk, not the optimum."""
    mdp = dungeon()
    assert policy_gain(mdp, greedy_policy(np.zeros((5, 2)))) == random_gain(mdp) == pytest.approx(1.3125)


def test_several_recurrent_classes_are_weighted_by_where_the_start_leads() -> None:
    """From state 0 a quarter ends where every step pays 1 and the rest where it pays 5."""
    mdp = Mdp(
        next_state=[[[1, 2]], [[1, 1]], [[2, 2]]],
        reward=[[[100.0, 100.0]], [[1.0, 1.0]], [[5.0, 5.0]]],
        probability=[[[0.25, 0.75]], [[1.0, 0.0]], [[1.0, 0.0]]],
        terminal=np.zeros((3, 1, 2), dtype=bool),
        start=[1.0, 0.0, 0.0],
    )
    assert policy_gain(mdp, np.ones((3, 1))) == 4.0


def test_a_terminal_outcome_continues_at_the_start() -> None:
    """Episodes of two steps that pay 6: 3 a step."""
    mdp = Mdp(
        next_state=[[[1]], [[1]]],
        reward=[[[0.0]], [[6.0]]],
        probability=[[[1.0]], [[1.0]]],
        terminal=[[[False]], [[True]]],
        start=[1.0, 0.0],
    )
    assert policy_gain(mdp, np.ones((2, 1))) == 3.0


def test_the_best_policy_leaves_a_good_state_for_a_better_one() -> None:
    """Staying pays 1 for ever, leaving costs 50 once and pays 2 for ever."""
    mdp = Mdp(
        next_state=[[[0], [1]], [[1], [1]]],
        reward=[[[1.0], [-50.0]], [[2.0], [0.0]]],
        probability=np.ones((2, 2, 1)),
        terminal=np.zeros((2, 2, 1), dtype=bool),
        start=[1.0, 0.0],
    )
    assert optimal_gain(mdp) == 2.0


@pytest.mark.parametrize(("slip", "expected"), [(0.0, 10.0), (1.0, 10.0), (0.5, 1.3125)])
def test_extreme_winds_have_a_gain(slip: float, expected: float) -> None:
    """Without choice, without chance, and with a coin for a wind."""
    assert optimal_gain(dungeon(slip)) == pytest.approx(expected)


def test_a_long_dungeon_is_solved_sparsely() -> None:
    """2000 tiles with a wind: the far end is out of reach, so going back is best."""
    assert optimal_gain(dungeon(length=2000)) == pytest.approx(1.8)


def test_a_policy_that_is_none_is_refused() -> None:
    """Another shape, or rows that are no distribution."""
    mdp = dungeon()
    with pytest.raises(ValueError, match="has shape"):
        policy_gain(mdp, np.ones((5, 3)) / 3)
    with pytest.raises(ValueError, match="sum to 1"):
        policy_gain(mdp, np.ones((5, 2)))


def test_a_way_below_the_smallest_double_is_refused() -> None:
    """Node 1 reaches node 0 only through two steps of 1e-200 each."""
    rows = [{0: 1.0}, {1: 1.0, 2: 1e-200}, {0: 1e-200, 1: 1.0}]
    with pytest.raises(FloatingPointError, match="smallest double"):
        long_run(rows, [0.0] * 3, [1.0] * 3)
