"""Prospects: what the declared seeds can find, reckoned before any of them runs.

Power needs a spread, which no seed has shown yet. It is declared, follows from a share, or is that of earlier seeds of
the same arms; whoever prints a prospect says which. Nothing here decides anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from expkit.records.evidence import Interval
from expkit.specs.criterion import Estimand
from expkit.statistics.claim import Claim, Untestable
from expkit.statistics.compare import comparison
from expkit.statistics.moments import trim_of
from expkit.statistics.power import Precision, minimum_detectable_effect, power, precision, seeds_needed
from expkit.statistics.verdict import falsifiable, to_clear

WINSORISED_NORMAL = 0.5466
"""The winsorised standard deviation of normally distributed seeds, a quarter of them pulled in on either side, over
their ordinary one: what a declared standard deviation comes to in a trimmed test."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What some seeds can find at one level."""

    level: float
    minimum_detectable_effect: float
    """How far beyond a bound of the claim the truth has to lie to be found with a probability of 80 %."""
    power: float | None
    """The probability to decide rightly if what is expected is true; None where nothing is expected."""
    seeds_needed: int | None
    """Seeds of each arm that decide rightly with a probability of 80 %; None where no number does, or none is asked."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a test's precision is reckoned with before it is made; the fields are those of a `Comparison`."""

    spreads: Callable[[float], tuple[float, ...]]
    counts: tuple[int, ...]
    trim: float
    unit: float = 1.0
    space: tuple[float, float] = (-math.inf, math.inf)

    def prospect(self, region: Interval, expected: float | None, *, level: float) -> Prospect:
        """What seeds with these spreads find of a claim at a level.

        Raises:
            Untestable: the claim holds or fails whatever the data.
        """
        region = falsifiable(region, self.space)
        ends = [end for end in (region.low, region.high) if end is not None]
        bounds = ends if expected is None else to_clear(region, expected)
        reaches = [minimum_detectable_effect(self._precision(bound), level=level) / self.unit for bound in bounds]
        chance = needed = None
        if expected is not None:
            distances = [(expected - bound) * self.unit for bound in bounds]
            found = [power(far, self._precision(at), level=level) for far, at in zip(distances, bounds, strict=True)]
            chance = max(0.0, 1 - sum(1 - one for one in found))
            needed = seeds_needed(distances, [self.spreads(at) for at in bounds], level=level, trim=self.trim)
        return Prospect(level=level, minimum_detectable_effect=max(reaches), power=chance, seeds_needed=needed)

    def _precision(self, bound: float) -> Precision:
        return precision(self.spreads(bound), self.counts, trim=self.trim)


def declared_spread(
    sd: float, counts: Sequence[int], *, kind: Literal["difference", "ratio", "value"], estimand: Estimand, paired: bool
) -> Basis:
    """The basis that a declared standard deviation gives, as if the seeds were normally distributed.

    sd: of each arm over its seeds; of a ratio as a share of the control; where arms are `paired`, of the differences
    seed by seed. counts: seeds of each arm, treatment first.
    """
    spread = sd * (WINSORISED_NORMAL if estimand == "iqm" else 1.0)

    def spreads(bound: float) -> tuple[float, ...]:
        if paired or len(counts) == 1:
            return (spread,)
        return spread, spread * (abs(bound) if kind == "ratio" else 1.0)

    return Basis(spreads=spreads, counts=tuple(counts[:1] if paired else counts), trim=trim_of(estimand))


def spread_of_shares(expected: float, counts: Sequence[int], *, paired: bool) -> Basis:
    """The basis of a binary metric: the largest spread that arms can have whose share, or its difference, is expected.

    counts: seeds of each arm, treatment first.
    """
    if len(counts) == 1:
        share = min(max(expected, 0.0), 1.0)
        spread = (math.sqrt(max(share * (1 - share), 0.25 / counts[0])),)
        return Basis(spreads=lambda bound: spread, counts=tuple(counts), trim=0.0, space=(0.0, 1.0))
    rest = max(1 - expected**2, 1 / min(counts))
    both = (math.sqrt(rest),) if paired else (math.sqrt(rest / 4),) * 2
    return Basis(
        spreads=lambda bound: both, counts=tuple(counts[:1] if paired else counts), trim=0.0, space=(-1.0, 1.0)
    )


def recorded_spread(claim: Claim, counts: Sequence[int]) -> Basis | None:
    """The basis that earlier seeds of the same arms give, for `counts` new ones; None where they cannot be tested."""
    try:
        found = comparison(replace(claim, failed_seed="worst"))
    except Untestable:
        return None
    return Basis(
        spreads=found.spreads,
        counts=tuple(counts[: len(found.counts)]),
        trim=found.trim,
        unit=found.unit,
        space=found.space,
    )
