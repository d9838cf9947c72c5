"""Intervals of the real line, as claims and estimates have them."""

from __future__ import annotations

from expkit.records.base import Record


class Interval(Record):
    """A closed interval; an end that is None is open to infinity."""

    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether a value lies in it; its ends do."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
