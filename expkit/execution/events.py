"""What an executor reports while it works, and what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from expkit.records.attempt import Result
from expkit.records.provenance import Image, Inside
from expkit.records.work import Work


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Some more steps of an arm were taken, of one trial or of several side by side."""

    arm: str
    steps: int
    """Environment steps just taken."""
    trials: float
    """The same in trials: a fraction while a trial is under way."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value that a program printed while its trial runs."""

    work: Work
    """The trial's: of one seed."""
    metric: str
    """The key of the JSON line."""
    axis: float
    """How far the trial had come: what the line says of its axis, or the lines before it."""
    value: float
    """Finite."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One batch ended: with a `result` when it finished, with an `error` when it failed as a whole."""

    work: Work
    folder: Path
    """Where its files are, for the ledger to keep."""
    started: str
    ended: str
    result: Result | None
    error: str | None
    inside: Inside | None = None
    """What it ran in; None where that is this very process."""


Event = Progress | Point | Ended
Stage = Callable[[Work], Path]
"""Makes the folder a batch writes its files to."""


class Executor(Protocol):
    """Where work is done. A batch's failure is an event; only the executor's own failure raises."""

    name: str
    where: str
    """In words, for the person who waits."""
    image: Image | None
    """The image that work is done in; None where it is done in this process, wherever that is."""

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        """Yield progress and every batch that ended; after `stopping` says so, yield what had finished, and return."""
        ...
