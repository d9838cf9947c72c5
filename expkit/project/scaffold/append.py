"""A hypothesis added to a question's file: some lines after the last one, and every other byte as it was."""

from __future__ import annotations

import re
from typing import Any

from expkit.errors import InvalidUsage
from expkit.project.scaffold.hypothesis import NewHypothesis
from expkit.project.yaml import Document, read_yaml

_BLOCK = 2
"""Blanks before the dash of a list in block style, as `expkit new question` writes it."""


def with_hypothesis(file: str, content: bytes, new: NewHypothesis) -> bytes:
    """The content of a question's file with one hypothesis more.

    Args:
        file: what messages call it.
        content: a question that is read without mistakes.
        new: what to put behind its last hypothesis.

    Raises:
        InvalidUsage: the file is in a form that lines cannot simply be put into.
    """
    document = read_yaml(file, content)
    place = document.at(("hypotheses",))
    lines = content.decode("utf-8").splitlines(keepends=True)
    end = "\r\n" if "\r\n" in lines[0] else "\n"
    indent = place.column - 1
    behind = _behind_the_last(document, lines, indent)
    if behind and not lines[behind - 1].endswith(("\n", "\r")):
        lines[behind - 1] += end
    added = [f"{line}{end}" for line in ("", *new.lines(indent))]
    extended = "".join([*lines[:behind], *added, *lines[behind:]]).encode()
    if _is_extended(document.value, read_yaml(file, extended), new):
        return extended
    raise InvalidUsage(
        "a hypothesis cannot be added to this file by itself; nothing is changed",
        where=f"{file}:{place.line}:{place.column}",
        why="the list of hypotheses is written in brackets, or in another form that lines cannot be put into",
        mend="\n  ".join(["put it there yourself:", *new.lines(_dash(document, lines))]),
    )


def _dash(document: Document, lines: list[str]) -> int:
    """How many blanks stand before the dashes of the list; in brackets there are none, and block style has two."""
    line = document.at(("hypotheses", 0)).line
    dash = re.match(r" *(?=- )", lines[line - 1])
    return len(dash.group()) if dash else _BLOCK


def _behind_the_last(document: Document, lines: list[str], indent: int) -> int:
    """How many lines stand before where the next hypothesis belongs.

    That is after the list, but before blank lines and comments that lead on to what follows it.
    """
    first = document.at(("hypotheses",)).line
    following = [place.line for key, place in document.keys.items() if len(key) == 1 and place.line > first]
    behind = min(following) - 1 if following else len(lines)
    while behind > first and _leads_on(lines[behind - 1], indent):
        behind -= 1
    return behind


def _leads_on(line: str, indent: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= indent)


def _is_extended(before: Any, after: Document, new: NewHypothesis) -> bool:
    """Whether a file says what it said, and one hypothesis more at the end of its list."""
    if not after.readable or after.mistakes:
        return False
    [added] = read_yaml("", "\n".join([*new.lines(0), ""]).encode()).value
    expected = {**before, "hypotheses": [*before["hypotheses"], added]}
    return bool(after.value == expected)
