"""A project to start from: what marks its root, what git is to leave alone, schemas for editors, and an example."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from expkit.errors import InvalidUsage, NotWritable
from expkit.project.paths import EXPERIMENTS, QUESTIONS
from expkit.project.scaffold.create import change, create
from expkit.project.scaffold.example import EXPERIMENT, QUESTION
from expkit.project.scaffold.text import fresh_root
from expkit.project.schema import schemas

IGNORED = (".venv/", "__pycache__/", ".expkit/", "mlflow.db*", "mlruns/", "mlartifacts/")
"""What no commit should hold: the environment of Python, and what expkit and MLflow keep on this machine."""

_MARK = """\
# This table marks the folder as an expkit project. The name stands in MLflow; a project that changes it publishes anew.
[tool.expkit]
project = {name}
"""
_MAKEFILE = """\
EXPKIT := $(firstword $(wildcard .venv/bin/expkit) expkit)

.PHONY: experiment check
experiment: ; @$(EXPKIT) run $(or $(RQ),$(error which question? make experiment RQ=rq01))
check: ; @$(EXPKIT) check
"""


def start(root: Path) -> tuple[str, ...]:
    """Make a project of a folder, and return what was written, by path below it. Nothing that is there is overwritten.

    A `.gitignore` that is there gets the lines it lacks; a `Makefile` that is there stays as it is.

    Raises:
        InvalidUsage: the folder is a project already, or holds files of the names that would be written.
        NotWritable: a file cannot be written.
    """
    _refuse_a_project(root)
    files = {
        "pyproject.toml": _MARK.format(name=json.dumps(root.resolve().name or "project", ensure_ascii=False)),
        f"{EXPERIMENTS}/strategies.yaml": EXPERIMENT.format(root=fresh_root()),
        f"{QUESTIONS}/rq01/question.yaml": QUESTION,
        **{f"schemas/{name}": text for name, text in schemas().items()},
    }
    if not (root / "Makefile").exists():
        files["Makefile"] = _MAKEFILE
    ignore = root / ".gitignore"
    there = _text(ignore) if ignore.exists() else None
    lacking = [line for line in IGNORED if line not in (there or "").splitlines()]
    if there is None:
        files[".gitignore"] = "".join(f"{line}\n" for line in lacking)
    create(root, files)
    if there is not None and lacking:
        ended = there if not there or there.endswith("\n") else f"{there}\n"
        change(ignore, (ended + "".join(f"{line}\n" for line in lacking)).encode())
        return (*files, ".gitignore")
    return tuple(files)


def _refuse_a_project(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise InvalidUsage("this is a file, not a folder", where=str(root), mend="name a folder after expkit init")
    pyproject = root / "pyproject.toml"
    declared = pyproject.is_file() and "expkit" in _tool(pyproject)
    if declared or (root / QUESTIONS).exists() or (root / EXPERIMENTS).exists():
        raise InvalidUsage(
            "this is an expkit project already; nothing is written",
            where=str(root),
            mend="add to it with expkit new experiment and expkit new question, or name an empty folder",
        )
    if pyproject.exists():
        raise InvalidUsage(
            "there is a pyproject.toml already; nothing is written",
            where=str(root),
            why=f"a table in it makes the folder a project:\n    [tool.expkit]\n    project = {json.dumps(root.name)}",
            mend="add these two lines to it, then: expkit new experiment",
        )


def _tool(pyproject: Path) -> dict[str, object]:
    try:
        tool = tomllib.loads(_text(pyproject)).get("tool", {})
    except ValueError:
        return {}
    return tool if isinstance(tool, dict) else {}


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")  # line ends as they are
    except (OSError, UnicodeDecodeError) as error:
        raise NotWritable(
            "the file cannot be read, so nothing is written", where=str(file), why=str(error), mend="mend it first"
        ) from error
