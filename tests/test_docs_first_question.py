"""The page for newcomers, from an empty folder: every command of it, and what it says comes of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Desk

if TYPE_CHECKING:
    from tests.conftest import Said

DOCUMENT = (Path(__file__).parents[1] / "docs" / "first-question.md").read_text(encoding="utf-8")
START, OWN, FOUND, CHANGE = re.findall(r"^```console\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, shared_store: str) -> Desk:
    """An empty folder."""
    return Desk(tmp_path_factory.mktemp("newcomer"), shared_store)


def type_in(lab: Desk, block: str) -> list[Said]:
    """What expkit says to the commands of a block."""
    said = []
    for line in block.splitlines():
        program, *arguments = shlex.split(line.removeprefix("$ "))
        if program == "git":
            lab.git(*arguments)
        else:
            said.append(lab.expkit(*arguments))
    return said


def standings(lab: Desk, question: str) -> list[tuple[str, str]]:
    """Verdict and standing of a question's hypotheses."""
    evidence = json.loads((lab.root / "research_questions" / question / "evidence.json").read_text())
    return [(one["verdict"], one["standing"]) for one in evidence["hypotheses"]]


def test_a_newcomer_comes_from_an_empty_folder_to_tested_hypotheses(lab: Desk) -> None:
    """Start, a question of one's own, a change: in the order of the page, each with what the page tells of it."""
    said = type_in(lab, START)
    assert [one.code for one in said] == [0, 0, 0, 0], said
    assert standings(lab, "rq01") == [("supported", "confirmatory"), ("refuted", "confirmatory")]
    assert "running 150 trials" in said[2].err
    assert "warning" not in said[2].err

    said = type_in(lab, OWN)
    assert [one.code for one in said] == [0, 0, 0, 0, 0], said
    assert [one.err for one in said[:4]] == ["", "", "", ""]
    assert standings(lab, "rq02") == [("supported", "confirmatory"), ("supported", "confirmatory")]
    type_in(lab, FOUND)

    old, new = re.findall(r"^[-+](    agent: .*)$", DOCUMENT, re.MULTILINE)
    lab.edit(lab.root / "experiments/learners.yaml", old, new)
    checked, run = type_in(lab, CHANGE)
    assert (checked.code, run.code) == (1, 0), (checked, run)
    assert "running 50 trials of 1 arm" in run.err
    assert [standing for _, standing in standings(lab, "rq02")] == ["exploratory", "exploratory"]


def test_the_warning_on_the_page_is_what_a_run_says_first(lab: Desk, tmp_path: Path) -> None:
    """Before anything is trained, with what to type instead; and it comes true."""
    early = Desk(tmp_path, lab.store)
    assert early.expkit("init").code == 0
    said = early.expkit("run", "rq01")
    assert said.code == 0, said
    [warning] = re.findall(r"^```text\n(.*?)\n```", DOCUMENT, re.MULTILINE | re.DOTALL)
    first, *_, second = said.err.partition("running 150 trials")
    assert first.startswith(warning)
    assert "git add -A && git commit -m 'Ask rq01'" in first
    assert [standing for _, standing in standings(early, "rq01")] == ["exploratory", "exploratory"]
    assert second
