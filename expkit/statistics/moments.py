"""Trimmed moments: location and squared standard error of a sample, the ground of every test on numbers.

Trimming 25 % cuts g = int(n / 4) seeds from each end, as `scipy.stats.trim_mean` and `ttest_ind(trim=0.25)` do: with
5 seeds one from each end, so the middle three remain. Trimming 0 gives the ordinary mean and its standard error.
Sources: Tukey and McLaughlin (1963), Yuen (1974).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.specs.criterion import Estimand

Floats = NDArray[np.float64]

IQM_TRIM = 0.25
SMALLEST_RELATIVE_SPREAD = 1e-12
"""A standard deviation this far below the values themselves is rounding noise, not spread."""


def trim_of(estimand: Estimand) -> float:
    """The share trimmed from each end: 0.25 for the interquartile mean, 0 for the mean."""
    return IQM_TRIM if estimand == "iqm" else 0.0


def kept(n: int, trim: float) -> int:
    """How many of n seeds remain after trimming both ends: h = n - 2 int(trim n)."""
    return n - 2 * int(trim * n)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trimmed:
    """Samples along the last axis, trimmed; several at once where the leading axes are."""

    n: int
    kept: int
    """h, the seeds that remain after trimming."""
    location: Floats
    """The trimmed mean, float64 [...]."""
    winsorised: Floats
    """The sample with each trimmed seed pulled in to the nearest remaining one, in seed order, float64 [..., n]."""
    squared_error: Floats
    """Squared standard error of the location, float64 [...]."""

    @property
    def spread(self) -> Floats:
        """Winsorised standard deviation, float64 [...]."""
        return np.asarray(self.winsorised.std(axis=-1, ddof=1))


def iqm(values: Floats) -> Floats:
    """Interquartile mean along the last axis, what 25 % trimming leaves. values: float64 [..., n], n >= 1."""
    n = values.shape[-1]
    cut = int(IQM_TRIM * n)
    return np.asarray(np.sort(values, axis=-1)[..., cut : n - cut].mean(axis=-1))


def trimmed(values: Floats, trim: float = IQM_TRIM) -> Trimmed:
    """Trimmed moments along the last axis. values: float64 [..., n], finite, n >= 2."""
    n = values.shape[-1]
    cut = int(trim * n)
    ordered = np.sort(values, axis=-1)
    winsorised = np.clip(values, ordered[..., cut, None], ordered[..., n - cut - 1, None])
    return Trimmed(
        n=n,
        kept=n - 2 * cut,
        location=np.asarray(ordered[..., cut : n - cut].mean(axis=-1)),
        winsorised=winsorised,
        squared_error=squared_error(winsorised, n - 2 * cut),
    )


def squared_error(winsorised: Floats, remaining: int) -> Floats:
    """(n - 1) s_w^2 / (h (h - 1)) along the last axis: the squared standard error of a trimmed mean (Yuen, 1974)."""
    return np.asarray(winsorised.var(axis=-1) * winsorised.shape[-1] / (remaining * (remaining - 1)))


def spreadless(winsorised: Floats, magnitude: float) -> bool:
    """Whether a winsorised sample, float64 [n], has no spread beyond the rounding noise of values of that magnitude."""
    return bool(winsorised.std(ddof=1) <= SMALLEST_RELATIVE_SPREAD * magnitude)
