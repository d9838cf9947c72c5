from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

DOCUMENT = (Path(__file__).parents[1] / "docs" / "environments.md").read_text(encoding="utf-8")


@pytest.fixture
def written(desk: Desk) -> Desk:
    """The example's files, as the page has them, committed."""
    files = re.findall(r"^`([a-z_/]+\.\w+)`:\n\n```\w+\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert [file for file, _ in files] == [
        "environments/walk.csv",
        "experiments/walk.yaml",
        "research_questions/walk/question.yaml",
    ]
    for file, text in files:
        (desk.root / file).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / file).write_text(text)
    desk.git("add", "--all")
    desk.git("commit", "--quiet", "--message", "the walk")
    return desk


def test_the_example_runs_to_the_verdict_that_the_page_tells(written: Desk) -> None:
    """Every command of the page, and the numbers under it."""
    [block] = re.findall(r"^```console\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    said = [written.expkit(*line.removeprefix("$ expkit ").split()) for line in block.splitlines()]
    assert [one.code for one in said] == [0, 0, 0], said
    assert "0.81 an episode at best, 0.257962 for a random walk; discounted by 0.9" in " ".join(said[1].out.split())
    evidence = json.loads((written.root / "research_questions/walk/evidence.json").read_text())
    assert [(one["id"], one["verdict"]) for one in evidence["hypotheses"]] == [("h1", "supported")]
    assert evidence["arms"][0]["summaries"].keys() >= {"greedy_return", "optimal_return", "greedy_gain"}


def test_recorded_trials_are_reproduced_with_the_table_of_their_commit(written: Desk) -> None:
    """Whatever the file has become since: the results of another table are other arms'."""
    assert written.expkit("run", "walk").code == 0
    written.git("add", "--all")
    written.git("commit", "--quiet", "--message", "the outcome")
    table = written.root / "environments/walk.csv"
    table.write_text(table.read_text().replace("4,1,1,,1,true", "4,1,1,,2,true"))
    assert written.expkit("check", "walk").code == 1
    reproduced = written.expkit("reproduce", "walk")
    assert reproduced.code == 0, reproduced
    assert "reproduced: 20 trials" in reproduced.out


def test_the_refusal_on_the_page_is_what_check_says(written: Desk) -> None:
    """File, row, what is wrong, what is right."""
    table = written.root / "environments/walk.csv"
    table.write_text(table.read_text().replace("2,0,1,1,0,false", "2,0,0.9,1,0,false"))
    refused = written.expkit("check")
    [expected] = re.findall(r"^```text\n(.*?)\n```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert refused.code == 2
    assert expected in refused.err.splitlines()


def test_machines_are_told_of_environments_too(written: Desk) -> None:
    """`expkit show env --json`: one entry a version."""
    shown = json.loads(written.expkit("show", "env", "--json").out)
    walk = next(one for one in shown if one["declared"]["kind"] == "table")
    assert (walk["states"], walk["actions"], walk["outcomes"]) == (5, 2, 10)
    assert walk["start"] == {"2": 1.0}
    assert walk["arms"] == ["walk/gambler"]
