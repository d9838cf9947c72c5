"""A folder becomes a project, and nothing that is in it is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from expkit.errors import InvalidUsage, NotWritable
from expkit.project.read import read_project
from expkit.project.root import project_id
from expkit.project.scaffold.start import IGNORED, start


def everything(root: Path) -> dict[str, bytes]:
    """The content of every file below a folder."""
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_an_empty_folder_becomes_a_project_that_is_in_order(tmp_path: Path) -> None:
    """Named after the folder; the first line of each declaration leads to its schema."""
    root = tmp_path / 'a "lab" é'
    root.mkdir()
    assert sorted(start(root)) == sorted(everything(root))
    project = read_project(root)
    assert project_id(root) == root.name
    assert [len(one.hypotheses) for one in project.questions.values()] == [2]
    for declared in (*root.glob("experiments/*.yaml"), *root.glob("research_questions/*/question.yaml")):
        schema = declared.read_text().splitlines()[0].partition("$schema=")[2]
        assert (declared.parent / schema).is_file()


def test_make_asks_for_the_question_that_it_was_not_given(tmp_path: Path) -> None:
    """Before anything else, with what to type."""
    start(tmp_path)
    done = subprocess.run(["make", "experiment"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "which question? make experiment RQ=rq01" in done.stderr


def test_two_projects_have_two_roots(tmp_path: Path) -> None:
    """Nobody repeats another one's luck."""
    roots = set()
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        start(tmp_path / name)
        [experiment] = read_project(tmp_path / name).experiments.values()
        roots.add(experiment.seeds.root)
    assert len(roots) == 3


@pytest.mark.parametrize("before", ["", "*.log\n", "*.log", "mlruns/\n.expkit/\n", "é\r\n"])
def test_a_gitignore_gets_the_lines_it_lacks(tmp_path: Path, before: str) -> None:
    """Behind those that are there, each once."""
    ignore = tmp_path / ".gitignore"
    ignore.write_bytes(before.encode())
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "Makefile").write_text("all:\n")
    start(tmp_path)
    after = ignore.read_bytes().decode()
    assert after.startswith(before)
    assert sorted(after.split()) == sorted({*before.split(), *IGNORED})
    assert (tmp_path / "README.md").read_text() == "mine"
    assert (tmp_path / "Makefile").read_text() == "all:\n"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"experiments/mine.yaml": "x"}, "is an expkit project already"),
        ({"research_questions/rq01/question.yaml": "x"}, "is an expkit project already"),
        ({"pyproject.toml": "[tool.expkit]\n"}, "is an expkit project already"),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, "project = "),
        ({"pyproject.toml": "no [toml"}, "there is a pyproject.toml already"),
        ({"schemas/question.schema.json": "{}"}, "schemas/question.schema.json is there already"),
        ({"schemas": "a file"}, "cannot be written"),
        ({".gitignore": b"\xff"}, "cannot be read"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_there_is_never_overwritten(tmp_path: Path, there: dict[str, str | bytes], said: str) -> None:
    """A refusal leaves every file, and adds none."""
    for name, text in there.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = everything(tmp_path)
    with pytest.raises((InvalidUsage, NotWritable), match=said):
        start(tmp_path)
    assert everything(tmp_path) == before


def test_a_project_cannot_be_started_twice(tmp_path: Path) -> None:
    """Not even by accident: the second time says what to type instead."""
    start(tmp_path)
    before = everything(tmp_path)
    with pytest.raises(InvalidUsage) as refused:
        start(tmp_path)
    assert "expkit new question" in str(refused.value)
    assert everything(tmp_path) == before
