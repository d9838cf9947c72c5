"""Verdicts: every hypothesis of a question decided together.

A claim is a region C, its bounds belonging to it. The *deciding interval* has confidence 1 - level:
supported if it lies in C, refuted if it misses C, else inconclusive. The same in p-values, both one-sided:

    p_for      small where the data support the claim; of a band the larger of its two sides (two one-sided tests)
    p_against  small where the data refute it; of a band the smaller of its two sides
    p          min(1, 2 min(p_for, p_against)); the smaller of the two names the side

Both ends of the interval spend half of the level, so p_for <= level / 2 exactly where the interval lies in C, and
p_against <= level / 2 exactly where it misses C: p <= level exactly where the claim is decided, for one-sided regions
and bands alike. A band is refuted wrongly on either side, with level / 2 each, and supported wrongly on one: never
beyond the level, as far as the test keeps it.

Holm (1979) gives the levels over all k claims of the family, those that cannot be tested and those withdrawn counted
with p = 1: the smallest p at alpha / k, the next at alpha / (k - 1), until one is not decided; it and all others keep
that level. Every hypothesis has exactly one true side, so what Holm bounds here is the probability of any directional
error (Shaffer, 1980, for independent tests; for tests sharing an arm the test suite measures it).

The verdict is read off the interval as it is printed, rounded to 10 digits: a reader finds the same.

How far the level can be trusted, simulated with the truth on the bound at a level of 0.05, so 0.025 a side (all figures
in `tests/statistics/test_error_rates.py`). Totals like the accountant's, where one seed in ten falls far below the
rest, against their like or a drunkard, with 5 to 100 seeds, unpaired, paired, as a ratio or alone: 0.012 to 0.034 a
side; against a steady arm on common streams up to 0.040. A band hardly wider than nothing is refuted wrongly on both
sides: 0.065 at worst with 5 seeds, 0.053 with 100. Skewness that nothing balances does worse: the value of a lognormal
arm is wrongly refuted in 0.067, 0.061, 0.058, 0.039 of cases with 5, 10, 20, 100 seeds, its paired difference from a
milder lognormal in 0.051, 0.060, 0.062, 0.042; two arms in lockstep, of which only one can be ruined, reach 0.087. The
mean of an accountant against a drunkard: 0.080, 0.058, 0.047 with 50, 100, 200 seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expkit.records.evidence import EffectSizes, Interval, Test, Verdict
from expkit.statistics.claim import Claim, Untestable
from expkit.statistics.compare import CONTROL_NOT_POSITIVE, Comparison, comparison
from expkit.statistics.effects import effect_sizes
from expkit.statistics.estimate import PLAIN_LEVEL
from expkit.statistics.power import all_found, minimum_detectable_effect, power, precision, seeds_needed
from expkit.statistics.rounding import rounded, rounded_interval


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of one claim."""

    verdict: Verdict
    reason: str | None
    """Why it is invalid or withdrawn, else None."""
    test: Test | None
    """None where it is invalid or withdrawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tested:
    """A claim that can be tested, with its p-values; `region` is what of the claim the data can contradict."""

    claim: Claim
    comparison: Comparison
    region: Interval
    p_for: float
    p_against: float

    @property
    def p(self) -> float:
        return min(1.0, 2 * min(self.p_for, self.p_against))

    def interval(self, level: float) -> Interval:
        return rounded_interval(*self.comparison.interval(level))


def decide(claims: Sequence[Claim], alpha: float) -> tuple[Decision, ...]:
    """The decision of every claim of one question, in their order. `alpha` is the family's, in (0, 1).

    Raises:
        ValueError: an alpha outside of (0, 1).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it lies between 0 and 1")
    decisions: dict[int, Decision] = {}
    tested: dict[int, _Tested] = {}
    for index, claim in enumerate(claims):
        if claim.withdrawn is not None:
            decisions[index] = Decision(verdict="withdrawn", reason=claim.withdrawn, test=None)
            continue
        try:
            tested[index] = _tested(claim)
        except Untestable as refusal:
            decisions[index] = _invalid(str(refusal))
    level = alpha / max(1, len(claims))
    deciding = True
    for rank, index in enumerate(sorted(tested, key=lambda index: tested[index].p)):
        if deciding:
            level = alpha / (len(claims) - rank)
        decisions[index] = _decision(tested[index], level)
        deciding = deciding and decisions[index].verdict in ("supported", "refuted")
    return tuple(decisions[index] for index in range(len(claims)))


