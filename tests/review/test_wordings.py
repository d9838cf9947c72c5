"""A review of words that decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.review.review import review
from tests.review.reading import text_of

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_a_rewording_is_shown_with_its_diff_and_demotes_nothing(change: Desk) -> None:
    """Of the statement, the question and a title."""
    change.edit(change.question, "at least half of what", "no less than half of what")
    change.edit(change.experiment, "title: Drunkard,", "title: The drunkard,")
    assert change.expkit("outcome", "rq01").code == 0
    found = review(change.root)
    assert found.sentence == "Rewords the statement of h2 in rq01 and the title of strategies; no verdict moved."
    assert not found.failures
    assert "- The gambler earns at least half of what the accountant does.\n+ The gambler earns no less" in text_of(
        found
    )
    assert "Verdicts" not in text_of(found)


def test_a_discussion_that_reads_otherwise_is_shown_by_its_sentences(change: Desk) -> None:
    """Once there were words. What stays is left out but beside a change; a tied number that was filled in is none."""
    before, marker, _ = change.outcome.read_text().partition("never touched -->\n")
    said = "## Discussion\n\nOne. Two. Three. The ratio is <!--= h2.estimate -->{}<!--/-->. It is {}.\n"
    change.outcome.write_text(before + marker + said.format("0.9", "small"))
    assert "discussion" not in review(change.root).sentence
    change.commit()
    change.outcome.write_text(before + marker + said.format("1.0", "small"))
    assert "discussion" not in review(change.root, base="HEAD").sentence
    change.outcome.write_text(before + marker + said.format("1.0", "large"))
    found = review(change.root, base="HEAD")
    assert found.sentence == "Rewords the discussion in rq01; no verdict moved."
    block = "```diff\n  ...\n  Three.\n- The ratio is 0.9.\n+ The ratio is 1.0.\n- It is small.\n+ It is large.\n```"
    assert f"Discussion (rq01):\n\n{block}" in text_of(found)
    change.outcome.unlink()
    assert "discussion" not in review(change.root, base="HEAD").sentence
