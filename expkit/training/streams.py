"""Where a trial's luck comes from: streams of raw PCG64 words for each seed, three or four of them.

Stream 0 is the environment's, 1 the agent's, 2 the start states', 3 the agent's further one. With k the seed's number,

    independent   SeedSequence([root, int(arm_key[:16], 16)], spawn_key=(k, stream))
    common        SeedSequence(root, spawn_key=(k, stream))

seeds a `PCG64`, whose words are those of `random_raw`. Every step takes one word of stream 0 and one of stream 1,
whatever is decided; every start of an episode takes one of stream 2, whether the last one ended or was cut off. Who
needs more luck than that takes it from stream 3, a fixed number of words a step: Double Q-learning one, Dyna-Q one for
each of its planning steps.

* An environment's or a start's word w is u = (w >> 11) * 2**-53. The outcome is the first whose cumulative
  probability, summed from the left, exceeds u; the last outcome of positive probability takes what rounding leaves.
* An agent's word has two halves. The upper one, h, explores when h * 2**-32 < epsilon_t. The lower one, l, picks
  candidate number (l * n) >> 32 of n, in the order of the actions: of all actions when exploring, else of those whose
  entry is the largest; under UCB, of those whose bound is the largest. Under Boltzmann the whole word is u, as above,
  and the action the first whose cumulative weight exceeds u times the sum of all, or else the last.
* Double Q-learning's word of stream 3: its highest bit is the coin, 1 for the second table to learn, and its lower half
  picks among the next state's largest entries, as above. Dyna-Q's: the upper half picks among the pairs of state and
  action that have been seen, in the order of their first visits.

SARSA learns from a step when the next step's word has chosen: it takes no word more than the others.

A program that expkit knows nothing about has its own generator. It is handed a seed: the upper 31 bits of the first
32-bit word that the `SeedSequence` of stream 4 generates.

NumPy promises that seeding and raw words stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from expkit.specs.experiment import Streams

if TYPE_CHECKING:
    from numpy.random import SeedSequence

ENVIRONMENT, AGENT, STARTS, FURTHER, PROGRAM = 0, 1, 2, 3, 4

SEED_LIMIT = 2**32
"""Seed numbers are below it: one word of a spawn key each."""


def stream(root: int, arm_key: str, streams: Streams, seed: int, number: int) -> SeedSequence:
    """The seed sequence of one stream of one trial: the contract, as NumPy writes it."""
    # np.random is imported when it is first named: a plan needs the numbers of streams, and none of their words
    return np.random.SeedSequence(_entropy(root, arm_key, streams), spawn_key=(seed, number))


def seeding_words(
    root: int, arm_key: str, streams: Streams, seeds: Sequence[int], *, count: int = 3
) -> NDArray[np.uint64]:
    """What seeds the generators of many trials, the first `count` streams of each: uint64 [seeds, count, 4].

    `[i, number]` equals `stream(root, arm_key, streams, seeds[i], number).generate_state(4, np.uint64)`, for all
    seeds at once: a `SeedSequence` and a `PCG64` of its own for each stream would cost as much as the training. NumPy
    mixes the entropy, which all trials share; only the two words of the spawn key are mixed in here, by the same
    published hash (M. E. O'Neill's `seed_seq_fe`).

    Raises:
        ValueError: a seed number outside [0, 2**32).
    """
    if not all(0 <= seed < SEED_LIMIT for seed in seeds):
        raise ValueError(f"seed numbers must lie in [0, 2**32); got {min(seeds)} to {max(seeds)}")
    keys = np.array(seeds, dtype=np.uint32)
    shared = np.random.SeedSequence(_entropy(root, arm_key, streams)).pool
    words = np.empty((len(keys), count, 4), dtype=np.uint64)
    for number in range(count):
        pool = [np.full(len(keys), word, dtype=np.uint32) for word in shared]
        constant = _INIT_A * pow(_MULT_A, _HASHES_BEFORE_SPAWN_KEY, _2_32) % _2_32
        for spawned in (keys, np.full(len(keys), number, dtype=np.uint32)):
            for i in range(4):
                hashed, constant = _hash(spawned, constant, _MULT_A)
                mixed = pool[i] * np.uint32(_MIX_LEFT) - hashed * np.uint32(_MIX_RIGHT)
                pool[i] = mixed ^ (mixed >> np.uint32(16))
        constant = _INIT_B
        for i in range(4):
            low, constant = _hash(pool[2 * i % 4], constant, _MULT_B)
            high, constant = _hash(pool[(2 * i + 1) % 4], constant, _MULT_B)
            words[:, number, i] = low.astype(np.uint64) | (high.astype(np.uint64) << np.uint64(32))
    return words


_2_32 = 2**32
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = 0xCA01F9DD, 0x4973F715
_HASHES_BEFORE_SPAWN_KEY = 4 + 4 * 3
"""Four words fill the pool and each is mixed into the three others. Root and arm key never exceed four words
together."""


def _entropy(root: int, arm_key: str, streams: Streams) -> list[int]:
    return [root] if streams == "common" else [root, int(arm_key[:16], 16)]


def _hash(words: NDArray[np.uint32], constant: int, multiplier: int) -> tuple[NDArray[np.uint32], int]:
    """The hash of each word under a constant, and the constant for the next."""
    following = constant * multiplier % _2_32
    mixed = (words ^ np.uint32(constant)) * np.uint32(following)
    return mixed ^ (mixed >> np.uint32(16)), following
