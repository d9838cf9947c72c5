"""What a learner carries from one step to the next beside its table: what it has yet to learn, what it remembers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.training import kernel
from expkit.training.agents import KEEP, Learner
from expkit.training.kernel import Lanes, Table
from expkit.training.learners import CERTAINTY_EQUIVALENCE, DOUBLE_Q, DYNA_Q, Parameters
from expkit.training.mdp import Mdp
from expkit.training.streams import FURTHER

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
"""Of PCG64's 128-bit linear congruential generator."""


@dataclass(frozen=True, kw_only=True)
class Minds:
    """Learners in training: what they carry from one block of steps to the next."""

    second: NDArray[np.float64]
    """float64 [trials, states * actions]; the other table of Double Q-learning."""
    pending: NDArray[np.int64]
    """int64 [trials]; the entry SARSA has yet to learn about, or -1."""
    pending_reward: NDArray[np.float64]
    """float64 [trials]; the reward of that step."""
    level: NDArray[np.float64]
    """float64 [trials]; what an exponential schedule has come to."""
    seen: NDArray[np.int64]
    """int64 [trials, states * actions]; the entries Dyna-Q has seen, in the order of their first visits."""
    seen_count: NDArray[np.int64]
    """int64 [trials]; how many these are."""
    model_row: NDArray[np.int64]
    """int64 [trials, states * actions]; the row each entry led to last, or -1 for the end of an episode."""
    model_reward: NDArray[np.float64]
    """float64 [trials, states * actions]; the reward that came with it, or under certainty equivalence all of them."""
    followed: NDArray[np.int64]
    """int64 [trials, states * actions * outcomes]; the rows that each entry has led to, in the order of their first
    times, -1 for the end of an episode."""
    followed_count: NDArray[np.int64]
    """int64 [trials, states * actions * outcomes]; how often; 0 where no more are known."""
    began: NDArray[np.int64]
    """int64 [trials]; the step that their episode began with."""
    further: NDArray[np.uint64]
    """uint64 [trials, 4]; the generator of stream 3, as in `Lanes`."""

    def part(self, first: int, last: int) -> Minds:
        """Some of the learners, sharing their memory."""
        return Minds(**{name: array[first:last] for name, array in vars(self).items()})


def begin(mdp: Mdp, table: Table, parameters: Parameters, seeding_words: NDArray[np.uint64]) -> tuple[Lanes, Minds]:
    """Trials before their first step. `seeding_words`: uint64 [trials, streams, 4], of as many streams as are taken."""
    entries, trials = mdp.indices * mdp.actions, len(seeding_words)
    initial = Learner(
        rule=KEEP,
        initial_value=parameters.initial_value,
        epsilon_start=0.0,
        epsilon_slope=0.0,
        epsilon_steps=1,
        epsilon_end=0.0,
    )
    lanes = kernel.begin(mdp, table, initial, np.ascontiguousarray(seeding_words[:, :FURTHER]))
    doubled, remembered = (entries if parameters.rule == rule else 0 for rule in (DOUBLE_Q, DYNA_Q))
    counted = entries if parameters.rule == CERTAINTY_EQUIVALENCE else 0
    minds = Minds(
        second=np.full((trials, doubled), parameters.initial_value),
        pending=np.full(trials, -1),
        pending_reward=np.zeros(trials),
        level=np.full(trials, parameters.schedule.start),
        seen=np.zeros((trials, remembered), dtype=np.int64),
        seen_count=np.zeros(trials, dtype=np.int64),
        model_row=np.zeros((trials, remembered), dtype=np.int64),
        model_reward=np.zeros((trials, remembered + counted)),
        followed=np.zeros((trials, counted * int(table.outcomes)), dtype=np.int64),
        followed_count=np.zeros((trials, counted * int(table.outcomes)), dtype=np.int64),
        began=np.zeros(trials, dtype=np.int64),
        further=np.zeros((trials, 4), dtype=np.uint64),
    )
    if doubled or remembered:
        minds.further[:] = [_seeded(*words.tolist()) for words in seeding_words[:, FURTHER]]
    return lanes, minds


def learnt(parameters: Parameters, lanes: Lanes, minds: Minds) -> NDArray[np.float64]:
    """The tables that the learners act on: float64 [trials, states * actions]."""
    if parameters.rule != DOUBLE_Q:
        return lanes.q
    with np.errstate(over="ignore", invalid="ignore"):  # a trial that overflowed has failed, and says so
        return (lanes.q + minds.second) / 2.0


def _seeded(high: int, low: int, add_high: int, add_low: int) -> list[int]:
    """A PCG64 seeded with four words: its state and its increment, upper half first."""
    increment = (((add_high << 64 | add_low) << 1) | 1) % 2**128
    state = ((increment + (high << 64 | low)) * MULTIPLIER + increment) % 2**128
    return [state >> 64, state % 2**64, increment >> 64, increment % 2**64]
