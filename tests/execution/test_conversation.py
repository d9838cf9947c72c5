from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from expkit.containers.confined import Exit
from expkit.errors import ExecutorFailed, NotWritable
from expkit.execution.conversation import Conversation, _now
from expkit.execution.events import Ended, Event, Progress
from expkit.execution.protocol import BatchBegan, BatchEnded, Line, Ready, StepsTaken
from expkit.execution.worker import perform
from expkit.plan import PlannedArm
from expkit.provenance.machine import read_machine
from expkit.records.provenance import Inside
from expkit.records.work import Work

INSIDE = Inside(machine=read_machine(), packages={}, expkit="0")
OOM = Exit(code=137, why="OOM at 256 MB", complaint="", limit=True)
CRASH = Exit(code=1, why="exit code 1", complaint="Traceback\nKeyError: 'x'", limit=False)
WELL = Exit(code=0, why=None, complaint="", limit=False)
THEN = "2026-11-20T12:00:00.000Z"


@pytest.fixture
def batches(planned: Sequence[PlannedArm]) -> list[Work]:
    """One batch of each arm."""
    return [work for arm in planned for work in arm.batches()]


@pytest.fixture
def worker(batches: list[Work], tmp_path: Path) -> Conversation:
    """A worker that has not said anything yet."""
    (tmp_path / "out").mkdir()
    (tmp_path / "staged").mkdir()

    def stage(work: Work) -> Path:
        folder = tmp_path / "staged" / work.arm.name
        folder.mkdir()
        return folder

    return Conversation(batches, tmp_path / "out", stage, image="expkit:1")


def hear(worker: Conversation, *lines: Line) -> list[Event]:
    """What these lines mean."""
    return [event for line in lines for event in worker.said(line.model_dump_json())]


def do(worker: Conversation, batch: int, outputs: Path) -> BatchEnded:
    """Work on a batch as a worker does."""
    (outputs / str(batch)).mkdir()
    result = perform(worker.batches[batch], outputs / str(batch))
    return BatchEnded(batch=batch, started=THEN, ended=THEN, result=result, error=None)


def test_lines_become_events(worker: Conversation, batches: list[Work], tmp_path: Path) -> None:
    """A batch that ended has its files, its times, and what it ran in."""
    ended = do(worker, 1, tmp_path / "out")
    steps = StepsTaken(arm="accountant", steps=100, trials=0.25)
    progress, event = hear(worker, Ready(inside=INSIDE), BatchBegan(batch=1), steps, ended)
    assert progress == Progress(arm="accountant", steps=100, trials=0.25)
    assert isinstance(event, Ended)
    assert (event.work, event.result, event.error, event.inside) == (batches[1], ended.result, None, INSIDE)
    assert [path.name for path in event.folder.iterdir()] == ["trials.npz"]
    assert worker.untouched == [batches[0], batches[2]]
    assert not worker.done


def test_times_are_the_runners(worker: Conversation, tmp_path: Path) -> None:
    """When a batch began and ended is when its lines came; a worker may have any clock, or say anything."""
    before = _now()
    _, event = hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0)), *hear(worker, do(worker, 0, tmp_path / "out"))
    assert isinstance(event, Ended)
    assert THEN < before <= event.started <= event.ended <= _now()


def test_a_batchs_own_error_is_told(worker: Conversation) -> None:
    """Without what a terminal would obey; its files are not looked at."""
    failed = BatchEnded(batch=0, started=THEN, ended=THEN, result=None, error="ValueError: \x1b[2J")
    (event,) = hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0), failed)
    assert isinstance(event, Ended)
    assert (event.result, event.error) == (None, "ValueError: \N{REPLACEMENT CHARACTER}[2J")
    assert list(event.folder.iterdir()) == []


def test_a_batch_with_a_result_and_an_error_failed(worker: Conversation, tmp_path: Path) -> None:
    """A record has the one or the other."""
    both = do(worker, 0, tmp_path / "out").model_copy(update={"error": "and yet"})
    (event,) = hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0), both)
    assert isinstance(event, Ended)
    assert (event.result, event.error) == (None, "and yet")


def test_files_that_are_rejected_fail_their_batch_alone(worker: Conversation, tmp_path: Path) -> None:
    """What is wrong is named; the conversation goes on."""
    ended = do(worker, 0, tmp_path / "out")
    (tmp_path / "out" / "0" / "trials.npz").unlink()
    (tmp_path / "out" / "0" / "trials.npz").symlink_to("/etc/passwd")
    (event,) = hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0), ended)
    assert isinstance(event, Ended)
    assert event.error == "what the worker left is rejected: trials.npz is a symbolic link"
    assert event.result is None
    assert list(event.folder.iterdir()) == []
    (event,) = hear(worker, BatchBegan(batch=2), do(worker, 2, tmp_path / "out"))
    assert isinstance(event, Ended)
    assert event.error is None


