"""The local executor: batches on all cores of this machine, in threads, since the kernel releases the interpreter."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from expkit.cores import usable_cores
from expkit.execution.events import Ended, Event, Progress, Stage
from expkit.execution.worker import perform
from expkit.records.provenance import Image
from expkit.records.work import Work
from expkit.training.train import Cancelled

_POLL_S = 0.1  # how soon an interrupt is noticed while every core is busy


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
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        abandoned = threading.Event()  # set when the caller walks away, so that nobody computes for nobody

        def enough() -> bool:
            return abandoned.is_set() or stopping()

        def run(work: Work) -> None:
            try:
                if not enough():
                    events.put(_perform(work, stage(work), events.put, enough))
            except Cancelled:
                pass  # nothing was written, nothing is reported: its seeds are still missing
            finally:
                events.put(None)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="batch") as pool:
            futures = [pool.submit(run, work) for work in batches]
            running = len(futures)
            try:
                while running:
                    try:
                        event = events.get(timeout=_POLL_S)
                    except queue.Empty:
                        continue  # the wait has a limit so that Ctrl-C is heard
                    if event is None:
                        running -= 1
                    else:
                        yield event
            finally:
                abandoned.set()
        for future in futures:
            future.result()  # the executor's own failure, such as a full disk, is no trial's


def _perform(work: Work, folder: Path, tell: Callable[[Event], None], stopping: Callable[[], bool]) -> Ended:
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
