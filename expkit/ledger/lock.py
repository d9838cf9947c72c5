"""The lock of an arm: held while its missing seeds run, so that of two runners only one computes a trial.

The lock is the operating system's and ends with its holder's process, however that ends. Who holds it stands in a small
file beside it, for people to read.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from expkit.ledger.clock import now
from expkit.ledger.durable import read_regular, writing

POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process that holds an arm's lock."""

    pid: int
    host: str
    since: str
    """ISO 8601 in UTC."""


@contextmanager
def held(folder: Path, *, on_wait: Callable[[Holder], None] | None = None) -> Iterator[None]:
    """Hold the lock of the arm whose folder this is. Waits while another runner holds it.

    `on_wait` is told who that is, once for every holder met.

    Raises:
        NotWritable: the lock's file cannot be made.
    """
    from filelock import FileLock, Timeout  # 0.06 s that a run with nothing to do saves

    lock = FileLock(folder / "lock", thread_local=False)

    def taken() -> bool:
        with writing(folder):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return True
        return False

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    told: Holder | None = None
    while taken():
        holder = _read(folder)
        if holder is not None and holder != told and on_wait is not None:
            told = holder
            on_wait(holder)
        time.sleep(POLL_S)
    try:
        with writing(folder):
            _write(folder, Holder(pid=os.getpid(), host=socket.gethostname(), since=now()))
        yield
    finally:
        (folder / "holder.json").unlink(missing_ok=True)
        lock.release()


def _write(folder: Path, holder: Holder) -> None:
    temporary = folder / ".holder.json"  # one writer: the lock is held
    temporary.write_text(json.dumps(asdict(holder)))
    temporary.rename(folder / "holder.json")


def _read(folder: Path) -> Holder | None:
    """Who holds the lock; None in the moment before the holder has written it down."""
    try:
        written = json.loads(read_regular(folder / "holder.json"))
        return Holder(pid=int(written["pid"]), host=str(written["host"]), since=str(written["since"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
