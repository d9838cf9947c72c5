"""What makes a verdict confirmatory, over time. What is tried against that stands in tests/registration."""

from __future__ import annotations

from typing import Any

import pytest

BOUND = ("at_least: 0.5", "at_least: 0.6")


def standings_of(hypotheses: dict[str, Any]) -> dict[str, str]:
    """Confirmatory or exploratory, by hypothesis."""
    return {name: one.standing for name, one in hypotheses.items()}


def test_a_hypothesis_committed_before_its_data_is_confirmatory(laboratory: Any) -> None:
    """Committed, clean, and all registered seeds used: confirmatory, registered by the team itself."""
    commit = laboratory.git("rev-parse", "HEAD")
    for one in laboratory.judged().values():
        assert one.standing == "confirmatory"
        assert one.grade == "self-registered"
        assert commit[:7] in one.standing_reason


def test_a_commit_pushed_before_the_run_is_the_stronger_grade(laboratory: Any) -> None:
    """A remote that held the commit when the run began can vouch for the order."""
    colleague = laboratory.clone("colleague")
    assert {one.grade for one in colleague.judged().values()} == {"pushed before the run"}


def test_data_recorded_before_any_hypothesis_make_it_exploratory(empty_laboratory: Any, declared: Any) -> None:
    """`run EXPERIMENT` first and a question afterwards is a look at the data, however clean the commits are."""
    empty_laboratory.train()
    empty_laboratory.write("research_questions/rq01/question.yaml", declared.question)
    empty_laboratory.commit()
    evidence = empty_laboratory.run()
    assert {one.standing for one in evidence.hypotheses} == {"exploratory"}
    assert "before any hypothesis spoke of them" in evidence.hypotheses[0].standing_reason
    assert [entry.standing for entry in evidence.registrations] == [None]


def test_an_experiment_run_after_the_hypothesis_counts_as_its_test(laboratory: Any) -> None:
    """Every attempt carries what stood, whichever command started it."""
    laboratory.train()
    assert set(standings_of(laboratory.judged()).values()) == {"confirmatory"}


def test_outside_git_every_verdict_is_exploratory(laboratory: Any) -> None:
    """Without a commit nothing ties the hypothesis to a time before its data."""
    (laboratory.root / ".git").rename(laboratory.root.parent / "git-put-away")
    assert set(standings_of(laboratory.judged()).values()) == {"exploratory"}


def test_a_new_root_is_a_new_start_for_a_changed_claim_alone(laboratory: Any) -> None:
    """An amended claim is tested on fresh seeds; the same claim on fresh seeds is a second draw of it.

    A new root used to make everything confirmatory again, and then the best of many roots is a confirmation: who drops
    a draw chooses. An amendment was no candidate for the first draw, which is why it may have one of its own.
    """
    laboratory.run()
    laboratory.edit_question(BOUND)
    laboratory.edit_experiment(("count: 6", "count: 8"), ("root: 7", "root: 8"))
    laboratory.commit()
    evidence = laboratory.run()
    assert {one.id: one.standing for one in evidence.hypotheses} == {"h1": "exploratory", "h2": "confirmatory"}
    assert {group.root for entry in evidence.registrations for group in entry.trials} == {7, 8}


def test_a_new_wording_demotes_nothing_and_the_old_one_is_kept(laboratory: Any) -> None:
    """A statement may be said better afterwards; what it said before stays in the registration."""
    laboratory.run()
    laboratory.edit_question(("The accountant earns more than the drunkard.", "Bookkeeping beats a random walk."))
    laboratory.commit()
    evidence = laboratory.run()
    assert evidence.hypotheses[0].standing == "confirmatory"
    stood = next(entry.standing for entry in evidence.registrations if entry.standing.hypothesis == "h1")
    assert stood.statement == "The accountant earns more than the drunkard."
    assert stood.wording_digest != evidence.hypotheses[0].wording_digest


