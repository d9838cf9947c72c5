"""Who draws again and keeps the better draw confirms nothing: new roots, changed arms, copies, in real repositories."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from expkit.outcomes.markdown.render import render

BOUND = ("at_least: 0.5", "at_least: 0.6")
AGAIN = ("root: 7", "root: 8")
COPY = (("id: rq01", "id: rq02"), ("[strategies]", "[again]"), ("experiment: strategies", "experiment: again"))


def standings_of(hypotheses: dict[str, Any]) -> dict[str, str]:
    """Confirmatory or exploratory, by hypothesis."""
    return {name: one.standing for name, one in hypotheses.items()}


def both(standing: str) -> dict[str, str]:
    """The same of both hypotheses."""
    return {"h1": standing, "h2": standing}


def copy_question(laboratory: Any, *changes: tuple[str, str], root: int = 8) -> None:
    """The question once more, as rq02 on an experiment of its own with another root."""
    text = laboratory.paths.question("rq01").read_text()
    for old, new in (*COPY, *changes):
        assert old in text
        text = text.replace(old, new)
    laboratory.write("research_questions/rq02/question.yaml", text)
    experiment = (laboratory.root / "experiments/strategies.yaml").read_text()
    laboratory.write(
        "experiments/again.yaml", experiment.replace("id: strategies", "id: again").replace("root: 7", f"root: {root}")
    )


def delete_question(laboratory: Any) -> None:
    """rq01 is gone, with all that it came to."""
    shutil.rmtree(laboratory.paths.question("rq01").parent)


def changed(laboratory: Any, *changes: tuple[str, str]) -> dict[str, Any]:
    """Run, commit, change the experiment, commit, run again: what the second run says."""
    laboratory.run()
    laboratory.commit()
    laboratory.edit_experiment(*changes)
    laboratory.commit()
    return laboratory.judged()  # type: ignore[no-any-return]


def test_another_root_under_the_same_claim_is_exploratory(laboratory: Any) -> None:
    """The reason names the draw that was dropped and what to do; the outcome tells its readers."""
    commit = laboratory.git("rev-parse", "HEAD")
    hypotheses = changed(laboratory, AGAIN)
    assert standings_of(hypotheses) == both("exploratory")
    assert hypotheses["h1"].standing_reason == (
        f"The same claim was drawn before, under root 7 at {commit[:7]}: which draw is kept is then a choice. "
        "To ask again, keep the earlier question with its outcome, and ask in one of its own beside it."
    )
    text = render(laboratory.project.questions["rq01"], laboratory.evidence_on_disk())
    assert "**Exploratory.** h1, h2: The same claim was drawn before" in text


@pytest.mark.parametrize(
    "change",
    [
        ("steps: 400", "steps: 401"),
        ("{kind: dungeon}", "{kind: dungeon, slip: 0.2}"),
        ("count: 6}", "count: 6, streams: common}"),
    ],
)
def test_changed_arms_and_streams_are_another_draw_too(laboratory: Any, change: tuple[str, str]) -> None:
    """Whatever gives new data under the same claim gives a choice; no root needs to be touched."""
    assert standings_of(changed(laboratory, change)) == both("exploratory")


def test_a_changed_arm_demotes_only_who_speaks_of_it(laboratory: Any) -> None:
    """h1 has its data and its claim as before; that its sibling became another decision is what stands against it."""
    hypotheses = changed(laboratory, ("{kind: gambler}", "{kind: gambler, learning_rate: 0.2}"))
    assert standings_of(hypotheses) == both("exploratory")
    assert "family changed" in hypotheses["h1"].standing_reason


@pytest.mark.parametrize(
    "disguise",
    [
        (),
        (("id: h1", "id: a1"), ("id: h2", "id: a2")),
        (("id: h1", "id: a1"), ("id: h2", "id: a2"), ("The accountant earns", "Books earn"), ("The gambler", "Luck")),
    ],
    ids=["copied", "renamed", "reworded"],
)
def test_a_copy_under_another_id_is_no_first_draw_once_the_original_is_deleted(
    laboratory: Any, disguise: tuple[tuple[str, str], ...]
) -> None:
    """git's history has the evidence of the deleted question; ids and words are no disguise."""
    laboratory.run()
    laboratory.commit()
    copy_question(laboratory, *disguise)
    delete_question(laboratory)
    laboratory.lose_ledger()
    laboratory.commit()
    hypotheses = laboratory.judged("rq02")
    assert {one.standing for one in hypotheses.values()} == {"exploratory"}
    assert all("under root 7" in one.standing_reason for one in hypotheses.values())