def read(interval: Interval, region: Interval) -> Verdict:
    """The verdict of an interval on a claimed region: supported inside, refuted where it misses, else inconclusive."""
    from_low = region.low is None or (interval.low is not None and interval.low >= region.low)
    from_high = region.high is None or (interval.high is not None and interval.high <= region.high)
    if from_low and from_high:
        return "supported"
    under = region.low is not None and interval.high is not None and interval.high < region.low
    over = region.high is not None and interval.low is not None and interval.low > region.high
    return "refuted" if under or over else "inconclusive"


def _tested(claim: Claim) -> _Tested:
    test = comparison(claim)
    region = falsifiable(claim.region, test.space)
    p_for, p_against = 0.0, 1.0
    if region.low is not None:
        p_for, p_against = max(p_for, test.above(region.low)), min(p_against, test.below(region.low))
    if region.high is not None:
        p_for, p_against = max(p_for, test.below(region.high)), min(p_against, test.above(region.high))
    return _Tested(claim=claim, comparison=test, region=region, p_for=p_for, p_against=p_against)


def falsifiable(region: Interval, space: tuple[float, float]) -> Interval:
    """The region without bounds that the truth cannot cross: a proportion is never below 0."""
    low = region.low if region.low is not None and region.low > space[0] else None
    high = region.high if region.high is not None and region.high < space[1] else None
    if low is None and high is None:
        raise Untestable(f"the claim holds whatever the data: what it speaks of lies in [{space[0]:g}, {space[1]:g}]")
    if (low is not None and low > space[1]) or (high is not None and high < space[0]):
        raise Untestable(f"the claim fails whatever the data: what it speaks of lies in [{space[0]:g}, {space[1]:g}]")
    return Interval(low=low, high=high)


def _invalid(reason: str) -> Decision:
    return Decision(verdict="invalid", reason=reason, test=None)


def _decision(tested: _Tested, level: float) -> Decision:
    claim, test = tested.claim, tested.comparison
    interval = tested.interval(level)
    if claim.kind == "ratio" and (interval.low is None or interval.high is None):
        return _invalid(CONTROL_NOT_POSITIVE.format(confidence=100 * (1 - level)))
    verdict = read(interval, tested.region)
    nearest = min(_bounds(tested.region), key=lambda bound: abs(test.estimate - bound))
    at_nearest = precision(test.spreads(nearest), test.counts, trim=test.trim)
    expected = _power_at_expected(tested, level)
    return Decision(
        verdict=verdict,
        reason=None,
        test=Test(
            method=test.method,
            paired=claim.paired,
            estimand=test.estimand,
            n_treatment=len(test.seeds[0]),
            n_control=len(test.seeds[1]) if len(test.seeds) == 2 else None,
            estimate=rounded(test.estimate),
            interval=interval,
            level=rounded(level),
            interval95=interval if level == PLAIN_LEVEL else tested.interval(PLAIN_LEVEL),
            p_for=rounded(tested.p_for),
            p_against=rounded(tested.p_against),
            p=rounded(tested.p),
            degrees_of_freedom=None if test.degrees_of_freedom is None else rounded(test.degrees_of_freedom),
            standard_error=None if test.standard_error is None else rounded(test.standard_error),
            minimum_detectable_effect=rounded(minimum_detectable_effect(at_nearest, level=level) / test.unit),
            seeds_needed=_seeds_needed(tested, level) if verdict == "inconclusive" else None,
            power_at_expected=None if expected is None else rounded(expected),
            effects=effect_sizes(*test.seeds) if len(test.seeds) == 2 else EffectSizes(),
        ),
    )


def _bounds(region: Interval) -> list[float]:
    return [bound for bound in (region.low, region.high) if bound is not None]


def to_clear(region: Interval, truth: float) -> list[float]:
    """The bounds an interval has to clear to decide rightly: all from within the region, from outside the nearest."""
    bounds = _bounds(region)
    return bounds if region.holds(truth) else [min(bounds, key=lambda bound: abs(truth - bound))]


def _seeds_needed(tested: _Tested, level: float) -> int | None:
    test = tested.comparison
    bounds = to_clear(tested.region, test.estimate)
    spreads = [test.spreads(bound) for bound in bounds]
    return seeds_needed(
        [(test.estimate - bound) * test.unit for bound in bounds],
        lambda n: spreads,
        level=level,
        trim=test.trim,
    )


def _power_at_expected(tested: _Tested, level: float) -> float | None:
    """Power for the declared effect with the spread these seeds showed.

    Of a binary metric it is Student's approximation, which is too high where the expected share comes near 0 or 1; the
    exact power is in `expkit.statistics.shares`.
    """
    test, expected = tested.comparison, tested.claim.expected
    if expected is None:
        return None
    return all_found(
        power((expected - bound) * test.unit, precision(test.spreads(bound), test.counts, trim=test.trim), level=level)
        for bound in to_clear(tested.region, expected)
    )
