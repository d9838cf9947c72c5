from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expkit.dossier import Dossier
from expkit.errors import ServiceAbsent, TrialFailed
from expkit.execution import local
from expkit.execution.events import Point, Progress
from expkit.ledger.lock import Holder
from expkit.plan import PlannedArm
from expkit.project.read import read_project
from expkit.reproduce import Reproduction, Terms, reproduce
from expkit.reproduction.recorded import Account, account_of_question

if TYPE_CHECKING:
    from tests.conftest import Desk


class Diary:
    """An observer that writes down what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps = 0

    def placed(self, where: str) -> None:
        self.lines.append("placed")

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
    """Whoever watches."""
    return Diary()


def account(desk: Desk) -> Account:
    """What is recorded of the question."""
    project = read_project(desk.root)
    return account_of_question(Dossier(project, project.questions["rq01"]))


def reproduced(desk: Desk, diary: Diary, what: Account) -> Reproduction:
    """Execute it again as the command does."""
    return reproduce(desk.root, what, Terms(observer=diary, workers=1))


def test_a_reproduction_goes_its_way_in_order(answered: Desk, diary: Diary) -> None:
    """Check out, execute, compare; every step of every trial is told."""
    found = reproduced(answered, diary, account(answered))
    commit = answered.git("rev-parse", "HEAD^")
    assert diary.lines == [f"checking out {commit[:12]}", "placed", "starting 18", "trained"]
    assert diary.steps == 18 * 400
    assert found.matches
    assert [row.experiment for row in found.rows] == ["strategies"] * 3


def test_everything_is_found_before_anything_is_executed(answered: Desk, diary: Diary) -> None:
    """A commit that is missing for the last arm is told at once, not after an hour of the others."""
    known = account(answered)
    last = known.recordings[-1]
    lost = replace(last, origin=replace(last.origin, commit="0" * 40))
    with pytest.raises(ServiceAbsent, match="commit 000000000000 is not in this repository"):
        reproduced(answered, diary, replace(known, recordings=(*known.recordings[:-1], lost)))
    assert "placed" not in diary.lines


def test_what_two_recordings_share_is_executed_once(answered: Desk, diary: Diary) -> None:
    """A trial is a function of arm key, root, streams and seed; both are compared with it."""
    known = account(answered)
    found = reproduced(answered, diary, replace(known, recordings=(*known.recordings, known.recordings[0])))
    assert "starting 18" in diary.lines
    assert len(found.rows) == 4
    assert found.matches


def test_a_batch_that_fails_as_a_whole_is_no_mismatch(
    answered: Desk, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not executed was not compared; the exit code is that of a failed trial."""

    def perform(*_: object, **__: object) -> None:
        raise MemoryError("no room for the tables")

    monkeypatch.setattr(local, "perform", perform)
    with pytest.raises(TrialFailed) as failure:
        reproduced(answered, diary, account(answered))
    assert failure.value.exit_code == 3
    assert "3 of 3 batches failed as they were executed again" in str(failure.value)
    assert "no room for the tables" in str(failure.value)
    assert diary.lines[-1] == "trained"
