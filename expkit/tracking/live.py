"""Live runs: what programs say while their trials run, brought to the store in batches by a thread of its own.

A store that is slow or down costs points, and never a trial: nothing here blocks whoever hears a point, and nothing is
raised to them. The final results are published from the ledger, whatever became of the points.
"""

from __future__ import annotations

import posixpath
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from expkit.errors import PublishingPending
from expkit.execution.events import Point
from expkit.tracking.manners import patience
from expkit.tracking.publication import Family, Publication

if TYPE_CHECKING:
    from expkit.tracking.store import Store

Status = Literal["FINISHED", "FAILED", "KILLED"]

MOST_WAITING = 50_000
"""Points that are kept while the store takes none; further ones are lost."""
_EVERY_S = 2.0
_LONGEST_PAUSE_S = 60.0
_MOST_AT_ONCE = 5_000
"""Points between two looks at whether the thread is to end: half a second of a local store."""
_FLUSH_S = 10.0
"""How long the end of a run waits for the last points."""
_MOST_UNNAMED = 5
_LONGEST_SHOWN = 40
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,200}")
"""What can be a part of a metric's name in MLflow."""


@dataclass(frozen=True, kw_only=True)
class LiveArm:
    """An arm whose trials are about to run, as its run is to be called until its results are published."""

    name: str
    key: str
    family: Family
    params: dict[str, str]


class _Said(NamedTuple):
    """One value as it goes to the store."""

    arm: str
    metric: str
    value: float
    step: int
    moment_ms: int


