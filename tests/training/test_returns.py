from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.training.evaluate import optimal_gain
from expkit.training.mdp import Mdp
from expkit.training.returns import endless_pay, optimal_return, policy_return, random_return


def table(outcomes: dict[tuple[int, int], list[tuple[float, int, float, bool]]], start: int = 0) -> Mdp:
    """A table from (probability, next state, reward, end) by state and action."""
    states, actions = (1 + max(axis) for axis in zip(*outcomes, strict=True))
    width = max(map(len, outcomes.values()))
    arrays = np.zeros((4, states, actions, width))
    for (state, action), found in outcomes.items():
        arrays[:, state, action, : len(found)] = np.array(found, dtype=float).T
    return Mdp(
        probability=arrays[0],
        next_state=arrays[1].astype(np.int64),
        reward=arrays[2],
        terminal=arrays[3].astype(np.bool_),
        start=np.arange(states) == start,
    )


def walk(start: int) -> Mdp:
    """Five states in a row; leaving on the right pays 1. Action 0 goes left, action 1 right."""
    outcomes = {}
    for state in range(5):
        outcomes[state, 0] = [(1.0, max(state - 1, 0), 0.0, state == 0)]
        outcomes[state, 1] = [(1.0, min(state + 1, 4), float(state == 4), state == 4)]
    return table(outcomes, start)


@pytest.mark.parametrize("start", range(5))
def test_a_random_walk_over_five_states_returns_sixths(start: int) -> None:
    """Sutton and Barto, example 6.2: 1/6, 2/6, 3/6, 4/6 and 5/6; who always goes right returns 1."""
    assert random_return(walk(start)) == pytest.approx((start + 1) / 6, abs=1e-15)
    assert optimal_return(walk(start)) == 1.0
    assert optimal_return(walk(start), 0.5) == pytest.approx(0.5 ** (4 - start))


@st.composite
def tables(draw: st.DrawFn) -> Mdp:
    """Small tables with ends and any rewards."""
    states, actions, width = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    luck = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = states, actions, width
    return Mdp(
        next_state=luck.integers(states, size=shape),
        reward=luck.integers(-3, 4, size=shape).astype(float),
        probability=luck.dirichlet(np.ones(width), size=(states, actions)),
        terminal=luck.random(shape) < 0.3,
        start=luck.dirichlet(np.ones(states)),
    )


@given(tables(), st.floats(0.01, 0.999))
def test_a_discounted_return_solves_the_equations_of_bellman(mdp: Mdp, discount: float) -> None:
    """By another method: the linear system of a policy, and iteration of the optimal values."""
    policy = np.full((mdp.states, mdp.actions), 1 / mdp.actions)
    onwards = np.where(mdp.terminal, 0.0, mdp.probability)
    moves = np.zeros((mdp.states, mdp.actions, mdp.states))
    for index in np.ndindex(mdp.next_state.shape):
        moves[index[0], index[1], mdp.next_state[index]] += onwards[index]
    paid = (mdp.probability * mdp.reward).sum(axis=2)

    system = np.eye(mdp.states) - discount * np.einsum("sa,sat->st", policy, moves)
    value = np.linalg.solve(system, (policy * paid).sum(axis=1))
    scale = 1e-9 * (1 + np.abs(value).max() + np.abs(mdp.reward).max() / (1 - discount))
    assert policy_return(mdp, policy, discount) == pytest.approx(float(mdp.start @ value), abs=scale)

    best = np.zeros(mdp.states)
    for _ in range(math.ceil(math.log(1e-12) / math.log(discount))):
        best = (paid + discount * moves @ best).max(axis=1)
    assert optimal_return(mdp, discount) == pytest.approx(float(mdp.start @ best), abs=scale)


@given(tables())
def test_no_policy_returns_more_than_the_optimum(mdp: Mdp) -> None:
    """With an end or without, whatever is paid: every deterministic policy is tried."""
    best = -math.inf
    for code in range(mdp.actions**mdp.states):
        actions = [code // mdp.actions**state % mdp.actions for state in range(mdp.states)]
        found = policy_return(mdp, np.eye(mdp.actions)[actions])
        best = best if math.isnan(found) else max(best, found)
    optimum = optimal_return(mdp)
    if endless_pay(mdp) is None:  # then every policy has a finite return
        assert optimum == pytest.approx(best, abs=1e-9 * (1 + abs(best)))
    assert not optimum < best - 1e-9 * (1 + abs(best))


def test_a_loop_that_pays_nothing_is_worth_nothing_and_may_be_the_best() -> None:
    """Staying for ever beats an end that costs 1, and not one that pays 1."""
    for reward, best in ((-1.0, 0.0), (1.0, 1.0)):
        mdp = table({(0, 0): [(1.0, 0, 0.0, False)], (0, 1): [(1.0, 0, reward, True)]})
        assert endless_pay(mdp) is None
        assert optimal_return(mdp) == best
        assert policy_return(mdp, np.array([[1.0, 0.0]])) == 0.0


def test_a_loop_that_costs_has_no_return_and_one_that_pays_no_optimum() -> None:
    """-inf for the policy that stays, inf for the best one where staying pays."""
    for reward, stays, best in ((-1.0, -math.inf, 5.0), (1.0, math.inf, math.inf)):
        mdp = table({(0, 0): [(1.0, 0, reward, False)], (0, 1): [(1.0, 0, 5.0, True)]})
        assert endless_pay(mdp) == (0, 0)
        assert policy_return(mdp, np.array([[1.0, 0.0]])) == stays
        assert optimal_return(mdp) == best


def test_riverswim_is_worth_what_detailed_balance_says() -> None:
    """Strehl and Littman's river in Osband's form: swimming on is best, and earns 0.4286 a step."""
    left, stay, right = 0.05, 0.6, 0.35
    outcomes = {(state, 0): [(1.0, max(state - 1, 0), 0.005 * (state == 0), False)] for state in range(6)}
    outcomes[0, 1] = [(0.4, 0, 0.0, False), (0.6, 1, 0.0, False)]
    outcomes[5, 1] = [(0.4, 4, 1.0, False), (0.6, 5, 1.0, False)]
    for state in range(1, 5):
        outcomes[state, 1] = [(p, state + step, 0.0, False) for p, step in ((left, -1), (stay, 0), (right, 1))]
    weights = [1.0, 0.6 / left]
    for _ in range(3):
        weights.append(weights[-1] * right / left)
    weights.append(weights[-1] * right / 0.4)
    assert optimal_gain(table(outcomes)) == pytest.approx(weights[-1] / sum(weights), abs=1e-12)
    assert optimal_gain(table(outcomes)) == pytest.approx(0.4286, abs=5e-5)
