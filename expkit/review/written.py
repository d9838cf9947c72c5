"""The written part of outcomes: where people's own words read otherwise. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from expkit.outcomes.document import visible, written_part, written_sections
from expkit.outcomes.snapshot import Tree
from expkit.project.paths import QUESTIONS
from expkit.review.wordings import Rewording

_TIED = re.compile(r"(<!--=.*?-->).*?<!--/-->", re.DOTALL)


def rewritten(then: Tree, past: str, now: Tree, here: str) -> Iterator[Rewording]:
    """What the discussion of a question says otherwise; `past` and `here` are its ids.

    Words where there were none are no rewording: they are read as a whole. Nor is a tied number that a run filled in,
    nor a page that is gone, which `check` tells.
    """
    before, after = _words(then, past), _words(now, here)
    if not written_sections(before) or not after:
        return
    if _TIED.sub(r"\1", before).split() != _TIED.sub(r"\1", after).split():
        yield Rewording(question=here, what="discussion", then=visible(before), now=visible(after))


def _words(tree: Tree, question: str) -> str:
    content = tree.files.get(f"{QUESTIONS}/{question}/outcome.md", b"")
    return written_part(content.decode(errors="replace"))
