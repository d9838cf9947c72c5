"""Exact evaluation: the average reward per step of a policy, of the best policy and of the random walk, from the start.

A table becomes a chain over nodes: node 0 stands between episodes and takes no time, node s + 1 is state s. A
terminal outcome leads to node 0, and node 0 to the start states; the gain of a table is the gain of node 0. Training
optimises a discounted return; these are averages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from expkit.training.chain import LongRun, Row, expectation, long_run
from expkit.training.mdp import Mdp

_NOISE = 1e-11
"""An action is better than another when it is so by more than this share of the largest value: less is rounding."""


def greedy_policy(q: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greedy policy of a table: float64 [states, actions], the probability of each action.

    q: float64 [states, actions], finite. Entries that equal the largest exactly share the probability evenly.
    """
    best = (q == q.max(axis=1, keepdims=True)).astype(np.float64)
    shared: NDArray[np.float64] = best / best.sum(axis=1, keepdims=True)
    return shared


def policy_gain(mdp: Mdp, policy: NDArray[np.float64]) -> float:
    """The average reward per step, in the long run and from the start, of a stationary policy.

    policy: float64 [states, actions], each row summing to 1. With several recurrent classes their gains are weighted
    by the probability of ending up in each.

    Raises:
        ValueError: a policy of another shape, or a row that is no distribution.
    """
    if policy.shape != (mdp.states, mdp.actions):
        raise ValueError(f"the policy has shape {list(policy.shape)}; the table has {[mdp.states, mdp.actions]}")
    if not ((policy >= 0).all() and (np.abs(policy.sum(axis=1) - 1) <= 1e-9).all()):
        raise ValueError("a policy's rows must be probabilities that sum to 1")
    chances = policy.tolist()
    choices = _choices(mdp)
    found = {0: choices[0][0]}
    pending = [0]
    while pending:
        for node in found[pending.pop()].row:
            if node not in found:
                found[node] = _mixture(choices[node], chances[node - 1])
                pending.append(node)
    return _solve(found).gain[0]


@lru_cache(maxsize=64)
def random_gain(mdp: Mdp) -> float:
    """The average reward per step of the random walk: every action equally often."""
    return policy_gain(mdp, np.full((mdp.states, mdp.actions), 1 / mdp.actions))


@lru_cache(maxsize=64)
def optimal_gain(mdp: Mdp) -> float:
    """The largest average reward per step that any policy attains from the start.

    Howard's policy iteration for several recurrent classes (Puterman, Markov Decision Processes, section 9.2): in
    every node an action that leads to a higher gain or, at the same gain, to a higher reward plus bias. It begins
    with the best policy that always takes the same action, from where long corridors need few rounds.
    """
    return _optimum(mdp).gain


def best_actions(mdp: Mdp) -> NDArray[np.bool_]:
    """Which actions lose nothing: bool [states, actions], all False in states that no policy reaches from the start.

    Taken once, with the best policy before and after, such an action costs neither gain nor, at the same gain, reward.
    """
    choices, optimum = _reachable(_choices(mdp)), _optimum(mdp)
    best = np.zeros((mdp.states, mdp.actions), dtype=np.bool_)
    for node, options in choices.items():
        if node:
            worth = [optimum.worth(option) for option in options]
            gain, value = worth[optimum.acting[node]]
            best[node - 1] = [
                gain - gains <= optimum.gain_noise and value - values <= optimum.value_noise for gains, values in worth
            ]
    return best


