"""The reference: tabular training as one would explain it, one seed, one step after the other, in plain Python.

Written from the contracts (`streams`, the agents' declarations), not from the kernel: it shares no code with it, and
the two must agree byte for byte.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, SeedSequence

from expkit.specs.agent import Accountant, Agent, Drunkard, Gambler
from expkit.specs.experiment import Streams
from expkit.training.evaluate import greedy_policy, optimal_gain, policy_gain, random_gain
from expkit.training.mdp import Mdp


@dataclass(frozen=True, kw_only=True)
class ReferenceTrial:
    """One trained seed."""

    q: list[list[float]]
    """[states][actions]."""
    visits: list[list[int]]
    """[states][actions]."""
    curve: list[float]
    """[40]; reward per step."""
    metrics: dict[str, float]
    """By name; NaN in every metric of a failed trial."""


def reference_trial(
    mdp: Mdp, agent: Agent, *, steps: int, root: int, arm_key: str, streams: Streams, seed: int
) -> ReferenceTrial:
    """Trains one seed of an agent on a table for a number of steps and measures it."""
    environment, choices, starts = (PCG64(_luck(root, arm_key, streams, seed, number)) for number in range(3))
    next_state, reward = mdp.next_state.tolist(), mdp.reward.tolist()
    probability, terminal, start = mdp.probability.tolist(), mdp.terminal.tolist(), mdp.start.tolist()

    first_value = agent.initial_value if isinstance(agent, Gambler) else 0.0
    q = [[float(first_value)] * mdp.actions for _ in range(mdp.states)]
    visits = [[0] * mdp.actions for _ in range(mdp.states)]
    windows: list[float] = []

    state = _drawn(start, int(starts.random_raw()))
    for window in range(40):
        collected = 0.0
        for t in range(window * steps // 40, (window + 1) * steps // 40):
            word = int(choices.random_raw())
            explore, choose = word >> 32, word & 0xFFFFFFFF
            if explore / 2**32 < _epsilon(agent, t, steps):
                candidates = list(range(mdp.actions))
            else:
                best = max(q[state])
                candidates = [action for action in range(mdp.actions) if not q[state][action] < best]
            action = candidates[choose * len(candidates) >> 32]

            outcome = _drawn(probability[state][action], int(environment.random_raw()))
            gained = reward[state][action][outcome]
            ended = terminal[state][action][outcome]
            following = _drawn(start, int(starts.random_raw())) if ended else next_state[state][action][outcome]

            match agent:
                case Accountant():
                    q[state][action] += gained
                case Gambler():
                    future = 0.0 if ended else max(q[following])
                    target = gained + agent.discount * future
                    q[state][action] += agent.learning_rate * (target - q[state][action])
                case Drunkard():
                    pass
            visits[state][action] += 1
            collected += gained
            state = following
        windows.append(collected)

    bounds = [window * steps // 40 for window in range(41)]
    curve = [collected / (bounds[i + 1] - bounds[i]) for i, collected in enumerate(windows)]
    return ReferenceTrial(q=q, visits=visits, curve=curve, metrics=_metrics(mdp, q, windows, steps))


def _luck(root: int, arm_key: str, streams: Streams, seed: int, number: int) -> SeedSequence:
    if streams == "common":
        return SeedSequence(root, spawn_key=(seed, number))
    return SeedSequence([root, int(arm_key[:16], 16)], spawn_key=(seed, number))


def _drawn(chances: list[float], word: int) -> int:
    """The first index whose cumulative probability exceeds the word's fraction, or else the last possible one."""
    fraction = (word >> 11) * 2.0**-53
    possible = [index for index, chance in enumerate(chances) if chance > 0]
    cumulative = 0.0
    for index in possible:
        cumulative += chances[index]
        if fraction < cumulative:
            return index
    return possible[-1]


def _epsilon(agent: Agent, t: int, steps: int) -> float:
    """The probability of exploring on step t, counted from 0."""
    match agent:
        case Drunkard():
            return 1.0
        case Accountant():
            return 0.0
        case Gambler(epsilon=epsilon):
            length = max(1, math.floor(epsilon.fraction * steps))
            if t >= length:
                return epsilon.end
            return epsilon.start + (epsilon.end - epsilon.start) / length * t


def _metrics(mdp: Mdp, q: list[list[float]], windows: list[float], steps: int) -> dict[str, float]:
    total = 0.0
    for collected in windows:
        total += collected
    last_tenth = 0.0
    for collected in windows[36:]:
        last_tenth += collected

    metrics = dict.fromkeys(
        (
            "total_reward",
            "regret",
            "final_reward_rate",
            "greedy_gain",
            "gain_gap",
            "normalized_score",
            "optimal_policy",
        ),
        math.nan,
    )
    if not (math.isfinite(total) and all(math.isfinite(entry) for row in q for entry in row)):
        return metrics
    optimal, random = optimal_gain(mdp), random_gain(mdp)
    rounding = 1e-9 * max(abs(reward) for reward in mdp.reward.ravel().tolist())
    greedy = policy_gain(mdp, greedy_policy(np.array(q)))
    attained = abs(optimal - greedy) <= rounding
    if attained:
        greedy = optimal
    spread = optimal - random
    score = (greedy - random) / spread if spread > rounding else float(attained)
    metrics |= {
        "total_reward": total,
        "regret": steps * optimal - total,
        "final_reward_rate": last_tenth / (steps - 36 * steps // 40),
        "greedy_gain": greedy,
        "gain_gap": optimal - greedy,
        "normalized_score": score,
        "optimal_policy": float(attained),
    }
    return metrics if all(math.isfinite(value) for value in metrics.values()) else dict.fromkeys(metrics, math.nan)
