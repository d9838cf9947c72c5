"""A review as who reads it sees it."""

from __future__ import annotations

from expkit.review.markdown import sections
from expkit.review.page import page
from expkit.review.review import Review


def text_of(found: Review) -> str:
    """The markdown of a review."""
    return page(sections(found))


def warned(found: Review) -> list[str]:
    """Titles of what is not a note, without what is the same in every outcome that nobody has discussed."""
    return [one.title for one in found.problems if one.severity != "note" and "nothing is written" not in one.what]
