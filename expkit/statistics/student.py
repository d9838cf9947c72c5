"""Student tests of a location: an unpaired or a paired difference of two arms, or one arm's value.

Each of the three is an estimate with a standard error and degrees of freedom. Their p-values and intervals come from
the same t distribution, so "the bound lies outside the interval of level 1 - a" and "its one-sided p is at most a / 2"
say the same.

Unpaired: Yuen-Welch, the numbers of `scipy.stats.ttest_ind(a, b, equal_var=False, trim=0.25)` (the tests hold them
against each other). It is written out here because the paired test, the ratio and the power need the same standard
error, which scipy keeps to itself, and because `scipy.stats` takes half a second longer to import than
`scipy.special`. Paired: se^2 = (n - 1) s_D^2 / (h (h - 1)) with D the difference of the arms, each winsorised on its
own; df = h - 1. The estimand stays the difference of the arms' trimmed means (Yuen's test for dependent groups;
Wilcox, Introduction to Robust Estimation and Hypothesis Testing). One arm: the same with the arm's own winsorised
variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from expkit.statistics.moments import Floats, Trimmed, squared_error


@dataclass(frozen=True, kw_only=True, eq=False)
class Student:
    """An estimate whose error over its standard error follows Student's t. Vectorised: every field is float64 [...]."""

    estimate: Floats
    standard_error: Floats
    degrees_of_freedom: Floats

    def above(self, bound: float) -> Floats:
        """One-sided p of "the truth is at most `bound`": small where the data lie above it."""
        return np.asarray(stdtr(self.degrees_of_freedom, (bound - self.estimate) / self.standard_error))

    def below(self, bound: float) -> Floats:
        """One-sided p of "the truth is at least `bound`": small where the data lie below it."""
        return np.asarray(stdtr(self.degrees_of_freedom, (self.estimate - bound) / self.standard_error))

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """The ends of the interval of confidence 1 - `level`: all bounds with both one-sided ps above level / 2."""
        reach = -stdtrit(self.degrees_of_freedom, level / 2) * self.standard_error
        return self.estimate - reach, self.estimate + reach


def one_arm(arm: Trimmed) -> Student:
    """The trimmed t of one arm's value, df = h - 1."""
    return Student(
        estimate=arm.location,
        standard_error=np.sqrt(arm.squared_error),
        degrees_of_freedom=np.asarray(arm.kept - 1.0),
    )


def unpaired(treatment: Trimmed, control: Trimmed) -> Student:
    """The Yuen-Welch test of treatment minus control, with Welch-Satterthwaite degrees of freedom."""
    total = treatment.squared_error + control.squared_error
    return Student(
        estimate=treatment.location - control.location,
        standard_error=np.sqrt(total),
        degrees_of_freedom=total**2
        / (treatment.squared_error**2 / (treatment.kept - 1) + control.squared_error**2 / (control.kept - 1)),
    )


def paired(treatment: Trimmed, control: Trimmed) -> Student:
    """The trimmed paired t of treatment minus control, seeds in the same order in both; df = h - 1."""
    difference = treatment.winsorised - control.winsorised
    return Student(
        estimate=treatment.location - control.location,
        standard_error=np.sqrt(squared_error(difference, treatment.kept)),
        degrees_of_freedom=np.asarray(treatment.kept - 1.0),
    )
