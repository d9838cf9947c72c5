from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from expkit.statistics.binary import Proportion, ProportionDifference


@st.composite
def proportions(draw):
    """An arm of 5 to 200 seeds with any number of successes."""
    n = draw(st.integers(5, 200))
    return Proportion(successes=draw(st.integers(0, n)), n=n)


def difference(x: int, n: int, y: int, m: int, *, in_pairs: bool = False) -> ProportionDifference:
    """x successes of n against y of m; in pairs, only-treatment and only-control of n."""
    return ProportionDifference(
        treatment=Proportion(successes=x, n=n), control=Proportion(successes=y, n=m), in_pairs=in_pairs
    )


@given(proportions(), st.floats(0.01, 0.99), st.floats(0.001, 0.5))
def test_one_arm_is_scipys_binomial_test(arm, bound, level):
    """p-values and interval are those of `binomtest` and its exact `proportion_ci`."""
    greater = stats.binomtest(arm.successes, arm.n, bound, alternative="greater").pvalue
    less = stats.binomtest(arm.successes, arm.n, bound, alternative="less").pvalue
    assert arm.above(bound) == pytest.approx(greater, rel=1e-8, abs=1e-300)
    assert arm.below(bound) == pytest.approx(less, rel=1e-8, abs=1e-300)
    expected = stats.binomtest(arm.successes, arm.n).proportion_ci(1 - level, method="exact")
    assert arm.interval(level) == pytest.approx((expected.low, expected.high), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.data(), st.booleans(), st.floats(0.005, 0.3))
def test_the_interval_of_a_difference_inverts_its_test(data, in_pairs, level):
    """At either end the one-sided p is level / 2, outside of it less: p and interval cannot disagree."""
    n = data.draw(st.integers(5, 40))
    x = data.draw(st.integers(0, n))
    y = data.draw(st.integers(0, n - x if in_pairs else n))
    test = difference(x, n, y, n, in_pairs=in_pairs)
    low, high = test.interval(level)
    assert low <= test.estimate <= high
    if low > -1 + 1e-9:
        assert test.above(low) == pytest.approx(level / 2, rel=1e-6)
        assert test.above(low - 0.01) < level / 2
    if high < 1 - 1e-9:
        assert test.below(high) == pytest.approx(level / 2, rel=1e-6)
        assert test.below(high + 0.01) < level / 2


@pytest.mark.parametrize(("n", "bound"), list(itertools.product((5, 10, 20), (-0.4, 0.0, 0.1, 0.5))))
def test_an_unpaired_difference_is_claimed_wrongly_at_most_at_its_level(n, bound):
    """Over all tables and a fine set of true proportions on the bound, exactly: P(p <= a) <= a."""
    tables = list(itertools.product(range(n + 1), repeat=2))
    p = np.array([difference(x, n, y, n).above(bound) for x, y in tables])
    x, y = np.array(tables).T
    for control in np.linspace(max(0, -bound), min(1, 1 - bound), 23):
        chances = stats.binom.pmf(x, n, control + bound) * stats.binom.pmf(y, n, control)
        for level in (0.005, 0.025, 0.1):
            assert chances[p <= level].sum() <= level * (1 + 1e-6)


@pytest.mark.parametrize(("n", "bound"), list(itertools.product((5, 10, 20), (-0.4, 0.0, 0.1, 0.5))))
def test_a_paired_difference_is_claimed_wrongly_at_most_at_its_level(n, bound):
    """Over all tables and a fine set of true shares of discordant pairs on the bound, exactly: P(p <= a) <= a."""
    tables = [(x, y) for x, y in itertools.product(range(n + 1), repeat=2) if x + y <= n]
    p = np.array([difference(x, n, y, n, in_pairs=True).above(bound) for x, y in tables])
    counts = np.array([(x, y, n - x - y) for x, y in tables])
    for control in np.linspace(max(0, -bound), (1 - bound) / 2, 23):
        shares = np.clip([control + bound, control, 1 - 2 * control - bound], 0, 1)
        chances = stats.multinomial.pmf(counts, n, shares)
        for level in (0.005, 0.025, 0.1):
            assert chances[p <= level].sum() <= level * (1 + 1e-6)


