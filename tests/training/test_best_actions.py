from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.specs.environment import Dungeon
from expkit.training import evaluate, returns
from expkit.training.compile import compile_environment
from expkit.training.mdp import Mdp
from tests.training.drawn import tables


@settings(max_examples=60)
@given(tables(), st.data())
def test_a_policy_of_best_actions_is_a_best_policy(mdp: Mdp, drawn: st.DataObject) -> None:
    """Whichever best action is taken in each state, the gain is the optimal one; so with a discount's return."""
    for best, optimum, value in (
        (evaluate.best_actions(mdp), evaluate.optimal_gain(mdp), evaluate.policy_gain),
        (returns.best_actions(mdp, 0.9), returns.optimal_return(mdp, 0.9), lambda *it: returns.policy_return(*it, 0.9)),
    ):
        policy = np.zeros((mdp.states, mdp.actions))
        for state in range(mdp.states):
            among = np.flatnonzero(best[state]).tolist() or [0]  # nothing leads to a state that has none
            policy[state, drawn.draw(st.sampled_from(among))] = 1
        assert value(mdp, policy) == pytest.approx(optimum, rel=1e-7, abs=1e-7)


@settings(max_examples=60)
@given(tables())
def test_an_action_that_is_not_best_costs_return(mdp: Mdp) -> None:
    """Taken always in one state, with best actions elsewhere, it leaves a policy that is no better."""
    best, optimum = returns.best_actions(mdp, 0.9), returns.optimal_return(mdp, 0.9)
    for state, action in np.argwhere(~best & best.any(axis=1, keepdims=True)):
        policy = np.eye(mdp.actions)[best.argmax(axis=1)]
        policy[state] = np.eye(mdp.actions)[action]
        assert returns.policy_return(mdp, policy, 0.9) <= optimum + 1e-9
        start = Mdp(
            **{name: getattr(mdp, name) for name in ("next_state", "reward", "probability", "terminal")},
            start=np.eye(mdp.states)[state],
        )
        assert returns.policy_return(start, policy, 0.9) < returns.optimal_return(start, 0.9)


def test_going_forward_is_best_on_every_tile_of_the_tutorials_dungeon() -> None:
    """The large reward is worth the way; where it is no larger than the small one, it is not."""
    tutorial = compile_environment(Dungeon(kind="dungeon"))
    assert evaluate.best_actions(tutorial).tolist() == [[True, False]] * 5
    modest = compile_environment(Dungeon(kind="dungeon", large_reward=1.0))
    assert evaluate.best_actions(modest).tolist() == [[False, True]] * 5


def test_what_nothing_leads_to_has_no_best_action() -> None:
    """A state that no policy reaches from the start is not told of."""
    shape = (3, 2, 1)
    mdp = Mdp(
        next_state=np.zeros(shape, dtype=np.int64),
        reward=np.array([[[1.0], [0.0]]] * 3),
        probability=np.ones(shape),
        terminal=np.zeros(shape, dtype=np.bool_),
        start=np.array([1.0, 0.0, 0.0]),
    )
    assert evaluate.best_actions(mdp).tolist() == [[True, False], [False, False], [False, False]]
    assert returns.best_actions(mdp, 0.5).tolist() == [[True, False], [False, False], [False, False]]
