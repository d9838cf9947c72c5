from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from expkit import errors
from expkit.cli.main import COMMANDS, expkit

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "expkit"
SOURCES = sorted(HOUSE.rglob("*.py"))
MOST_LINES = 350


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_begins_with_its_line_in_the_list(name: str) -> None:
    """`expkit --help` lists commands without importing them, so its lines are kept equal by this test."""
    command: click.Command = import_module(f"expkit.cli.{name}_command").command
    assert command.help is not None
    assert " ".join(command.help.split()).startswith(COMMANDS[name].split(";")[0].rstrip("."))
    done = CliRunner().invoke(expkit, [name, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")


def test_no_command_is_hidden_from_the_list() -> None:
    """A module `<name>_command` is a command in the list, and the other way round."""
    assert {file.stem.removesuffix("_command") for file in HOUSE.glob("cli/*_command.py")} == set(COMMANDS)


def test_the_readme_has_one_row_for_every_command() -> None:
    """What is not in the README is not found; what is there twice says two things, of which one is old."""
    rows = re.findall(r"^\| `expkit (\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


def test_the_exit_codes_in_the_help_are_those_of_the_errors() -> None:
    """0 is no error; every other documented code is raised by some error, and every error's code is documented."""
    help_text = CliRunner().invoke(expkit, ["--help"]).output
    documented = {int(code) for code in re.findall(r"^ +(\d+)  ", help_text.partition("Exit codes:")[2], re.MULTILINE)}
    raised = {
        one.exit_code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ExpkitError)
    }
    assert documented == raised | {0}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_is_small_and_silent(file: Path) -> None:
    """Package inits import nothing; a file holds one idea; only the command line prints."""
    text = file.read_text()
    if file.name == "__init__.py":
        assert text == ""
        return
    assert len(text.splitlines()) <= MOST_LINES
    if file.parent.name != "cli":
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        printing = [call.lineno for call in calls if isinstance(call, ast.Name) and call.id in ("print", "exit")]
        assert printing == []
