from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.dossier import Dossier
from expkit.errors import PublishingPending
from expkit.project.read import read_project
from expkit.publish import Publishing, publish_question, question_publishing

if TYPE_CHECKING:
    from tests.conftest import Desk

RUNS = ("drunkard", "accountant", "gambler", "outcome")


@pytest.fixture(autouse=True)
def _store(shared_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared_store)


def told(desk: Desk) -> Publishing:
    """What the receipts tell."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    assert dossier.evidence is not None
    return question_publishing(dossier, dossier.evidence)


def publish(desk: Desk) -> Publishing:
    """Bring to the store what it lacks."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    assert dossier.evidence is not None
    return publish_question(dossier, dossier.evidence)


def test_receipts_tell_what_is_published_without_asking_the_store(answered: Desk) -> None:
    """Arms in order, then the outcome."""
    found = told(answered)
    assert tuple(found.receipts) == RUNS
    assert found.missing == ()
    assert publish(answered).new == 0


def test_lost_receipts_make_no_second_run(answered: Desk) -> None:
    """The store is searched by key before anything is created."""
    before = told(answered).receipts
    for receipt in (answered.root / ".expkit" / "receipts").rglob("*"):
        if receipt.is_file():
            receipt.unlink()
    assert told(answered).missing == RUNS
    again = publish(answered)
    assert again.new == 0
    assert {name: one.run_id for name, one in again.receipts.items()} == {
        name: one.run_id for name, one in before.items()
    }


def test_words_of_the_team_are_published_as_a_new_outcome_and_no_new_arm(answered: Desk) -> None:
    """The outcome run holds the document as it is now."""
    answered.outcome.write_text(answered.outcome.read_text() + "\nWe found what we looked for.\n")
    assert told(answered).missing == ("outcome",)
    assert publish(answered).new == 1
    assert told(answered).missing == ()


def test_a_store_that_is_gone_is_filled_again(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts of a local store count only as long as its file is there. Each publishing is a process of its own."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    own = replace(answered, store=None)
    assert "4 new" in own.expkit("sync").out
    for file in answered.root.glob("mlflow.db*"):
        file.unlink()
    assert told(answered).missing == RUNS
    assert "4 new" in own.expkit("sync").out
    assert told(answered).missing == ()
    with closing(sqlite3.connect(answered.root / "mlflow.db")) as store:
        assert store.execute("select count(*) from runs").fetchone() == (4,)


def test_a_store_that_fails_is_told_and_not_raised(
    answered: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Everything is trained and judged by then; only publishing is pending."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'store'}")  # a folder is no database
    found = publish(answered)
    assert isinstance(found.fault, PublishingPending)
    assert found.missing == RUNS
    assert found.receipts == {}


def test_another_configuration_with_equal_results_gets_a_run_of_its_own(desk: Desk) -> None:
    """A run's parameters cannot be changed, so one that was published for other ones is not taken for this one.

    With a constant epsilon the schedule's length changes nothing, and common streams bring the same luck.
    """
    desk.edit(desk.experiment, "{kind: gambler}", "{kind: gambler, epsilon: {start: 0.1, end: 0.1, fraction: 0.5}}")
    desk.edit(desk.experiment, "count: 6", "count: 6, streams: common")
    assert desk.expkit("run", "rq01").code == 0
    first = desk.json("compare", "rq01")
    desk.edit(desk.experiment, "fraction: 0.5", "fraction: 0.9")
    assert desk.expkit("run", "rq01").code == 0
    second = desk.json("compare", "rq01")
    assert first["arms"][2]["summaries"] == second["arms"][2]["summaries"]
    assert first["mlflow"]["runs"]["gambler"] != second["mlflow"]["runs"]["gambler"]
    assert first["mlflow"]["runs"]["drunkard"] == second["mlflow"]["runs"]["drunkard"]
