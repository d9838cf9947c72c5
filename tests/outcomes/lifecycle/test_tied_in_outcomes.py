"""Tied numbers in a project: filled in by whatever writes an outcome, held to the evidence by the check."""

from __future__ import annotations

from typing import Any

import pytest

from expkit.errors import CheckFailed
from expkit.outcomes.document import MARKER

PLACE = "research_questions/rq01/outcome.md"


def write_below(laboratory: Any, words: str) -> int:
    """Write the discussion again; the number of its first line."""
    outcome = laboratory.paths.outcome("rq01")
    text = outcome.read_text().replace("Words on h1 and h2.", words, 1)
    outcome.write_text(text)
    return text[: text.index(words)].count("\n") + 1


def test_a_run_fills_in_tied_numbers_and_the_check_finds_them_good(answered: Any) -> None:
    """A new marker may be empty; the evidence stays as it was, and a second run has nothing to do."""
    line = write_below(answered, "h1 and h2: <!--= gambler.n --><!--/--> seeds, **<!--= supported -->9<!--/-->** hold.")
    first, second = answered.failures()
    assert first.startswith(
        f"{PLACE}:{line}:12: a tied number is stale: it says nothing, and gambler.n is 6 in evidence"
    )
    assert second.startswith(f"{PLACE}:{line}:49: a tied number is stale: it says 9, and supported is ")
    assert "expkit run rq01" in second
    written = answered.run_and_write()
    assert written.changed == (PLACE,)
    assert "h1 and h2: <!--= gambler.n -->6<!--/--> seeds" in answered.paths.outcome("rq01").read_text()
    assert answered.check() == ()
    assert answered.run_and_write().unchanged


def test_a_marker_that_names_nothing_stops_the_writing_and_nothing_is_lost(answered: Any) -> None:
    """Not even the figures are written; the message has the place, and every result is kept for the next attempt."""
    line = write_below(answered, "h1, h2: <!--= h9.estimate -->1<!--/--> and <!--= gambler.n -->9<!--/-->.")
    before = {file: file.read_bytes() for file in answered.paths.outcome("rq01").parent.rglob("*") if file.is_file()}
    with pytest.raises(CheckFailed) as refused:
        answered.run_and_write()
    assert refused.value.where == PLACE
    assert f"{PLACE}:{line}:9: nothing is called 'h9'; valid are h1, h2" in str(refused.value.why)
    assert "expkit outcome rq01" in str(refused.value.mend)
    assert {file: file.read_bytes() for file in before} == before
    (unknown, stale) = answered.failures()
    assert unknown.startswith(f"{PLACE}:{line}:9: nothing is called 'h9'\n  valid are h1, h2")
    assert "it says 9, and gambler.n is 6" in stale


def test_a_hypothesis_without_a_word_is_a_warning(answered: Any) -> None:
    """Its id or a number of its own is a word; a comment that nobody sees is none, nor is a longer id."""
    sections = answered.paths.outcome("rq01").read_text().partition(MARKER)[2]
    outcome = answered.paths.outcome("rq01")
    outcome.write_text(outcome.read_text().replace(sections, sections.replace("h1 and h2", "H1 only, h21 <!-- h2 -->")))
    (finding,) = answered.check()
    assert (finding.severity, finding.file) == ("warning", PLACE)
    assert finding.what == "no word is written about h2"
    write = outcome.read_text().replace("h21", "by <!--= h2.estimate -->?<!--/-->", 1)
    outcome.write_text(write)
    answered.run_and_write()
    assert answered.check() == ()
