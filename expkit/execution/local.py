"""The local executor: batches on all cores of this machine, in threads, since the kernel releases the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from expkit.cores import usable_cores
from expkit.execution.abreast import Tell, abreast
from expkit.execution.events import Ended, Event, Progress, Stage
from expkit.execution.worker import perform
from expkit.records.provenance import Image
from expkit.records.work import Work
from expkit.training.train import Cancelled


class LocalExecutor:
    """Runs batches in threads of this process, one a usable core unless `workers` says otherwise."""

    name = "local"
    image: Image | None = None

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or usable_cores()
        self.where = f"here, on {self.workers} core{'' if self.workers == 1 else 's'}"

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        """Yield progress and every batch that ended; after `stopping` says so, yield what had finished, and return.

        A batch that raises is yielded with its error; it takes no other batch with it.

        Raises:
            OSError: a folder for a batch could not be made.
        """

        def run(work: Work, tell: Tell, enough: Callable[[], bool]) -> Ended | None:
            try:
                return _perform(work, stage(work), tell, enough)
            except Cancelled:
                return None  # nothing was written, nothing is reported: its seeds are still missing

        return abreast(batches, run, workers=self.workers, stopping=stopping)


def _perform(work: Work, folder: Path, tell: Tell, stopping: Callable[[], bool]) -> Ended:
    def on_steps(steps: int) -> None:
        tell(Progress(arm=work.arm.name, steps=steps, trials=steps / work.tabular.trainer.steps))

    started, result, error = _now(), None, None
    try:
        result = perform(work, folder, on_steps=on_steps, cancelled=stopping)
    except Cancelled:
        raise
    except Exception as failure:  # a border: whatever a batch dies of is recorded with it
        error = f"{type(failure).__name__}: {failure}"
    return Ended(work=work, folder=folder, started=started, ended=_now(), result=result, error=error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
