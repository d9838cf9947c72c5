from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from expkit.statistics.moments import trimmed
from expkit.statistics.student import one_arm, paired, unpaired


@st.composite
def skewed(draw, smallest=5):
    """A sample of a skewed population of some location, scale and size."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(smallest, 40))
    location, scale = draw(st.floats(-100, 100)), draw(st.floats(0.1, 100))
    return location + scale * rng.lognormal(size=n)


levels = st.floats(0.001, 0.5)


@given(skewed(), skewed(), st.sampled_from([0.0, 0.25]), st.floats(-50, 50), levels)
def test_the_unpaired_test_is_scipys(a, b, trim, bound, level):
    """p-values at any bound, degrees of freedom and interval are those of `scipy.stats.ttest_ind(trim=...)`."""
    test = unpaired(trimmed(a, trim), trimmed(b, trim))
    shifted = stats.ttest_ind(a - bound, b, equal_var=False, trim=trim, alternative="greater")
    assert test.above(bound) == pytest.approx(shifted.pvalue, rel=1e-8)
    assert test.below(bound) == pytest.approx(1 - shifted.pvalue, rel=1e-8, abs=1e-12)
    both = stats.ttest_ind(a, b, equal_var=False, trim=trim)
    assert test.degrees_of_freedom == pytest.approx(both.df, rel=1e-10)
    assert test.interval(level) == pytest.approx(tuple(both.confidence_interval(1 - level)), rel=1e-8, abs=1e-8)


@given(skewed(), st.floats(-50, 50), levels)
def test_one_untrimmed_arm_is_scipys_one_sample_t(a, bound, level):
    """With nothing trimmed, one arm against a constant is the ordinary one-sample t."""
    test = one_arm(trimmed(a, 0.0))
    assert test.above(bound) == pytest.approx(stats.ttest_1samp(a, bound, alternative="greater").pvalue, rel=1e-8)
    expected = tuple(stats.ttest_1samp(a, 0).confidence_interval(1 - level))
    assert test.interval(level) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_one_trimmed_arm_by_hand():
    """1 2 3 4 100: estimate 3, standard error sqrt(4 / 6), two degrees of freedom."""
    test = one_arm(trimmed(np.array([1.0, 2.0, 3.0, 4.0, 100.0])))
    error = (4 / 6) ** 0.5
    assert float(test.standard_error) == pytest.approx(error)
    assert float(test.above(0.0)) == pytest.approx(stats.t.sf(3 / error, 2))


def test_the_paired_test_by_hand():
    """Eight pairs in exact fractions: se^2 = (n - 1) s_D^2 / (h (h - 1)) of separately winsorised arms, df = h - 1."""
    treatment = [12, 15, 11, 40, 14, 13, 2, 16]
    control = [10, 14, 12, 13, 30, 11, 9, 1]

    def winsorised(arm):
        low, high = sorted(arm)[2], sorted(arm)[5]
        return [Fraction(min(max(x, low), high)) for x in arm]

    differences = [x - y for x, y in zip(winsorised(treatment), winsorised(control), strict=True)]
    mean = sum(differences) / 8
    squared_error = sum((d - mean) ** 2 for d in differences) / (4 * 3)
    estimate = Fraction(sum(sorted(treatment)[2:6]) - sum(sorted(control)[2:6]), 4)

    test = paired(trimmed(np.array(treatment, float)), trimmed(np.array(control, float)))
    assert float(test.estimate) == float(estimate)
    assert float(test.standard_error) == pytest.approx(float(squared_error) ** 0.5)
    assert float(test.degrees_of_freedom) == 3
    assert float(test.below(0)) == pytest.approx(stats.t.cdf(float(estimate) / float(squared_error) ** 0.5, 3))


def test_pairing_sees_what_the_unpaired_test_cannot():
    """Arms that share most of their luck: the paired standard error is a fraction of the unpaired one."""
    rng = np.random.default_rng(3)
    luck = rng.normal(size=50)
    a, b = (trimmed(luck + 0.1 * rng.normal(size=50)) for _ in range(2))
    assert float(paired(a, b).standard_error) < float(unpaired(a, b).standard_error) / 4


@given(st.data(), st.booleans(), levels)
def test_swapping_the_arms_mirrors_the_interval(data, in_pairs, level):
    """Control minus treatment has the negated interval, and its p-values change sides."""
    a = data.draw(skewed())
    b = np.roll(a, 1) * 1.5 + 1 if in_pairs else data.draw(skewed())
    compare = paired if in_pairs else unpaired
    there, back = compare(trimmed(a), trimmed(b)), compare(trimmed(b), trimmed(a))
    low, high = there.interval(level)
    assert back.interval(level) == pytest.approx((-high, -low), rel=1e-12)
    assert back.above(1.0) == pytest.approx(there.below(-1.0), rel=1e-12)


@given(skewed(), skewed(), levels, st.floats(0.01, 100), st.floats(-100, 100))
def test_scale_and_origin_do_not_matter(a, b, level, factor, shift):
    """Other units stretch the interval with them; a common shift of both arms leaves it."""
    low, high = unpaired(trimmed(a), trimmed(b)).interval(level)
    moved = unpaired(trimmed(factor * a + shift), trimmed(factor * b + shift)).interval(level)
    width = high - low
    assert moved == pytest.approx((factor * low, factor * high), rel=1e-7, abs=1e-7 * factor * width)
