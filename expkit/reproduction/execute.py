"""Executing again: works in a place, results in a temporary folder, nothing in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from expkit.completion import Observer
from expkit.errors import ExecutorFailed, ExpkitError, Interrupted, ServiceAbsent, TrialFailed
from expkit.execution.events import Ended, Executor, Progress
from expkit.execution.interrupt import stop_on_signal
from expkit.plan import PlannedArm
from expkit.records.attempt import TRIALS_FILE, Result
from expkit.records.provenance import Inside
from expkit.records.work import Work
from expkit.reproduction.declared import Declared
from expkit.specs.experiment import ProgramArm, Streams
from expkit.training.train import trial_digests

TrialId = tuple[str, int, Streams, int]
"""What one trial is a function of: (arm key, root, streams, seed)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Executed:
    """One trial as it came out now: a row of a batch."""

    digest: str
    """Of the arrays and metrics that came back; what the worker says it is counts for nothing."""
    result: Result
    folder: Path
    row: int
    inside: Inside | None
    """What it ran in; None where that is this process."""

    @property
    def failed(self) -> bool:
        """Whether it came out without a usable result."""
        return all(column[self.row] is None for column in self.result.metrics.values())

    def metric(self, name: str) -> float | None:
        """One metric; None where the trial failed or does not have it."""
        column = self.result.metrics.get(name)
        return None if column is None else column[self.row]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Q-table and visits [states, actions], curve [windows], by name."""
        with np.load(self.folder / TRIALS_FILE, allow_pickle=False) as file:
            return {name: file[name][self.row] for name in ("q", "visits", "curve")}


def execute(
    executor: Executor, wanted: Sequence[tuple[Declared, tuple[int, ...]]], folder: Path, observer: Observer
) -> dict[TrialId, Executed]:
    """Some seeds of some arms, executed in one place; what two recordings share is executed once.

    `folder` is empty; arrays are kept in it.

    Raises:
        Interrupted: a signal came.
        TrialFailed: a batch failed as a whole.
        ServiceAbsent: what runs there cannot do this work, as it is of another engine version.
    """
    taken: set[TrialId] = set()
    arms, batches = list[PlannedArm](), list[Work]()
    for declared, seeds in wanted:
        place = declared.arm.key, declared.arm.root, declared.arm.streams
        new = tuple(seed for seed in seeds if (*place, seed) not in taken)
        taken |= {(*place, seed) for seed in new}
        arms.append(replace(declared.arm, missing=new))
        batches += declared.work(new)
    ended = _run(executor, batches, folder, arms, observer)
    executed: dict[TrialId, Executed] = {}
    for one in ended:
        if one.result:
            work = one.work
            for row, (seed, digest) in enumerate(zip(work.seeds, _digests(work, one.result, one.folder), strict=True)):
                executed[work.arm_key, work.root, work.streams, seed] = Executed(
                    digest=digest, result=one.result, folder=one.folder, row=row, inside=one.inside
                )
    _refuse_failure([one.error for one in ended if one.error], len(batches), executor.where)
    if absent := taken - executed.keys():
        raise TrialFailed(
            f"{len(absent):,} of {len(taken):,} trials were not executed",
            where=executor.where,
            mend="type the same command again; if it stays so, look at the machine: expkit doctor",
        )
    return executed


def _digests(work: Work, result: Result, folder: Path) -> tuple[str, ...]:
    """The digest of each trial. Of a program's, the runner itself has computed them from what the program printed."""
    if isinstance(work.arm, ProgramArm):
        return result.trial_digests
    metrics = {
        name: np.array([np.nan if value is None else value for value in column], dtype=np.float64)
        for name, column in result.metrics.items()
    }
    with np.load(folder / TRIALS_FILE, allow_pickle=False) as file:
        return trial_digests(file["q"], file["visits"], file["curve"], metrics)


def _run(
    executor: Executor, batches: Sequence[Work], folder: Path, arms: Sequence[PlannedArm], observer: Observer
) -> list[Ended]:
    staged = count()

    def stage(_: Work) -> Path:
        place = folder / str(next(staged))
        place.mkdir()
        return place

    ended = []
    observer.starting(arms)
    try:
        with stop_on_signal() as stopping:
            for event in executor.execute(batches, stage, stopping):
                match event:
                    case Progress():
                        observer.progress(event)
                    case Ended():
                        ended.append(event)
            stopped = stopping()
    except ExpkitError as error:
        error.mend = error.mend and error.mend.replace("--executor local", "--on host")  # the option of `run`
        raise
    finally:
        observer.trained()
    if stopped:
        raise Interrupted(
            "interrupted; nothing was compared and nothing is left behind", mend="type the same command again"
        )
    return ended


def _refuse_failure(errors: Sequence[str], batches: int, where: str) -> None:
    if not errors:
        return
    why = "\n  ".join(dict.fromkeys(errors))
    if all(error.startswith(f"{ExecutorFailed.__name__}:") for error in errors):
        raise ServiceAbsent(
            f"what runs there cannot do the recorded work ({where})",
            why=why,
            mend="name the image it was recorded in (--image), or test the hypotheses on new seeds: expkit replicate",
        )
    raise TrialFailed(
        f"{len(errors)} of {batches} batches failed as they were executed again",
        where=where,
        why=why,
        mend="nothing was compared; mend what failed, then type the same command again",
    )
