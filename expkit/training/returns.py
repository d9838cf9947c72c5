"""Exact returns: what an episode brings from the start, in expectation, under a policy, the best one and a random walk.

A table becomes a chain over nodes, as in `expkit.training.evaluate`: node 0 stands between episodes, node s + 1 is
state s. A discount is the chance that an episode goes on after a step: with what is left of it the step leads to node
0. So the return of an episode, discounted or not, is what is collected from node 0 until the chain is back there.

Without discount a policy may never end. Then it has a return only where it is paid nothing for ever: such a class of
states is left for node 0 as if it had ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from expkit.training.chain import LongRun, Row, closed_components, connected_components, expectation, long_run
from expkit.training.mdp import Mdp

_NOISE = 1e-11
"""An action is better than another when it is so by more than this share of the largest value: less is rounding."""

_Choice = tuple[Row, float]
"""Where an action leads, and the reward that is expected of it."""
_Choices = Mapping[int, Sequence[_Choice]]
"""The actions of each node that some policy reaches from the start; node 0 has one, which begins an episode."""
_Pairs = dict[int, list[int]]
"""Some actions of some nodes."""


def policy_return(mdp: Mdp, policy: NDArray[np.float64], discount: float = 1.0) -> float:
    """The expected return of an episode under a stationary policy; -inf or inf if it is paid so for ever.

    policy: float64 [states, actions], each row summing to 1.
    """
    chain: dict[int, _Choice] = {}
    for node, options in _choices(mdp, discount).items():
        chances = policy[node - 1].tolist() if node else [1.0]
        row: Row = {}
        expected = 0.0
        for (onwards, reward), chance in zip(options, chances, strict=True):
            if chance > 0:
                for target, p in onwards.items():
                    row[target] = row.get(target, 0.0) + chance * p
                expected += chance * reward
        chain[node] = row, expected
    return _solve(_reached(chain)).gain[0]


@lru_cache(maxsize=64)
def random_return(mdp: Mdp, discount: float = 1.0) -> float:
    """The expected return of an episode of the random walk: every action equally often."""
    return policy_return(mdp, np.full((mdp.states, mdp.actions), 1 / mdp.actions), discount)


@lru_cache(maxsize=64)
def optimal_return(mdp: Mdp, discount: float = 1.0) -> float:
    """The largest expected return of an episode that any policy attains from the start.

    Policy iteration. Without discount it begins with a policy whose return is finite: towards an end, or towards where
    nothing is paid for ever. A policy that is better everywhere is then never worse than that (Bertsekas, Dynamic
    Programming and Optimal Control, on stochastic shortest paths). inf where a policy may be paid for ever; -inf where
    none has a finite return.
    """
    return _optimum(mdp, discount)[0]


def best_actions(mdp: Mdp, discount: float = 1.0) -> NDArray[np.bool_]:
    """Which actions lose nothing: bool [states, actions], all False in states that no policy reaches from the start.

    Taken once, with the best policy before and after, such an action costs no return. All False where no policy has a
    finite one.
    """
    best = np.zeros((mdp.states, mdp.actions), dtype=np.bool_)
    optimum, worth, noise = _optimum(mdp, discount)
    if math.isfinite(optimum):
        for node, values in worth.items():
            if node:
                best[node - 1] = [max(values) - value <= noise for value in values]
    return best


def _optimum(mdp: Mdp, discount: float) -> tuple[float, dict[int, list[float]], float]:
    """The best return; what each action of each node is worth before the best policy; by how much rounding errs."""
    choices = _choices(mdp, discount)
    acting = dict.fromkeys(choices, 0)
    if discount == 1:
        endless = _end_components(choices)
        if any(choices[node][action][1] > 0 for node, actions in endless.items() for action in actions):
            return math.inf, {}, 0.0
        acting |= {node: actions[0] for node, actions in _free(choices, endless).items()}
        acting |= _towards(choices, {0, *_free(choices, endless)})
    best, seen = -math.inf, set[tuple[int, ...]]()
    position = {node: i for i, node in enumerate(choices)}
    worth: dict[int, list[float]] = {}
    noise = 0.0
    while (policy := tuple(acting.values())) not in seen:  # rounding could lead in a circle: once round is enough
        seen.add(policy)
        solved = _solve({node: choices[node][action] for node, action in acting.items()})
        best = max(best, solved.gain[0])
        if not math.isfinite(best):
            return best, worth, noise
        noise = _NOISE * max(map(abs, solved.bias))
        for node, options in choices.items():
            worth[node] = [
                reward + expectation({position[target]: p for target, p in row.items()}, solved.bias)
                for row, reward in options
            ]
            for action, value in enumerate(worth[node]):
                if value > worth[node][acting[node]] + noise:
                    acting[node] = action
    return best, worth, noise


def endless_pay(mdp: Mdp) -> tuple[int, int] | None:
    """A state and an action that a policy may repeat for ever and be paid, or fined, for; None where there is none."""
    choices = _choices(mdp, 1.0)
    for node, actions in sorted(_end_components(choices).items()):
        for action in actions:
            if choices[node][action][1] != 0:
                return node - 1, action
    return None


@lru_cache(maxsize=64)
def _choices(mdp: Mdp, discount: float) -> _Choices:
    nodes = np.where(mdp.terminal, 0, mdp.next_state + 1).tolist()
    rewards, chances = mdp.reward.tolist(), mdp.probability.tolist()
    choices: dict[int, list[_Choice]] = {
        0: [({state + 1: p for state, p in enumerate(mdp.start.tolist()) if p > 0}, 0.0)]
    }
    pending = [0]
    while pending:
        for row, _ in choices[pending.pop()]:
            for node in row:
                if node not in choices:
                    outcomes = zip(nodes[node - 1], rewards[node - 1], chances[node - 1], strict=True)
                    choices[node] = [_choice(*outcome, discount) for outcome in outcomes]
                    pending.append(node)
    return {node: choices[node] for node in sorted(choices)}


def _choice(nodes: Sequence[int], rewards: Sequence[float], chances: Sequence[float], discount: float) -> _Choice:
    row: Row = {0: 1 - discount} if discount < 1 else {}
    expected = 0.0
    for node, reward, p in zip(nodes, rewards, chances, strict=True):
        if p > 0:
            row[node] = row.get(node, 0.0) + discount * p
            expected += p * reward
    return row, expected


def _reached(chain: Mapping[int, _Choice]) -> dict[int, _Choice]:
    """The part of a chain that is reached from node 0."""
    found, pending = {0}, [0]
    while pending:
        onwards = [node for node in chain[pending.pop()][0] if node not in found]
        found.update(onwards)
        pending += onwards
    return {node: chain[node] for node in sorted(found)}


def _solve(chain: Mapping[int, _Choice]) -> LongRun:
    """Returns by position among the chain's ascending nodes: `gain[0]` from the start, `bias` from each state."""
    position = {node: i for i, node in enumerate(sorted(chain))}
    rows = [{position[target]: p for target, p in chain[node][0].items()} for node in position]
    rewards = [chain[node][1] for node in position]
    for component in closed_components(rows):
        if min(component) > 0:  # never back to node 0
            paid = [rewards[node] for node in component if rewards[node] != 0]
            if paid:
                forever = math.copysign(math.inf, paid[0]) if len({one > 0 for one in paid}) == 1 else math.nan
                return LongRun(gain=[forever] * len(rows), bias=[forever] * len(rows))
            rows[min(component)] = {0: 1.0}
    return long_run(rows, rewards, [float(node == 0) for node in range(len(rows))])


