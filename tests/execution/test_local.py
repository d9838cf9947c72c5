from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from expkit.cores import usable_cores
from expkit.execution.events import Ended, Progress, Stage
from expkit.execution.local import LocalExecutor
from expkit.plan import PlannedArm
from expkit.records.work import Work


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A folder for each batch."""

    def make(work: Work) -> Path:
        folder = tmp_path / f"{work.arm.name}-{work.seeds[0]}"
        folder.mkdir()
        return folder

    return make


def batches_of(planned: Sequence[PlannedArm], *, size: int = 6) -> list[Work]:
    """The missing seeds of every arm, so many a batch."""
    return [
        work.model_copy(update={"seeds": work.seeds[first : first + size]})
        for arm in planned
        for work in arm.batches()
        for first in range(0, len(work.seeds), size)
    ]


def digests(executor: LocalExecutor, batches: Sequence[Work], stage: Stage) -> dict[tuple[str, int], str]:
    """The digest of every trial by arm and seed."""
    ended = [event for event in executor.execute(batches, stage, lambda: False) if isinstance(event, Ended)]
    return {
        (event.work.arm.name, seed): digest
        for event in ended
        if event.result
        for seed, digest in zip(event.work.seeds, event.result.trial_digests, strict=True)
    }


def test_progress_adds_up_to_the_trials_and_the_steps(planned: Sequence[PlannedArm], stage: Stage) -> None:
    """Trials side by side are reported together, and still counted one by one."""
    events = list(LocalExecutor(2).execute(batches_of(planned), stage, lambda: False))
    progress = [event for event in events if isinstance(event, Progress)]
    assert sum(event.trials for event in progress) == pytest.approx(18)
    assert sum(event.steps for event in progress) == 18 * 400
    assert {event.arm for event in progress} == {"drunkard", "accountant", "gambler"}


def test_a_batch_ends_after_its_progress_and_has_its_times(planned: Sequence[PlannedArm], stage: Stage) -> None:
    """Events of one batch come in order."""
    *progress, ended = LocalExecutor(1).execute(batches_of(planned)[:1], stage, lambda: False)
    assert progress
    assert isinstance(ended, Ended)
    assert ended.error is None
    assert ended.started <= ended.ended


def test_results_depend_neither_on_workers_nor_on_batches(
    planned: Sequence[PlannedArm], stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any split over any number of threads finds the same digests."""

    def other(work: Work) -> Path:
        return tmp_path_factory.mktemp("batch")

    alone = digests(LocalExecutor(1), batches_of(planned), stage)
    assert len(alone) == 18
    assert digests(LocalExecutor(4), batches_of(planned, size=1), other) == alone


def test_a_batch_that_raises_is_told_and_takes_no_other_with_it(planned: Sequence[PlannedArm], stage: Stage) -> None:
    """The error is an event with the batch it belongs to."""
    first, second, third = batches_of(planned)
    strange = second.model_copy(update={"environment_digest": "0" * 64})
    events = LocalExecutor(2).execute([first, strange, third], stage, lambda: False)
    ended = {event.work.arm.name: event for event in events if isinstance(event, Ended)}
    assert [name for name, event in ended.items() if event.result] != []
    assert {name for name, event in ended.items() if event.result} == {"drunkard", "gambler"}
    failed = ended["accountant"]
    assert failed.error is not None
    assert failed.error.startswith("ExecutorFailed: ")
    assert "compiles" in failed.error


def test_after_a_stop_what_had_finished_is_yielded_and_the_rest_is_not_begun(
    long_plan: Sequence[PlannedArm], stage: Stage, tmp_path: Path
) -> None:
    """One worker, three batches, a stop after the first: the second has just begun and is called off."""
    ended: list[Ended] = []
    for event in LocalExecutor(1).execute(batches_of(long_plan), stage, lambda: bool(ended)):
        if isinstance(event, Ended):
            ended.append(event)
    assert [event.work.arm.name for event in ended] == ["drunkard"]
    assert not (tmp_path / "gambler-0").exists()


def test_a_folder_that_cannot_be_made_is_the_executors_own_failure(planned: Sequence[PlannedArm]) -> None:
    """A full disk is no batch's fault: it raises, after the other batches ended."""

    def full(work: Work) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        list(LocalExecutor(2).execute(batches_of(planned), full, lambda: False))


def test_a_caller_who_walks_away_leaves_no_thread_computing(
    long_plan: Sequence[PlannedArm], stage: Stage, tmp_path: Path
) -> None:
    """Closing the generator calls off what runs, and nothing more is begun."""
    events = LocalExecutor(1).execute(batches_of(long_plan), stage, lambda: False)
    assert isinstance(next(events), Progress)
    events.close()
    (begun,) = tmp_path.iterdir()
    assert begun.name == "drunkard-0"
    assert list(begun.iterdir()) == []


def test_it_says_where_it_works() -> None:
    """In words, for the person who waits."""
    assert LocalExecutor(1).where == "here, on 1 core"
    assert LocalExecutor(3).where == "here, on 3 cores"
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert LocalExecutor().workers == usable_cores()
