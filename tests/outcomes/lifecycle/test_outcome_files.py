"""The files of an outcome: written only when changed, checked against their numbers, never over a person's words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from expkit.errors import CheckFailed, NotWritable
from expkit.outcomes.document import MARKER, merge
from expkit.outcomes.write import write_outcome


def test_a_run_writes_figures_document_and_evidence(laboratory: Any) -> None:
    """Everything that a reviewer needs, and the digests of what was drawn."""
    written = laboratory.run_and_write()
    folder = "research_questions/rq01"
    figures = {f"{folder}/figures/{name}" for name in written.evidence.figures}
    assert set(written.changed) == {f"{folder}/outcome.md", f"{folder}/evidence.json"} | figures
    assert len(figures) == 3
    assert laboratory.evidence_on_disk() == written.evidence


def test_a_second_run_touches_nothing(answered: Any) -> None:
    """Same records, same bytes: git has nothing to say."""
    assert answered.run_and_write().unchanged
    assert answered.git("status", "--porcelain") == ""


def test_a_fresh_clone_reproduces_without_touching_a_file(answered: Any) -> None:
    """An empty ledger elsewhere trains again and leaves the committed files alone."""
    clone = answered.clone("colleague")
    assert clone.run_and_write().unchanged
    assert clone.git("status", "--porcelain") == ""
    assert clone.check() == ()


def test_an_answered_question_passes_its_check(answered: Any) -> None:
    """Fresh, sound, drawn from its numbers, verified and discussed."""
    assert answered.check() == ()


def test_a_question_that_was_not_run_is_a_note(laboratory: Any) -> None:
    """Nothing is wrong with a plan."""
    (finding,) = laboratory.check()
    assert (finding.severity, finding.what, finding.mend) == ("note", "not run yet", "expkit run rq01")


def test_an_empty_discussion_is_a_warning(laboratory: Any) -> None:
    """The numbers are there, the team's words are missing; that is work, not an error."""
    laboratory.run_and_write()
    (finding,) = laboratory.check()
    assert finding.severity == "warning"
    assert "Discussion, Impact, Limitations, Next" in finding.what


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("research_questions/rq01/question.yaml", "at_least: 0.5", "at_least: 0.6", "the decision of h2 changed"),
        ("research_questions/rq01/question.yaml", "Does bookkeeping pay?", "Does it?", "the question's text changed"),
        ("research_questions/rq01/question.yaml", "id: h2", "id: h3", "hypothesis h2 is gone"),
        ("research_questions/rq01/question.yaml", "hypotheses:", "family: {alpha: 0.1}\nhypotheses:", "alpha or"),
        ("experiments/strategies.yaml", "count: 6", "count: 8", "of strategies have other seeds: count 6"),
        ("experiments/strategies.yaml", "root: 7", "root: 8", "root 7 is now 8"),
        ("experiments/strategies.yaml", "steps: 400", "steps: 800", "gambler of strategies are configured"),
        ("experiments/strategies.yaml", "title: Drunkard, accountant", "title: A drunkard", "experiment's title"),
        (
            "experiments/strategies.yaml",
            "seeds:",
            "  idle: {agent: {kind: drunkard}}\nseeds:",
            "arm idle of strategies is new",
        ),
    ],
)
def test_whatever_is_declared_otherwise_makes_an_outcome_stale(
    answered: Any, file: str, old: str, new: str, said: str
) -> None:
    """The check names the change and the command; it does not blame a hand for the document's old text."""
    answered.edit(file, (old, new))
    failures = answered.failures()
    assert any("stale" in failure and said in failure for failure in failures), failures
    assert all("expkit run rq01" in failure for failure in failures)
    assert not any("by hand" in failure for failure in failures)


def test_one_edit_that_touches_every_arm_and_hypothesis_is_told_in_two_lines(answered: Any) -> None:
    """Raising the count changes all arms and all decisions: what changed alike is said once."""
    answered.edit("experiments/strategies.yaml", ("count: 6", "count: 8"))
    decisions, arms = answered.failures()
    assert "the decisions of h1, h2 changed" in decisions
    assert "arms drunkard, accountant, gambler of strategies have other seeds: count 6 is now 8" in arms


def test_an_edited_number_above_the_marker_is_shown_with_its_line(answered: Any) -> None:
    """The generated part is a function of evidence and question, byte for byte."""
    outcome = answered.paths.outcome("rq01")
    lines = outcome.read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace("h", "H", 1)
    outcome.write_text("".join(lines))
    (failure,) = answered.failures()
    assert failure.startswith("research_questions/rq01/outcome.md:5: the generated part was edited by hand")
    assert lines[4].strip() in failure


def test_windows_line_ends_are_no_edit(answered: Any) -> None:
    """A checkout may change line ends; nobody wrote anything."""
    outcome = answered.paths.outcome("rq01")
    outcome.write_bytes(outcome.read_bytes().replace(b"\n", b"\r\n"))
    assert answered.check() == ()


def test_a_run_repairs_the_generated_part_and_keeps_the_words(answered: Any, declared: Any) -> None:
    """The next run writes its own part again; below the marker every byte stays."""
    outcome = answered.paths.outcome("rq01")
    outcome.write_text(outcome.read_text().replace("rq01", "RQ", 1) + "A late word.")
    assert answered.run_and_write().changed == ("research_questions/rq01/outcome.md",)
    assert outcome.read_text().endswith(declared.discussed + "A late word.")
    assert answered.check() == ()