@pytest.mark.parametrize(("x", "y", "bound", "in_pairs"), [(9, 5, 0.0, False), (17, 8, 0.2, False), (8, 3, 0.1, True)])
def test_the_largest_tail_is_found(x, y, bound, in_pairs):
    """The p is the largest over the unknown proportion: no value of a grid of 4001 gives more, and hardly less."""
    n = 20
    p = difference(x, n, y, n, in_pairs=in_pairs).above(bound)
    first, second = np.indices((n + 1, n + 1))
    far_out = np.zeros((n + 1, n + 1), bool)
    for a, b in itertools.product(range(n + 1), repeat=2):
        if not in_pairs or a + b <= n:
            far_out[a, b] = difference(a, n, b, n, in_pairs=in_pairs).above(bound) <= p * (1 + 1e-9)
    largest = 0.0
    for control in np.linspace(0, (1 - bound) / (2 if in_pairs else 1), 4_001):
        if in_pairs:
            rest = 1 - 2 * control - bound
            if rest < 0:
                continue
            chances = stats.multinomial.pmf(
                np.stack([first, second, n - first - second], axis=-1), n, [control + bound, control, rest]
            )
            tail = chances[far_out].sum()
        else:
            rows = stats.binom.pmf(np.arange(n + 1), n, control + bound)
            tail = (np.outer(rows, stats.binom.pmf(np.arange(n + 1), n, control)) * far_out).sum()
        largest = max(largest, tail)
    assert p == pytest.approx(largest, rel=1e-4)
    assert p >= largest * (1 - 1e-9)


def test_a_hundred_seeds_keep_the_level():
    """By simulation at n = 100, on both sides of the bound, unpaired and paired; tolerance four standard errors."""
    rng = np.random.default_rng(11)
    trials, level = 200, 0.05
    tolerance = 4 * (level / 2 * (1 - level / 2) / trials) ** 0.5
    for in_pairs, bound in ((False, 0.1), (True, 0.1)):
        if in_pairs:
            draws = rng.multinomial(100, [0.25, 0.15, 0.6], size=trials)[:, :2]
        else:
            draws = np.stack([rng.binomial(100, 0.9, trials), rng.binomial(100, 0.8, trials)], axis=1)
        tests = [difference(int(x), 100, int(y), 100, in_pairs=in_pairs) for x, y in draws]
        assert np.mean([test.above(bound) <= level / 2 for test in tests]) <= level / 2 + tolerance
        assert np.mean([test.below(bound) <= level / 2 for test in tests]) <= level / 2 + tolerance


def test_the_unconditional_test_claims_no_less_than_fishers():
    """Of all tables of 20 and 20 seeds, it calls more of them different than Fisher's test does."""
    n, level = 20, 0.05
    tables = list(itertools.product(range(n + 1), repeat=2))
    ours = sum(difference(x, n, y, n).above(0) <= level / 2 for x, y in tables)
    fishers = sum(
        stats.fisher_exact([[x, n - x], [y, n - y]], alternative="greater").pvalue <= level / 2 for x, y in tables
    )
    assert ours > fishers


def test_swapping_the_arms_mirrors_the_interval():
    """Control minus treatment has the negated interval."""
    low, high = difference(15, 20, 8, 30).interval(0.05)
    assert difference(8, 30, 15, 20).interval(0.05) == pytest.approx((-high, -low), abs=1e-12)


def test_all_against_none_reaches_the_edge():
    """A difference of 1 has 1 as its upper end; two arms that never fail have an interval around 0."""
    assert difference(10, 10, 0, 10).interval(0.05)[1] == pytest.approx(1)
    low, high = difference(10, 10, 10, 10).interval(0.05)
    assert low == pytest.approx(-high)
    assert 0.2 < high < 0.4


def test_the_conditional_tests_named_beside_it_are_scipys():
    """Fisher's exact p for independent arms, the binomial test on discordant seeds for pairs; 1 without any."""
    assert difference(15, 20, 8, 20).conditional_p() == stats.fisher_exact([[15, 5], [8, 12]]).pvalue
    assert difference(8, 20, 2, 20, in_pairs=True).conditional_p() == stats.binomtest(8, 10).pvalue
    assert difference(0, 20, 0, 20, in_pairs=True).conditional_p() == 1
