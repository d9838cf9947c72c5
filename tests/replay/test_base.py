"""Replaying: what a change touches, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidUsage
from expkit.project.paths import Paths
from expkit.project.read import read_project
from expkit.replay import touched
from tests.replay.commands import say, walking

if TYPE_CHECKING:
    from tests.conftest import Desk


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, desk_of: Callable[[Path], Desk]) -> Desk:
    """Three questions, two of them on one experiment, none of them run."""
    desk = desk_of(tmp_path_factory.mktemp("several") / "project")
    second = desk.question.parent.with_name("rq02") / "question.yaml"
    second.parent.mkdir()
    second.write_text(desk.question.read_text().replace("id: rq01", "id: rq02"))
    return walking(desk)


@pytest.mark.parametrize(
    ("file", "picked"),
    [
        ("README.md", []),
        ("research_questions/rq01/outcome.md", []),
        ("luck", []),
        ("research_questions/rq02/question.yaml", ["rq02"]),
        ("research_questions/rq01/evidence.json", ["rq01"]),
        ("experiments/strategies.yaml", ["rq01", "rq02"]),
        ("programs/walk.sh", ["rq08"]),
        ("more/beside.txt", ["rq08"]),
    ],
)
def test_only_what_a_change_touches_is_replayed(several: Desk, file: str, picked: list[str]) -> None:
    """Its declaration, its evidence, its experiments and the files that they mention; comments count."""
    place = several.root / file
    before = place.read_bytes() if place.exists() else None
    place.write_bytes((before or b"") + b"\n# a change\n")
    try:
        project = read_project(several.root)
        every = list(project.questions.values())
        assert [one.id for one in touched(project, every, "HEAD")] == picked
    finally:
        place.unlink() if before is None else place.write_bytes(before)


def test_what_a_branch_got_since_is_not_touched(several: Desk) -> None:
    """The change is held against the commit where it left the branch, as in a review."""
    several.git("checkout", "--quiet", "-b", "next", "main")
    several.question.write_text(several.question.read_text() + "# later\n")
    several.commit()
    several.git("checkout", "--quiet", "main")
    project = read_project(several.root)
    assert touched(project, list(project.questions.values()), "next") == []


def test_the_base_has_to_be_a_commit(several: Desk) -> None:
    """A slip of the pen replays neither everything nor nothing."""
    project = read_project(several.root)
    with pytest.raises(InvalidUsage, match="main2"):
        touched(project, list(project.questions.values()), "main2")
    said = several.expkit("check", "--base", "main")
    assert said.code == 2
    assert "add --replay" in said.err
    assert Paths(several.root).state.exists() is False
    assert (
        "3 questions untouched since the work tree left main, and not replayed"
        in say(several, "check", "--replay", "--base", "main").stdout
    )