def test_a_question_beside_the_earlier_one_is_confirmatory(laboratory: Any) -> None:
    """Both verdicts stand and everybody sees both: this is how one asks again."""
    laboratory.run()
    laboratory.commit()
    copy_question(laboratory)
    laboratory.commit()
    assert standings_of(laboratory.judged("rq02")) == both("confirmatory")
    assert standings_of(laboratory.judged("rq01")) == both("confirmatory")
    assert laboratory.evidence_on_disk("rq01").registrations == laboratory.build("rq01").registrations


def copied_then_deleted(laboratory: Any) -> None:
    """rq02 was written and judged beside rq01, which is deleted afterwards."""
    laboratory.run()
    laboratory.commit()
    copy_question(laboratory)
    laboratory.commit()
    laboratory.run_and_write("rq02")
    laboratory.commit()
    delete_question(laboratory)
    laboratory.commit()


def test_check_finds_that_the_earlier_question_was_deleted_afterwards(laboratory: Any) -> None:
    """What was confirmatory is stale; the next run writes it as exploratory, and then everything is in order."""
    copied_then_deleted(laboratory)
    (failure,) = laboratory.failures("rq02")
    assert "an earlier draw of h1, h2 was dropped" in failure
    assert "The same claim was drawn before, under root 7" in failure
    assert "put the question back" in failure
    laboratory.lose_ledger()
    laboratory.run_and_write("rq02")
    laboratory.commit()
    assert {one.standing for one in laboratory.evidence_on_disk("rq02").hypotheses} == {"exploratory"}
    assert laboratory.failures("rq02") == []


def test_putting_the_deleted_question_back_gives_the_standing_back(laboratory: Any) -> None:
    """Where nothing is dropped nothing is chosen: the mend that is offered mends."""
    copied_then_deleted(laboratory)
    laboratory.run_and_write("rq02")
    laboratory.commit()
    laboratory.git("checkout", "--quiet", "HEAD~2", "--", "research_questions/rq01")
    assert any("and none is" in failure for failure in laboratory.failures("rq02"))
    assert standings_of(laboratory.judged("rq02")) == both("confirmatory")


def test_the_dropped_draw_is_kept_among_the_registrations_and_travels(laboratory: Any) -> None:
    """A shallow clone without the commits and without a ledger still knows, and git verifies it where it can."""
    copied_then_deleted(laboratory)
    before = laboratory.evidence_on_disk("rq02").registrations
    laboratory.run_and_write("rq02")
    laboratory.commit()
    entries = laboratory.evidence_on_disk("rq02").registrations
    assert entries[: len(before)] == before
    assert {group.root for entry in entries[len(before) :] for group in entry.trials} == {7}
    clone = laboratory.clone("shallow", "--depth=1")
    assert clone.failures("rq02") == []
    assert standings_of(clone.judged("rq02")) == both("exploratory")


def test_a_changed_claim_has_one_fresh_draw_and_says_so(laboratory: Any) -> None:
    """An amendment tested on fresh seeds is confirmatory, as the first look cannot be repeated; a third draw is not."""
    laboratory.run()
    laboratory.edit_question(BOUND)
    laboratory.edit_experiment(AGAIN)
    laboratory.commit()
    hypotheses = laboratory.judged()
    assert standings_of(hypotheses) == {"h1": "exploratory", "h2": "confirmatory"}
    assert hypotheses["h2"].standing_reason.endswith("; amended after an earlier draw under root 7.")
    text = render(laboratory.project.questions["rq01"], laboratory.evidence_on_disk())
    assert "**Second draw.** h2: It stood" in text
    laboratory.edit_question(("at_least: 0.6", "at_least: 0.7"))
    laboratory.edit_experiment(("root: 8", "root: 9"))
    laboratory.commit()
    reason = laboratory.judged()["h2"].standing_reason
    assert reason.startswith("It was amended after 2 earlier draws, under root 7 at ")


def test_a_ratio_that_becomes_a_difference_is_the_same_comparison(laboratory: Any) -> None:
    """Other ids, other words and another kind: it is amended, and so has had its one fresh draw."""
    laboratory.run()
    laboratory.edit_question(
        ("id: h2", "id: luck"),
        ("The gambler earns at least half of what the accountant does.", "Luck costs less than 1000."),
        ("{kind: ratio,", "{kind: difference,"),
        ("at_least: 0.5", "at_least: -1000"),
    )
    laboratory.edit_experiment(AGAIN)
    laboratory.commit()
    assert "amended after an earlier draw under root 7" in laboratory.judged()["luck"].standing_reason


