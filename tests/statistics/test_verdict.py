from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from expkit.records.evidence import Interval
from expkit.statistics.claim import Claim
from expkit.statistics.verdict import decide, read

DECIDED = ("supported", "refuted")


def at_least(low: float) -> Interval:
    """[low, infinity)."""
    return Interval(low=low, high=None)


def at_most(high: float) -> Interval:
    """(-infinity, high]."""
    return Interval(low=None, high=high)


def within(low: float, high: float) -> Interval:
    """[low, high]."""
    return Interval(low=low, high=high)


def one(claim: Claim, alpha: float = 0.05):
    """The decision of a claim that is its whole family."""
    (decision,) = decide([claim], alpha)
    return decision


@st.composite
def regions(draw, center, width):
    """A region of any of the three kinds, with bounds that data of that centre and width may or may not clear."""
    low = center + width * draw(st.floats(-3, 3))
    kind = draw(st.sampled_from(["at_least", "at_most", "within"]))
    if kind == "within":
        return within(low, low + width * draw(st.floats(0.01, 4)))
    return at_least(low) if kind == "at_least" else at_most(low)


@st.composite
def claims(draw):
    """A testable claim of any kind on skewed arms."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(["difference", "ratio", "value"]))
    n = draw(st.integers(5, 30))
    is_paired = kind != "value" and draw(st.booleans())
    luck = rng.lognormal(sigma=0.5, size=n)
    treatment = 12 + luck + rng.lognormal(sigma=0.7, size=n)
    control = None if kind == "value" else 10 + (luck if is_paired else rng.lognormal(size=n)) + rng.normal(size=n) / 5
    center = {"difference": 2.0, "ratio": 1.2, "value": 14.5}[kind]
    return Claim(
        kind=kind,
        region=draw(regions(center, {"difference": 1.0, "ratio": 0.1, "value": 1.0}[kind])),
        treatment=treatment,
        control=control,
        paired=is_paired,
    )


@given(claims(), st.floats(0.001, 0.4))
def test_p_and_interval_always_agree(claim, alpha):
    """p <= level exactly where the deciding interval lies in the region or misses it; the smaller p names which.

    For one-sided regions and bands, for differences, ratios and values, paired and not.
    """
    decision = one(claim, alpha)
    assume(decision.verdict != "invalid")
    test = decision.test
    assume(abs(test.p - test.level) > 1e-8)
    assert (test.p <= test.level) == (decision.verdict in DECIDED)
    assert (2 * test.p_for <= test.level) == (decision.verdict == "supported")
    assert (2 * test.p_against <= test.level) == (decision.verdict == "refuted")
    assert read(test.interval, claim.region) == decision.verdict
    assert test.p == pytest.approx(min(1, 2 * min(test.p_for, test.p_against)), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans(), st.booleans(), st.floats(0.005, 0.3))
def test_p_and_interval_agree_for_proportions(data, alone, in_pairs, alpha):
    """The same for a binary metric: one arm, two arms, pairs."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    n = data.draw(st.integers(5, 25))
    treatment = (rng.random(n) < data.draw(st.floats(0, 1))).astype(float)
    control = None if alone else (rng.random(n) < data.draw(st.floats(0, 1))).astype(float)
    kind = "value" if alone else "difference"
    region = data.draw(regions(0.5 if alone else 0.0, 0.3))
    claim = Claim(
        kind=kind, region=region, treatment=treatment, control=control, binary=True, paired=in_pairs and not alone
    )
    decision = one(claim, alpha)
    assume(decision.verdict != "invalid")
    test = decision.test
    assume(abs(test.p - test.level) > 1e-8)
    assert (test.p <= test.level) == (decision.verdict in DECIDED)
    assert read(test.interval, region) == decision.verdict


@given(claims(), st.floats(0.01, 0.4))
def test_a_bound_at_the_intervals_end_is_where_the_verdict_turns(claim, alpha):
    """`at_least` is supported up to the interval's lower end, refuted beyond its upper end, inconclusive in between."""
    test = one(replace(claim, region=at_least(0.0)), alpha).test
    assume(test is not None)
    low, high = test.interval.low, test.interval.high
    step = 1e-6 * (high - low)

    def verdict(bound: float) -> str:
        return one(replace(claim, region=at_least(bound)), alpha).verdict

    assert [verdict(low - step), verdict(low + step)] == ["supported", "inconclusive"]
    assert [verdict(high - step), verdict(high + step)] == ["inconclusive", "refuted"]


