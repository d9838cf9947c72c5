"""Interval bars: an estimate with its interval against a claimed region, in a fixed number of characters."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from expkit.records.interval import Interval

_ROOM = 0.18
"""What is left free on both sides, by the width of what is shown."""

_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class _Signs:
    """What a bar is made of."""

    left: str
    line: str
    estimate: str
    right: str
    region: str
    bound: str
    """Where both bounds of a region fall on one character."""


_UNICODE = _Signs("├", "─", "●", "┤", "░", "‖")
_ASCII = _Signs("|", "-", "o", "|", "=", "#")


def scale_of(region: Interval, interval: Interval, estimate: float) -> tuple[float, float]:
    """The ends of a scale that holds the bounds of a region and an interval, with some room beside them."""
    ends = (region.low, region.high, interval.low, interval.high, estimate)
    shown = [end for end in ends if end is not None]
    low, high = min(shown), max(shown)
    room = _ROOM * min((high - low) or abs(high) or 1.0, _LARGEST)
    return max(-_LARGEST, low - room), min(_LARGEST, high + room)


def interval_bar(
    region: Interval,
    interval: Interval,
    estimate: float,
    scale: tuple[float, float],
    *,
    width: int,
    unicode: bool = True,
) -> str:
    """Exactly `width` characters: the region shaded between its brackets, over it the interval with its estimate.

    An end that is open runs to the edge. What is decided lies on top: the estimate, the ends of the interval, the
    bounds of the region, the lines between them.
    """
    signs = _UNICODE if unicode else _ASCII
    bar = [" "] * width
    _fill(bar, signs.region, column(region.low, scale, width, 0), column(region.high, scale, width, width - 1))
    first, last = column(interval.low, scale, width, 0), column(interval.high, scale, width, width - 1)
    _fill(bar, signs.line, first, last)
    _bounds(bar, region, scale, signs)
    if interval.low is not None:
        bar[first] = signs.left
    if interval.high is not None:
        bar[last] = signs.right
    bar[column(estimate, scale, width, 0)] = signs.estimate
    return "".join(bar)


def column(value: float | None, scale: tuple[float, float], width: int, open_end: int) -> int:
    """The character that a value falls on, from 0 to width - 1; `open_end` where there is none."""
    low, high = scale
    if value is None:
        return open_end
    room = high / 2 - low / 2  # halved: the whole may be beyond the largest double
    share = (min(max(value, low), high) / 2 - low / 2) / room if room > 0 else 0.5
    return min(width - 1, max(0, int(share * width)))


def _fill(bar: list[str], sign: str, first: int, last: int) -> None:
    for place in range(first, last + 1):
        bar[place] = sign


def _bounds(bar: list[str], region: Interval, scale: tuple[float, float], signs: _Signs) -> None:
    low, high = (None if end is None else column(end, scale, len(bar), 0) for end in (region.low, region.high))
    if low is not None:
        bar[low] = "["
    if high is not None:
        bar[high] = signs.bound if high == low else "]"