def _end_components(choices: _Choices) -> _Pairs:
    """What a policy may do for ever without an end: the actions by node of all maximal end components.

    (de Alfaro, Formal Verification of Probabilistic Systems, 1997)
    """
    return _closed(choices, {node: list(range(len(options))) for node, options in choices.items() if node})


def _free(choices: _Choices, endless: _Pairs) -> _Pairs:
    """What a policy may do for ever for nothing."""
    unpaid = {
        node: [action for action in actions if choices[node][action][1] == 0] for node, actions in endless.items()
    }
    return _closed(choices, unpaid)


def _closed(choices: _Choices, pairs: _Pairs) -> _Pairs:
    """Those of some actions that never lead out of a connected set of nodes with such actions."""
    while True:
        nodes = [node for node, actions in pairs.items() if actions]
        position = {node: i for i, node in enumerate(nodes)}
        successors = [
            {position[target] for action in pairs[node] for target in choices[node][action][0] if target in position}
            for node in nodes
        ]
        component_of = {
            nodes[i]: number for number, component in enumerate(connected_components(successors)) for i in component
        }
        kept = {
            node: [
                action
                for action in pairs[node]
                if all(component_of.get(target) == component_of[node] for target in choices[node][action][0])
            ]
            for node in nodes
        }
        if kept == pairs:
            return kept
        pairs = kept


def _towards(choices: _Choices, goal: set[int]) -> dict[int, int]:
    """An action for every other node from which the goal can be reached, that may lead nearer to it."""
    sources: dict[int, list[tuple[int, int]]] = {}
    for node, options in choices.items():
        for action, (row, _) in enumerate(options):
            for target in row:
                sources.setdefault(target, []).append((node, action))
    found: dict[int, int] = {}
    pending = sorted(goal)
    for target in pending:
        for node, action in sources.get(target, ()):
            if node not in found and node not in goal:
                found[node] = action
                pending.append(node)
    return found
