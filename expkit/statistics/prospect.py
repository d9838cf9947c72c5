"""Prospects: what the declared seeds can find, reckoned before any of them runs.

Power needs a spread, which no seed has shown yet. It is declared or that of earlier seeds of the same arms; whoever
prints a prospect says which. Shares need none (`expkit.statistics.shares`). Nothing here decides anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scipy.special import ndtri

from expkit.records.evidence import Interval
from expkit.specs.criterion import Estimand
from expkit.statistics.claim import Claim, Untestable
from expkit.statistics.compare import comparison
from expkit.statistics.moments import kept, trim_of
from expkit.statistics.power import Precision, all_found, minimum_detectable_effect, power, precision, seeds_needed
from expkit.statistics.verdict import to_clear


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What some seeds can find at one level."""

    level: float
    minimum_detectable_effect: float | None
    """How far beyond a bound of the claim the truth has to lie to be found with a probability of 80 %; None where
    it cannot lie so far."""
    power: float | None
    """The probability to decide rightly if what is expected is true; None where nothing is expected."""
    seeds_needed: int | None
    """Seeds of each arm that decide rightly with a probability of 80 %; None where no number does, or none is asked."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a test's precision is reckoned with before it is made."""

    spreads: Callable[[float, Sequence[int]], tuple[float, ...]]
    """Winsorised standard deviations in the test at a bound, given the seeds of each; see `power.precision`."""
    counts: tuple[int, ...]
    trim: float
    unit: float = 1.0
    assumed: bool = False
    """Whether no seed has shown these spreads."""

    def prospect(self, region: Interval, expected: float | None, *, level: float) -> Prospect:
        """What seeds with these spreads find of a claim at a level."""
        ends = [end for end in (region.low, region.high) if end is not None]
        bounds = ends if expected is None else to_clear(region, expected)
        reaches = [minimum_detectable_effect(self._precision(bound), level=level) / self.unit for bound in bounds]
        chance = needed = None
        if expected is not None:
            distances = [(expected - bound) * self.unit for bound in bounds]
            chance = all_found(
                power(far, self._precision(at), level=level) for far, at in zip(distances, bounds, strict=True)
            )
            needed = seeds_needed(
                distances,
                lambda n: [self.spreads(at, (n,) * len(self.counts)) for at in bounds],
                level=level,
                trim=self.trim,
                assumed=self.assumed,
            )
        return Prospect(level=level, minimum_detectable_effect=max(reaches), power=chance, seeds_needed=needed)

    def _precision(self, bound: float) -> Precision:
        return precision(self.spreads(bound, self.counts), self.counts, trim=self.trim, assumed=self.assumed)


def declared_spread(
    sd: float, counts: Sequence[int], *, kind: Literal["difference", "ratio", "value"], estimand: Estimand, paired: bool
) -> Basis:
    """The basis that a declared standard deviation gives, as if the seeds were normally distributed.

    sd: of each arm over its seeds; of a ratio as a share of the control; where arms are `paired`, of the differences
    seed by seed. counts: seeds of each arm, treatment first. In pairs power is at least what is told: each arm is
    winsorised by itself, and how much the difference's spread shrinks depends on how much luck they share.
    """
    trim = trim_of(estimand)

    shrunk = winsorised_pairs if paired else winsorised_normal

    def spreads(bound: float, counts: Sequence[int]) -> tuple[float, ...]:
        scales = (1.0, abs(bound) if kind == "ratio" else 1.0)
        return tuple(sd * shrunk(n, trim) * scale for n, scale in zip(counts, scales, strict=False))

    return Basis(spreads=spreads, counts=tuple(counts[:1] if paired else counts), trim=trim, assumed=True)


def winsorised_normal(n: int, trim: float) -> float:
    """The winsorised standard deviation of n normal seeds over their ordinary one; with many, a quarter cut, 0.5466.

    By the normal distribution's own quantiles at the share that n seeds really lose, int(n / 4) / n on either side.
    """
    cut = (n - kept(n, trim)) / (2 * n)
    if not cut:
        return 1.0
    z = float(-ndtri(cut))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * cut - 2 * z * density + 2 * cut * z * z)


def winsorised_pairs(n: int, trim: float) -> float:
    """The same of the differences of n pairs whose arms are winsorised each by itself, at most: all luck is shared.

    Then both arms have the same order. The h differences that remain are kept, and each of the two outermost stands
    for the g beyond it as well. The less luck the arms share, the more evens out, down to `winsorised_normal`.
    """
    left = kept(n, trim)
    cut = (n - left) // 2
    squares = left - 2 + 2 * (cut + 1)
    return math.sqrt((squares - (left - 2 + 2 * (cut + 1) ** 2) / n) / (n - 1))


def recorded_spread(claim: Claim, counts: Sequence[int]) -> Basis | None:
    """The basis that earlier seeds of the same arms give, for `counts` new ones; None where they cannot be tested."""
    try:
        found = comparison(replace(claim, failed_seed="worst"))
    except Untestable:
        return None
    shrunk = winsorised_pairs if claim.paired else winsorised_normal

    def spreads(bound: float, counts: Sequence[int]) -> tuple[float, ...]:
        # another number of seeds loses another share of them
        told = zip(found.spreads(bound), found.counts, counts, strict=True)
        return tuple(spread * shrunk(n, found.trim) / shrunk(old, found.trim) for spread, old, n in told)

    return Basis(spreads=spreads, counts=tuple(counts[: len(found.counts)]), trim=found.trim, unit=found.unit)
