"""What a runner and a worker process say to each other: one file of work in, JSON lines out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from expkit.records.attempt import Result
from expkit.records.base import Moment, Record
from expkit.records.provenance import Inside
from expkit.records.work import Work

WORK_FILE = "work.json"


class Order(Record):
    """What a worker process is to do."""

    format: Literal[1] = 1
    workers: int | None
    """Batches side by side; None for one a usable core."""
    batches: tuple[Work, ...]
    """A batch is known by its place in here, from 0."""


class Ready(Record):
    """The process has read its work; its first line."""

    event: Literal["ready"] = "ready"
    inside: Inside


class BatchBegan(Record):
    """A batch is being worked on; its folder is there."""

    event: Literal["began"] = "began"
    batch: int


class StepsTaken(Record):
    """Some more steps of an arm were taken; see `expkit.execution.events.Progress`."""

    event: Literal["progress"] = "progress"
    arm: str
    steps: int
    trials: float


class BatchEnded(Record):
    """A batch ended: with a `result`, and its files in its folder, or with an `error`."""

    event: Literal["ended"] = "ended"
    batch: int
    started: Moment
    ended: Moment
    result: Result | None
    """In the line rather than in a file: making files is most of what a thousand small batches cost."""
    error: str | None


def longest_line(order: Order) -> int:
    """Bytes that no honest line is longer than: the result of the largest batch, and what a machine has installed."""
    return 1024 * max(len(work.seeds) for work in order.batches) + (1 << 18)


Line = Annotated[Ready | BatchBegan | StepsTaken | BatchEnded, Field(discriminator="event")]
"""One line of a worker's stdout."""

LINE: TypeAdapter[Line] = TypeAdapter(Line)
"""Reads a line: `LINE.validate_json(text)`."""
