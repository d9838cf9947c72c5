from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from expkit.records.evidence import Interval
from expkit.statistics.claim import Claim
from expkit.statistics.moments import trimmed
from expkit.statistics.prospect import declared_spread, recorded_spread, winsorised_normal
from expkit.statistics.student import one_arm, paired, unpaired
from expkit.statistics.verdict import decide

AT_LEAST_0 = Interval(low=0, high=None)


def test_a_normal_sample_pulled_in_has_the_spread_that_is_named():
    """By the quantiles of the normal distribution: a quarter of it stands on each quartile."""
    z = stats.norm.ppf(0.75)
    inside = 0.5 - 2 * z * stats.norm.pdf(z)
    assert pytest.approx((inside + 0.5 * z**2) ** 0.5) == winsorised_normal(40, 0.25)
    assert winsorised_normal(40, 0.25) == pytest.approx(0.5466, abs=5e-5)
    assert winsorised_normal(40, 0.0) == winsorised_normal(3, 0.25) == 1.0


@pytest.mark.parametrize("arms", [1, 2])
@pytest.mark.parametrize("n", [5, 6, 7, 11, 15, 40])
def test_the_power_of_a_declared_spread_is_no_more_than_a_simulation_finds(n, arms):
    """Normal seeds, 25 % trimmed, also where a quarter is no whole number: never 0.03 too high, 0.1 too low at most."""
    trials, rng = 20_000, np.random.default_rng(3)
    a, b = (trimmed(rng.normal(0, 1, (trials, n))) for _ in range(2))
    basis = declared_spread(1.0, (n,) * arms, kind=("value", "difference")[arms - 1], estimand="iqm", paired=False)
    for level in (0.05, 0.0125):
        reach = basis.prospect(AT_LEAST_0, None, level=level).minimum_detectable_effect
        for truth in (0.7 * reach, reach):
            found = float(((unpaired(a, b) if arms == 2 else one_arm(a)).interval(level)[0] + truth >= 0).mean())
            assert found - 0.1 <= basis.prospect(AT_LEAST_0, truth, level=level).power <= found + 0.03


@pytest.mark.parametrize("shared", [0, 0.5, 0.82, 0.98, 0.9999])
@pytest.mark.parametrize("n", [5, 11, 40])
def test_the_power_of_pairs_is_no_more_than_a_simulation_finds_however_much_luck_they_share(n, shared):
    """What is declared is the spread of the difference; how far winsorising each arm shrinks it nobody declared."""
    trials, rng = 8_000, np.random.default_rng(4)
    luck, *own = rng.normal(0, 1, (3, trials, n))
    a, b = (trimmed(shared**0.5 * luck + (1 - shared) ** 0.5 * one) for one in own)
    sd = (2 * (1 - shared)) ** 0.5
    basis = declared_spread(sd, (n, n), kind="difference", estimand="iqm", paired=True)
    for level in (0.05, 0.0125):
        reach = basis.prospect(AT_LEAST_0, None, level=level).minimum_detectable_effect
        for truth in (0.7 * reach, reach):
            found = float((paired(a, b).interval(level)[0] + truth >= 0).mean())
            assert basis.prospect(AT_LEAST_0, truth, level=level).power <= found + 0.03


def test_a_declared_spread_of_a_ratio_is_a_share_of_the_control():
    """Arms of mean 100 and sd 10 tested at 1.8 times the control: 0.1 for the one, 1.8 times that for the other."""
    basis = declared_spread(0.1, (9, 9), kind="ratio", estimand="mean", paired=False)
    assert basis.spreads(1.8, (9, 9)) == pytest.approx((0.1, 0.18))


@given(st.integers(0, 1000), st.floats(0.2, 3), st.booleans())
def test_recorded_seeds_give_the_power_that_the_verdict_itself_reports(seed, expected, in_pairs):
    """The same seeds, the same level: one number, whoever reckons it."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(1, 1, 12), rng.normal(0, 1, 12)
    claim = Claim(kind="difference", region=AT_LEAST_0, treatment=a, control=b, paired=in_pairs, expected=expected)
    test = decide([claim], 0.05)[0].test
    basis = recorded_spread(claim, (12, 12))
    prospect = basis.prospect(claim.region, expected, level=0.05)
    assert prospect.power == pytest.approx(test.power_at_expected, abs=1e-8)
    assert prospect.minimum_detectable_effect == pytest.approx(test.minimum_detectable_effect, rel=1e-8)


def test_more_seeds_than_were_recorded_find_more():
    """Power is of the declared seeds; what was recorded lends its spread alone."""
    rng = np.random.default_rng(0)
    claim = Claim(kind="value", region=AT_LEAST_0, treatment=rng.normal(0, 1, 8))
    few, many = (recorded_spread(claim, (n,)).prospect(AT_LEAST_0, 0.5, level=0.05) for n in (8, 80))
    assert many.power > few.power
    assert many.minimum_detectable_effect < few.minimum_detectable_effect


def test_the_seeds_needed_reach_four_in_five_and_none_do_on_a_bound():
    """The number that is named is enough; what is expected exactly on a bound is decided by no number."""
    declared = {"kind": "value", "estimand": "iqm", "paired": False}
    needed = declared_spread(1, (10,), **declared).prospect(AT_LEAST_0, 0.3, level=0.05).seeds_needed
    assert needed > 10
    assert declared_spread(1, (needed,), **declared).prospect(AT_LEAST_0, 0.3, level=0.05).power >= 0.8
    assert declared_spread(1, (10,), **declared).prospect(AT_LEAST_0, 0, level=0.05).seeds_needed is None


def test_another_number_of_seeds_loses_another_share_of_them():
    """Eight recorded seeds lose two on either side, eleven new ones lose two of eleven, so more of the spread is left.

    At first the recorded spread was taken as it was: less of it than eleven seeds have.
    """
    values = np.random.default_rng(1).normal(0, 1, 8)
    basis = recorded_spread(Claim(kind="value", region=AT_LEAST_0, treatment=values), (11,))
    (spread,) = basis.spreads(0.0, (11,))
    ratio = winsorised_normal(11, 0.25) / winsorised_normal(8, 0.25)
    assert spread == pytest.approx(float(trimmed(values).spread) * ratio)
    assert ratio > 1.2
