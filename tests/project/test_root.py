from __future__ import annotations

from pathlib import Path

import pytest

from expkit.errors import InvalidUsage
from expkit.project.root import find_root, project_id


@pytest.mark.parametrize("sign", ["research_questions/rq01", "experiments"])
def test_a_project_is_found_from_any_folder_inside_it(tmp_path: Path, sign: str) -> None:
    """The nearest folder upwards that holds questions or experiments."""
    (tmp_path / sign).mkdir(parents=True)
    deep = tmp_path / "src" / "deep"
    deep.mkdir(parents=True)
    assert find_root(deep) == find_root(tmp_path / sign) == find_root(tmp_path) == tmp_path


def test_a_project_without_declarations_is_found_by_its_settings(tmp_path: Path) -> None:
    """A `pyproject.toml` with `[tool.expkit]` is enough; one without it is somebody else's."""
    (tmp_path / "pyproject.toml").write_text("[tool.expkit]\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.ruff]\n")
    assert find_root(inner) == tmp_path


def test_a_broken_file_on_the_way_up_stops_nobody(tmp_path: Path) -> None:
    """It may belong to another project."""
    (tmp_path / "experiments").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.expkit\n")
    assert find_root(inner) == tmp_path


def test_outside_a_project_the_message_says_what_one_looks_like(tmp_path: Path) -> None:
    """A person who was never told what a project is can make one."""
    with pytest.raises(InvalidUsage) as caught:
        find_root(tmp_path)
    assert "research_questions/ or experiments/" in str(caught.value)
    assert "expkit init" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('[tool.expkit]\nproject = "dungeon-study"\n', "dungeon-study"),
        ("[tool.expkit]\n", "folder"),
        ("[tool.other]\n", "folder"),
        (None, "folder"),
    ],
)
def test_a_project_is_called_what_its_settings_say_or_else_as_its_folder(
    tmp_path: Path, settings: str | None, name: str
) -> None:
    """The name is part of what is published, so a clone into another folder keeps it."""
    root = tmp_path / "folder"
    root.mkdir()
    if settings is not None:
        (root / "pyproject.toml").write_text(settings)
    assert project_id(root) == name


@pytest.mark.parametrize("settings", ["[tool.expkit\n", "[tool.expkit]\nproject = 3\n", "[tool]\nexpkit = 3\n"])
def test_settings_that_cannot_be_read_are_named(tmp_path: Path, settings: str) -> None:
    """A guess would publish under another name."""
    (tmp_path / "pyproject.toml").write_text(settings)
    with pytest.raises(InvalidUsage) as caught:
        project_id(tmp_path)
    assert caught.value.where == str(tmp_path / "pyproject.toml")
