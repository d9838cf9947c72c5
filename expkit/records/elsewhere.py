"""Elsewhere: the environments that policies are evaluated in, beside the one they were trained in."""

from __future__ import annotations

from typing import Literal

from expkit.records.base import Digest, Record
from expkit.records.interval import Interval
from expkit.specs.base import Setting


class Elsewhere(Record):
    """An environment that an arm's final greedy policies were evaluated in, beside the one it was trained in."""

    environment_digest: Digest
    unseen: Literal["random", "last"] | None
    """What was done in states beyond the arm's table; None where both have the same states."""
    parameters: dict[str, Setting]
    """The resolved environment, flattened: `kind`, `slip`."""
    optimal_gain: float
    """Exact: the best average reward per step there."""
    random_gain: float
    """Exact: the average reward per step of the random walk there."""


class PlaceEstimate(Record):
    """What a hypothesis that spans several environments comes to in one of them; shown, never decided on."""

    estimate: float
    interval95: Interval
