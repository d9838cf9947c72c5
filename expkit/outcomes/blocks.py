"""Blocks: which lines of a page are code, and where its paragraphs end. Read by a CommonMark parser.

What a fence or inline code reaches over hangs on quotes, lists and HTML around it, which no pattern tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some whole lines of a page, from where the first begins to where the last one ends."""

    start: int
    end: int
    unclosed: bool = False
    """Whether it is a fence that nothing ends before the page does."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The blocks of a page whose text is not all prose, in order."""

    code: tuple[Block, ...]
    """Fenced or indented."""
    inline: tuple[Block, ...]
    """Where text can have inline code in it: paragraphs, headings, rows of tables."""

    def prose(self, start: int, end: int) -> list[tuple[int, int]]:
        """The stretches of a page between two places that are not code."""
        cuts = [start, *(place for block in self.code for place in (block.start, block.end)), end]
        return [(begins, ends) for begins, ends in zip(cuts[::2], cuts[1::2], strict=True) if begins < ends]

    def paragraph_end(self, place: int) -> int | None:
        """Where the paragraph around a place ends; None where it is HTML, to which a backtick means nothing."""
        return next((block.end for block in self.inline if block.start <= place < block.end), None)


def blocks(text: str, place: int = 0) -> Blocks:
    """The blocks of a page behind a place at which a line begins."""
    from markdown_it import MarkdownIt  # 0.05 s, and few pages have anything to look for

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    lines = [place, *(found.end() for found in _LINE_END.finditer(text, place))]
    if lines[-1] < len(text):
        lines.append(len(text))
    code, inline = list[Block](), dict[tuple[int, int], Block]()
    for token in parser.parse(text[place:]):
        if token.map is None:
            continue
        first, last = token.map
        start, end = lines[first], lines[min(last, len(lines) - 1)]
        if token.type in ("fence", "code_block"):
            unclosed = token.type == "fence" and token.level == 0 and not _closes(token.markup, text[start:end])
            code.append(Block(start=start, end=end, unclosed=unclosed))
        elif token.type in ("inline", "tr_open"):
            inline[start, end] = Block(start=start, end=end)
    return Blocks(code=tuple(code), inline=tuple(inline.values()))


def _closes(marks: str, fence: str) -> bool:
    """Whether the last line of a fence is its end, not its beginning nor within it."""
    _, *behind = _LINE_END.split(fence.rstrip("\r\n"))
    return bool(behind) and re.fullmatch(rf" {{0,3}}{marks}{marks[0]}*[ \t]*", behind[-1]) is not None