def test_a_lost_marker_stops_the_writing_before_any_file(answered: Any) -> None:
    """A new iteration over a document without its marker: refused, and not one file is another."""
    outcome = answered.paths.outcome("rq01")
    outcome.write_text(outcome.read_text().replace(MARKER, ""))
    before = {file: file.read_bytes() for file in outcome.parent.rglob("*") if file.is_file()}
    answered.edit_experiment(("root: 7", "root: 8"))
    with pytest.raises(CheckFailed, match="marker line"):
        answered.run_and_write()
    assert {file: file.read_bytes() for file in outcome.parent.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_figure_that_was_not_drawn_from_the_numbers_is_found_and_mended(answered: Any, damage: str) -> None:
    """By its digest, without drawing; a run draws it again."""
    figure = answered.paths.figures("rq01") / "intervals.svg"
    drawn = figure.read_bytes()
    if damage == "missing":
        figure.unlink()
    else:
        figure.write_bytes(drawn.replace(b"svg", b"SVG"))
    (failure,) = answered.failures()
    assert failure.startswith("research_questions/rq01/figures/intervals.svg: ")
    answered.run_and_write()
    assert figure.read_bytes() == drawn
    assert answered.check() == ()


def test_figures_that_are_no_longer_drawn_go_and_other_files_stay(answered: Any) -> None:
    """Only what the replaced evidence drew is removed."""
    folder = answered.paths.figures("rq01")
    (folder / "old.svg").write_bytes(b"<svg/>")
    (folder / "mine.svg").write_bytes(b"<svg/>")
    answered.edit(
        "research_questions/rq01/evidence.json", ('"curves.svg":', f'"old.svg": "{"0" * 64}",\n  "curves.svg":')
    )
    evidence = answered.evidence_on_disk()
    kept = {name: digest for name, digest in evidence.figures.items() if name != "old.svg"}
    written = write_outcome(
        answered.paths, answered.project.questions["rq01"], evidence.model_copy(update={"figures": kept})
    )
    assert written.removed == ("research_questions/rq01/figures/old.svg",)
    assert (folder / "mine.svg").exists()


def test_an_interrupted_write_is_seen_and_finished(answered: Any) -> None:
    """Evidence goes last: with figures and document of a new iteration, the old evidence is stale."""
    folder = answered.paths.evidence("rq01").parent
    old = answered.paths.evidence("rq01").read_bytes()
    answered.edit_experiment(("root: 7", "root: 8"))
    answered.run_and_write()
    finished = answered.paths.evidence("rq01").read_bytes()
    answered.paths.evidence("rq01").write_bytes(old)
    assert any("stale" in failure for failure in answered.failures())
    assert answered.run_and_write().changed == ("research_questions/rq01/evidence.json",)
    assert answered.paths.evidence("rq01").read_bytes() == finished
    assert not list(folder.rglob(".*"))


def test_a_document_without_evidence_is_a_failure(answered: Any) -> None:
    """Words and numbers that nothing stands behind."""
    answered.paths.evidence("rq01").unlink()
    (failure,) = answered.failures()
    assert "there is no research_questions/rq01/evidence.json" in failure


def test_broken_evidence_is_one_finding(answered: Any) -> None:
    """A merge's leftovers: named, with the way back."""
    answered.paths.evidence("rq01").write_text("<<<<<<< HEAD\n")
    (failure,) = answered.failures()
    assert "git checkout -- research_questions/rq01/evidence.json" in failure


def test_a_place_that_is_taken_is_named(laboratory: Any) -> None:
    """A file where the figures' folder should be: one message, and no evidence of an outcome that is not there."""
    (laboratory.paths.question("rq01").parent / "figures").write_text("taken")
    with pytest.raises(NotWritable):
        laboratory.run_and_write()
    assert laboratory.evidence_on_disk() is None


def test_a_check_imports_nothing_heavy(answered: Any) -> None:
    """Neither scipy nor matplotlib nor numba nor mlflow: a check of a whole project takes a moment."""
    program = """
import sys
from pathlib import Path
from expkit.outcomes.check import check_outcome
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import read_project
from expkit.provenance.history import History
from expkit.outcomes.freshness import is_current, differing
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.registration import all_standings
from expkit.outcomes.write import write_outcome

project = read_project(Path(sys.argv[1]))
planned = {name: plan(one, lambda *_: frozenset()) for name, one in project.experiments.items()}
question = project.questions["rq01"]
findings = check_outcome(
    Paths(project.root),
    History(project.root),
    question=question,
    experiments=project.experiments,
    planned=planned,
    standing=all_standings(project.questions, project.experiments),
)
assert findings == (), findings
print(sorted({name.split(".")[0] for name in sys.modules} & {"scipy", "matplotlib", "numba", "mlflow", "pandas"}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(answered.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_document_is_the_rendered_part_over_the_words(answered: Any) -> None:
    """Nothing else is in the file."""
    from expkit.outcomes.markdown.render import render

    text = answered.paths.outcome("rq01").read_text()
    generated = render(answered.project.questions["rq01"], answered.evidence_on_disk())
    assert text == merge(generated, text)
