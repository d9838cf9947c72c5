from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from expkit.dossier import Dossier
from expkit.errors import ExecutorFailed
from expkit.execution.conversation import no_worker
from expkit.execution.events import Ended, Event
from expkit.execution.local import LocalExecutor
from expkit.project.read import read_project
from expkit.records.attempt import TRIALS_FILE
from expkit.records.evidence import ArmEvidence
from expkit.records.work import Work
from expkit.reproduce import Terms, reproduce
from expkit.reproduction.place import Surroundings
from expkit.reproduction.recorded import account_of_question
from tests.test_reproduce import Diary

if TYPE_CHECKING:
    from tests.conftest import Desk


class Echo(LocalExecutor):
    """A worker that computes something else, and claims the digests of what was recorded."""

    def execute(
        self, batches: Sequence[Work], stage: Callable[[Work], Path], stopping: Callable[[], bool]
    ) -> Iterator[Event]:
        for event in super().execute(batches, stage, stopping):
            if isinstance(event, Ended) and event.work.arm.name == "gambler":
                trials = event.folder / TRIALS_FILE
                with np.load(trials) as file:
                    arrays = {name: file[name].copy() for name in file.files}
                arrays["q"][2, 3, 0] += 1
                np.savez(trials, **arrays)
            yield event


class Mute(LocalExecutor):
    """An image in which nobody answers."""

    def execute(self, *_: object, **__: object) -> Iterator[Event]:
        raise no_worker("x:1", "it said nothing")
        yield


def test_digests_are_of_what_came_back_whatever_is_claimed(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that repeats the recorded digests beside other arrays does not match."""
    monkeypatch.setattr(Surroundings, "executor", lambda *_: Echo(1))
    project = read_project(answered.root)
    account = account_of_question(Dossier(project, project.questions["rq01"]))
    found = reproduce(answered.root, account, Terms(observer=Diary(), workers=1))
    assert [row.matches for row in found.rows] == [True, True, False]
    compared = found.rows[2].compared
    assert compared is not None
    assert compared.differing == (2,)
    assert str(compared.first).startswith("seed 2, state 3, FORWARD: ")
    evidence = replace(account.recordings[2], results=None, attempts=(), evidence=_evidence_of_gambler(answered))
    found = reproduce(answered.root, replace(account, recordings=(evidence,)), Terms(observer=Diary(), workers=1))
    assert not found.matches


def test_an_executor_that_fails_names_the_option_of_this_command(
    answered: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` has `--executor local` for it, which `reproduce` does not know."""
    monkeypatch.setattr(Surroundings, "executor", lambda *_: Mute(1))
    project = read_project(answered.root)
    account = account_of_question(Dossier(project, project.questions["rq01"]))
    with pytest.raises(ExecutorFailed) as failure:
        reproduce(answered.root, account, Terms(observer=Diary(), workers=1))
    assert "or run without: --on host" in str(failure.value)
    assert "--executor" not in str(failure.value)


def _evidence_of_gambler(desk: Desk) -> ArmEvidence:
    project = read_project(desk.root)
    evidence = Dossier(project, project.questions["rq01"]).evidence
    assert evidence is not None
    (arm,) = (arm for arm in evidence.arms if arm.name == "gambler")
    return arm
