"""A rewording as a block of markdown: what was said and what is, sentence by sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from expkit.outcomes.markdown.text import one_line

_END = re.compile(r"(?<=[.!?;:])\s+|\n\s*\n")
"""Where a sentence ends: headings and paragraphs end at a blank line."""
_TICKS = re.compile(r"`+")


def diff_block(then: str, now: str) -> str:
    """A block of the language `diff`; of the sentences that stay, only those beside a change are shown."""
    compared = difflib.ndiff(_sentences(then), _sentences(now))
    lines = list(_shortened([line for line in compared if not line.startswith("?")]))
    longest = max((len(ticks) for line in lines for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}diff", *lines, fence])


def _shortened(lines: Sequence[str]) -> Iterator[str]:
    """Without what is neither a change nor beside one; three dots stand for what is left out."""
    changed = [not line.startswith("  ") for line in lines]
    kept = [any(changed[max(0, at - 1) : at + 2]) for at in range(len(lines))]
    for at, line in enumerate(lines):
        if kept[at]:
            yield line
        elif at == 0 or kept[at - 1]:
            yield "  ..."


def _sentences(text: str) -> list[str]:
    return [clean for part in _END.split(text) if (clean := one_line(part))]