@given(claims())
def test_swapping_treatment_and_control_mirrors_the_verdict(claim):
    """ "A - B at least c" and "B - A at most -c" are one claim and get one verdict."""
    assume(claim.kind == "difference")
    there = one(claim)
    low, high = claim.region.low, claim.region.high
    mirrored = Interval(low=None if high is None else -high, high=None if low is None else -low)
    back = one(replace(claim, treatment=claim.control, control=claim.treatment, region=mirrored))
    assert there.verdict == back.verdict
    assert there.test.interval.low == pytest.approx(-back.test.interval.high, rel=1e-8)
    assert there.test.p_for == pytest.approx(back.test.p_for, rel=1e-6)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.integers(0, 3), st.floats(0.01, 0.3))
def test_holm_shares_alpha_over_all_claims(shifts, withdrawn, alpha):
    """Levels against a textbook Holm: alpha / k, then alpha / (k - 1), until one fails; the rest keep that level."""
    sample = np.random.default_rng(4).normal(size=20)
    family = [Claim(kind="value", region=at_least(0.0), treatment=sample + shift) for shift in shifts]
    family += [replace(family[0], withdrawn="given up") for _ in range(withdrawn)]
    k = len(family)
    tests = [decision.test for decision in decide(family, alpha)][: len(shifts)]
    failed = False
    level = alpha / k
    # among equal ps, as printed, the levels tell the order
    for rank, test in enumerate(sorted(tests, key=lambda test: (test.p, test.level))):
        if not failed:
            level = alpha / (k - rank)
            failed = test.p > level
        assert test.level == pytest.approx(level, rel=1e-9)
        assert (read(test.interval, at_least(0.0)) in DECIDED) == (test.p <= level)


def test_invalid_and_withdrawn_claims_count_in_the_family():
    """Giving up on a hypothesis, or failing to measure it, leaves the others no more room."""
    sample = np.random.default_rng(0).normal(1, 1, 20)
    good = Claim(kind="value", region=at_least(0.0), treatment=sample)
    broken = replace(good, treatment=np.where(np.arange(20) == 3, np.nan, sample))
    decisions = decide([replace(good, withdrawn="no longer asked"), good, broken], 0.06)
    assert [decision.verdict for decision in decisions] == ["withdrawn", "supported", "invalid"]
    assert decisions[0].reason == "no longer asked"
    assert decisions[2].reason == "1 of 20 seeds of the treatment are missing or failed"
    assert decisions[0].test is None is decisions[2].test
    assert decisions[1].test.level == pytest.approx(0.02)


def test_a_test_record_tells_the_whole_test():
    """Against scipy: p-values, both intervals, degrees of freedom; with effect sizes, power and counts."""
    rng = np.random.default_rng(8)
    a, b = rng.lognormal(0.5, 1, 24), rng.lognormal(0, 1, 24)
    claim = Claim(kind="difference", region=at_least(0.5), treatment=a, control=b, expected=1.0)
    decision, _ = decide([claim, replace(claim, withdrawn="x")], 0.05)
    test = decision.test
    scipys = stats.ttest_ind(a, b, equal_var=False, trim=0.25)
    assert test.method == "Yuen-Welch, 25 % trimmed"
    assert (test.paired, test.estimand, test.n_treatment, test.n_control) == (False, "iqm", 24, 24)
    assert test.level == 0.025
    for interval, level in ((test.interval, 0.025), (test.interval95, 0.05)):
        assert (interval.low, interval.high) == pytest.approx(tuple(scipys.confidence_interval(1 - level)), rel=1e-9)
    assert test.degrees_of_freedom == pytest.approx(scipys.df, rel=1e-9)
    greater = stats.ttest_ind(a - 0.5, b, equal_var=False, trim=0.25, alternative="greater").pvalue
    assert (test.p_for, test.p_against) == pytest.approx((greater, 1 - greater), rel=1e-8)
    assert decision.verdict == "inconclusive"
    assert test.minimum_detectable_effect > 0
    assert test.seeds_needed > 24
    assert 0 < test.power_at_expected < 1
    assert test.effects.hedges_g is not None


