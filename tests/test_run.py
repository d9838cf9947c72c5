from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from expkit.errors import Interrupted, NotWritable, TrialFailed
from expkit.execution import local
from expkit.execution.events import Point, Progress
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder
from expkit.plan import PlannedArm
from expkit.project.read import read_project
from expkit.run import Answer, How, run_experiment, run_question

if TYPE_CHECKING:
    from tests.conftest import Desk


HERE = "running here, on 1 core"


class Diary:
    """An observer that writes down what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps = 0

    def placed(self, where: str) -> None:
        self.lines.append(f"running {where}")

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        self.lines.append(f"starting {sum(len(arm.missing) for arm in missing)}")

    def progress(self, event: Progress) -> None:
        self.steps += event.steps

    def point(self, event: Point) -> None:
        pass

    def trained(self) -> None:
        self.lines.append("trained")

    def waiting(self, holder: Holder) -> None:
        self.lines.append("waiting")

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        self.lines.append(text)
        yield

    def aside(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def diary() -> Diary:
    """Whoever watches the run."""
    return Diary()


@pytest.fixture(autouse=True)
def _store(shared_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared_store)


def answer(desk: Desk, diary: Diary) -> Answer:
    """Run the question as the command does."""
    project = read_project(desk.root)
    how = How(command=("expkit", "run", "rq01"), observer=diary, workers=1)
    return run_question(project, project.questions["rq01"], how)


def test_a_run_goes_through_the_house_in_order(desk: Desk, diary: Diary) -> None:
    """Train, judge, publish; every step of every trial is told."""
    found = answer(desk, diary)
    assert diary.lines == [HERE, "starting 18", "trained", "judging hypotheses", "publishing to MLflow"]
    assert diary.steps == 18 * 400
    assert found.conclusion is not None
    assert not found.conclusion.confirmed
    assert [one.standing for one in found.conclusion.evidence.hypotheses] == ["confirmatory", "confirmatory"]
    assert found.publishing.missing == ()


def test_an_idle_run_trains_nothing_and_confirms(answered: Desk, diary: Diary) -> None:
    """The same evidence is found from records alone."""
    found = answer(answered, diary)
    assert diary.lines == ["judging hypotheses", "publishing to MLflow"]
    assert found.tally.attempts == ()
    assert found.conclusion is not None
    assert found.conclusion.confirmed
    assert found.conclusion.changed == ()
    assert found.publishing.new == 0


def test_an_experiment_is_recorded_with_the_hypotheses_that_speak_of_it(desk: Desk, diary: Diary) -> None:
    """Run for no question, its data are first recorded all the same: what stood is in the records."""
    project = read_project(desk.root)
    how = How(command=("expkit", "run", "strategies"), observer=diary, workers=1)
    found = run_experiment(project, project.experiments["strategies"], how)
    assert found.conclusion is None
    stood = {attempt.work.arm.name: [one.hypothesis for one in attempt.standing] for attempt in found.tally.attempts}
    assert stood == {"drunkard": ["h1"], "accountant": ["h1", "h2"], "gambler": ["h2"]}


def test_a_batch_that_fails_as_a_whole_leaves_the_outcome_as_it_was(
    desk: Desk, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are kept, the message says what to type, and the same command then runs only what failed."""
    performed = local.perform

    def perform(work, folder, **told):  # type: ignore[no-untyped-def]
        if work.arm.name == "gambler":
            raise MemoryError("no room for the tables")
        return performed(work, folder, **told)

    with monkeypatch.context() as patched:
        patched.setattr(local, "perform", perform)
        with pytest.raises(TrialFailed) as failure:
            answer(desk, diary)
    assert failure.value.exit_code == 3
    assert str(failure.value).splitlines() == [
        "1 of 3 batches failed; 12 finished trials are kept",
        "  gambler: MemoryError: no room for the tables",
        "  the outcome stays as it was; run what is missing again with: expkit run rq01",
    ]
    assert not desk.outcome.exists()
    again = Diary()
    assert answer(desk, again).conclusion is not None
    assert again.lines[:2] == [HERE, "starting 6"]


def test_an_interrupted_run_says_how_to_resume(desk: Desk, diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    """The observer hears that no trial runs any more, so that a terminal is itself again."""

    def stop(_: Progress) -> None:
        if diary.lines[-1] != "stopping":
            diary.lines.append("stopping")
            os.kill(os.getpid(), signal.SIGINT)

    desk.edit(desk.experiment, "steps: 400", "steps: 4000000")
    monkeypatch.setattr(diary, "progress", stop)
    with pytest.raises(Interrupted) as stopped:
        answer(desk, diary)
    assert "resume with: expkit run rq01" in str(stopped.value)
    assert diary.lines == [HERE, "starting 18", "stopping", "trained"]


def test_a_ledger_that_cannot_keep_is_told_and_the_observer_is_released(
    desk: Desk, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the training, a progress bar does not outlive it."""

    def full(*_: object) -> None:
        raise NotWritable("the disk is full")

    monkeypatch.setattr(Ledger, "keep", full)
    with pytest.raises(NotWritable):
        answer(desk, diary)
    assert diary.lines == [HERE, "starting 18", "trained"]
