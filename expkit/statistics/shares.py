"""Shares foreseen: the exact power of the tests of a binary metric, before any seed runs.

What is found is told by the tests that will decide (`expkit.statistics.binary`): which counts of successes lie clearly
beyond a bound follows from the number of seeds alone, and how probable they are from the share that is expected. A
difference does not tell the two shares; it is reckoned with the pair around one half, which has the largest spread,
and in pairs as if they all differed. Of more than `MOST_EXACT` seeds of two arms, where exact tests take long, a test
of one arm stands in for that of two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import betainc

from expkit.records.evidence import Interval
from expkit.statistics.binary import Proportion, nearest_above
from expkit.statistics.crossing import crossing
from expkit.statistics.power import MOST_SEEDS, WANTED_POWER, all_found
from expkit.statistics.prospect import Prospect
from expkit.statistics.verdict import falsifiable, to_clear

MOST_EXACT = 200
FEWEST = 5

Chance = Callable[[float], float]
"""The probability that a bound is cleared if this share, or difference of shares, is true."""


@dataclass(frozen=True, kw_only=True)
class Shares:
    """A binary metric of one arm or two. counts: seeds of each, treatment first."""

    counts: tuple[int, ...]
    paired: bool

    @property
    def space(self) -> tuple[float, float]:
        """Where the truth can lie at all."""
        return (0.0 if len(self.counts) == 1 else -1.0), 1.0

    def prospect(self, region: Interval, expected: float | None, *, level: float) -> Prospect:
        """What the seeds find of a claim at a level.

        Raises:
            Untestable: the claim holds or fails whatever the data.
        """
        region = falsifiable(region, self.space)
        ends = [end for end in (region.low, region.high) if end is not None]
        bounds = ends if expected is None else to_clear(region, expected)
        inside = expected is None or region.holds(expected)
        upwards = [(bound == region.low) == inside for bound in bounds]
        chances = [self._chance(self.counts, *side, level) for side in zip(bounds, upwards, strict=True)]
        reaches = [self._reach(*side) for side in zip(chances, bounds, upwards, strict=True)]
        found = needed = None
        if expected is not None:
            found = all_found(chance(expected) for chance in chances)
            needed = self._seeds_needed(expected, bounds, upwards, level)
        known = [reach for reach in reaches if reach is not None]
        reach = max(known) if len(known) == len(reaches) else None
        return Prospect(level=level, minimum_detectable_effect=reach, power=found, seeds_needed=needed)

    def _reach(self, chance: Chance, bound: float, upwards: bool) -> float | None:
        """How far beyond a bound the truth has to lie to be found with 80 %; None where it cannot lie so far."""
        room = self.space[1] - bound if upwards else bound - self.space[0]
        sign = 1 if upwards else -1
        if chance(bound + sign * room) <= WANTED_POWER:
            return None
        return crossing(lambda reach: chance(bound + sign * reach), 0.0, room, WANTED_POWER)

    def _seeds_needed(self, expected: float, bounds: list[float], upwards: list[bool], level: float) -> int | None:
        """The fewest seeds of each arm that find it with 80 %.

        Power rises with the seeds in saw's teeth. They are gone through one by one where a tooth is long; beyond, the
        number is that of one of the teeth on which 80 % is crossed.
        """
        if expected in bounds:
            return None

        def enough(n: int) -> bool:
            counts = (n,) * len(self.counts)
            sides = zip(bounds, upwards, strict=True)
            return all_found(self._chance(counts, *side, level)(expected) for side in sides) >= WANTED_POWER

        high = 1000 if len(self.counts) == 1 else 20
        first = next((n for n in range(FEWEST, high + 1) if enough(n)), None)
        if first is not None:
            return first
        low = high
        while not enough(high):
            low, high = high, 2 * high
            if high > MOST_SEEDS:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high

    def _chance(self, counts: Sequence[int], bound: float, upwards: bool, level: float) -> Chance:
        if len(counts) == 1:
            return _of_one(counts[0], bound, level) if upwards else _mirrored(_of_one(counts[0], 1 - bound, level), 1.0)
        of = _of_many if max(counts) > MOST_EXACT else _of_two
        if not upwards:
            return _mirrored(of(counts[::-1], -bound, level, self.paired), 0.0)
        return of(counts, bound, level, self.paired)


def _of_one(n: int, bound: float, level: float) -> Chance:
    """Of finding one share above a bound."""
    low, fewest = 0, n + 1
    while fewest - low > 1:
        middle = (low + fewest) // 2
        found = Proportion(successes=middle, n=n).above(bound) <= level / 2
        low, fewest = (low, middle) if found else (middle, fewest)
    return lambda truth: 0.0 if fewest > n else float(betainc(fewest, n - fewest + 1, min(max(truth, 0.0), 1.0)))


def _of_two(counts: Sequence[int], bound: float, level: float, paired: bool) -> Chance:
    """Of finding a difference of shares above a bound."""
    nearest = nearest_above(counts[0], counts[1], bound, level=level, in_pairs=paired)
    return lambda truth: 0.0 if nearest is None else nearest.chance((1 - truth) / 2, truth)


def _of_many(counts: Sequence[int], bound: float, level: float, paired: bool) -> Chance:
    """The same of many seeds, nearly.

    Around one half the treatment succeeds as often as the control fails: together they are the successes of one arm
    of both, at a share half way from the difference to 1; and of pairs that all differ, those of one arm alone.
    """
    n = counts[0] if paired else 4 * counts[0] * counts[1] // sum(counts)
    alone = _of_one(n, (1 + bound) / 2, level)
    return lambda truth: alone((1 + truth) / 2)


def _mirrored(chance: Chance, about: float) -> Chance:
    return lambda truth: chance(about - truth)
