from __future__ import annotations

import numpy as np
import pytest

from expkit.records.evidence import Interval
from expkit.statistics.binary import Proportion, ProportionDifference
from expkit.statistics.claim import Claim, Untestable
from expkit.statistics.shares import Shares, _of_many, _of_two
from expkit.statistics.verdict import decide

AT_LEAST_90 = Interval(low=0.9, high=None)


def one(n: int) -> Shares:
    """One arm of n seeds."""
    return Shares(counts=(n,), paired=False)


def chances(n: int, share: float) -> np.ndarray:
    """Of 0..n successes."""
    rng = np.random.default_rng(5)
    return np.bincount(rng.binomial(n, share, 40_000), minlength=n + 1) / 40_000


@pytest.mark.parametrize(("n", "expected"), [(50, 0.99), (50, 0.95), (30, 1.0), (40, 0.7), (60, 0.5)])
@pytest.mark.parametrize("region", [AT_LEAST_90, Interval(low=0.4, high=0.97), Interval(low=None, high=0.85)])
def test_the_power_of_a_share_is_what_its_verdicts_come_to(n, expected, region):
    """By the verdict of every number of successes and how often each is drawn; within 0.01, also near 0 and 1."""
    would = "supported" if region.holds(expected) else "refuted"
    decided = 0.0
    for successes, chance in enumerate(chances(n, expected)):
        claim = Claim(kind="value", region=region, treatment=np.arange(n) < successes, binary=True)
        decided += chance * (decide([claim], 0.05)[0].verdict == would)
    assert one(n).prospect(region, expected, level=0.05).power == pytest.approx(decided, abs=0.01)


def test_the_seeds_needed_of_a_share_are_the_first_that_are_enough():
    """35 successes of 35 leave a share of 0.9 possible, 36 of 36 do not; and a bound is decided by no number."""
    found = one(30).prospect(AT_LEAST_90, 1.0, level=0.05)
    assert (found.power, found.seeds_needed, found.minimum_detectable_effect) == (0.0, 36, None)
    assert Proportion(successes=35, n=35).interval(0.05)[0] < 0.9 < Proportion(successes=36, n=36).interval(0.05)[0]
    assert one(36).prospect(AT_LEAST_90, 1.0, level=0.05).power == 1.0
    assert one(30).prospect(AT_LEAST_90, 0.9, level=0.05).seeds_needed is None
    many = one(30).prospect(AT_LEAST_90, 0.91, level=0.05).seeds_needed
    assert one(many).prospect(AT_LEAST_90, 0.91, level=0.05).power >= 0.8
    assert one(many - 200).prospect(AT_LEAST_90, 0.91, level=0.05).power < 0.8


def test_what_is_named_as_found_of_a_share_is_found():
    """With 80 %, beyond the bound on the side of what is expected."""
    reach = one(60).prospect(AT_LEAST_90, 0.99, level=0.05).minimum_detectable_effect
    assert one(60).prospect(AT_LEAST_90, 0.9 + reach, level=0.05).power == pytest.approx(0.8)
    under = one(60).prospect(AT_LEAST_90, 0.6, level=0.05).minimum_detectable_effect
    assert one(60).prospect(AT_LEAST_90, 0.9 - under, level=0.05).power == pytest.approx(0.8)


@pytest.mark.parametrize("in_pairs", [False, True])
@pytest.mark.parametrize(("bound", "expected"), [(0.0, 0.5), (0.6, 0.95), (0.3, -0.2)])
def test_the_power_of_a_difference_of_shares_is_what_its_verdicts_come_to(in_pairs, bound, expected):
    """By the verdicts of all tables of 16 seeds, with the shares around one half, or pairs that all differ."""
    n, level = 16, 0.05
    region = Interval(low=bound, high=None)
    first, second = chances(n, (1 + expected) / 2), chances(n, (1 - expected) / 2)
    found = 0.0
    for x in range(n + 1):
        for y in (n - x,) if in_pairs else range(n + 1):
            arms = Proportion(successes=x, n=n), Proportion(successes=y, n=n)
            table = ProportionDifference(treatment=arms[0], control=arms[1], in_pairs=in_pairs)
            clear = table.above(bound) if expected > bound else table.below(bound)
            found += first[x] * (1 if in_pairs else second[y]) * (clear <= level / 2)
    shares = Shares(counts=(n, n), paired=in_pairs)
    assert shares.prospect(region, expected, level=level).power == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize("in_pairs", [False, True])
def test_what_stands_in_for_many_seeds_is_near_the_exact_test_where_it_takes_over(in_pairs):
    """At 200 seeds, anywhere between the ends: within 0.035."""
    for bound in (-0.5, 0.0, 0.8, 0.95):
        exact, near = (of((200, 200), bound, 0.05, in_pairs) for of in (_of_two, _of_many))
        for beyond in (0.02, 0.05, 0.1, 0.2):
            if bound + beyond <= 1:
                assert near(bound + beyond) == pytest.approx(exact(bound + beyond), abs=0.035)


def test_a_claim_on_a_share_that_nothing_can_refute_has_no_prospect():
    """A proportion is never below 0, so the claim is no claim."""
    with pytest.raises(Untestable, match="whatever the data"):
        one(20).prospect(Interval(low=0, high=None), 0.5, level=0.05)
