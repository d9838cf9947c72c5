"""The reference: tabular training as one would explain it, one seed, one step after the other, in plain Python.

Written from the contracts (`streams`, the agents' declarations), not from the kernel: it shares no code with it, and
the two must agree byte for byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, SeedSequence

from expkit.specs.agent import Agent
from expkit.specs.experiment import Streams
from expkit.training.evaluate import greedy_policy, optimal_gain, policy_gain, random_gain
from expkit.training.mdp import Mdp
from expkit.training.reference_agents import reference_agent


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


Witness = Callable[[int, int, int, float, int | None], None]
"""Whoever wants to see every step: its number from 0, state, action, reward, next state or None where it ended."""


def reference_trial(
    mdp: Mdp,
    agent: Agent,
    *,
    steps: int,
    root: int,
    arm_key: str,
    streams: Streams,
    seed: int,
    time_limit: int | None = None,
    witness: Witness | None = None,
) -> ReferenceTrial:
    """Trains one seed of an agent on a table for a number of steps and measures it; `witness` is told every step."""
    environment, choices, starts, further = (PCG64(_luck(root, arm_key, streams, seed, number)) for number in range(4))
    next_state, reward = mdp.next_state.tolist(), mdp.reward.tolist()
    probability, terminal, start = mdp.probability.tolist(), mdp.terminal.tolist(), mdp.start.tolist()

    trained = reference_agent(agent, mdp.indices, mdp.actions, steps, lambda: int(further.random_raw()))
    seen = mdp.index.tolist()  # the row of the agent's table that a state is looked up in
    windows: list[float] = []

    state, age = _drawn(start, int(starts.random_raw())), 0
    for window in range(40):
        collected = 0.0
        for t in range(window * steps // 40, (window + 1) * steps // 40):
            action = trained.act(seen[state], t, int(choices.random_raw()))
            outcome = _drawn(probability[state][action], int(environment.random_raw()))
            gained = reward[state][action][outcome]
            ended = terminal[state][action][outcome]
            following = None if ended else next_state[state][action][outcome]
            age += 1

            trained.learn(seen[state], action, gained, None if following is None else seen[following])
            collected += gained
            if witness is not None:
                witness(t, state, action, gained, following)
            if following is not None and age == time_limit:
                trained.cut_off(seen[following])
            if following is None or age == time_limit:
                following, age = _drawn(start, int(starts.random_raw())), 0
            state = following
        windows.append(collected)

    bounds = [window * steps // 40 for window in range(41)]
    curve = [collected / (bounds[i + 1] - bounds[i]) for i, collected in enumerate(windows)]
    q = trained.learnt()
    return ReferenceTrial(q=q, visits=trained.visits, curve=curve, metrics=_metrics(mdp, q, windows, steps))


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
    optimal, random = optimal_gain(mdp.itself), random_gain(mdp.itself)
    rounding = 1e-9 * max(abs(reward) for reward in mdp.reward.ravel().tolist())
    greedy = policy_gain(mdp, greedy_policy(np.array(q))[mdp.index])
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
