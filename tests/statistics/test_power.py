from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from expkit.statistics.moments import trimmed
from expkit.statistics.power import minimum_detectable_effect, power, precision, seeds_needed
from expkit.statistics.student import one_arm, unpaired

counts = st.integers(5, 300)
levels = st.floats(0.002, 0.2)


@given(counts, levels, st.floats(0, 5))
def test_power_is_that_of_the_noncentral_t(n, level, distance):
    """One-sided at level / 2, with the noncentrality distance / standard error."""
    precise = precision([1.0, 2.0], [n, n])
    df = precise.degrees_of_freedom
    expected = stats.nct.sf(stats.t.ppf(1 - level / 2, df), df, distance / precise.standard_error)
    assert power(distance, precise, level=level) == pytest.approx(expected, abs=1e-9)
    assert power(-distance, precise, level=level) == power(distance, precise, level=level)


def test_precision_is_that_of_the_tests():
    """From spreads and counts come the standard error and degrees of freedom of the tests themselves."""
    rng = np.random.default_rng(0)
    a, b = trimmed(rng.lognormal(size=17)), trimmed(rng.lognormal(size=9))
    both = precision([float(a.spread), float(b.spread)], [17, 9])
    assert both.standard_error == pytest.approx(float(unpaired(a, b).standard_error))
    assert both.degrees_of_freedom == pytest.approx(float(unpaired(a, b).degrees_of_freedom))
    alone = precision([float(a.spread)], [17])
    assert alone.standard_error == pytest.approx(float(one_arm(a).standard_error))
    assert alone.degrees_of_freedom == pytest.approx(16 - 8)


def test_power_is_what_a_simulation_finds():
    """Normal arms, untrimmed: the share of intervals that leave the bound behind is the power; within four errors."""
    n, level, distance, trials = 12, 0.05, 1.3, 20_000
    rng = np.random.default_rng(2)
    a, b = trimmed(rng.normal(distance, 1, (trials, n)), 0.0), trimmed(rng.normal(0, 1, (trials, n)), 0.0)
    found = float((unpaired(a, b).interval(level)[0] >= 0).mean())
    assert found == pytest.approx(power(distance, precision([1, 1], [n, n], trim=0.0), level=level), abs=4 * 0.5 / 141)


@given(counts, levels)
def test_the_minimum_detectable_effect_has_a_power_of_point_eight(n, level):
    """What it names is found with a probability of 0.8, and shrinks with a laxer level."""
    precise = precision([3.0], [n])
    effect = minimum_detectable_effect(precise, level=level)
    assert power(effect, precise, level=level) == pytest.approx(0.8, abs=1e-9)
    assert minimum_detectable_effect(precise, level=min(0.5, 2 * level)) < effect


@given(st.floats(0.05, 3), levels, st.sampled_from([0.0, 0.25]), st.integers(1, 2))
def test_the_seeds_needed_are_enough_and_four_fewer_are_not(distance, level, trim, arms):
    """The number named reaches the power; four seeds fewer, which trim alike, do not (or are too few for a test)."""
    spreads = [1.0, 1.5][:arms]
    n = seeds_needed([distance], lambda n: [spreads], level=level, trim=trim)
    assert n is not None
    assert power(distance, precision(spreads, [n] * arms, trim=trim), level=level) >= 0.8
    if n - 4 >= 5:
        assert power(distance, precision(spreads, [n - 4] * arms, trim=trim), level=level) < 0.8


def test_an_effect_on_its_bound_needs_more_seeds_than_there_are():
    """No number of seeds decides what lies on the bound."""
    assert seeds_needed([0.0], lambda n: [[1.0]], level=0.05) is None
    assert seeds_needed([1e-6], lambda n: [[1.0]], level=0.05) is None


def test_two_bounds_need_more_seeds_than_one():
    """A band has to be cleared on both sides."""
    one = seeds_needed([0.5], lambda n: [[1.0]], level=0.05)
    two = seeds_needed([0.5, -0.5], lambda n: [[1.0], [1.0]], level=0.05)
    assert one is not None
    assert two is not None
    assert two > one
