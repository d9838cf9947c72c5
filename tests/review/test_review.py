"""A review of what is declared otherwise: what it says first, and what it calls loud."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from expkit.review.review import review
from tests.review.conftest import SECOND
from tests.review.reading import text_of, warned

if TYPE_CHECKING:
    from tests.conftest import Desk


def bound(desk: Desk) -> None:
    """Let h2 claim more than its data allow."""
    desk.edit(desk.question, "at_least: 0.5", "at_least: 5")


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
    third = second.replace("at_least: 0.5", "at_most: 2").replace("at least half of", "at most twice")
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