def lost(laboratory: Any) -> None:
    """The outcome is deleted before it was ever committed."""
    laboratory.paths.evidence("rq01").unlink()


def lost_with_its_question(laboratory: Any) -> None:
    """So is the question, and a copy of it takes its place."""
    copy_question(laboratory)
    delete_question(laboratory)


@pytest.mark.parametrize("lose", [lost, lost_with_its_question])
def test_the_ledger_remembers_what_was_deleted_before_it_was_committed(
    laboratory: Any, lose: Callable[[Any], None]
) -> None:
    """Attempts carry what stood, so that deleting evidence.json gains nothing; and what they tell is written down."""
    laboratory.run()
    lose(laboratory)
    laboratory.edit_experiment(AGAIN)
    laboratory.commit()
    (question,) = laboratory.project.questions
    evidence = laboratory.run(question)
    assert {one.standing for one in evidence.hypotheses} == {"exploratory"}
    assert {group.root for entry in evidence.registrations for group in entry.trials} == {7, 8}
    laboratory.commit()
    laboratory.lose_ledger()
    assert laboratory.run(question) == evidence


def uncommitted(laboratory: Any) -> None:
    """A run from a tree that differs from its commit."""
    laboratory.write("notes.txt", "not committed")


def without_hypothesis(laboratory: Any) -> None:
    """A run of the experiment before there is any question."""
    laboratory.git("rm", "-r", "--quiet", "research_questions/rq01")


@pytest.mark.parametrize("prepare", [uncommitted, without_hypothesis])
def test_pilots_are_no_draws(laboratory: Any, prepare: Callable[[Any], None]) -> None:
    """What could never be confirmatory gives nobody a choice: another root is fresh data, as it always was."""
    prepare(laboratory)
    laboratory.train()
    laboratory.git("reset", "--quiet", "--hard", "HEAD")
    laboratory.edit_experiment(AGAIN)
    laboratory.commit()
    hypotheses = laboratory.judged()
    assert standings_of(hypotheses) == both("confirmatory")
    assert "earlier draw" not in hypotheses["h1"].standing_reason


def test_going_back_to_the_first_draw_is_no_choice(laboratory: Any) -> None:
    """Only the first could ever be confirmatory, whatever was drawn after it."""
    changed(laboratory, AGAIN)
    laboratory.edit_experiment(AGAIN[::-1])
    laboratory.commit()
    assert standings_of(laboratory.judged()) == both("confirmatory")


def test_ids_that_are_swapped_drop_nothing(laboratory: Any) -> None:
    """Both decisions are still declared; who is called what decides nothing."""
    laboratory.run()
    laboratory.edit_question(("id: h1", "id: h3"), ("id: h2", "id: h1"), ("id: h3", "id: h2"))
    laboratory.commit()
    assert standings_of(laboratory.judged()) == both("confirmatory")


def test_a_withdrawn_hypothesis_keeps_its_draw(laboratory: Any) -> None:
    """Withdrawing tells everybody; beside the withdrawn question another one may ask on fresh seeds."""
    laboratory.run()
    laboratory.commit()
    copy_question(laboratory)
    laboratory.edit_question(("id: h1\n", "id: h1\n    withdrawn: Six seeds are few.\n"))
    laboratory.commit()
    assert standings_of(laboratory.judged("rq02")) == both("confirmatory")


def test_a_draw_whose_outcome_is_deleted_is_dropped_until_it_is_put_back(laboratory: Any) -> None:
    """A declaration alone tells nobody what came of it; check warns of it, and putting the outcome back mends it."""
    laboratory.run_and_write()
    laboratory.commit()
    copy_question(laboratory)
    laboratory.commit()
    for file in (laboratory.paths.evidence("rq01"), laboratory.paths.outcome("rq01")):
        file.unlink()
    (warning,) = laboratory.check("rq01")
    assert warning.severity == "warning"
    assert "the draw counts as dropped" in warning.what
    assert standings_of(laboratory.judged("rq02")) == both("exploratory")
    laboratory.git("checkout", "--", "research_questions/rq01")
    assert standings_of(laboratory.judged("rq02")) == both("confirmatory")
