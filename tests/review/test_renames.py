"""A review of renames: a new name neither hides an amendment nor makes old verdicts new ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from expkit.review.results import Results
from expkit.review.review import review
from tests.conftest import Desk
from tests.review.reading import text_of, warned


@dataclass(frozen=True)
class Renamed(Desk):
    """A project whose question has another name."""

    name: str = "rq77"

    @property
    def question(self) -> Path:
        return self.root / "research_questions" / self.name / "question.yaml"


def test_a_question_that_moves_keeps_everything(change: Desk) -> None:
    """Another id, the same family, and its registrations in another folder."""
    change.git("mv", "research_questions/rq01", "research_questions/rq09")
    moved = change.root / "research_questions" / "rq09" / "question.yaml"
    change.edit(moved, "id: rq01", "id: rq09")
    found = review(change.root)
    assert found.sentence.startswith("Renames question rq01 to rq09")
    assert "registrations removed" not in warned(found)


def rename(desk: Desk, name: str = "rq77") -> Desk:
    """Give the question's folder another name, and its id with it; what is edited from here on is there."""
    desk.git("mv", "research_questions/rq01", f"research_questions/{name}")
    moved = Renamed(desk.root, desk.store, name)
    desk.edit(moved.question, "id: rq01", f"id: {name}")
    return moved


def test_an_amendment_is_as_loud_under_another_name(amended: Desk) -> None:
    """The old bound and the old verdict stand beside the new ones, though no id is left of them."""
    moved = rename(amended)
    assert moved.expkit("outcome", "rq77").code == 0
    moved.commit()
    found = review(moved.root)
    assert found.sentence == (
        "Renames question rq01 to rq77; hypothesis h2 of rq77 was amended after its data existed; "
        "1 verdict moved: h2 of rq77 from supported to refuted."
    )
    text = text_of(found)
    assert "| bound | 0.5 or more | 5 or more |" in text
    assert "| h2 | verdict | supported | refuted." in text
    assert "- rq01 is called rq77 now" in text
    assert found.failures == ()


def test_evidence_that_is_made_anew_under_another_name_hides_nothing(change: Desk) -> None:
    """Folder, bound, statement and hypothesis renamed, the evidence deleted, another run: git knows its trials."""
    moved = rename(change)
    moved.edit(moved.question, "at_least: 0.5", "at_least: 5")
    moved.edit(moved.question, "id: h2", "id: h9")
    moved.edit(moved.question, "  - id: h1", "  - id: h0")
    moved.evidence.unlink()
    assert moved.expkit("run", "rq77").code == 0
    found = review(moved.root)
    assert found.sentence.startswith("Renames question rq01 to rq77; hypothesis h0 of rq77 was renamed; ")
    assert "1 verdict moved: h9 of rq77 from supported to refuted" in found.sentence
    assert "h9 of rq77 was amended after its data existed" in found.sentence
    assert "**h9 of rq77 (formerly h2) was amended after its data existed.**" in text_of(found)


def test_what_a_rename_leaves_behind_is_told_with_its_verdict(change: Desk) -> None:
    """A hypothesis of which nothing is left but a verdict in the base."""
    text = change.question.read_text()
    change.question.write_text(text.partition("  - id: h2")[0])
    assert change.expkit("outcome", "rq01").code == 0
    found = review(change.root)
    assert found.sentence.endswith("; 1 verdict gone: h2 of rq01, supported.")
    assert "| h2 | verdict | supported | gone |" in text_of(found)


def test_evidence_is_compared_across_a_mere_rename(change: Desk) -> None:
    """Old verdicts are no new findings, the run behind them is known, and a forged seed is found out."""
    moved = rename(change)
    assert moved.expkit("outcome", "rq77").code == 0
    found = review(moved.root)
    assert found.sentence == "Renames question rq01 to rq77; no verdict moved."
    assert found.moved == Results()
    assert "those of rq77 were drawn anew" in found.remarks[0]
    evidence = json.loads(moved.evidence.read_text())
    evidence["arms"][2]["seeds"]["total_reward"][4] += 1
    evidence["registrations"].pop()
    moved.evidence.write_text(json.dumps(evidence))
    failures = {one.title: one for one in review(moved.root).failures}
    assert failures["a number without a run"].file == "research_questions/rq77/evidence.json"
    base = change.git("rev-parse", "main")[:12]
    assert failures["registrations removed"].mend == (
        f"git show {base}:./research_questions/rq01/evidence.json > research_questions/rq77/evidence.json, then "
        "expkit run rq77; to give a hypothesis up, withdraw it"
    )


def test_a_standing_is_not_told_of_a_decision_that_it_is_not_of(change: Desk) -> None:
    """Of another bound than its evidence has: nobody has judged that yet."""
    change.git("checkout", "--quiet", "--orphan", "base")
    change.git("rm", "-r", "--quiet", "--cached", ".")
    (change.root / "README.md").write_text("nothing yet")
    change.git("add", "README.md")
    change.git("commit", "--quiet", "--message", "nothing")
    change.edit(change.question, "at_least: 0.5", "at_least: 5")
    text = text_of(review(change.root, base="base"))
    assert text.count("(as written; stale)") == 2
    assert "(confirmatory" not in text
