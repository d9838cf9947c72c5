from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import PCG64

from expkit.specs.experiment import Streams
from expkit.training.streams import seeding_words, stream

KEY = "fedcba9876543210" * 4


@given(
    root=st.integers(0, 2**53 - 1),
    key=st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"),
    streams=st.sampled_from(["independent", "common"]),
    seeds=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5),
)
def test_seeding_words_are_those_of_numpy(root: int, key: str, streams: Streams, seeds: list[int]) -> None:
    """The vectorised seeding equals `SeedSequence`, word for word, for every root, arm, seed and stream."""
    words = seeding_words(root, key, streams, seeds, count=4)
    assert (seeding_words(root, key, streams, seeds) == words[:, :3]).all()
    for i, seed in enumerate(seeds):
        for number in range(4):
            expected = stream(root, key, streams, seed, number).generate_state(4, np.uint64)
            assert words[i, number].tolist() == expected.tolist()


def test_independent_streams_differ_by_arm_and_common_ones_do_not() -> None:
    """The arm key enters the independent form only."""
    other = "0" * 64
    assert (seeding_words(1, KEY, "common", [0]) == seeding_words(1, other, "common", [0])).all()
    assert (seeding_words(1, KEY, "independent", [0]) != seeding_words(1, other, "independent", [0])).all()


def test_no_two_streams_of_a_root_share_words() -> None:
    """Seeds and stream numbers both tell generators apart."""
    first = {int(PCG64(stream(7, KEY, "independent", k, s)).random_raw()) for k in range(50) for s in range(4)}
    assert len(first) == 200


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_is_not_one_word_is_refused(seed: int) -> None:
    """Neither a negative one nor 2**32."""
    with pytest.raises(ValueError, match="seed numbers must lie in"):
        seeding_words(1, KEY, "common", [0, seed])
