"""A review of real changes in real repositories: what it says first, what it calls loud, and what stops a merge."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidDeclaration
from expkit.review.markdown import sections
from expkit.review.page import page
from expkit.review.review import Review, review

if TYPE_CHECKING:
    from tests.conftest import Desk

SECOND = """\
id: rq02
title: "A | `tick` @everyone <script>alert(1)</script> --> ##[error]"
question: Is it so?
scope: Six seeds.
experiments: [strategies]
hypotheses:
  - id: h1
    statement: The gambler earns more than the drunkard.
    experiment: strategies
    criterion: {kind: difference, metric: total_reward, treatment: gambler, control: drunkard, at_least: 0}
"""


def text_of(found: Review) -> str:
    """The markdown of a review."""
    return page(sections(found))


def warned(found: Review) -> list[str]:
    """Titles of what is not a note, without what is the same in every outcome that nobody has discussed."""
    return [one.title for one in found.problems if one.severity != "note" and "nothing is written" not in one.what]


@pytest.fixture
def change(answered: Desk) -> Desk:
    """A branch `feature` of a project whose question was answered on `main`."""
    answered.git("checkout", "--quiet", "-b", "feature")
    return answered


def bound(desk: Desk) -> None:
    """Let h2 claim more than its data allow."""
    desk.edit(desk.question, "at_least: 0.5", "at_least: 5")


@pytest.fixture(scope="module")
def _amended(_answered: tuple[Desk, object], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = _answered[0]
    desk = replace(desk, root=Path(shutil.copytree(desk.root, tmp_path_factory.mktemp("amended") / "project")))
    desk.git("checkout", "--quiet", "-b", "feature")
    bound(desk)
    desk.commit()
    assert desk.expkit("outcome", "rq01").code == 0
    desk.commit()
    return desk


@pytest.fixture
def amended(_amended: Desk, tmp_path: Path) -> Desk:
    """A branch on which a bound moved after its data existed, and the outcome was written again."""
    return replace(_amended, root=Path(shutil.copytree(_amended.root, tmp_path / "project")))


def test_a_change_that_changes_nothing_says_so(change: Desk) -> None:
    """A comment in a file is no change."""
    change.question.write_text("# a comment\n" + change.question.read_text())
    found = review(change.root)
    assert found.sentence == "Changes nothing that is declared, and no number or verdict in the evidence."
    assert found.base.name == "main"
    assert not found.failures
    assert warned(found) == []


def test_a_bound_that_moved_after_its_data_is_loud_and_no_failure_once_it_is_exploratory(amended: Desk) -> None:
    """Old and new bound, the verdict that moved, and the line of the hypothesis."""
    found = review(amended.root)
    assert found.sentence == (
        "Hypothesis h2 of rq01 was amended after its data existed; "
        "1 verdict moved: h2 of rq01 from supported to refuted."
    )
    text = text_of(found)
    assert "**h2 of rq01 was amended after its data existed.**" in text
    assert "| bound | 0.5 or more | 5 or more |" in text
    assert "The evidence calls it exploratory: Its decision changed after its data" in text
    assert "| h2 | verdict | supported | refuted. 1.0 (97.5 % interval 0.7 to 1.8); claimed is 5 or more |" in text
    assert "| h1 | standing | confirmatory, self-registered | exploratory. Its family changed" in text
    assert not found.failures
    (warning,) = [one for one in found.problems if one.title == "amended after its data existed"]
    line = amended.question.read_text().splitlines()[warning.line - 1]
    assert (warning.file, line.strip()) == ("research_questions/rq01/question.yaml", "- id: h2")


def test_an_amended_hypothesis_that_still_claims_to_be_confirmatory_is_refused(amended: Desk) -> None:
    """The registrations tell what stood when its data came, whatever the verdict says of itself."""
    evidence = json.loads(amended.evidence.read_text())
    for one in evidence["hypotheses"]:
        one |= {"standing": "confirmatory", "grade": "self-registered"}
    amended.evidence.write_text(json.dumps(evidence))
    assert "claims to be confirmatory" in [one.title for one in review(amended.root).failures]


def test_an_amendment_before_any_data_is_quiet(desk: Desk) -> None:
    """It says old and new in a line, and nobody is warned."""
    desk.git("checkout", "--quiet", "-b", "feature")
    bound(desk)
    desk.edit(desk.experiment, "count: 6", "count: 8")
    found = review(desk.root)
    text = text_of(found)
    assert found.sentence.startswith("Hypotheses h1 of rq01 and h2 of rq01 were amended; changes 3 arms of strategies")
    assert "- h2 of rq01 was amended before its data: bound 0.5 or more → 5 or more; seeds 6 → 8" in text
    assert "Changed after data existed" not in text
    assert warned(found) == []


def test_a_changed_setting_shows_as_what_the_hypothesis_decides(change: Desk) -> None:
    """The claim reads the same; the arm beneath it is another one. It was not run again, which is a failure."""
    change.edit(change.experiment, "agent: {kind: gambler}", "agent: {kind: gambler, learning_rate: 0.5}")
    found = review(change.root)
    assert "| gambler: agent.learning\\_rate | 0.1 | 0.5 |" in text_of(found)
    assert "- `strategies/gambler`: agent.learning\\_rate 0.1 → 0.5" in text_of(found)
    assert "stale" in found.failures[0].what


def test_another_root_after_data_is_loud(change: Desk) -> None:
    """Drawing again is the way to a new registration, and to the best of many: a reviewer has to know."""
    change.edit(change.experiment, "root: 7", "root: 8")
    text = text_of(review(change.root))
    assert text.count("was amended after its data existed.**") == 2
    assert "| root | 7 | 8 |" in text


def test_hypotheses_added_removed_withdrawn_and_renamed_are_told_apart(change: Desk) -> None:
    """One that is written on data that exist is loud; one that is dropped is; a withdrawal keeps its reason."""
    text = change.question.read_text()
    head, first, second = text.partition("  - id: h1")[0], *text.partition("  - id: h1")[2].split("  - id: h2")
    third = second.replace("at_least: 0.5", "at_most: 2")
    change.question.write_text(f"{head}  - id: first{first}    withdrawn: It was trivial.\n  - id: h3{third}")
    said = text_of(review(change.root))
    assert "**h3 of rq01 was added after its data existed.**" in said
    assert "**h2 of rq01 was removed after its data existed.**" in said
    assert "- h1 of rq01 is called first now" in said
    assert "- first of rq01 was withdrawn after its data existed: It was trivial." in said


def test_a_new_question_cannot_break_out_of_the_page(change: Desk) -> None:
    """Whatever its title says; its data existed, which its evidence will say once it is run."""
    place = change.root / "research_questions" / "rq02"
    place.mkdir()
    (place / "question.yaml").write_text(SECOND)
    found = review(change.root)
    assert found.sentence == "Adds question rq02 after its data existed (1 hypothesis, not run yet); no verdict moved."
    assert warned(found) == ["added after its data existed"]
    (line,) = [line for line in text_of(found).splitlines() if line.startswith("- rq02 is new")]
    assert "A \\| `tick` @\u2060everyone &lt;script>alert(1)&lt;/script> -->" in line
    assert "##[" not in line


def test_a_question_that_is_removed_takes_its_registrations_with_it(change: Desk) -> None:
    """A failure: to give a question up, its hypotheses are withdrawn."""
    shutil.rmtree(change.question.parent)
    found = review(change.root)
    assert found.sentence.startswith("Removes question rq01 with its data; removes or rewrites 2 registrations")
    assert [one.title for one in found.failures] == ["registrations removed"]
    assert "registration of h1, at " in text_of(found)


def test_a_question_that_moves_keeps_everything(change: Desk) -> None:
    """Another id, the same family, and its registrations in another folder."""
    change.git("mv", "research_questions/rq01", "research_questions/rq09")
    moved = change.root / "research_questions" / "rq09" / "question.yaml"
    change.edit(moved, "id: rq01", "id: rq09")
    found = review(change.root)
    assert found.sentence.startswith("Renames question rq01 to rq09")
    assert "registrations removed" not in warned(found)


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


@pytest.mark.parametrize("known", [True, False])
def test_a_base_without_expkit_or_of_another_version_is_no_obstacle(change: Desk, known: bool) -> None:
    """In the first, everything is added; of the other it says that nobody can compare declarations."""
    files = [change.question.parent, change.experiment.parent]
    change.git("checkout", "--quiet", "main")
    if known:
        for folder in files:
            shutil.rmtree(folder)
    else:
        change.edit(change.question, "title:", "titel:")
        change.evidence.write_text('{"format": 99}')
    change.commit()
    change.git("checkout", "--quiet", "-b", "next")
    change.git("checkout", "feature", "--", ".")
    found = review(change.root)
    if known:
        assert found.sentence.startswith("Adds question rq01 (2 hypotheses: 1 supported, 1 inconclusive); adds 3 arms")
    else:
        assert len(found.remarks) == 2
        assert "cannot read what main declares (" in found.remarks[0]
        assert "The evidence of rq01 in main cannot be read" in found.remarks[1]


def test_a_commit_is_reviewed_without_being_checked_out(amended: Desk) -> None:
    """What was edited since does not count, and what main got since is not removed by it."""
    amended.git("checkout", "--quiet", "main")
    (amended.root / "research_questions" / "rq02").mkdir()
    (amended.root / "research_questions" / "rq02" / "question.yaml").write_text(SECOND)
    amended.commit()
    amended.question.write_text("no: [question")
    found = review(amended.root, head="feature")
    assert found.sentence.startswith("Hypothesis h2 of rq01 was amended after its data existed; 1 verdict moved")
    assert not found.failures


def test_mistakes_in_the_head_are_all_raised(change: Desk) -> None:
    """Nothing can be said of a change that cannot be read."""
    change.edit(change.question, "title:", "titel:")
    with pytest.raises(InvalidDeclaration) as error:
        review(change.root)
    assert {mistake.file for mistake in error.value.mistakes} == {"research_questions/rq01/question.yaml"}


def test_changed_code_beneath_an_arm_is_told(desk: Desk) -> None:
    """An own agent whose module changed is another arm, though no setting reads otherwise."""
    agent = desk.root / "agents.py"
    agent.write_text("class Idle:\n    wish = 1\n")
    desk.edit(desk.experiment, "agent: {kind: gambler}", 'agent: {kind: python, make: "agents:Idle"}')
    desk.commit()
    desk.git("checkout", "--quiet", "-b", "feature")
    agent.write_text("class Idle:\n    wish = 2\n")
    found = review(desk.root)
    assert "the code or table beneath 1 arm changed" in found.sentence
    assert "### Changed code and tables\n\n- `strategies/gambler`: agent.digest" in text_of(found)
