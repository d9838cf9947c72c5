"""What tests of replaying share: a question of a program, and the command line in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from expkit.cli.main import expkit

if TYPE_CHECKING:
    from tests.conftest import Desk

PROGRAM = """\
echo "{\\"gain\\": ${1#one}$(cat luck)}"
[ "$2" = quick ] || { touch started; sleep 60; }
"""
"""What it gains hangs on a file that is none of its sources."""
EXPERIMENT = """\
id: walk
title: A program
trainer:
  kind: command
  command: [sh, programs/walk.sh, "{seed}", quick]
  sources: [programs]
  metrics: {gain: {definition: What it brings.}}
arms: {a: {}, b: {trainer: {sources: [programs, more]}}}
seeds: {root: 3, count: 5}
"""
QUESTION = """\
id: rq08
title: A walk
question: Is a like b?
scope: Here.
experiments: [walk]
hypotheses:
  - id: h1
    statement: a gains more than b.
    experiment: walk
    criterion: {kind: difference, metric: gain, treatment: a, control: b, at_least: 0}
"""


def say(desk: Desk, *command: str) -> Result:
    """What the command line says, in this process, as one of its own would import longer than it runs."""
    store = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}  # nobody is there, so that nothing is published
    said = CliRunner().invoke(expkit, ["-C", str(desk.root), *command], env=store, standalone_mode=False)
    assert said.exception is None, str(said.exception)
    return said


def files(desk: Desk) -> dict[Path, bytes]:
    """Everything in the project's folder, git's own files left out."""
    every = (file for file in desk.root.rglob("*") if file.is_file() and ".git" not in file.parts)
    return {file: file.read_bytes() for file in every}


def walking(desk: Desk) -> Desk:
    """The project with a program, its experiment and its question, committed."""
    for name, text in {
        "programs/walk.sh": PROGRAM,
        "more/beside.txt": "a source",
        "luck": "1",
        "experiments/walk.yaml": EXPERIMENT,
        "research_questions/rq08/question.yaml": QUESTION,
    }.items():
        (desk.root / name).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / name).write_text(text)
    desk.commit()
    return desk
