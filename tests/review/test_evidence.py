"""A review of what evidence says otherwise: forged numbers, lost registrations, drawn figures, unclean trees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from expkit.review.review import review
from tests.review.reading import text_of, warned

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_registrations_that_were_rewritten_are_a_failure(change: Desk) -> None:
    """Another commit, or a tree that is said to have been clean."""
    evidence = json.loads(change.evidence.read_text())
    evidence["registrations"][0]["commit"] = "0" * 40
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root)
    assert "registrations removed" in [one.title for one in found.failures]
    assert "Registrations removed or rewritten" in text_of(found)


def test_an_edited_verdict_in_the_outcome_is_shown_beside_the_true_one(change: Desk) -> None:
    """With the line, and the words that differ in bold."""
    change.edit(change.outcome, "or more; supported.**", "or more; refuted.**")
    found = review(change.root)
    (failure,) = found.failures
    assert failure.file == "research_questions/rq01/outcome.md"
    assert failure.line > 1
    text = text_of(found)
    assert "**Not to be merged as it is: 1 failure in `research_questions/rq01/outcome.md`.**" in text
    assert "<strong>refuted.\\*\\*</strong>" in text
    assert "<strong>supported.\\*\\*</strong>" in text


def test_a_number_that_no_run_yielded_is_a_failure(change: Desk) -> None:
    """The digest of an arm's results is the same, so its results are."""
    evidence = json.loads(change.evidence.read_text())
    evidence["arms"][2]["seeds"]["total_reward"][4] += 1
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root)
    assert found.sentence.startswith("Changes numbers of strategies/gambler without a run")
    assert "a number without a run" in [one.title for one in found.failures]


def test_other_results_of_the_same_trials_are_a_warning(change: Desk) -> None:
    """They may have been accepted, on another machine; `reproduce` tells."""
    evidence = json.loads(change.evidence.read_text())
    evidence["arms"][2]["results_digest"] = "0" * 64
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root)
    assert "the same trials, other numbers" in warned(found)
    assert "### The same trials, other numbers" in text_of(found)


def test_a_figure_that_changes_alone_is_a_warning(change: Desk) -> None:
    """One that changes with its numbers is not, and neither is one that is new."""
    evidence = json.loads(change.evidence.read_text())
    evidence["figures"]["seeds.svg"] = "0" * 64
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root)
    assert found.sentence == "Draws 1 figure anew of numbers that did not move; no verdict moved."
    assert "`research_questions/rq01/figures/seeds.svg` was drawn anew, and no number behind it moved" in text_of(found)
    assert "a figure without other numbers" in warned(found)
    evidence["hypotheses"][0]["test"]["estimate"] += 1
    change.evidence.write_text(json.dumps(evidence))
    assert "a figure without other numbers" not in warned(review(change.root))


def test_runs_from_a_tree_that_no_commit_holds_are_told(change: Desk) -> None:
    """Registrations that came with a changed tree, and the run behind the evidence; those of the base are known."""
    evidence = json.loads(change.evidence.read_text())
    evidence["provenance"]["dirty"] = True
    for entry in evidence["registrations"]:
        entry["clean"] = False
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root, base="HEAD~1")
    assert found.sentence == "Answers question rq01 (1 supported, 1 inconclusive); no verdict moved."
    told = text_of(found).partition("### Run from trees that no commit holds")[2]
    assert "rq01: the run behind the evidence, at " in told
    assert told.count("with uncommitted changes, first data") == 2
    change.commit()
    assert "Run from trees" not in text_of(review(change.root, base="HEAD"))


def test_numbers_of_another_engine_are_told_as_such(change: Desk) -> None:
    """What is declared is the same, so no arm is called amended."""
    evidence = json.loads(change.evidence.read_text())
    for arm in evidence["arms"]:
        arm |= {"key": arm["key"][::-1], "results_digest": "0" * 64}
        arm["summaries"]["total_reward"]["iqm"] += 1
    change.evidence.write_text(json.dumps(evidence))
    found = review(change.root)
    assert found.sentence == "Another version of the engine trained 3 arms; 3 numbers moved and no verdict."
    assert text_of(found).count(". Another version of the engine trained it |") == 3
