"""Sparklines: a row of numbers as a row of bars, each one character wide."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-~=+*#"
"""Each seems a little more than the one before it, on any terminal."""


def sparkline(values: Sequence[float], low: float, high: float, *, width: int, unicode: bool = True) -> str:
    """Finite numbers as exactly `width` bars on the scale from low to high, several at a time averaged.

    No numbers are blanks. Where the scale has no width, every bar is half as high as it can be.
    """
    bars = BARS if unicode else ASCII_BARS
    if not values:
        return " " * width
    line = []
    for column in range(width):
        start = column * len(values) // width
        own = values[start : max(start + 1, (column + 1) * len(values) // width)]
        share = _share(sum(own) / len(own), low, high)
        line.append(bars[min(len(bars) - 1, int(share * len(bars)))])
    return "".join(line)


def histogram(values: Sequence[float], low: float, high: float, *, width: int, unicode: bool = True) -> str:
    """How many of the finite numbers lie where between low and high, as exactly `width` characters.

    The fullest place is the highest bar, and a place with none is blank, so that a tail of one seed is seen.
    """
    bars = BARS if unicode else ASCII_BARS
    counts = [0] * width
    for value in values:
        counts[min(width - 1, int(_share(value, low, high) * width))] += 1
    most = max(counts, default=0)
    return "".join(bars[-(-count * len(bars) // most) - 1] if count else " " for count in counts)


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies on a scale, from 0 to 1; in the middle of one without width."""
    width = high / 2 - low / 2  # halved: the whole may be beyond the largest double
    return (min(max(value, low), high) / 2 - low / 2) / width if width > 0 else 0.5
