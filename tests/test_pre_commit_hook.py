"""The hook that other projects take from this repository, executed as git executes it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import EXPKIT, Desk


@pytest.fixture(scope="module")
def hook() -> Any:
    """The one hook that is offered, as pre-commit reads it."""
    (hook,) = YAML(typ="safe").load(Path(__file__).parents[1] / ".pre-commit-hooks.yaml")
    return hook


def test_it_is_run_at_every_commit_and_given_no_files(hook: Any) -> None:
    """Whatever is staged, the whole project is checked: a deleted outcome matches no pattern of files."""
    assert hook["id"] == "expkit-check"
    assert hook["language"] == "python"
    assert (hook["pass_filenames"], hook["always_run"]) == (False, True)
    assert hook.keys() >= {"name", "description"}


def test_a_mistake_stops_the_commit_and_its_mending_lets_it_through(hook: Any, answered: Desk) -> None:
    """It says what is wrong. The variables that git sets for its hooks lead nobody astray."""
    command, *arguments = shlex.split(hook["entry"])
    assert command == EXPKIT.name
    script = answered.root / ".git" / "hooks" / "pre-commit"
    script.write_text(f"#!/bin/sh\nexec {shlex.join([str(EXPKIT), *arguments])}\n")
    script.chmod(0o755)
    before = answered.git("rev-parse", "HEAD")

    answered.edit(answered.outcome, "supported", "confirmed")
    stopped = _commit(answered)
    assert stopped.returncode == 1
    assert "the generated part was edited" in stopped.stderr
    assert answered.git("rev-parse", "HEAD") == before

    answered.git("restore", "--staged", "--worktree", str(answered.outcome))
    (answered.root / "NOTES.md").write_text("Nothing about science.\n")
    assert _commit(answered).returncode == 0
    assert answered.git("rev-parse", "HEAD~1") == before


def _commit(desk: Desk) -> subprocess.CompletedProcess[str]:
    """`git commit --all` from a folder inside the project, and everything that is new."""
    desk.git("add", "--all")
    return subprocess.run(
        ["git", "commit", "--all", "--message", "a commit"],
        cwd=desk.question.parent,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
