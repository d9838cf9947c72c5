"""Text that somebody wrote, made safe for markdown: it reads the same, and can build neither markup nor mentions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_\[\]{}|~$]")
_AT_THE_START = re.compile(r"^(?:[-+#=>]|\d+(?=[.)](?:\s|$)))")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_WORD_JOINER = "\u2060"
"""Invisible and without width: behind `@` and `#` it keeps GitHub from seeing a mention or a reference."""
_JOINERS = "\u200c\u200d"
"""Invisible too, but part of how some scripts and emoji are spelt."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode's control, format and surrogate characters, among them those that reverse the direction of reading."""
_INLINE_CODE = re.compile(r"(?<!`)`(?! )([^`|]+)(?<! )`(?!`)")
"""A pipe is left out: within inline code a table would still end its cell there."""
_BARE_CODE = re.compile(r"[^`|]+")


def plain(text: str) -> str:
    """A text as one line of markdown that shows exactly its characters: no HTML, no link, no mention, no markup.

    But for one: what stands between two single backticks is inline code, as its writer meant it. White space is folded
    into single spaces; control and direction-changing characters are dropped.
    """
    prose_and_code = _INLINE_CODE.split(one_line(text))
    return "".join(f"`{part}`" if index % 2 else _prose(part, index == 0) for index, part in enumerate(prose_and_code))


def code(text: str) -> str:
    """A name as inline code, or escaped as prose where inline code could not hold it."""
    folded = one_line(text)
    return f"`{folded}`" if _BARE_CODE.fullmatch(folded) else plain(text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """A table of cells that are safe already; the columns numbered in `right` are aligned to the right."""
    numeric = set(right)
    rule = ["---:" if column in numeric else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def bullets(lines: Iterable[str], *, indent: int = 0) -> str:
    """A list, one line a point."""
    return "\n".join(f"{' ' * indent}- {line}" for line in lines)


def folded(summary: str, body: str) -> str:
    """A block that is closed until a reader opens it; `summary` and `body` are safe already."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _prose(text: str, at_the_start: bool) -> str:
    safe = _SPECIAL.sub(r"\\\g<0>", text)
    safe = _TAG.sub("&lt;", _ENTITY.sub("&amp;", safe))
    safe = re.sub(r"(www)\.", r"\1\\.", safe.replace("://", ":\\//"), flags=re.IGNORECASE)
    safe = re.sub(r"([@#])(?=\w)", rf"\1{_WORD_JOINER}", safe)
    safe = re.sub(r"\b(GH)-(?=\d)", rf"\1{_WORD_JOINER}-", safe, flags=re.IGNORECASE)
    return _AT_THE_START.sub(_escaped_start, safe) if at_the_start else safe


def one_line(text: str) -> str:
    """A text without line ends, and without characters that cannot be seen or that turn the direction of reading."""
    kept = (one for one in " ".join(text.split()) if one in _JOINERS or unicodedata.category(one) not in _INVISIBLE)
    return " ".join("".join(kept).split())


def _escaped_start(match: re.Match[str]) -> str:
    start = match.group()
    return f"{start}\\" if start.isdigit() else f"\\{start}"
