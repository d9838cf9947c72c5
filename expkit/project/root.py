"""The root of a project: the folder that holds `research_questions/` or `experiments/`, and the project's name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from expkit.errors import InvalidUsage
from expkit.project.words import complaints
from expkit.specs.settings import Settings


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
        mend="change into the project's folder, or start one in an empty folder: expkit init",
    )


def project_id(root: Path) -> str:
    """What a project is called: `project` in `[tool.expkit]` of its `pyproject.toml`, or else its folder's name.

    Raises:
        InvalidUsage: as `read_settings`.
    """
    return read_settings(root).project or root.resolve().name


def read_settings(root: Path) -> Settings:
    """The settings of a project, from `[tool.expkit]` of its `pyproject.toml`; defaults where there is none.

    Raises:
        InvalidUsage: `pyproject.toml` cannot be read, or a setting is unknown or cannot be meant.
    """
    file = root / "pyproject.toml"
    try:
        written = _tool(root).get("expkit", {})
    except (OSError, ValueError) as error:
        raise InvalidUsage(
            "pyproject.toml cannot be read", where=str(file), why=str(error), mend="mend the file"
        ) from error
    try:
        return Settings.model_validate(written)
    except ValidationError as error:
        found = complaints(Settings, error.errors(include_url=False), top="[tool.expkit]")
        lines = [f"{'.'.join(('tool.expkit', *map(str, one.location)))}: {one.why}" for one in found]
        raise InvalidUsage(
            "the settings in [tool.expkit] cannot be meant",
            where=str(file),
            why="\n  ".join(lines),
            mend="; ".join(dict.fromkeys(one.valid for one in found if one.valid)) or "mend the file",
        ) from error


def _tool(folder: Path) -> dict[str, Any]:
    """The `[tool]` table of a folder's `pyproject.toml`; empty where there is none."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return {}
    tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    return tool if isinstance(tool, dict) else {}
