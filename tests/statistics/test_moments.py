from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from expkit.statistics.moments import iqm, kept, spreadless, trimmed

samples = hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e6, 1e6, width=32))


@given(samples)
def test_the_iqm_is_scipys_quarter_trimmed_mean(values):
    """The interquartile mean is `scipy.stats.trim_mean(values, 0.25)`."""
    assert iqm(values) == pytest.approx(stats.trim_mean(values, 0.25), rel=1e-12, abs=1e-6)


@given(samples, st.sampled_from([0.0, 0.25]))
def test_winsorising_is_scipys(values, trim):
    """Trimmed seeds are pulled in to the nearest remaining one, as scipy's winsorize does, and keep their place."""
    moments = trimmed(values, trim)
    expected = np.asarray(stats.mstats.winsorize(values, limits=(trim, trim)))
    assert np.array_equal(moments.winsorised, expected)
    assert moments.spread == pytest.approx(expected.std(ddof=1), rel=1e-9, abs=1e-9)


def test_five_seeds_keep_three_and_a_hundred_keep_fifty():
    """A quarter is cut down to whole seeds."""
    assert [kept(n, 0.25) for n in (5, 7, 8, 100)] == [3, 5, 4, 50]
    assert kept(7, 0.0) == 7


def test_the_squared_error_follows_yuens_formula():
    """(n - 1) s_w^2 / (h (h - 1)), by hand: 1 2 3 4 100 winsorises to 2 2 3 4 4, with a sum of squares of 4."""
    moments = trimmed(np.array([3.0, 100.0, 1.0, 4.0, 2.0]))
    assert float(moments.location) == 3
    assert float(moments.squared_error) == pytest.approx(4 / (3 * 2))


def test_samples_are_reduced_along_the_last_axis():
    """Many samples at once are the same samples one by one."""
    many = np.random.default_rng(0).normal(size=(3, 4, 11))
    together = trimmed(many)
    alone = trimmed(many[2, 1])
    assert together.location[2, 1] == alone.location
    assert together.squared_error[2, 1] == alone.squared_error
    assert np.array_equal(together.winsorised[2, 1], alone.winsorised)


def test_rounding_noise_is_no_spread():
    """Values that differ in their last bits only have no spread; values that differ by a billionth have."""
    noisy = np.array([0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2, 0.3])
    assert spreadless(noisy, 0.3)
    assert not spreadless(np.array([1.0, 1.0 + 1e-9, 1.0, 1.0, 1.0]), 1.0)
