"""A page: the parts of a review in order, cut between parts where there is a limit, with a sentence that says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKER = "<!-- expkit review -->"
"""The first line of a comment, by which a bot finds its own again."""
COMMENT = 65_536
"""Characters that GitHub takes in a comment."""
SUMMARY = 340_000
"""Characters of a step's summary, of which GitHub takes a mebibyte: three bytes a character at most."""

_COMMAND = re.compile(r"^([^\S\n]*)(?=::)", re.MULTILINE)
_JOINER = "\u2060"
"""Invisible and without width."""


@dataclass(frozen=True)
class Section:
    """A heading with blocks that can stand without each other; no heading for the first."""

    title: str | None
    blocks: Sequence[str]


def page(sections: Sequence[Section], limit: int | None = None, *, marker: bool = False) -> str:
    """Markdown that ends in a newline. `limit` is in characters as GitHub counts them."""
    head = [MARKER] if marker else []
    whole = _joined([*head, *(text for section in sections for text in _texts(section, len(section.blocks)))])
    if limit is None or _length(whole) <= limit:
        return whole
    kept, cut = list(head), []
    left = limit - _length(_joined([*head, _cut([section.title or "" for section in sections])])) - 2
    for section in sections:
        count = 0
        for number in range(1, len(section.blocks) + 1):
            if _length(_joined(_texts(section, number))) + 2 > left:
                break
            count = number
        left -= _length(_joined(_texts(section, count))) + 2 if count else 0
        kept += _texts(section, count)
        cut += [section.title or "the beginning"] if count < len(section.blocks) else []
    return _joined([*kept, _cut(cut)])


def _texts(section: Section, count: int) -> list[str]:
    """The heading and the first blocks of a section; no heading without a block."""
    title = [f"### {section.title}"] if section.title and count else []
    return [*title, *section.blocks[:count]]


def _cut(titles: Sequence[str]) -> str:
    return (
        f"**Cut, because GitHub takes no longer text: {', '.join(titles)}.** `expkit review` prints all of it on your "
        "machine."
    )


def _joined(parts: Sequence[str]) -> str:
    """Blocks with an empty line between; nothing in them is a command to GitHub's runner, which reads what is printed.

    The runner takes a line that begins with `::` for one, and `##[` anywhere.
    """
    text = "\n\n".join(parts) + "\n"
    return _COMMAND.sub(rf"\g<1>{_JOINER}", text.replace("##[", f"##{_JOINER}["))


def _length(text: str) -> int:
    """Characters as JavaScript counts them: those beyond the basic plane are two."""
    return len(text.encode("utf-16-le")) // 2
