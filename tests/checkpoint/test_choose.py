from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from expkit.checkpoint.choose import best_seed


def chosen(gains: list[float], totals: list[float], failed: tuple[int, ...] = ()) -> int | None:
    """The seed that is chosen among 10, 11, 12 and so on."""
    metrics = {"greedy_gain": np.array(gains), "total_reward": np.array(totals)}
    return best_seed(range(10, 10 + len(gains)), metrics, failed)


def test_the_greatest_gain_wins_whatever_it_earned_on_the_way() -> None:
    """What the policy is worth decides, not the luck of its training."""
    assert chosen([1.0, 3.0, 2.0], [900.0, 1.0, 800.0]) == 11


def test_equal_gains_are_told_apart_by_the_total_and_equal_totals_by_the_seed() -> None:
    """The rule always names one."""
    assert chosen([3.0, 3.0, 3.0], [5.0, 7.0, 7.0]) == 11


def test_failed_seeds_are_never_chosen() -> None:
    """Their metrics are NaN, which compares with nothing."""
    assert chosen([np.nan, 1.0, np.nan], [np.nan, 1.0, np.nan], failed=(10, 12)) == 11
    assert chosen([np.nan], [np.nan], failed=(10,)) is None


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0]), st.sampled_from([1.0, 2.0, 3.0])), min_size=1, max_size=8))
def test_no_other_seed_is_better(trials: list[tuple[float, float]]) -> None:
    """Whatever the results: of nobody are gain, total and, in the end, smallness of the seed greater."""
    seed = chosen([gain for gain, _ in trials], [total for _, total in trials])
    assert seed is not None
    own = (*trials[seed - 10], -seed)
    assert all((*trial, -(10 + place)) <= own for place, trial in enumerate(trials))
