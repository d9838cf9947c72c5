"""Batches side by side in threads, their events as they come: for work that releases the interpreter or waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from expkit.execution.events import Ended, Event
from expkit.records.work import Work

_POLL_S = 0.1  # how soon an interrupt is noticed while every core is busy

Tell = Callable[[Event], None]
Run = Callable[[Work, Tell, Callable[[], bool]], Ended | None]
"""Does one batch, telling how it goes, and asking whether it is enough; None where it was, and nothing is reported."""


def abreast(batches: Sequence[Work], run: Run, *, workers: int, stopping: Callable[[], bool]) -> Iterator[Event]:
    """Yield what `run` tells and returns of every batch; after `stopping` says so, what had finished, and return.

    Raises:
        Exception: whatever `run` raised, once every other batch has ended: that is the executor's own failure.
    """
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    abandoned = threading.Event()  # set when the caller walks away, so that nobody computes for nobody

    def enough() -> bool:
        return abandoned.is_set() or stopping()

    def one(work: Work) -> None:
        try:
            if not enough() and (ended := run(work, events.put, enough)):
                events.put(ended)
        finally:
            events.put(None)

    with ThreadPoolExecutor(workers, thread_name_prefix="batch") as pool:
        futures = [pool.submit(one, work) for work in batches]
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
