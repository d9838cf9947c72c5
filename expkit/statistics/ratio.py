"""The ratio of two arms, A / B: the difference test on A and r B, and the interval that inverts this very test.

A bound r is tested by the difference A - r B, as an unpaired (Yuen-Welch) or a paired trimmed t. The interval is
Fieller's set (Fieller, 1954): all r that the test does not reject. In the unpaired test the degrees of freedom depend
on r, so the set is found by inverting the test with the degrees of freedom it has at each r, not by Fieller's
quadratic, which fixes them: only so does the printed interval agree with the decision at every bound. In the paired
test they are constant and the set is Fieller's quadratic.

Few seeds in one arm and many in the other can let the p-value fall back as r moves away from the estimate. The p of
"the ratio is at most r" is therefore the largest p of any ratio up to r, which is what this hypothesis means; the
interval is the hull of the set. With B clearly positive and equal numbers of seeds this changes nothing but rare
borderline cases.

The set is an interval exactly where B's own interval of the same level is positive; elsewhere it reaches infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr

from expkit.statistics.crossing import crossing
from expkit.statistics.moments import Floats, Trimmed
from expkit.statistics.student import Student, paired, unpaired

_RIGHT_ANGLE = math.pi / 2
_GRID = np.linspace(-_RIGHT_ANGLE, _RIGHT_ANGLE, 2049)
"""All ratios from minus to plus infinity, as angles; the degrees of freedom vary on a scale of tenths of a radian."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fieller:
    """Treatment over control, each float64 [n] trimmed; both with spread, the control's location positive.

    Ratios are held as angles, r = unit tan(angle) with the unit the ratio of the two standard errors: it makes
    infinity a place like any other, where the test becomes that of "the control is zero".
    """

    treatment: Trimmed
    control: Trimmed
    in_pairs: bool

    @property
    def estimate(self) -> float:
        """The ratio of the two trimmed means."""
        return float(self.treatment.location / self.control.location)

    def difference(self, ratio: float) -> Student:
        """The test of treatment - ratio x control."""
        scaled = Trimmed(
            n=self.control.n,
            kept=self.control.kept,
            location=self.control.location * ratio,
            winsorised=self.control.winsorised * ratio,
            squared_error=self.control.squared_error * ratio**2,
        )
        return paired(self.treatment, scaled) if self.in_pairs else unpaired(self.treatment, scaled)

    def above(self, bound: float) -> float:
        """One-sided p of "the ratio is at most `bound`": the largest p of the difference test up to there."""
        angle = math.atan(bound / self._unit)
        return float(self._above(np.append(_GRID[angle > _GRID], angle)).max())

    def below(self, bound: float) -> float:
        """One-sided p of "the ratio is at least `bound`": the largest p of the difference test from there on."""
        angle = math.atan(bound / self._unit)
        return float(self._below(np.append(_GRID[angle < _GRID], angle)).max())

    def interval(self, level: float) -> tuple[float, float]:
        """The ends of the ratios not rejected at level / 2 on their side; infinite where the set is no interval."""
        angles = np.sort(np.append(_GRID, math.atan(self.estimate / self._unit)))
        kept_from_below = np.flatnonzero(self._above(angles) > level / 2)
        kept_from_above = np.flatnonzero(self._below(angles) > level / 2)
        first, last = int(kept_from_below[0]), int(kept_from_above[-1])
        if first == 0 or last == len(angles) - 1:
            return -math.inf, math.inf
        low = crossing(lambda x: float(self._above(x)), angles[first - 1], angles[first], level / 2)
        high = crossing(lambda x: float(self._below(x)), angles[last + 1], angles[last], level / 2)
        return self._unit * math.tan(low), self._unit * math.tan(high)

    def _above(self, angle: Floats | float) -> Floats:
        statistic, degrees_of_freedom = self._statistic(angle)
        return np.asarray(stdtr(degrees_of_freedom, -statistic))

    def _below(self, angle: Floats | float) -> Floats:
        statistic, degrees_of_freedom = self._statistic(angle)
        return np.asarray(stdtr(degrees_of_freedom, statistic))

    def _statistic(self, angle: Floats | float) -> tuple[Floats, Floats]:
        """t and df of treatment - r control at r = unit tan(angle), both divided by the treatment's standard error."""
        cos, sin = np.cos(angle), np.sin(angle)
        a = self.treatment.location / math.sqrt(self.treatment.squared_error)
        b = self.control.location / math.sqrt(self.control.squared_error)
        if self.in_pairs:
            variance = cos**2 - 2 * self._correlation * cos * sin + sin**2
            return (a * cos - b * sin) / np.sqrt(variance), np.asarray(self.treatment.kept - 1.0)
        degrees_of_freedom = 1 / (cos**4 / (self.treatment.kept - 1) + sin**4 / (self.control.kept - 1))
        return np.asarray(a * cos - b * sin), np.asarray(degrees_of_freedom)

    @cached_property
    def _unit(self) -> float:
        return math.sqrt(self.treatment.squared_error / self.control.squared_error)

    @cached_property
    def _correlation(self) -> float:
        """Of the winsorised pairs."""
        deviations = [arm.winsorised - arm.winsorised.mean() for arm in (self.treatment, self.control)]
        covariance = float(deviations[0] @ deviations[1])
        return covariance / math.sqrt(float(deviations[0] @ deviations[0]) * float(deviations[1] @ deviations[1]))


def residuals(treatment: Trimmed, control: Trimmed) -> Floats:
    """What is left of the treatment's winsorised pairs, float64 [n], once the control's best multiple is taken off."""
    a = treatment.winsorised - treatment.winsorised.mean()
    b = control.winsorised - control.winsorised.mean()
    return np.asarray(a - b * (a @ b) / (b @ b))
