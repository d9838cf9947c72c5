"""The page about results that exist already: its example runs to what it says, and its refusal is what check says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

DOCUMENT = (Path(__file__).parents[1] / "docs" / "existing-results.md").read_text(encoding="utf-8")
TEXTS = re.findall(r"^```text\n(.*?)\n```", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def team(desk: Desk) -> Desk:
    """A project, and the page's table in its folder."""
    [table] = re.findall(r"^```csv\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    (desk.root / "runs.csv").write_text(table)
    return desk


def test_the_example_runs_to_the_outcome_that_the_page_tells(team: Desk) -> None:
    """Every command of the page, in order; then its refusal."""
    [block] = re.findall(r"^```console\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    said = {}
    for line in block.splitlines():
        program, *arguments = shlex.split(line.removeprefix("$ "))
        if program == "git":
            team.git(*arguments)
        else:
            said[arguments[0]] = team.expkit(*arguments)
    assert {name: one.code for name, one in said.items()} == dict.fromkeys(said, 0), said
    assert (team.root / "results/tuning.csv").read_bytes() == (team.root / "runs.csv").read_bytes()
    evidence = json.loads((team.root / "research_questions/tuning/evidence.json").read_text())
    [hypothesis] = evidence["hypotheses"]
    assert (hypothesis["verdict"], hypothesis["standing"], hypothesis["grade"]) == ("supported", "exploratory", None)
    assert round(hypothesis["test"]["estimate"]) == 39
    assert (hypothesis["test"]["n_treatment"], hypothesis["test"]["n_control"]) == (7, 8)
    assert "exploratory, unwitnessed" in said["status"].out
    assert TEXTS[0] in (team.root / "research_questions/tuning/outcome.md").read_text().splitlines()

    table = team.root / "results/tuning.csv"
    table.write_text(table.read_text().replace("205.7", "2o5.7"))
    refused = team.expkit("check")
    assert refused.code == 2
    assert TEXTS[1] in refused.err.splitlines()


def test_the_declaration_on_the_page_is_one_that_is_read(team: Desk) -> None:
    """What is shown as written stands in for what was written."""
    assert team.expkit("ingest", "runs.csv", "--question", "tuning", "--experiment", "tuning").code == 0
    [shown] = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    (team.root / "experiments/tuning.yaml").write_text(f"id: tuning\ntitle: Tuning\n{shown}")
    assert team.expkit("check").code == 0
