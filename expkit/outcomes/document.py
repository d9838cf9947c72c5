"""The outcome document: a generated part, a marker line, and below it the team's own words, never touched."""

from __future__ import annotations

import re

from expkit.errors import CheckFailed

MARKER = "<!-- expkit: everything above this line is generated; everything below it is yours and is never touched -->"
"""The line between the generated part, which ends with it, and the written part."""

SECTIONS = {
    "Discussion": "What do the verdicts mean for the question, and what speaks against reading them so?",
    "Impact": "What will be done differently because of this, by whom?",
    "Limitations": "What must nobody conclude from this: other environments, budgets, agents, seeds?",
    "Next": "Which question follows, and what would change your mind?",
}
"""The written part's headings, each with what belongs there."""

_MARKER_LINE = re.compile(rf"^{re.escape(MARKER)}[ \t]*\r?$\n?", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"^(?P<level>#{1,6})[ \t]+(?P<title>.+?)[ \t#]*\r?$", re.MULTILINE)


def merge(generated: str, existing: str | None, *, where: str = "outcome.md") -> str:
    """The whole document: a new generated part over the words that are there, or over headings to write under.

    Args:
        generated: the generated part, which ends with the marker line.
        existing: the document as it is, None (or nothing but white space) for a new one.
        where: the document's name for people.

    Raises:
        CheckFailed: the document has lost its marker line, so that nobody can tell whose words are whose.
    """
    if existing is None or not existing.strip():
        skeleton = "\n\n".join(f"## {title}\n\n<!-- {hint} -->" for title, hint in SECTIONS.items())
        return f"{generated}\n{skeleton}\n"
    if not _MARKER_LINE.search(existing):
        raise CheckFailed(
            "the marker line between the generated part and your own words is gone",
            where=where,
            why="Without it a new outcome could overwrite what you wrote, so nothing was written.",
            mend=f"put this line above your own words, or move them away and delete the file:\n  {MARKER}",
        )
    return generated + written_part(existing)


def generated_part(text: str) -> str | None:
    """A document up to and with its marker line; None where it has none."""
    found = _MARKER_LINE.search(text)
    return text[: found.end()] if found else None


def written_part(text: str) -> str:
    """A document's text below the marker line, to the last character; all of it where there is no such line."""
    found = _MARKER_LINE.search(text)
    return text[found.end() :] if found else text


def visible(written: str) -> str:
    """A text without its comments, which a page does not show."""
    return _COMMENT.sub("", written)


def empty_sections(written: str) -> tuple[str, ...]:
    """Which of `SECTIONS` a written part lacks, or holds without a word; comments are no words."""
    filled = {title.casefold() for title, text in written_sections(written).items() if _HEADING.sub("", text).strip()}
    return tuple(title for title in SECTIONS if title.casefold() not in filled)


def written_sections(written: str) -> dict[str, str]:
    """The text of every section of a written part by its heading, without comments; empty sections are left out.

    A section holds the ones below it, which have entries of their own.
    """
    shown = visible(written)
    headings = list(_HEADING.finditer(shown))
    sections = {}
    for index, heading in enumerate(headings):
        behind = (other.start() for other in headings[index + 1 :] if len(other["level"]) <= len(heading["level"]))
        if text := shown[heading.end() : next(behind, len(shown))].strip():
            sections[heading["title"]] = text
    return sections