@given(claims())
def test_an_inconclusive_verdict_names_what_would_have_been_found(claim):
    """Every inconclusive verdict has its minimum detectable effect; a decided one asks for no more seeds."""
    decision = one(claim)
    assume(decision.verdict != "invalid")
    if decision.verdict == "inconclusive":
        assert decision.test.minimum_detectable_effect > 0
    else:
        assert decision.test.seeds_needed is None


def test_power_follows_the_expected_effect():
    """The further the declared effect lies from the bound, on either side, the likelier it is found."""
    sample = np.random.default_rng(1).normal(size=30)
    claim = Claim(kind="value", region=at_least(0.0), treatment=sample)
    powers = [one(replace(claim, expected=effect)).test.power_at_expected for effect in (0.0, 0.3, 0.9, -0.9)]
    assert powers[0] == pytest.approx(0.025)
    assert powers[0] < powers[1] < powers[2]
    assert powers[3] == pytest.approx(powers[2])
    assert one(claim).test.power_at_expected is None
    # a band too narrow for these seeds is never supported, whatever is expected of its middle
    assert one(replace(claim, region=within(-0.01, 0.01), expected=0.0)).test.power_at_expected == 0


@pytest.mark.parametrize("is_paired", [False, True])
def test_a_ratio_means_the_same_in_other_units_of_its_control(is_paired):
    """Ten times the control: a tenth of ratio, interval and detectable effect, the same p, power and seeds needed."""
    rng = np.random.default_rng(9)
    treatment, control = 20 + rng.lognormal(size=20), 18 + rng.lognormal(size=20)
    claim = Claim(
        kind="ratio", region=at_least(1.08), treatment=treatment, control=control, paired=is_paired, expected=1.12
    )
    test = one(claim).test
    other = one(replace(claim, control=10 * control, region=at_least(0.108), expected=0.112)).test
    for field in ("estimate", "minimum_detectable_effect", "standard_error"):
        assert getattr(other, field) == pytest.approx(getattr(test, field) / 10, rel=1e-8)
    assert other.interval.low == pytest.approx(test.interval.low / 10, rel=1e-8)
    assert other.p == pytest.approx(test.p, rel=1e-6)
    assert other.power_at_expected == pytest.approx(test.power_at_expected, rel=1e-6)
    assert 0.05 < test.power_at_expected < 0.95
    assert other.seeds_needed == test.seeds_needed > 20
    # the standard error is the delta method's, and what is detectable is a few of it
    assert 2 * test.standard_error < test.minimum_detectable_effect < 5 * test.standard_error


def test_a_ratio_is_refused_unless_its_control_is_positive():
    """A control whose interval reaches zero has no ratio; a claim of the difference on the same seeds is fine."""
    rng = np.random.default_rng(2)
    claim = Claim(kind="ratio", region=at_least(1.0), treatment=rng.normal(5, 1, 20), control=rng.normal(0.1, 1, 20))
    assert one(claim).verdict == "invalid"
    assert one(claim).reason.startswith("the control's 95 % interval reaches zero or below")
    negative = replace(claim, control=rng.normal(-50, 1, 20))
    assert one(negative).verdict == "invalid"
    assert one(replace(claim, kind="difference")).verdict in DECIDED


def test_a_ratio_is_refused_where_its_holm_level_is_too_strict_for_its_control():
    """Positive at 95 %, not at the level the family leaves: invalid, with that level's confidence in the reason."""
    rng = np.random.default_rng(6)
    control = rng.normal(1, 1, 12)
    claim = Claim(kind="ratio", region=at_least(1.0), treatment=rng.normal(5, 1, 12), control=control)
    assert one(claim).verdict != "invalid"
    family = decide([claim, *(replace(claim, withdrawn="x") for _ in range(99))], 0.05)
    assert family[0].verdict == "invalid"
    assert family[0].reason.startswith("the control's 99.95 % interval reaches zero")


@pytest.mark.parametrize(
    ("treatment", "control", "fields"),
    [
        ([1.0] * 8 + [0.0, 5.0], None, {"kind": "value"}),
        ([0.1 + 0.2, 0.3] * 5, list(range(10)), {}),
        (list(range(10)), [7.0] * 10, {}),
        (list(range(10)), [x + 0.1 for x in range(10)], {"paired": True}),
        ([2.5 * x + 20 for x in range(10)], [x + 8 for x in range(10)], {"paired": True, "kind": "ratio"}),
    ],
)
def test_no_spread_is_degenerate(treatment, control, fields):
    """An arm, a paired difference or a paired remainder without spread is refused: its error cannot be estimated."""
    claim = Claim(
        **{
            "kind": "difference",
            "region": at_least(0.0),
            "treatment": np.array(treatment, float),
            "control": None if control is None else np.array(control, float),
            **fields,
        }
    )
    assert one(claim).verdict == "invalid"
    assert one(claim).reason.startswith("degenerate: ")


