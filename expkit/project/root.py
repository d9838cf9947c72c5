"""The root of a project: the folder that holds `research_questions/` or `experiments/`, and the project's name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from expkit.errors import InvalidUsage


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that is an expkit project.

    A project holds `research_questions/`, `experiments/`, or a `pyproject.toml` with a table `[tool.expkit]`.

    Raises:
        InvalidUsage: no folder up to the top of the file system is one.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "research_questions").is_dir() or (folder / "experiments").is_dir():
            return folder
        try:
            if "expkit" in _tool(folder):
                return folder
        except (OSError, ValueError):
            continue  # somebody else's broken file, on the way up
    raise InvalidUsage(
        "this is not an expkit project, and no folder above it is one",
        where=str(start),
        why="a project holds research_questions/ or experiments/, or a pyproject.toml with a table [tool.expkit]",
        mend="change into the project's folder, or start one: mkdir research_questions experiments",
    )


def project_id(root: Path) -> str:
    """What a project is called: `project` in `[tool.expkit]` of its `pyproject.toml`, or else its folder's name.

    Raises:
        InvalidUsage: `pyproject.toml` cannot be read, or `project` is not text.
    """
    try:
        settings = _tool(root).get("expkit", {})
    except (OSError, ValueError) as error:
        raise InvalidUsage(
            "pyproject.toml cannot be read", where=str(root / "pyproject.toml"), why=str(error), mend="mend the file"
        ) from error
    name = settings.get("project", root.resolve().name) if isinstance(settings, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise InvalidUsage(
            "project in [tool.expkit] is not a name",
            where=str(root / "pyproject.toml"),
            mend='write project = "a-name" under [tool.expkit]',
        )
    return name


def _tool(folder: Path) -> dict[str, Any]:
    """The `[tool]` table of a folder's `pyproject.toml`; empty where there is none."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return {}
    tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    return tool if isinstance(tool, dict) else {}
