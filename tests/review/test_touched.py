"""What `check` finds in questions that a change does not touch, and what it finds in several alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from expkit.review.review import review
from tests.review.reading import text_of

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_only_what_is_touched_is_to_look_at(change: Desk) -> None:
    """The outcome that nobody discussed yet is a note, until something of its question changes; a figure will do."""
    found = review(change.root)
    assert [one.untouched for one in found.problems] == ["rq01"]
    assert "To look at" not in text_of(found)
    assert "1 note of expkit check" in text_of(found)
    (change.outcome.parent / "figures" / "seeds.svg").write_text("drawn by hand")
    found = review(change.root)
    assert [(one.severity, one.untouched) for one in found.problems] == [("failure", None), ("warning", None)]
    assert "To look at" in text_of(found)


def test_a_failure_that_was_there_before_stays_one(change: Desk) -> None:
    """It stops the merge, and says that this change touches nothing of its question."""
    change.edit(change.outcome, "or more; supported.**", "or more; refuted.**")
    change.commit()
    text = text_of(review(change.root, base="HEAD"))
    assert "**Not to be merged as it is: 1 failure" in text
    assert "<br>It seems to have been there before: this change touches nothing of rq01.<br>To mend:" in text


def test_what_several_outcomes_lack_is_said_once(change: Desk) -> None:
    """With every file in which it is so."""
    change.git("checkout", "--quiet", "--orphan", "base")
    change.git("rm", "-r", "--quiet", "--cached", ".")
    change.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    found = review(change.root, base="base")
    (lacking,) = [one for one in found.problems if one.severity == "warning" and one.checked]
    twice = replace(found, problems=(*found.problems, replace(lacking, file="research_questions/rq02/outcome.md")))
    text = text_of(twice)
    assert text.count("nothing is written yet under") == 1
    assert "- `research_questions/rq01/outcome.md`, `research_questions/rq02/outcome.md` nothing is written" in text
