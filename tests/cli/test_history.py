from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk, Said


@pytest.fixture(scope="module")
def _iterated(_answered: tuple[Desk, Said], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = _answered[0]
    root = tmp_path_factory.mktemp("iterated") / "project"
    iterated = replace(desk, root=Path(shutil.copytree(desk.root, root, symlinks=True)))
    hint = "<!-- What do the verdicts mean for the question, and what speaks against reading them so? -->"
    iterated.edit(iterated.outcome, hint, "Six seeds say little.\n\nMore should be run.")
    iterated.edit(iterated.question, "Does bookkeeping pay?", "Does bookkeeping pay at all?")
    assert iterated.expkit("outcome", "rq01").code == 0
    iterated.commit()
    iterated.edit(iterated.experiment, "agent: {kind: gambler}", "agent: {kind: gambler, learning_rate: 0.5}")
    iterated.edit(iterated.question, "at_least: 0.5", "at_least: 50")
    assert iterated.expkit("run", "rq01").code == 0
    iterated.edit(iterated.outcome, "Six seeds say little.", "A higher rate does not help.")
    iterated.git("commit", "--quiet", "--all", "--message", "A higher [bold]learning rate[/]")
    return iterated


@pytest.fixture
def iterated(_iterated: Desk, tmp_path: Path) -> Desk:
    """A question that was answered, discussed, and answered again with another learning rate and a bolder claim."""
    return replace(_iterated, root=Path(shutil.copytree(_iterated.root, tmp_path / "project", symlinks=True)))


def test_each_iteration_tells_what_changed_and_what_came_of_it(iterated: Desk) -> None:
    """Newest first: verdicts, settings that changed with what they yielded, and the first words of the discussion."""
    said = iterated.expkit("history", "rq01")
    assert said.code == 0, said
    newest, oldest = said.out.split("rq01, iteration 1 of 2")
    lines = [" ".join(line.split()) for line in newest.splitlines()]
    assert lines[0].startswith("rq01, iteration 2 of 2 · ")
    assert lines[0].endswith(" · A higher [bold]learning rate[/]")
    assert "since iteration 1: 1 verdict moved: h2 from supported to refuted" in lines
    assert "iteration 1 iteration 2" in lines
    assert "gambler agent.learning_rate 0.1 0.5" in lines
    assert any(line.startswith("gambler IQM ") for line in lines)
    assert "A higher rate does not help." in lines
    assert "More should be run." not in newest
    assert "strategies/gambler kind gambler" in " ".join(oldest.split())
    assert "Six seeds say little." in oldest
    assert said.err == ""


def test_words_alone_are_no_iteration(iterated: Desk) -> None:
    """A commit that only rewords the question belongs to the iteration before, and so does the discussion under it."""
    found = iterated.json("history", "rq01")
    first, second = found["iterations"]
    assert first["commit"]["id"] == iterated.git("rev-parse", "HEAD~2")
    assert first["discussion"] == {"Discussion": "Six seeds say little.\n\nMore should be run."}
    assert first["changed"] is None
    assert second["commit"]["id"] == iterated.git("rev-parse", "HEAD")
    assert second["run_commit"] == iterated.git("rev-parse", "HEAD~1")
    assert second["changed"]["arms"] == {
        "strategies/gambler": [{"name": "agent.learning_rate", "then": 0.1, "now": 0.5}]
    }
    assert second["hypotheses"]["h2"]["verdict"] == "refuted"
    assert first["arms"]["strategies/gambler"]["parameters"]["agent.learning_rate"] == 0.1


def test_results_that_no_commit_holds_are_an_iteration_too(iterated: Desk) -> None:
    """What the work tree found is told before it is committed; going back to earlier results is an iteration again."""
    iterated.git("checkout", "--quiet", "HEAD~1", "--", ".")
    found = iterated.json("history", "rq01")
    assert [one["commit"] is None for one in found["iterations"]] == [False, False, True]
    assert found["iterations"][2]["arms"] == found["iterations"][0]["arms"]
    assert iterated.expkit("history", "rq01", "-n", "1").out.startswith("rq01, iteration 3 of 3 · not committed yet")


def test_a_deleted_question_has_a_history(iterated: Desk) -> None:
    """Git remembers what the work tree forgot; `--full` prints all that was written."""
    iterated.git("rm", "-r", "--quiet", "research_questions/rq01")
    iterated.commit()
    said = iterated.expkit("history", "rq01", "--full", "-n", "1")
    assert said.code == 0, said
    assert "iteration 2 of 2" in said.out
    assert "More should be run." in said.out


@pytest.mark.parametrize("committed", [True, False])
def test_a_renamed_question_keeps_its_history(iterated: Desk, committed: bool) -> None:
    """Its discussions too; a question that is new under the old name is none of it."""
    iterated.git("mv", "research_questions/rq01", "research_questions/rq77")
    iterated.edit(iterated.root / "research_questions/rq77/question.yaml", "id: rq01", "id: rq77")
    if committed:
        iterated.commit()
        iterated.question.parent.mkdir()
        iterated.question.write_text("id: rq01\n")
        iterated.commit()
    said = iterated.expkit("history", "rq77")
    assert said.code == 0, said
    assert "renamed: rq77 was called rq01 before" in said.err
    assert "iteration 2 of 2 · " in said.out
    assert "rq01, iteration 1 of 2 · " in said.out
    assert "Six seeds say little." in said.out
    found = iterated.json("history", "rq77")
    assert found["formerly"] == ["rq01"]
    assert found["iterations"][0]["hypotheses"]["h2"]["statement"].startswith("The gambler earns at least half")


def test_evidence_of_another_format_is_counted_and_left_out(iterated: Desk) -> None:
    """An older or newer expkit may have written a commit; the others are told all the same."""
    foreign = json.loads(iterated.evidence.read_text()) | {"format": 99}
    iterated.evidence.write_text(json.dumps(foreign))
    iterated.commit()
    iterated.git("checkout", "--quiet", "HEAD~1", "--", "research_questions/rq01/evidence.json")
    said = iterated.expkit("history", "rq01")
    assert said.code == 0, said
    assert "left out: 1 commit with evidence in another format" in said.err
    assert said.out.startswith("rq01, iteration 2 of 2")


def test_a_question_that_was_never_run_says_what_to_type(desk: Desk) -> None:
    """No iteration is no empty page."""
    said = desk.expkit("history", "rq01")
    assert said.code == 2
    assert "rq01 has no iteration yet" in said.err
    assert "expkit run rq01" in said.err
