"""Rounding: statistics carry 10 significant digits, applied once, at the border where records are made.

Ten digits hide the last-bit differences between machines and show more than any number of seeds can know.
"""

from __future__ import annotations

import math

from expkit.records.evidence import Interval

SIGNIFICANT_DIGITS = 10


def rounded(number: float) -> float:
    """The number at 10 significant digits; minus zero becomes zero."""
    return float(f"{number:.{SIGNIFICANT_DIGITS - 1}e}") + 0.0


def rounded_interval(low: float, high: float) -> Interval:
    """The interval with its ends at 10 significant digits; an infinite end becomes None."""
    return Interval(
        low=rounded(low) if math.isfinite(low) else None, high=rounded(high) if math.isfinite(high) else None
    )
