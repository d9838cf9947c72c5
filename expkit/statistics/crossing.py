"""Crossing: where a monotone p-value meets a level, by bisection down to neighbouring floats."""

from __future__ import annotations

from collections.abc import Callable


def crossing(p: Callable[[float], float], small: float, large: float, level: float) -> float:
    """The place between `small`, where p <= level, and `large`, where p > level; `small` may be the greater number.

    Returns the last place found with p <= level. Bisection, because it needs no smoothness and no starting value, and
    gives the same float on every machine that computes the same p.
    """
    while True:
        middle = small + (large - small) / 2
        if middle in (small, large):
            return small
        if p(middle) <= level:
            small = middle
        else:
            large = middle
