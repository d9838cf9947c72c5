"""What git says of a registration: verified, contradicted, or not verifiable here. Never a guess."""

from __future__ import annotations

from typing import Any

from expkit.outcomes.verification import trust_by_hypothesis, verify


def trusts(laboratory: Any) -> set[str]:
    """What git says of the registrations on disk."""
    keys = {arm.key for arm in laboratory.planned()["strategies"]}
    return set(verify(laboratory.evidence_on_disk().registrations, laboratory.history, keys))


def test_a_commit_that_declares_what_was_registered_verifies_it(laboratory: Any) -> None:
    """Recomputed from the files of that commit, after the declarations have moved on."""
    laboratory.run()
    laboratory.commit()
    laboratory.edit_question(("at_least: 0.5", "at_least: 0.6"))
    laboratory.commit()
    assert trusts(laboratory) == {"verified"}


def test_a_clone_with_history_verifies_and_one_without_says_that_it_cannot(laboratory: Any) -> None:
    """A shallow clone lacks the commit: a note with what to type, no reproach."""
    laboratory.run_and_write()
    laboratory.commit()
    assert trusts(laboratory.clone("whole")) == {"verified"}
    shallow = laboratory.clone("shallow", "--depth=1")
    assert trusts(shallow) == {"not verifiable here"}
    notes = [finding for finding in shallow.check() if finding.severity == "note"]
    assert "not verifiable here" in notes[0].what
    assert notes[0].mend == "git fetch --unshallow"
    assert shallow.failures() == []


def test_a_squashed_commit_is_not_verifiable(laboratory: Any) -> None:
    """After a squash the run's commit is in no fresh clone; that proves nothing against it."""
    laboratory.run_and_write()
    laboratory.git("checkout", "--quiet", "--orphan", "squashed")
    laboratory.commit()
    clone = laboratory.clone("colleague", "--single-branch", "--branch=squashed")
    assert trusts(clone) == {"not verifiable here"}
    assert clone.failures() == []


def test_a_forged_commit_is_contradicted(laboratory: Any, declared: Any) -> None:
    """An edited bound, passed off as what an earlier commit declared, fails the check."""
    earlier = laboratory.git("rev-parse", "HEAD")
    laboratory.edit_question(("at_least: 0.5", "at_least: 0.6"))
    later = laboratory.commit()
    laboratory.run_and_write()
    laboratory.edit("research_questions/rq01/evidence.json", (later, earlier))
    assert trusts(laboratory) == {"contradicted"}
    assert any(f"registered at {earlier[:7]}" in failure for failure in laboratory.failures())


def test_a_commit_without_the_question_contradicts_it(empty_laboratory: Any, declared: Any) -> None:
    """The commit is there and declares nothing of the kind."""
    earlier = empty_laboratory.git("rev-parse", "HEAD")
    empty_laboratory.write("research_questions/rq01/question.yaml", declared.question)
    later = empty_laboratory.commit()
    empty_laboratory.run()
    empty_laboratory.edit("research_questions/rq01/evidence.json", (later, earlier))
    assert trusts(empty_laboratory) == {"contradicted"}


def test_a_commit_that_this_version_cannot_read_is_not_verifiable(laboratory: Any) -> None:
    """Declarations of another expkit may hold keys that this one refuses: no evidence of forgery."""
    laboratory.write("research_questions/rq02/question.yaml", "id: rq02\nfrom_the_future: true\n")
    future = laboratory.commit()
    (laboratory.root / "research_questions/rq02/question.yaml").unlink()
    (laboratory.root / "research_questions/rq02").rmdir()
    now = laboratory.commit()
    laboratory.run()
    laboratory.edit("research_questions/rq01/evidence.json", (now, future))
    assert trusts(laboratory) == {"not verifiable here"}


def test_digests_of_another_engine_are_not_contradicted(laboratory: Any) -> None:
    """Arm keys that this version of expkit does not give cannot be computed from any commit: nothing is said."""
    evidence = laboratory.run()
    stood = evidence.registrations[0].standing
    old = stood.model_copy(update={"decision_digest": "0" * 64, "decision": stood.decision | {"treatment": "1" * 64}})
    entry = evidence.registrations[0].model_copy(update={"standing": old})
    keys = {arm.key for arm in laboratory.planned()["strategies"]}
    assert verify([entry], laboratory.history, keys) == ("not verifiable here",)


def test_what_claims_nothing_cannot_be_verified(laboratory: Any) -> None:
    """An entry from a changed tree rests on no commit's declarations."""
    laboratory.write("notes.txt", "not committed")
    laboratory.run()
    assert trusts(laboratory) == {"not verifiable here"}


def test_a_hypothesis_is_trusted_as_far_as_the_weakest_entry_it_rests_on(laboratory: Any) -> None:
    """What `status` shows of each hypothesis."""
    evidence = laboratory.run()
    said = ["contradicted" if entry.standing.hypothesis == "h2" else "verified" for entry in evidence.registrations]
    assert trust_by_hypothesis(evidence, said) == {"h1": "verified", "h2": "contradicted"}
