"""The exact expected return of a policy over a number of steps, from the transition table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from expkit.training.mdp import Mdp


def expected_return(mdp: Mdp, policy: NDArray[np.float64], steps: int) -> float:
    """The expected undiscounted sum of `steps` rewards from the start distribution; a terminal outcome starts anew.

    policy: float64 [states, actions], each row a distribution. Backwards, one step at a time: what a state is worth
    with t + 1 steps to go follows from what all are worth with t. Every sum is taken in the order of the actions and
    outcomes, without BLAS: the same number on every machine.
    """
    shape = (mdp.states, -1)
    chance = (policy[:, :, None] * mdp.probability).reshape(shape)
    possible = np.flatnonzero(chance.any(axis=0))
    chance = chance[:, possible]
    lands_on = mdp.next_state.reshape(shape)[:, possible]
    ends = mdp.terminal.reshape(shape)[:, possible]
    gained = _in_order(chance * mdp.reward.reshape(shape)[:, possible])

    value = np.zeros(mdp.states)
    for _ in range(steps):
        following = value[lands_on]
        if ends.any():
            following = np.where(ends, _from_start(mdp, value), following)
        value = gained + _in_order(chance * following)
    return _from_start(mdp, value)


def _from_start(mdp: Mdp, value: NDArray[np.float64]) -> float:
    return float(np.cumsum(mdp.start * value)[-1])  # left to right, as cumsum is defined


def _in_order(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row sums, added from the first column to the last: `numpy.sum` adds in an order of its own."""
    total = columns[:, 0].copy()
    for column in range(1, columns.shape[1]):
        total += columns[:, column]
    return total
