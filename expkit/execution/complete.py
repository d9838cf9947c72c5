"""Completing a plan: lock its arms, hand the missing seeds to an executor, keep every batch that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from expkit.execution.events import Ended, Executor, Point, Progress
from expkit.execution.interrupt import stop_on_signal
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder
from expkit.plan import PlannedArm
from expkit.records.attempt import PATCH_FILE, Attempt
from expkit.records.provenance import Provenance
from expkit.records.registration import Standing
from expkit.records.work import Work


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is true while a plan is completed, and goes into the record of every attempt."""

    provenance: Provenance
    patch: bytes | None
    """What the tree differed by from its commit, when it was dirty."""
    standing: Callable[[Work], tuple[Standing, ...]]
    """Every hypothesis of the project that speaks of an arm, as it stands."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What came of completing a plan."""

    attempts: tuple[Attempt, ...]
    stopped: bool
    """Whether a signal ended it before its time."""

    @property
    def errors(self) -> tuple[str, ...]:
        """Why batches failed as a whole, one line each."""
        return tuple(f"{attempt.work.arm.name}: {attempt.error}" for attempt in self.attempts if attempt.error)


def complete(
    planned: Iterable[PlannedArm],
    ledger: Ledger,
    executor: Executor,
    circumstances: Callable[[], Circumstances],
    *,
    on_start: Callable[[Sequence[PlannedArm]], None],
    on_progress: Callable[[Progress], None],
    on_point: Callable[[Point], None],
    on_kept: Callable[[Attempt], None] = lambda attempt: None,
    on_wait: Callable[[Holder], None],
    retry_failed: bool = False,
) -> Tally:
    """What came of running every missing seed of a plan, each batch kept in the ledger as soon as it ended.

    The arms' locks are taken in the order of their keys, so that two runners never wait for each other; what another
    runner has recorded meanwhile is not run again. `circumstances` is asked once, and only when there is something to
    run; `on_start` is told the arms with what is still missing of each, `on_wait` who holds a lock. With `retry_failed`
    a recorded trial that failed may be missing, too.
    """
    incomplete = [arm for arm in planned if arm.missing]
    with ExitStack() as locks:
        for key in sorted({arm.key for arm in incomplete}):
            locks.enter_context(ledger.lock(key, on_wait=on_wait))
        missing = _still_missing(incomplete, ledger, retry_failed)
        if not missing:
            return Tally(attempts=(), stopped=False)
        on_start(missing)
        attempts = []
        # asked while the first batch runs, since most of it is waiting for git
        with ThreadPoolExecutor(1) as aside, stop_on_signal() as stopping:
            now = aside.submit(circumstances)
            batches = [batch for arm in missing for batch in arm.batches()]
            for event in executor.execute(batches, lambda work: ledger.stage(work.arm_key), stopping):
                match event:
                    case Progress():
                        on_progress(event)
                    case Point():
                        on_point(event)
                    case Ended():
                        attempts.append(ledger.keep(_attempt(event, now.result()), event.folder))
                        on_kept(attempts[-1])
            return Tally(attempts=tuple(attempts), stopped=stopping())


def _still_missing(planned: Iterable[PlannedArm], ledger: Ledger, retry_failed: bool) -> list[PlannedArm]:
    """The arms that lack seeds now that they are held. Two names of one configuration share their trials."""
    taken: set[tuple[str, int, str, int]] = set()
    missing = []
    for arm in planned:
        place = arm.key, arm.root, arm.streams
        done = ledger.recorded(*place) - (ledger.failed(*place) if retry_failed else frozenset())
        seeds = tuple(seed for seed in arm.missing if seed not in done and (*place, seed) not in taken)
        taken |= {(*place, seed) for seed in seeds}
        if seeds:
            missing.append(replace(arm, missing=seeds))
    return missing


def _attempt(ended: Ended, now: Circumstances) -> Attempt:
    if now.patch is not None:
        Path(ended.folder, PATCH_FILE).write_bytes(now.patch)
    return Attempt(
        id=ended.folder.name,
        work=ended.work,
        status="finished" if ended.result else "failed",
        result=ended.result,
        error=ended.error,
        started=ended.started,
        ended=ended.ended,
        provenance=_provenance(now.provenance, ended),
        standing=now.standing(ended.work),
    )


def _provenance(runner: Provenance, ended: Ended) -> Provenance:
    """Where an attempt came from: the runner tells the commit and the image, whoever did the work what it ran in."""
    inside = ended.inside
    if inside is None:
        return runner
    return runner.model_copy(update={"machine": inside.machine, "packages": inside.packages, "expkit": inside.expkit})