def test_withdrawing_keeps_the_family_as_it_was_registered(laboratory: Any) -> None:
    """A withdrawn sibling still counts: nothing is gained or lost for the others."""
    laboratory.run()
    laboratory.edit_question(("id: h2\n", "id: h2\n    withdrawn: The ratio says nothing new.\n"))
    laboratory.commit()
    hypotheses = laboratory.judged()
    assert hypotheses["h1"].standing == "confirmatory"
    assert hypotheses["h2"].verdict == "withdrawn"


def test_a_question_deleted_and_written_anew_under_another_id_is_exploratory(laboratory: Any, declared: Any) -> None:
    """Neither its folder nor its ledger is left; git's history still has the evidence."""
    laboratory.run()
    laboratory.commit()
    laboratory.git("rm", "-r", "--quiet", "research_questions/rq01")
    laboratory.lose_ledger()
    laboratory.write("research_questions/rq02/question.yaml", declared.question.replace("rq01", "rq02").replace(*BOUND))
    laboratory.commit()
    assert set(standings_of(laboratory.judged("rq02")).values()) == {"exploratory"}


def test_two_questions_that_stood_on_one_arm_are_both_confirmatory(laboratory: Any, declared: Any) -> None:
    """The evidence of one keeps what stood for the other, so that a fresh clone can run the other one, too."""
    laboratory.write("research_questions/rq02/question.yaml", declared.question.replace("rq01", "rq02").replace(*BOUND))
    laboratory.commit()
    laboratory.run("rq01")
    laboratory.commit()
    clone = laboratory.clone("colleague")
    assert set(standings_of(clone.judged("rq02")).values()) == {"confirmatory"}


def test_a_fresh_clone_reproduces_evidence_and_registration(laboratory: Any) -> None:
    """Same numbers elsewhere: the evidence is the committed one itself, to the byte."""
    laboratory.run()
    laboratory.commit()
    committed = laboratory.paths.evidence("rq01").read_bytes()
    clone = laboratory.clone("colleague")
    before = clone.evidence_on_disk()
    assert clone.run() == before
    assert clone.paths.evidence("rq01").read_bytes() == committed
    assert clone.git("status", "--porcelain") == ""


def test_registrations_are_only_ever_added_to(laboratory: Any) -> None:
    """Entries keep their place and content over runs; later ones stand behind them."""
    first = laboratory.run().registrations
    laboratory.edit_experiment(("count: 6", "count: 8"))
    laboratory.commit()
    second = laboratory.run().registrations
    assert second[: len(first)] == first
    assert {seed for entry in second[len(first) :] for group in entry.trials for seed in group.seeds} == {6, 7}


def test_registrations_removed_from_the_work_tree_come_back_with_the_next_run(laboratory: Any) -> None:
    """History holds every entry, so that a hand that deletes one gains nothing."""
    evidence = laboratory.run()
    laboratory.commit()
    file = laboratory.paths.evidence("rq01")
    text = file.read_text()
    start, end = text.index(' "registrations": ['), text.index(' "provenance"')
    file.write_text(text[:start] + ' "registrations": [],\n' + text[end:])
    assert any("registrations that commits hold" in failure for failure in laboratory.failures())
    assert laboratory.run().registrations == evidence.registrations


def test_every_batch_must_have_been_clean(laboratory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict rests on all its data: half of them from a changed tree is too much."""
    monkeypatch.setattr("expkit.plan.STEPS_PER_BATCH", 3 * 400)
    laboratory.train(batches=1)
    laboratory.write("notes.txt", "not committed")
    evidence = laboratory.run()
    assert {entry.clean for entry in evidence.registrations} == {True, False}
    assert {one.standing for one in evidence.hypotheses} == {"exploratory"}


def test_batches_of_several_commits_are_confirmatory_together(laboratory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run that goes on after an unrelated commit is still the registered test."""
    monkeypatch.setattr("expkit.plan.STEPS_PER_BATCH", 3 * 400)
    laboratory.train(batches=1)
    laboratory.write("notes.txt", "about something else")
    laboratory.commit()
    evidence = laboratory.run()
    assert {one.standing for one in evidence.hypotheses} == {"confirmatory"}
    assert len({entry.commit for entry in evidence.registrations}) == 2
