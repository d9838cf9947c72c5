from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from expkit.statistics.effects import effect_sizes

samples = hnp.arrays(np.float64, st.integers(2, 20), elements=st.integers(-5, 5).map(float))


@given(samples, samples)
def test_superiority_counts_all_pairs(treatment, control):
    """P(X > Y) + P(X = Y) / 2 over all pairs, as counted one by one; the two directions add up to 1."""
    pairs = [(x > y) + (x == y) / 2 for x in treatment for y in control]
    there = effect_sizes(treatment, control).probability_of_superiority
    back = effect_sizes(control, treatment).probability_of_superiority
    assert there == pytest.approx(np.mean(pairs), rel=1e-9)
    assert there is not None
    assert back is not None
    assert there + back == pytest.approx(1, rel=1e-9)


def test_superiority_is_mann_whitneys_u_as_a_share():
    """U / (n m), as scipy counts it."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 30), rng.normal(0, 2, 20)
    assert effect_sizes(a, b).probability_of_superiority == pytest.approx(stats.mannwhitneyu(a, b).statistic / 600)


def test_hedges_g_by_hand():
    """Means 3 and 1, pooled standard deviation 1, four degrees of freedom: 2 times the correction 0.7979."""
    g = effect_sizes(np.array([2.0, 3.0, 4.0]), np.array([0.0, 1.0, 2.0])).hedges_g
    assert g == pytest.approx(2 * 0.79788456, rel=1e-8)


def test_without_spread_there_is_no_g():
    """Two constant arms have no pooled standard deviation."""
    assert effect_sizes(np.full(5, 0.3), np.full(5, 0.1)).hedges_g is None
