from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from expkit.statistics.moments import Trimmed, trimmed
from expkit.statistics.ratio import Fieller
from expkit.statistics.student import one_arm


@st.composite
def ratios(draw, in_pairs=None):
    """A ratio of two skewed arms with a clearly positive control."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(5, 40))
    together = draw(st.booleans()) if in_pairs is None else in_pairs
    luck = rng.lognormal(sigma=0.5, size=n)
    control = draw(st.floats(1, 20)) + luck
    treatment = draw(st.floats(-5, 40)) + draw(st.floats(0.1, 3)) * rng.lognormal(size=n) + (luck if together else 0)
    return Fieller(treatment=trimmed(treatment), control=trimmed(control), in_pairs=together)


def control_is_positive(ratio: Fieller, level: float) -> bool:
    """Whether the control's own interval lies above zero."""
    return float(one_arm(ratio.control).interval(level)[0]) > 0


@given(ratios(), st.floats(0.001, 0.3))
def test_the_interval_inverts_the_difference_test(ratio, level):
    """At either end of the interval, the test of A - r B has its one-sided p exactly at level / 2."""
    assume(control_is_positive(ratio, level))
    low, high = ratio.interval(level)
    assert low < ratio.estimate < high
    assert float(ratio.difference(low).above(0)) == pytest.approx(level / 2, rel=1e-6)
    assert float(ratio.difference(high).below(0)) == pytest.approx(level / 2, rel=1e-6)


@given(ratios(), st.floats(-3, 10))
def test_the_p_at_a_bound_is_the_difference_tests(ratio, bound):
    """A ratio is decided by the difference test on A and r B, wherever the p does not fall back beyond r."""
    assume(control_is_positive(ratio, 0.001))
    assert ratio.above(bound) >= float(ratio.difference(bound).above(0)) * (1 - 1e-9)
    if 0.01 < ratio.above(bound) < 0.99:
        assert ratio.above(bound) == pytest.approx(float(ratio.difference(bound).above(0)), rel=1e-8)


@given(ratios(in_pairs=True), st.floats(0.001, 0.3))
def test_the_paired_set_is_fiellers_quadratic(ratio, level):
    """In pairs the degrees of freedom are constant, and the ends are the roots of Fieller's quadratic."""
    assume(control_is_positive(ratio, level))
    a, b = ratio.treatment, ratio.control
    covariance = np.cov(a.winsorised, b.winsorised)[0, 1] * (a.n - 1) / (a.kept * (a.kept - 1))
    critical = stats.t.ppf(level / 2, a.kept - 1)
    roots = np.roots(
        [
            float(b.location) ** 2 - critical**2 * float(b.squared_error),
            -2 * (float(a.location * b.location) - critical**2 * covariance),
            float(a.location) ** 2 - critical**2 * float(a.squared_error),
        ]
    )
    assert ratio.interval(level) == pytest.approx(sorted(roots.real), rel=1e-5, abs=1e-6)


def test_the_reciprocal_has_the_reciprocal_interval():
    """B / A lies in [1 / high, 1 / low] where both arms are positive: no arm is the privileged one."""
    rng = np.random.default_rng(5)
    a, b = (trimmed(10 + rng.lognormal(size=12)) for _ in range(2))
    low, high = Fieller(treatment=a, control=b, in_pairs=False).interval(0.02)
    back = Fieller(treatment=b, control=a, in_pairs=False).interval(0.02)
    assert back == pytest.approx((1 / high, 1 / low), rel=1e-9)


def test_a_control_that_may_be_zero_leaves_no_interval():
    """Where the control's own interval of the level reaches zero, every ratio is possible."""
    rng = np.random.default_rng(1)
    ratio = Fieller(
        treatment=trimmed(5 + rng.normal(size=10)), control=trimmed(1 + rng.normal(size=10)), in_pairs=False
    )
    assert control_is_positive(ratio, 0.2)
    assert all(math.isfinite(end) for end in ratio.interval(0.2))
    assert not control_is_positive(ratio, 0.0005)
    assert ratio.interval(0.0005) == (-math.inf, math.inf)


def test_a_p_that_falls_back_counts_at_its_largest():
    """Three treatment seeds remain beside fifty of the control: rejecting, not rejecting, rejecting does not happen."""

    def arm(n: int, kept: int, location: float) -> Trimmed:
        return Trimmed(
            n=n, kept=kept, location=np.float64(location), winsorised=np.zeros(n), squared_error=np.float64(1)
        )

    ratio = Fieller(treatment=arm(5, 3, 9.3), control=arm(100, 50, 3.0), in_pairs=False)
    level = 0.00833
    plain = [float(ratio.difference(r).above(0)) for r in np.linspace(-1, 1, 401)]
    assert (np.diff(plain) < 0).any(), "the case must show the p fall back, or it tests nothing"
    reported = [ratio.above(r) for r in np.linspace(-1, 1, 401)]
    assert (np.diff(reported) >= 0).all()
    low, _ = ratio.interval(level)
    assert ratio.above(low - 1e-6) <= level / 2 < ratio.above(low + 1e-6)