def _optimum(mdp: Mdp) -> _Optimum:
    choices = _reachable(_choices(mdp))
    position = {node: i for i, node in enumerate(choices)}
    constant = [
        _solve({node: options[min(action, len(options) - 1)] for node, options in choices.items()}).gain[0]
        for action in range(mdp.actions)
    ]
    best = max(constant)
    acting = {node: min(constant.index(best), len(options) - 1) for node, options in choices.items()}
    seen = set()
    while (policy := tuple(acting.values())) not in seen:  # rounding could lead in a circle: once round is enough
        seen.add(policy)
        solved = _solve({node: choices[node][action] for node, action in acting.items()})
        best = max(best, solved.gain[0])
        optimum = _Optimum(best, dict(acting), position, solved)
        for node, options in choices.items():
            worth = [optimum.worth(option) for option in options]
            for action in range(len(options)):
                higher = worth[action][0] - worth[acting[node]][0]
                better = worth[action][1] - worth[acting[node]][1]
                if higher > optimum.gain_noise or (higher >= -optimum.gain_noise and better > optimum.value_noise):
                    acting[node] = action
    return optimum


@dataclass(frozen=True)
class _Optimum:
    """The best gain, a policy that attains it by node, and what follows from that policy by position."""

    gain: float
    acting: Mapping[int, int]
    position: Mapping[int, int]
    solved: LongRun

    @cached_property
    def gain_noise(self) -> float:
        """By how much gains differ through rounding."""
        return _NOISE * max(map(abs, self.solved.gain))

    @cached_property
    def value_noise(self) -> float:
        """By how much values differ through rounding."""
        return _NOISE * max(map(abs, self.solved.bias + self.solved.gain))

    def worth(self, option: _Choice) -> tuple[float, float]:
        """Gain and value of an action that is followed by the policy."""
        row = {self.position[target]: p for target, p in option.row.items()}
        return expectation(row, self.solved.gain), option.reward + expectation(row, self.solved.bias)


@dataclass(frozen=True)
class _Choice:
    """What follows from one action in one node."""

    row: Row
    reward: float


@lru_cache(maxsize=64)
def _choices(mdp: Mdp) -> tuple[tuple[_Choice, ...], ...]:
    """Every node's actions; node 0 has one."""
    start = _Choice({state + 1: p for state, p in enumerate(mdp.start.tolist()) if p > 0}, 0.0)
    nodes = np.where(mdp.terminal, 0, mdp.next_state + 1).tolist()
    rewards, chances = mdp.reward.tolist(), mdp.probability.tolist()
    return (
        (start,),
        *(
            tuple(
                _outcomes(nodes[state][action], rewards[state][action], chances[state][action])
                for action in range(mdp.actions)
            )
            for state in range(mdp.states)
        ),
    )


def _outcomes(nodes: Sequence[int], rewards: Sequence[float], chances: Sequence[float]) -> _Choice:
    row: Row = {}
    expected = 0.0
    for node, reward, p in zip(nodes, rewards, chances, strict=True):
        if p > 0:
            row[node] = row.get(node, 0.0) + p
            expected += p * reward
    return _Choice(row, expected)


def _mixture(options: Sequence[_Choice], chances: Sequence[float]) -> _Choice:
    row: Row = {}
    expected = 0.0
    for option, chance in zip(options, chances, strict=True):
        if chance > 0:
            for node, p in option.row.items():
                row[node] = row.get(node, 0.0) + chance * p
            expected += chance * option.reward
    return _Choice(row, expected)


def _reachable(choices: Sequence[tuple[_Choice, ...]]) -> dict[int, tuple[_Choice, ...]]:
    """The nodes that some policy reaches from the start, ascending."""
    found = {0}
    pending = [0]
    while pending:
        for option in choices[pending.pop()]:
            pending += [node for node in option.row if node not in found]
            found.update(option.row)
    return {node: choices[node] for node in sorted(found)}


def _solve(chain: dict[int, _Choice]) -> LongRun:
    """The long run of the chain of the chosen actions, by position among its ascending nodes."""
    nodes = sorted(chain)
    position = {node: i for i, node in enumerate(nodes)}
    return long_run(
        [{position[target]: p for target, p in chain[node].row.items()} for node in nodes],
        [chain[node].reward for node in nodes],
        [float(node != 0) for node in nodes],
    )
