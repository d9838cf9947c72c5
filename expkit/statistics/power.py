"""Power: the chance to find an effect, the effect that would be found, and the seeds that finding it takes.

All three stand on the noncentral t distribution. An effect is a distance from a bound of the claim; it is found when
the deciding interval of confidence 1 - level leaves that bound on the right side, which is a one-sided test at level
/ 2. Power is of a declared effect; of the observed one it would only repeat the p-value. Tests that are not Student's
(exact ones) are approximated by their Student counterpart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scipy.special import nctdtr, stdtrit

from expkit.statistics.crossing import crossing
from expkit.statistics.moments import IQM_TRIM, kept

WANTED_POWER = 0.8
MOST_SEEDS = 10_000_000
"""No number of seeds beyond this is ever named as needed."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How exactly some seeds estimate: the standard error and its degrees of freedom."""

    standard_error: float
    degrees_of_freedom: float


def precision(
    spreads: Sequence[float], counts: Sequence[int], *, trim: float = IQM_TRIM, assumed: bool = False
) -> Precision:
    """The precision of a sum or difference of independent trimmed means.

    spreads: the winsorised standard deviation of each sample (the ordinary one where trim is 0): one for a value, two
    for an unpaired difference, one of the differences for a paired one. counts: the seeds of each. assumed: whether the
    seeds have yet to show these spreads; Welch's degrees of freedom then come out smaller, as what is shown of equal
    spreads is not equal (the ratio of expected numerator and denominator). Source: Yuen (1974), as in
    `expkit.statistics.student`.
    """
    parts = []
    for spread, n in zip(spreads, counts, strict=True):
        remaining = kept(n, trim)
        parts.append(((n - 1) * spread**2 / (remaining * (remaining - 1)), remaining - 1))
    total = sum(part for part, _ in parts)
    squared, apart = total**2, sum(part**2 / df for part, df in parts)
    if assumed:
        squared += sum(2 * part**2 / df for part, df in parts)
        apart += sum(2 * part**2 / df**2 for part, df in parts)
    return Precision(standard_error=math.sqrt(total), degrees_of_freedom=squared / apart)


def power(distance: float, precise: Precision, *, level: float) -> float:
    """The probability that an effect `distance` away from a bound of the claim is found at `level`."""
    return _chance(abs(distance) / precise.standard_error, precise.degrees_of_freedom, level)


def all_found(chances: Iterable[float]) -> float:
    """The probability that all bounds are cleared, given that of each; a lower limit (Bonferroni)."""
    return max(0.0, 1 - sum(1 - chance for chance in chances))


def minimum_detectable_effect(precise: Precision, *, level: float, wanted: float = WANTED_POWER) -> float:
    """The distance from a bound of the claim that is found at `level` with the probability `wanted`."""
    low, high = 0.0, 1.0
    while _chance(high, precise.degrees_of_freedom, level) <= wanted:
        low, high = high, 2 * high
    return precise.standard_error * crossing(lambda x: _chance(x, precise.degrees_of_freedom, level), low, high, wanted)


def seeds_needed(
    distances: Sequence[float],
    spreads: Callable[[int], Sequence[Sequence[float]]],
    *,
    level: float,
    trim: float = IQM_TRIM,
    wanted: float = WANTED_POWER,
    assumed: bool = False,
) -> int | None:
    """The fewest seeds of each arm that find all `distances` at `level` with the probability `wanted`, at least 5.

    distances: one for each bound that has to be cleared. spreads: of the test at each of these bounds (see
    `precision`), told for any number of seeds. None where no number of seeds up to ten million would do, as where an
    effect lies on its bound.
    """

    def enough(n: int) -> bool:
        found = (
            power(distance, precision(spread, [n] * len(spread), trim=trim, assumed=assumed), level=level)
            for distance, spread in zip(distances, spreads(n), strict=True)
        )
        return all_found(found) >= wanted

    # multiples of four, where precision grows steadily; in between, trimming cuts off less and precision is better
    low, high = 1, 2
    while not enough(4 * high):
        low, high = high, 2 * high
        if 4 * high > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(4 * middle) else (middle, high)
    return next(n for n in range(max(5, 4 * high - 8), 4 * high + 1) if enough(n))


def _chance(noncentrality: float, degrees_of_freedom: float, level: float) -> float:
    critical = -stdtrit(degrees_of_freedom, level / 2)
    return 1 - float(nctdtr(degrees_of_freedom, noncentrality, critical))
