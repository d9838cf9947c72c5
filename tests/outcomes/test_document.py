from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import CheckFailed
from expkit.outcomes.document import MARKER, SECTIONS, empty_sections, generated_part, merge, written_part

GENERATED = f"# rq01\n\nFound.\n\n{MARKER}\n"


def test_a_new_document_invites_to_write_under_every_heading() -> None:
    """Headings with a hint each, hidden from a reader, and none of them counts as written."""
    text = merge(GENERATED, None)
    assert generated_part(text) == GENERATED
    assert [line for line in text.splitlines() if line.startswith("## ")] == [f"## {title}" for title in SECTIONS]
    assert empty_sections(written_part(text)) == tuple(SECTIONS)


@given(st.text())
def test_no_character_of_the_written_part_is_ever_touched(words: str) -> None:
    """Whatever stands below the marker line, marker lines and odd line ends included, stands there afterwards."""
    merged = merge("# other\n" + MARKER + "\n", GENERATED + words)
    assert written_part(merged) == words
    assert merge(GENERATED, merged) == GENERATED + words


def test_windows_line_ends_below_the_marker_stay() -> None:
    """A document that was checked out with CRLF keeps it in the part that is not ours."""
    existing = (GENERATED + "## Discussion\n\nWords.\n").replace("\n", "\r\n")
    assert merge(GENERATED, existing) == GENERATED + "## Discussion\r\n\r\nWords.\r\n"


def test_a_document_without_its_marker_is_refused() -> None:
    """Nobody can tell whose words are whose, so nothing is overwritten, and the mend says what to do."""
    with pytest.raises(CheckFailed, match="marker line") as refused:
        merge(GENERATED, "# rq01\n\nMy own words.\n", where="research_questions/rq01/outcome.md")
    assert refused.value.where == "research_questions/rq01/outcome.md"
    assert MARKER in (refused.value.mend or "")


def test_an_empty_file_has_nothing_to_lose() -> None:
    """It is filled like a new one."""
    assert merge(GENERATED, " \n") == merge(GENERATED, None)


def test_a_heading_is_filled_by_words_not_by_comments_or_further_headings() -> None:
    """The hints that expkit wrote are no discussion, and neither is a table of contents."""
    discussed = "## Discussion\n\n### In short\n\nIt holds.\n\n"
    words = f"{discussed}## Impact\n<!-- none -->\n## Limitations\n### Of scope\n\n## next\nMore.\n"
    assert empty_sections(words) == ("Impact", "Limitations")
