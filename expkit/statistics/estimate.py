"""Estimates of one arm: its summary over the seeds, and its learning curve with a band."""

from __future__ import annotations

import numpy as np

from expkit.records.evidence import Curve, Interval, Summary
from expkit.statistics.moments import Floats, iqm, spreadless, trimmed
from expkit.statistics.rounding import rounded, rounded_interval
from expkit.statistics.student import one_arm

FEWEST_SEEDS = 5
"""Fewer finished seeds than these carry no interval and no test."""
FEWEST_FOR_Q05 = 20
"""A 5 % quantile needs at least one seed in twenty."""
PLAIN_LEVEL = 0.05
"""Intervals shown beside the deciding ones are plain 95 % intervals."""


def summarize(values: Floats, *, better: str) -> Summary:
    """One metric over the finished seeds. values: float64 [n], finite, n >= 1.

    `better` is the metric's direction, `higher` or `lower`: the worst tenth is its lower or its upper end.

    Raises:
        ValueError: no value, a value that is not finite, or another direction.
    """
    _require_finite(values, dimensions=1)
    if better not in ("higher", "lower"):
        raise ValueError(f"better is {better!r}; it is 'higher' or 'lower'")
    n = len(values)
    worst_first = np.sort(values) if better == "higher" else -np.sort(-values)
    return Summary(
        n=n,
        mean=rounded(float(values.mean())),
        iqm=rounded(float(iqm(values))),
        iqm_interval=_iqm_interval(values),
        sd=rounded(float(values.std(ddof=1))) if n > 1 else None,
        min=rounded(float(values.min())),
        q05=rounded(float(np.quantile(values, 0.05))) if n >= FEWEST_FOR_Q05 else None,
        median=rounded(float(np.median(values))),
        max=rounded(float(values.max())),
        cvar10=rounded(float(worst_first[: -(-n // 10)].mean())),
    )


def curve_with_band(curves: Floats, steps: int) -> Curve:
    """Reward per step over the training: IQM over the seeds, with its pointwise 95 % band.

    curves: float64 [n, windows], finite, of the finished seeds; steps: environment steps of a trial. Window w ends on
    step floor((w + 1) steps / windows). The band is the interval of the trimmed t in each window by itself: it is not
    simultaneous. Where the seeds agree, and for a single seed, which has no spread to estimate, it closes on the
    line.

    Raises:
        ValueError: no seed, or a value that is not finite.
    """
    _require_finite(curves, dimensions=2)
    n, windows = curves.shape
    # one window a row and rows in one piece, so that sums run as they do for a window by itself
    by_window = np.ascontiguousarray(curves.T)
    low = value = high = iqm(by_window)
    if n > 1:
        low, high = one_arm(trimmed(by_window)).interval(PLAIN_LEVEL)
    return Curve(
        steps=tuple((window + 1) * steps // windows for window in range(windows)),
        value=tuple(rounded(x) for x in value.tolist()),
        low=tuple(rounded(x) for x in low.tolist()),
        high=tuple(rounded(x) for x in high.tolist()),
    )


def _iqm_interval(values: Floats) -> Interval | None:
    if len(values) < FEWEST_SEEDS:
        return None
    moments = trimmed(values)
    if spreadless(moments.winsorised, float(np.abs(values).max())):
        return None
    low, high = one_arm(moments).interval(PLAIN_LEVEL)
    return rounded_interval(float(low), float(high))


def _require_finite(values: Floats, *, dimensions: int) -> None:
    if values.ndim != dimensions or not values.size:
        raise ValueError(f"an array of {dimensions} dimensions with at least one value is needed, not {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite; failed seeds are left out before they are summarised")
