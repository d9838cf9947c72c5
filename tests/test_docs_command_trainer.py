"""The page about programs does what it says: its program is imported, planned, run and judged, and stays as it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.specs.program import Command

if TYPE_CHECKING:
    from tests.conftest import Desk

PAGE = (Path(__file__).parents[1] / "docs" / "command-trainer.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([a-z_/]+\.\w+)`:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
IMPORT, PLAN, RUN = (line.split()[2:] for line in re.findall(r"^\$ expkit .*$", PAGE, re.MULTILINE))
QUESTION = "research_questions/bandit/question.yaml"


@pytest.fixture
def beginning(desk: Desk) -> Desk:
    """A project with the program and its step, as somebody else left them, whose store of MLflow is its own."""
    desk = replace(desk, store=None)
    assert [*FILES] == ["train.py", "valohai.yaml", QUESTION]
    for file in ("train.py", "valohai.yaml"):
        (desk.root / file).write_text(FILES[file])
    desk.commit()
    return desk


def test_the_step_becomes_the_experiment_on_the_page(beginning: Desk) -> None:
    """In order at once, with a sweep of two; every part of the file that the page shows is in it."""
    said = beginning.expkit(*IMPORT)
    assert said.code == 0, said
    text = (beginning.root / "experiments/bandit.yaml").read_text()
    [_, shown, _] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown in text
    assert beginning.expkit("check").code in (0, 1)  # the desk's own question is not run yet
    arms = beginning.json(*PLAN)
    assert [len(arm["missing"]) for arm in arms] == [10] * 2
    assert len({arm["arm_key"] for arm in arms}) == 2
    assert beginning.git("status", "--porcelain") == "?? experiments/bandit.yaml"


def test_the_example_is_run_and_judged(beginning: Desk) -> None:
    """The program is not changed, and its results reach a verdict."""
    assert beginning.expkit(*IMPORT).code == 0
    (beginning.root / QUESTION).parent.mkdir()
    (beginning.root / QUESTION).write_text(FILES[QUESTION])
    beginning.commit()
    said = beginning.expkit(*RUN)
    assert said.code == 0, said
    evidence = json.loads((beginning.root / QUESTION).with_name("evidence.json").read_text())
    assert [(one["id"], one["verdict"]) for one in evidence["hypotheses"]] == [("h1", "supported")]
    # MLflow's files and the outcome are no part of the program, which is the same as before
    assert [*(beginning.root / "mlruns").rglob("*")]
    records = beginning.records()
    assert beginning.expkit(*RUN).code == 0
    assert beginning.records() == records
    beginning.commit()
    status = beginning.expkit("status", "bandit")
    assert status.code == 0, status
    beginning.edit(beginning.root / "train.py", "0.2, 1.0", "0.3, 1.0")
    told = beginning.expkit("status", "bandit").out
    assert re.search(r"have a program that changed \(version \w{12} -> \w{12}\)", " ".join(told.split())), told


def test_the_refusal_on_the_page_is_what_check_says(beginning: Desk) -> None:
    """At the place of the word."""
    assert beginning.expkit(*IMPORT).code == 0
    beginning.edit(beginning.root / "experiments/bandit.yaml", "--seed={seed}", "--seed={seed}{sed}")
    refused = beginning.expkit("check")
    [expected] = re.findall(r"^```text\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    assert refused.code == 2
    assert re.search(re.escape(expected).replace("LINE", r"\d+").replace("COLUMN", r"\d+"), refused.err)


def test_import_overwrites_nothing_unasked(beginning: Desk) -> None:
    """A file that was decided upon is a person's; what cannot be meant writes nothing."""
    assert beginning.expkit("import").code == 2
    assert beginning.expkit(*IMPORT).code == 0
    again = beginning.expkit(*IMPORT)
    assert again.code == 2
    assert "experiments/bandit.yaml: the file exists" in again.err
    assert beginning.expkit(*IMPORT, "--force").code == 0
    odd = beginning.expkit("import", "--experiment", "odd", "--metric", "two words")
    assert odd.code == 2
    assert "nothing is written" in odd.err
    assert not (beginning.root / "experiments/odd.yaml").exists()


def test_a_program_is_shown_with_what_it_is_handed(beginning: Desk) -> None:
    """Its command, its version, and nothing that only expkit's own loop has."""
    assert beginning.expkit(*IMPORT).code == 0
    shown = beginning.expkit("show", "bandit").out
    assert "python train.py '{parameters}' '--seed={seed}'" in shown
    assert "agent drunkard, learning_rate 0.1, iterations 200" in shown
    assert re.search(r"version +[0-9a-f]{64}", beginning.expkit("show", "bandit/default").out)


def test_a_program_without_a_seed_is_never_compared(beginning: Desk) -> None:
    """It is said what to do instead, before anything is checked out."""
    assert beginning.expkit(*IMPORT).code == 0
    experiment = beginning.root / "experiments/bandit.yaml"
    beginning.edit(experiment, ', "--seed={seed}"]', "]\n  seed: unseeded")
    (beginning.root / QUESTION).parent.mkdir()
    (beginning.root / QUESTION).write_text(FILES[QUESTION])
    said = beginning.expkit("reproduce", "bandit")
    assert said.code == 2
    assert "bandit/default takes no seed: it is replicated, never compared byte by byte" in said.err
    assert "expkit replicate bandit" in said.err


@pytest.mark.parametrize("key", [*Command.model_fields])
def test_every_key_of_the_declaration_is_on_the_page(key: str) -> None:
    """In the table; `kind` and `digest` have sentences of their own."""
    assert key in ("kind", "digest") or re.search(rf"^\|[^|]*`{key}`", PAGE, re.MULTILINE)