@pytest.mark.parametrize(
    "text", ["", "hello", "{}", '{"event": "ready"}', "null", '{"event": "began", "batch": 0}', "[" * 100_000]
)
def test_an_image_whose_first_line_is_not_a_workers_holds_none(worker: Conversation, text: str) -> None:
    """What it said is shown, in part if it is long."""
    with pytest.raises(ExecutorFailed, match="does not hold a worker of this version of expkit") as failed:
        list(worker.said(text))
    assert failed.value.where == "expkit:1"
    assert str(failed.value.why).startswith(f"it said: {text[:200]}")
    assert len(str(failed.value)) < 600


@pytest.mark.parametrize(
    "line",
    [
        Ready(inside=INSIDE),
        BatchBegan(batch=0),
        BatchBegan(batch=3),
        BatchBegan(batch=-1),
        BatchEnded(batch=1, started=THEN, ended=THEN, result=None, error="never began"),
        StepsTaken(arm="nobody", steps=1, trials=1),
        StepsTaken(arm="gambler", steps=-1, trials=1),
    ],
)
def test_a_line_that_makes_no_sense_ends_the_conversation(worker: Conversation, line: Line) -> None:
    """Batches are begun once, and ended once, and there are no others."""
    hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0))
    with pytest.raises(ExecutorFailed, match="says what no worker says at this point"):
        hear(worker, line)


def test_a_stray_line_is_not_overlooked(worker: Conversation) -> None:
    """Some library's print() among the lines of the protocol: what else would it disturb?"""
    hear(worker, Ready(inside=INSIDE))
    with pytest.raises(ExecutorFailed, match="says what no worker says") as failed:
        list(worker.said("loading\x1b[2J..."))
    assert failed.value.why == "it said: loading\N{REPLACEMENT CHARACTER}[2J..."


def test_when_it_dies_what_it_had_begun_failed(worker: Conversation, batches: list[Work], tmp_path: Path) -> None:
    """With the reason; what it had not begun is still to be done."""
    hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0), do(worker, 0, tmp_path / "out"), BatchBegan(batch=1))
    (event,) = worker.left(OOM)
    assert isinstance(event, Ended)
    assert (event.work, event.result, event.error, event.inside) == (batches[1], None, "OOM at 256 MB", INSIDE)
    assert event.started <= event.ended
    assert worker.untouched == [batches[2]]


def test_an_end_of_its_own_is_told_with_its_last_words(worker: Conversation) -> None:
    """They are all there is to know."""
    hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0))
    (event,) = worker.left(CRASH)
    assert isinstance(event, Ended)
    assert str(event.error).startswith("exit code 1\n  Traceback\n  KeyError: 'x'")


def test_what_nobody_will_try_is_told(worker: Conversation) -> None:
    """A container that finished nothing is not followed by another; the batches behind it are not passed over."""
    hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0))
    (event,) = worker.left(OOM)
    assert isinstance(event, Ended)
    assert event.error == ("OOM at 256 MB\n  nothing had finished, so 12 more seeds were not tried (batches: 2)")


@pytest.mark.parametrize("end", [CRASH, WELL])
def test_whoever_leaves_without_a_word_is_no_worker(worker: Conversation, end: Exit) -> None:
    """Such as a Python without expkit in it, or an expkit that does not read this order."""
    with pytest.raises(ExecutorFailed, match="does not hold a worker"):
        list(worker.left(end))


def test_a_limit_met_before_the_first_batch_is_no_fault_of_the_image(worker: Conversation) -> None:
    """The settings that mend it are named."""
    with pytest.raises(ExecutorFailed, match="did not get as far as its first batch") as failed:
        list(worker.left(OOM))
    assert failed.value.why == "OOM at 256 MB"
    assert "memory_mb" in str(failed.value.mend)


def test_a_worker_that_leaves_its_work_undone_fails(worker: Conversation) -> None:
    """It cannot be that nothing is said of work that nobody did."""
    hear(worker, Ready(inside=INSIDE))
    with pytest.raises(ExecutorFailed, match="did not get as far as its first batch"):
        list(worker.left(WELL))


def test_a_full_disk_is_no_workers_fault(worker: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written here stops the run, with its reason."""
    ended = do(worker, 0, tmp_path / "out")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("expkit.containers.collect.copy", full)
    with pytest.raises(NotWritable, match="No space left"):
        hear(worker, Ready(inside=INSIDE), BatchBegan(batch=0), ended)
