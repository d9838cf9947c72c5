from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from expkit.records.evidence import Interval
from expkit.statistics.claim import Claim, Untestable
from expkit.statistics.moments import trimmed
from expkit.statistics.prospect import WINSORISED_NORMAL, declared_spread, recorded_spread, spread_of_shares
from expkit.statistics.student import paired, unpaired
from expkit.statistics.verdict import decide

AT_LEAST_0 = Interval(low=0, high=None)


def test_a_normal_sample_pulled_in_has_the_spread_that_is_named():
    """By the quantiles of the normal distribution: a quarter of it stands on each quartile."""
    z = stats.norm.ppf(0.75)
    inside = 0.5 - 2 * z * stats.norm.pdf(z)
    assert pytest.approx((inside + 0.5 * z**2) ** 0.5, abs=5e-5) == WINSORISED_NORMAL


@pytest.mark.parametrize("in_pairs", [False, True])
def test_the_power_of_a_declared_spread_is_what_a_simulation_finds(in_pairs):
    """Normal seeds, 25 % trimmed: the share of intervals inside the claim, within 0.02 (winsorising is approximate)."""
    n, level, truth, trials, rng = 40, 0.05, 0.7, 8_000, np.random.default_rng(3)
    # in pairs the luck that arms share cancels, and what is declared is the spread of the difference
    luck = rng.normal(0, 0.05, (trials, n)) if in_pairs else rng.normal(0, 1, (trials, n))
    sd = 1.0
    a = luck + truth if not in_pairs else luck + truth + rng.normal(0, sd, (trials, n))
    b = luck if in_pairs else rng.normal(0, sd, (trials, n))
    test = (paired if in_pairs else unpaired)(trimmed(a), trimmed(b))
    found = float((test.interval(level)[0] >= 0).mean())
    basis = declared_spread(sd, (n, n), kind="difference", estimand="iqm", paired=in_pairs)
    assert basis.prospect(AT_LEAST_0, truth, level=level).power == pytest.approx(found, abs=0.02)


def test_a_declared_spread_of_a_ratio_is_a_share_of_the_control():
    """Arms of mean 100 and sd 10 tested at 1.8 times the control: 0.1 for the one, 1.8 times that for the other."""
    basis = declared_spread(0.1, (9, 9), kind="ratio", estimand="mean", paired=False)
    assert basis.spreads(1.8) == pytest.approx((0.1, 0.18))


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


@pytest.mark.parametrize(("in_pairs", "arms"), [(False, 1), (False, 2), (True, 2)])
def test_shares_have_the_largest_spread_that_fits_what_is_expected(in_pairs, arms):
    """Of one share its own; of a difference that of arms around one half, or of pairs that all differ."""
    basis = spread_of_shares(0.6, (100,) * arms, paired=in_pairs)
    largest = {(False, 1): (0.24**0.5,), (False, 2): (0.4, 0.4), (True, 2): (0.8,)}[in_pairs, arms]
    assert basis.spreads(0.5) == pytest.approx(largest)
    assert len(basis.counts) == len(largest)


def test_a_claim_on_a_share_that_nothing_can_refute_has_no_prospect():
    """A proportion is never below 0, so the claim is no claim."""
    with pytest.raises(Untestable, match="whatever the data"):
        spread_of_shares(0.5, (20,), paired=False).prospect(AT_LEAST_0, 0.5, level=0.05)
