"""Returns of a checkpoint's policy on fresh luck: the compiled kernel, with a table that nothing changes any more.

Luck comes from streams of its own, as `expkit.training.streams` seeds them, under a key that no arm has. No training
has met it: not this trial's, and not those that it was chosen from. Episode number k takes the place of the seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from expkit.checkpoint.expected import expected_return
from expkit.checkpoint.policy import action_chances, described, frozen
from expkit.digests import array_digest, digest
from expkit.records.checkpoint import Evaluation
from expkit.specs.agent import Agent
from expkit.statistics.estimate import PLAIN_LEVEL
from expkit.statistics.rounding import rounded, rounded_interval
from expkit.statistics.student import Student
from expkit.training.kernel import LANES, Table, advance, begin
from expkit.training.mdp import Mdp
from expkit.training.streams import seeding_words
from expkit.training.train import BLOCK_STEPS

_EPISODES_AT_ONCE = 512 * LANES
"""Whose luck is seeded together: bounds the memory that a million episodes take."""


def evaluate(
    mdp: Mdp, agent: Agent, q: NDArray[np.float64], *, arm_key: str, root: int, episodes: int, steps: int
) -> Evaluation:
    """What a policy returned over some episodes, and what it returns in expectation.

    q: float64 [states, actions], the final table of an arm's trial. Means are sums that are rounded once, so they do
    not depend on the order of the episodes.
    """
    found = returns(mdp, agent, q, luck=luck_key(arm_key), root=root, episodes=episodes, steps=steps)
    values = found.tolist()
    mean = math.fsum(values) / episodes
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (episodes - 1)) if episodes > 1 else None
    return Evaluation(
        policy=described(agent),
        episodes=episodes,
        steps=steps,
        root=root,
        mean=rounded(mean),
        sd=None if sd is None else rounded(sd),
        interval=None if sd is None else rounded_interval(*_interval(mean, sd, episodes)),
        expected=rounded(expected_return(mdp, action_chances(agent, q), steps)),
        returns_digest=array_digest(found),
    )


def luck_key(arm_key: str) -> str:
    """What evaluations of an arm's trials are seeded with where trainings are seeded with the arm's key."""
    return digest({"evaluation": arm_key})


def returns(
    mdp: Mdp, agent: Agent, q: NDArray[np.float64], *, luck: str, root: int, episodes: int, steps: int
) -> NDArray[np.float64]:
    """The undiscounted return of every episode: float64 [episodes]. Episode k is the same whatever their number."""
    table, learner = Table.of(mdp), frozen(agent)
    found = np.zeros(episodes)
    for first in range(0, episodes, _EPISODES_AT_ONCE):
        words = seeding_words(root, luck, "independent", range(first, min(first + _EPISODES_AT_ONCE, episodes)))
        for group in range(0, len(words), LANES):
            lanes = begin(mdp, table, learner, words[group : group + LANES])
            lanes.q[:] = q.ravel()
            for begins, ends in _blocks(steps):
                advance(table, learner, lanes, first=begins, last=ends, steps=steps)
            total = found[first + group : first + group + LANES]
            for window in range(lanes.sums.shape[1]):
                total += lanes.sums[:, window]
    return found


def _blocks(steps: int) -> Iterator[tuple[int, int]]:
    """Steps in parts short enough for Ctrl-C."""
    for first in range(0, steps, BLOCK_STEPS):
        yield first, min(first + BLOCK_STEPS, steps)


def _interval(mean: float, sd: float, episodes: int) -> tuple[float, float]:
    student = Student(
        estimate=np.asarray(mean),
        standard_error=np.asarray(sd / math.sqrt(episodes)),
        degrees_of_freedom=np.asarray(episodes - 1.0),
    )
    low, high = student.interval(PLAIN_LEVEL)
    return float(low), float(high)
