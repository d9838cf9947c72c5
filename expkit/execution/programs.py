"""The executor of programs: trials side by side, each started, watched, started again where it may be, and recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from expkit.containers.orphans import remove_folder, remove_leftovers, this_runner
from expkit.cores import usable_cores
from expkit.execution.abreast import Tell, abreast
from expkit.execution.events import Ended, Event, Point, Progress, Stage
from expkit.execution.lines import Lines, Pace
from expkit.execution.processes import CannotStart, End
from expkit.execution.program import program_arm
from expkit.execution.program_version import ProgramChanged
from expkit.execution.trial import failure, result, write_files
from expkit.ledger.durable import writing
from expkit.records.provenance import Image, Inside
from expkit.records.work import Work

_TOLD_EVERY_S = 0.2
"""Of one metric of one trial, at most one point is told in this time."""

OnLine = Callable[[str], None]


class Place(Protocol):
    """Where programs run."""

    name: str
    where: str
    image: Image | None
    scratch: Path
    """A folder below which each trial has one of its own."""
    inside: Inside | None
    """What trials run in; None where that is what this process runs in."""

    def run(self, work: Work, folder: Path, on_line: OnLine, stopping: Callable[[], bool]) -> End | None:
        """Run one trial in a folder of its own, whose `output` is its output folder; None where it was to stop.

        Raises:
            CannotStart: the program is not there, or is none.
            ProgramChanged: it is not the version that the trial is recorded under.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class _Ran:
    """A trial that was run to its end."""

    lines: Lines
    end: End
    why: str | None


class ProgramExecutor:
    """Runs trials of programs at a place, up to `workers` at once, unless None says one a usable core."""

    def __init__(self, place: Place, workers: int | None = None) -> None:
        self._place = place
        self.workers = workers or usable_cores()
        self.name = place.name
        self.image = place.image
        self.where = f"{place.where}, up to {self.workers} trial{'' if self.workers == 1 else 's'} at once"

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        """Yield points, progress and every trial that ended; after `stopping` says so, end those that run, and return.

        A program that fails is a failed trial, and takes no other with it. One that cannot be started at all, or that
        was changed meanwhile, is an error of its batch.

        Raises:
            NotWritable: scratch files or results cannot be written.
            ServiceAbsent: the engine or the image is gone.
        """
        remove_leftovers(self._place.scratch)

        def run(work: Work, tell: Tell, enough: Callable[[], bool]) -> Ended | None:
            return self._trial(work, stage(work), tell, enough)

        return abreast(batches, run, workers=self.workers, stopping=stopping)

    def _trial(self, work: Work, into: Path, tell: Tell, enough: Callable[[], bool]) -> Ended | None:
        """A trial with all its starts; only the last one counts."""
        started, found, error = _now(), None, None
        most = 1 + program_arm(work).trainer.retries
        earlier: list[str] = []
        for start in range(most):
            with _folder(self._place.scratch) as folder:
                try:
                    ran = self._start(work, folder, tell, enough)
                except (CannotStart, ProgramChanged) as failed:
                    error = str(failed)
                    break
                if ran is None:
                    return None
                if ran.why is None or start == most - 1:
                    found = result(work, ran.lines, ran.why, len(earlier))
                    write_files(work, ran.lines, ran.end, folder / "output", into, earlier)
                    break
                earlier.append(f"start {start + 1} of {most} failed: {ran.why}")
        tell(Progress(arm=work.arm.name, steps=0, trials=1.0))
        return Ended(
            work=work,
            folder=into,
            started=started,
            ended=_now(),
            result=found,
            error=error,
            inside=self._place.inside,
        )

    def _start(self, work: Work, folder: Path, tell: Tell, enough: Callable[[], bool]) -> _Ran | None:
        trainer = program_arm(work).trainer
        lines, pace = Lines(trainer.axis, trainer.metrics), Pace(_TOLD_EVERY_S)

        def on_line(line: str) -> None:
            for key, axis, value in pace.due(lines.read(line), time.monotonic()):
                tell(Point(work=work, metric=key, axis=axis, value=value))

        end = self._place.run(work, folder, on_line, enough)
        if end is None:
            return None
        for key, axis, value in pace.rest():
            tell(Point(work=work, metric=key, axis=axis, value=value))
        return _Ran(lines=lines, end=end, why=failure(lines, tuple(trainer.metrics), end))


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    """A folder for one start of a trial, which nobody else on this machine can enter; gone afterwards."""
    folder = this_runner().folder(scratch)
    try:
        with writing(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            (folder / "output").mkdir(mode=0o700)
        yield folder
    finally:
        remove_folder(folder)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
