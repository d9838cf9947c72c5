from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.statistics.estimate import curve_with_band, summarize


def test_a_summary_of_twenty_seeds_by_hand():
    """1 to 20 in any order: all statistics of the table, the worst tenth by the metric's direction."""
    values = np.random.default_rng(0).permutation(np.arange(1.0, 21.0))
    summary = summarize(values, better="higher")
    assert (summary.n, summary.mean, summary.iqm, summary.median) == (20, 10.5, 10.5, 10.5)
    assert (summary.min, summary.max) == (1, 20)
    assert summary.q05 == pytest.approx(1.95)
    assert summary.sd == pytest.approx(35**0.5, rel=1e-9)
    assert summary.cvar10 == 1.5
    assert summarize(values, better="lower").cvar10 == 19.5


def test_the_worst_tenth_is_rounded_up_to_whole_seeds():
    """Of eleven seeds the worst two, of five the worst one."""
    assert summarize(np.arange(11.0), better="higher").cvar10 == 0.5
    assert summarize(np.arange(5.0), better="lower").cvar10 == 4


def test_a_tail_moves_the_mean_and_not_the_iqm():
    """One ruined seed in ten: the mean follows it, the interquartile mean does not."""
    values = np.concatenate([np.linspace(100, 101, 9), [0.0]])
    summary = summarize(values, better="higher")
    assert summary.mean < 91
    assert 100 < summary.iqm < 101


def test_few_seeds_have_no_interval_and_no_quantile():
    """Under five seeds there is no interval, under twenty no 5 % quantile, for a single seed no deviation."""
    assert summarize(np.arange(4.0), better="higher").iqm_interval is None
    assert summarize(np.arange(5.0), better="higher").iqm_interval is not None
    assert summarize(np.arange(19.0), better="higher").q05 is None
    assert summarize(np.array([7.0]), better="higher").sd is None


def test_seeds_that_agree_have_no_interval():
    """No spread, no interval: nothing is estimated about the uncertainty."""
    assert summarize(np.full(30, 0.1), better="higher").iqm_interval is None


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf]])
def test_what_is_not_finite_is_refused(values):
    """Failed seeds are for the caller to leave out."""
    with pytest.raises(ValueError, match=r"finite|at least one"):
        summarize(np.array(values), better="higher")
    with pytest.raises(ValueError, match=r"finite|at least one"):
        curve_with_band(np.array(values).reshape(-1, 1), 40)


def test_a_direction_is_higher_or_lower():
    """Another word is a mistake of the caller's."""
    with pytest.raises(ValueError, match="better is 'more'"):
        summarize(np.arange(5.0), better="more")


@given(st.integers(5, 30), st.integers(0, 1000))
def test_the_band_is_the_iqm_interval_of_each_window(n, seed):
    """Every window of the curve is summarised as if it were alone."""
    curves = np.random.default_rng(seed).lognormal(size=(n, 3))
    curve = curve_with_band(curves, 300)
    assert curve.steps == (100, 200, 300)
    for window in range(3):
        summary = summarize(curves[:, window], better="higher")
        assert summary.iqm_interval is not None
        assert curve.value[window] == summary.iqm
        assert (curve.low[window], curve.high[window]) == (summary.iqm_interval.low, summary.iqm_interval.high)


def test_windows_end_on_whole_steps():
    """Steps that the windows do not divide evenly are shared out as the kernel does."""
    assert curve_with_band(np.zeros((5, 4)), 10).steps == (2, 5, 7, 10)


def test_the_band_of_a_single_seed_closes_on_its_line():
    """One seed has no spread to show."""
    curve = curve_with_band(np.array([[1.0, 2.0]]), 80)
    assert curve.low == curve.value == curve.high == (1.0, 2.0)