def test_the_mean_is_not_tested_in_pairs():
    """Refused with a way out; on independent streams it is Welch's t."""
    rng = np.random.default_rng(0)
    claim = Claim(
        kind="difference",
        region=at_least(0.0),
        estimand="mean",
        treatment=rng.normal(size=60),
        control=rng.normal(size=60),
    )
    refused = one(replace(claim, paired=True))
    assert (refused.verdict, refused.reason) == (
        "invalid",
        "the mean is not tested in pairs; claim the iqm instead, or use independent streams",
    )
    test = one(claim).test
    assert (test.method, test.estimand) == ("Welch's t", "mean")
    expected = stats.ttest_ind(claim.treatment, claim.control, equal_var=False).confidence_interval()
    assert (test.interval.low, test.interval.high) == pytest.approx(tuple(expected), rel=1e-8)


def test_few_and_failed_seeds_show_in_the_method():
    """Whoever reads how it was tested reads that seeds were few, or counted as the worst."""
    values = np.array([1.0, 2.0, 3.5, 4.0, 6.0, np.nan])
    test = one(Claim(kind="value", region=at_least(0.0), treatment=values, failed_seed="worst")).test
    assert test.method == (
        "one-sample t, 25 % trimmed; 1 failed seed of the treatment counted as its worst; low n (6 seeds)"
    )


def test_proportions_have_exact_tests():
    """One binary arm: Clopper and Pearson. Two: an exact difference, with Fisher's p named beside it."""
    optimal, plain = np.repeat([1.0, 0.0], [18, 2]), np.repeat([1.0, 0.0], [9, 11])
    alone = one(Claim(kind="value", binary=True, region=at_least(0.6), treatment=optimal))
    exact = stats.binomtest(18, 20).proportion_ci(method="exact")
    assert alone.verdict == "supported"
    assert (alone.test.interval.low, alone.test.interval.high) == pytest.approx((exact.low, exact.high), rel=1e-8)
    assert alone.test.degrees_of_freedom is None
    both = one(Claim(kind="difference", binary=True, region=at_least(0.0), treatment=optimal, control=plain))
    assert both.verdict == "supported"
    assert f"{stats.fisher_exact([[18, 2], [9, 11]]).pvalue:.3g}" in both.test.method
    assert both.test.estimate == 0.45


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (
            Claim(kind="ratio", binary=True, region=at_least(2), treatment=np.ones(9), control=np.ones(9)),
            "a ratio of proportions is not tested; claim their difference instead",
        ),
        (
            Claim(kind="value", binary=True, region=at_least(0), treatment=np.ones(9)),
            "the claim holds whatever the data: what it speaks of lies in [0, 1]",
        ),
        (
            Claim(kind="difference", binary=True, region=at_most(-1.5), treatment=np.ones(9), control=np.ones(9)),
            "the claim fails whatever the data: what it speaks of lies in [-1, 1]",
        ),
        (
            Claim(kind="value", binary=True, region=at_least(0.5), treatment=np.full(9, 0.5)),
            "a binary metric has a value other than 0 and 1",
        ),
    ],
)
def test_what_proportions_cannot_say_is_refused(claim, reason):
    """Ratios of proportions, claims no data could contradict or save, and values that are no successes."""
    decision = one(claim)
    assert (decision.verdict, decision.reason) == ("invalid", reason)


def test_no_success_does_not_refute_at_most_zero():
    """A bound on the edge of what is possible is cleared from one side only."""
    none = Claim(kind="value", binary=True, region=at_most(0), treatment=np.zeros(50))
    assert one(none).verdict == "inconclusive"
    assert one(replace(none, region=within(0, 0.2))).verdict == "supported"
    assert one(replace(none, treatment=np.repeat([0.0, 1.0], [30, 20]))).verdict == "refuted"


def test_an_alpha_outside_of_0_and_1_is_refused():
    """The family's alpha is a probability."""
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        decide([], 1.5)


def test_no_claims_have_no_decisions():
    """A question whose hypotheses are all gone is not an error here."""
    assert decide([], 0.05) == ()
