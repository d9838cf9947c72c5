"""What is imported when: startup time, guarded without a clock."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

HEAVY = {"mlflow", "scipy", "matplotlib", "numba", "pandas"}


def test_help_imports_neither_a_numerical_library_nor_the_declarations(desk: Desk) -> None:
    """`expkit --help` is a question about expkit, not about a project."""
    assert _imported(desk, "--help").isdisjoint(HEAVY | {"numpy", "pydantic", "rich", "git", "ruamel"})


@pytest.mark.parametrize(
    "command",
    [("check",), ("run", "rq01"), ("list",), ("plan",), ("status",), ("new", "experiment", "--agents", "sarsa")],
)
def test_an_idle_command_imports_nothing_that_takes_seconds(answered: Desk, command: tuple[str, ...]) -> None:
    """A receipt and the store's existence are trusted; statistics are recomputed only for new results."""
    assert _imported(answered, *command).isdisjoint(HEAVY)


def test_a_worker_imports_what_computes_and_nothing_else() -> None:
    """It runs where there is no tracker, no git, no container engine and no terminal."""
    loaded = _modules(sys.executable, "-X", "importtime", "-c", "import expkit.execution.worker")
    assert "numba" in loaded
    assert loaded.isdisjoint({"mlflow", "git", "docker", "ray", "ruamel", "click", "rich", "matplotlib"})


def _imported(desk: Desk, *arguments: str) -> set[str]:
    """The top-level modules that a command imports."""
    said = desk.expkit(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert said.code == 0, said
    return _top_level(said.err)


def _modules(*command: str) -> set[str]:
    return _top_level(subprocess.run(command, capture_output=True, text=True, check=True).stderr)


def _top_level(import_times: str) -> set[str]:
    names = re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)$", import_times, flags=re.MULTILINE)
    assert "encodings" in names, "the interpreter wrote down its imports"
    return {name.partition(".")[0] for name in names}
