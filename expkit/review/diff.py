"""A rewording as a block of markdown: what was said and what is, sentence by sentence."""

from __future__ import annotations

import difflib
import re

from expkit.outcomes.markdown.text import one_line

_END = re.compile(r"(?<=[.!?;:])\s+")
_TICKS = re.compile(r"`+")


def diff_block(then: str, now: str) -> str:
    """A block of the language `diff`; sentences that stay are shown, too."""
    compared = difflib.ndiff(_sentences(then), _sentences(now))
    lines = [line for line in compared if not line.startswith("?")]
    longest = max((len(ticks) for line in lines for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}diff", *lines, fence])


def _sentences(text: str) -> list[str]:
    return [clean for part in _END.split(text) if (clean := one_line(part))]
