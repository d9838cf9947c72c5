from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from expkit import errors
from expkit.errors import ExpkitError, InvalidDeclaration, InvalidUsage, Mistake


def _tree(cls: type[ExpkitError]) -> Iterator[type[ExpkitError]]:
    yield cls
    for inner in cls.__subclasses__():
        yield from _tree(inner)


def test_the_drawing_in_the_docstring_is_the_tree() -> None:
    """Every error is drawn with the exit code it has, beneath its parent."""
    drawn = re.findall(r"^( .*?)(\w+) +(\d+)(?:  |$)", errors.__doc__ or "", re.MULTILINE)
    assert {name: int(code) for _, name, code in drawn} == {
        cls.__name__: cls.exit_code for cls in _tree(ExpkitError) if cls is not ExpkitError
    }
    parents: list[tuple[int, str]] = [(4, "ExpkitError")]
    for branch, name, _ in drawn:
        while parents[-1][0] >= len(branch):
            parents.pop()
        assert getattr(errors, name).__base__.__name__ == parents[-1][1]
        parents.append((len(branch), name))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ExpkitError("it broke"), "it broke"),
        (InvalidUsage("no such arm", where="a.yaml", mend="name one"), "a.yaml: no such arm\n  name one"),
        (
            ExpkitError("it broke", why="the disk is full", mend="free some"),
            "it broke\n  the disk is full\n  free some",
        ),
    ],
)
def test_an_error_reads_as_what_where_why_and_what_to_do(error: ExpkitError, text: str) -> None:
    """The first line is enough to see what happened; the last says what to type next."""
    assert str(error) == text


def test_mistakes_are_reported_in_reading_order_one_a_line() -> None:
    """By file, then line and column as numbers, so that line 10 follows line 9."""
    places = [("b.yaml", 1, 1), ("a.yaml", 10, 1), ("a.yaml", 9, 2), ("a.yaml", 9, 10)]
    mistakes = [Mistake(file=file, line=line, column=column, why="no") for file, line, column in places]
    assert str(InvalidDeclaration(mistakes)).splitlines() == [
        "a.yaml:9:2: no",
        "a.yaml:9:10: no",
        "a.yaml:10:1: no",
        "b.yaml:1:1: no",
    ]


def test_a_mistake_says_what_would_be_right_where_that_is_known() -> None:
    """In the form that editors turn into a link."""
    mistake = Mistake(file="a.yaml", line=1, column=2, why="slip is 2", valid="valid is 0 to 1")
    assert str(mistake) == "a.yaml:1:2: slip is 2; valid is 0 to 1"


@pytest.mark.parametrize(("count", "what"), [(1, "1 mistake in"), (2, "2 mistakes in")])
def test_mistakes_are_counted(count: int, what: str) -> None:
    """For the places that have room for one line."""
    invalid = InvalidDeclaration([Mistake(file="a", line=1, column=n, why="no") for n in range(count)])
    assert invalid.what.startswith(what)
    assert invalid.exit_code == 2
