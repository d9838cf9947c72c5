from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Desk

NOBODY = "http://127.0.0.1:9"


def test_a_sound_machine_is_told_so_and_nothing_is_changed(answered: Desk) -> None:
    """The store is one that the installed MLflow has made; looking leaves no file behind."""
    before = {file for file in answered.root.rglob("*") if ".git" not in file.parts}
    said = answered.expkit("doctor")
    assert said.code == 0, said
    assert "which this MLflow writes" in said.out
    assert "3 attempts in the ledger, none damaged" in said.out
    assert "1 question, 1 experiment, no mistake" in said.out
    assert "everything that a run needs is here" in said.out
    assert {file for file in answered.root.rglob("*") if ".git" not in file.parts} == before


def test_a_service_that_was_asked_for_and_is_not_there_is_exit_5(desk: Desk) -> None:
    """A mistake in a declaration is found as well, and where to read about it."""
    desk.edit(desk.question, "kind: ratio", "kind: ration")
    said = desk.expkit("doctor", "--json", MLFLOW_TRACKING_URI=NOBODY)
    assert said.code == 5
    found = {one["name"]: one for one in json.loads(said.out)["findings"]}
    assert found["mlflow"]["state"] == "missing"
    assert (found["project"]["state"], found["project"]["mend"]) == ("missing", "expkit check")
    assert all(one["mend"] for one in found.values() if one["state"] != "ok")


def test_outside_a_project_the_machine_alone_is_looked_at(desk: Desk, tmp_path: Path) -> None:
    """That is no fault; a folder that does not exist is."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    said = replace(desk, root=elsewhere).expkit("doctor")
    assert said.code == 0, said
    assert "is in no project" in said.out
    assert "ledger" not in said.out
    assert desk.expkit("-C", "nowhere", "doctor").code == 2