class LiveRuns:
    """One run per arm, from the first point of one of its trials to the end of the last one.

    `point` and `ended` are called by the thread that runs trials. A run is adopted when the arm's results are
    published, see `Store.publish`; one that a process left RUNNING when it died is ended by its next one.
    """

    def __init__(self, publication: Publication, connect: Callable[[], Store], *, every_s: float = _EVERY_S) -> None:
        """`publication` is the MLflow experiment for the runs; `connect` is called in the thread, on a first point."""
        self._publication, self._connect, self._every_s = publication, connect, every_s
        self._arms: dict[str, LiveArm] = {}
        self._waiting: deque[_Said] = deque()
        self._ended: dict[str, Status] = {}
        self._stop = threading.Event()
        self._given_up = False
        """Whether nobody waits for the thread any more: from then on runs belong to whoever publishes."""
        self._thread: threading.Thread | None = None
        self._lost = 0
        self._unnamed: dict[str, None] = {}
        """Keys that no metric there can be called by, the first of them."""
        self._fault: Exception | None = None
        self._lines: dict[tuple[str, int, str], int] = {}
        self._counted: set[tuple[str, int, str]] = set()
        # of the thread alone
        self._store: Store | None = None
        self._experiment: str | None = None
        self._runs: dict[str, str] = {}
        self._told: dict[str, Status] = {}

    def starting(self, arms: Sequence[LiveArm]) -> None:
        """Trials of these arms are about to run, in this process and in no other of this project."""
        self._arms = {**self._arms, **{arm.key: arm for arm in arms}}

    def point(self, point: Point) -> None:
        """A program has printed a value."""
        if point.work.arm_key not in self._arms:
            return
        if not _is_key(point.metric):
            if len(self._unnamed) <= _MOST_UNNAMED:
                self._unnamed[point.metric] = None
            return
        step = self._step(point)
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        key = f"live.{point.metric}.{point.work.seeds[0]}"
        self._waiting.append(_Said(point.work.arm_key, key, point.value, step, time.time_ns() // 1_000_000))
        if self._thread is None:
            self._thread = threading.Thread(target=self._bring_until_closed, name="live metrics", daemon=True)
            self._thread.start()

    def ended(self, arm_key: str, status: Status) -> None:
        """No trial of an arm runs any more."""
        self._ended[arm_key] = status

    def close(self) -> str | None:
        """End every run, those whose trials had not all ended as KILLED; what was lost on the way, in a sentence."""
        if self._thread is None:
            return self._loss()
        for key in self._arms:
            self._ended.setdefault(key, "KILLED")
        self._stop.set()
        self._thread.join(_FLUSH_S)
        self._given_up = True
        self._lost += len(self._waiting)
        return self._loss()

    def _loss(self) -> str | None:
        amiss = [self._misnamed()] if self._unnamed else []
        if self._lost:
            amiss.append(f"{self._lost:,} live {'point' if self._lost == 1 else 'points'} did not reach MLflow")
        elif self._fault is not None:
            amiss.append("live runs in MLflow could not be ended")
        why = f": {self._fault}" if self._fault else ""
        return f"{'; '.join(amiss)}; results are not affected{why}" if amiss else None

    def _misnamed(self) -> str:
        names = [ascii(name[:_LONGEST_SHOWN]) for name in self._unnamed][:_MOST_UNNAMED]
        more = " and more" if len(self._unnamed) > _MOST_UNNAMED else ""
        which = f"no live points of {', '.join(names)}{more} are brought to MLflow"
        return f"{which}, where a name is made of letters, digits, '_', '.', '/' and '-' and is no path to elsewhere"

    def _step(self, point: Point) -> int:
        """The axis; where a series once had one that is not whole, the number of its lines so far."""
        series = point.work.arm_key, point.work.seeds[0], point.metric
        self._lines[series] = self._lines.get(series, 0) + 1
        if abs(point.axis) >= 2**53 or point.axis != int(point.axis):
            self._counted.add(series)
        return self._lines[series] if series in self._counted else int(point.axis)

    def _bring_until_closed(self) -> None:
        pause, closing = 0.0, False
        while not closing:
            closing = self._stop.wait(pause)
            try:
                self._bring()
                self._fault, pause = None, self._every_s
            except PublishingPending as fault:
                self._fault, pause = fault, min(max(pause, self._every_s) * 2, _LONGEST_PAUSE_S)
            except Exception as fault:  # told when the run ends: nobody else would hear of it
                self._fault = fault
                return

    def _bring(self) -> None:
        """Everything that waits; points are forgotten only when the store has them."""
        while (count := min(len(self._waiting), _MOST_AT_ONCE)) and not self._given_up:
            batch: dict[str, list[_Said]] = {}
            for place in range(count):  # others append meanwhile, and only this thread takes away
                batch.setdefault(self._waiting[place].arm, []).append(self._waiting[place])
            with self._writing() as client:
                for arm, said in batch.items():
                    self._log(client, arm, said)
            for _ in range(count):
                self._waiting.popleft()
        # a copy in one step, since the other thread may add to it
        due = {arm: status for arm, status in self._ended.copy().items() if self._told.get(arm) != status}
        for arm in due.keys() & self._runs.keys():
            if self._given_up:
                return
            with self._writing() as client:
                client.set_terminated(self._runs[arm], due[arm])
            self._told[arm] = due[arm]

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        if self._store is None:
            self._store = self._connect()
        with patience(timeout_s=5, retries=0), self._store.writing() as client:
            yield client

    def _log(self, client: Any, arm: str, said: Sequence[_Said]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(one.metric, one.value, one.moment_ms, one.step) for one in said]
        client.log_batch(self._runs.get(arm) or self._created(client, self._arms[arm]), metrics=metrics)

    def _created(self, client: Any, arm: LiveArm) -> str:
        """The id of a new run for an arm; whatever was left running of it is ended."""
        from mlflow.entities import Param

        assert self._store is not None
        if self._experiment is None:
            self._experiment = self._store.experiment(self._publication)
        for stale in self._store.live_runs(self._experiment, arm.key):
            if stale.info.status == "RUNNING" and stale.info.run_id not in self._runs.values():
                client.set_terminated(stale.info.run_id, "KILLED")
        tags = {
            **arm.family.tags,
            **self._store.live_tags,
            "expkit.arm.key": arm.key,
            "expkit.complete": "false",
            "expkit.superseded": "false",
        }
        run_id: str = client.create_run(self._experiment, tags=tags, run_name=arm.name).info.run_id
        self._runs[arm.key] = run_id
        client.log_batch(run_id, params=[Param(key, value) for key, value in arm.params.items()])
        return run_id


def _is_key(metric: str) -> bool:
    """Whether MLflow takes it as a part of a metric's name: it reads names as paths."""
    return _KEY.fullmatch(metric) is not None and posixpath.normpath(metric) == metric
