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
def _branched(_answered: tuple[Desk, Said], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = _answered[0]
    root = tmp_path_factory.mktemp("branched") / "project"
    answered = replace(desk, root=Path(shutil.copytree(desk.root, root, symlinks=True)))
    answered.git("checkout", "--quiet", "-b", "feature")
    answered.edit(answered.experiment, "agent: {kind: gambler}", "agent: {kind: gambler, learning_rate: 0.5}")
    answered.edit(answered.experiment, "accountant: {", "bookkeeper: {")
    text = answered.question.read_text().replace("treatment: accountant", "treatment: bookkeeper")
    text = text.replace("control: accountant", "control: bookkeeper").replace("at_least: 0.5", "at_least: 50")
    answered.question.write_text(text.replace("at least half of what", "at least fifty times what"))
    answered.commit()
    assert answered.expkit("run", "rq01").code == 0
    answered.commit()
    return answered


@pytest.fixture
def branched(_branched: Desk, tmp_path: Path) -> Desk:
    """`main` as it was answered, and checked out `feature`, where the gambler learns faster and h2 claims more."""
    return replace(_branched, root=Path(shutil.copytree(_branched.root, tmp_path / "project", symlinks=True)))


def test_two_branches_are_compared_side_by_side(branched: Desk) -> None:
    """What moved, what was declared otherwise, what was measured, where; and briefly what is the same."""
    said = branched.expkit("compare", "rq01", "--ref", "main", "--ref", "feature")
    assert said.code == 0, said
    assert said.out.startswith("rq01 · 1 verdict moved: h2 from ")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert f"main {branched.git('rev-parse', 'main')[:12]}" in lines
    assert "h2 verdict ✓ supported ✗ refuted" in lines
    assert "standing confirmatory, self-registered exploratory" in lines
    assert (
        "claim total reward of gambler / accountant: 0.5 or more total reward of gambler / bookkeeper: 50 or more"
    ) in lines
    assert "“The gambler earns at least half of what" in said.out
    assert "“The gambler earns at least fifty times what" in said.out
    assert "gambler agent.learning_rate 0.1 0.5" in lines
    assert "bookkeeper name strategies/accountant strategies/bookkeeper" in lines
    assert "bookkeeper same results" in lines
    assert any(line.startswith("gambler IQM ") for line in lines)
    assert "branch main feature" in lines
    assert lines[-1] == "nothing else differs: 1 arm with the same results"
    assert said.err == ""


def test_machines_get_the_same_and_more(branched: Desk) -> None:
    """Whole commits and digests, and both hypotheses with their statements."""
    found = branched.json("compare", "rq01", "--ref", "main", "--ref", "HEAD")
    assert found["then"] == {
        "name": "main",
        "commit": branched.git("rev-parse", "main"),
        "names": ["main"],
        "remarks": [],
    }
    assert found["now"]["names"] == ["feature"]
    assert not found["same"]
    renamed, changed = found["arms"]["changed"]
    assert (renamed["then"]["arm"], renamed["now"]["arm"], renamed["results"]) == ("accountant", "bookkeeper", "same")
    assert changed["settings"] == [{"name": "agent.learning_rate", "then": 0.1, "now": 0.5}]
    assert changed["metrics"]["total_reward"]["then"]["n"] == 6
    _, claimed = found["hypotheses"]["changed"]
    assert claimed["differs"] == ["verdict", "claim", "decision", "test", "standing", "wording"]
    assert claimed["then"]["statement"].startswith("The gambler earns at least half")
    assert claimed["now"]["verdict"] == "refuted"


def test_one_commit_is_compared_with_the_work_tree(branched: Desk) -> None:
    """As it is, committed or not; nothing is checked out, and no file changes."""
    before = branched.git("status", "--porcelain"), branched.git("rev-parse", "HEAD")
    found = branched.json("compare", "rq01", "--ref", "main")
    assert found["now"]["name"] == "the work tree"
    assert found["now"]["names"] == ["feature"]
    assert found["arms"]["changed"][1]["settings"][0]["now"] == 0.5
    assert (branched.git("status", "--porcelain"), branched.git("rev-parse", "HEAD")) == before
    same = branched.expkit("compare", "rq", "--ref", "feature").out
    assert same.endswith("nothing differs: 3 arms with the same results, 2 hypotheses with the same verdict\n")
    assert same.startswith("rq01 · no verdict moved\n")


def test_every_kind_of_reference_will_do(branched: Desk) -> None:
    """A tag, an abbreviated id, a step back, and a branch that only the remote has."""
    branched.git("tag", "v1", "main")
    names = ["v1", branched.git("rev-parse", "main")[:8], "HEAD~2", "refs/heads/main"]
    found = [branched.json("compare", "rq01", "--ref", name, "--ref", "main") for name in names]
    assert all(one["same"] for one in found)
    clone = branched.clone()
    clone.git("checkout", "--quiet", "feature")
    assert clone.json("compare", "rq01", "--ref", "origin/main", "--ref", "v1")["same"]


def test_the_work_tree_need_not_be_sound_to_compare_commits(branched: Desk) -> None:
    """Commits are read from git, whatever stands in the files at the moment."""
    branched.question.write_text("no: [question")
    assert branched.expkit("compare", "rq01", "--ref", "main", "--ref", "feature").code == 0
    said = branched.expkit("compare", "rq01", "--ref", "main")
    assert said.code == 0
    assert "the work tree: this version of expkit cannot read its declarations" in said.err


def test_evidence_that_is_older_than_its_declarations_says_so(branched: Desk) -> None:
    """A branch whose question was not run again still shows the evidence of before."""
    said = branched.expkit("compare", "rq01", "--ref", "HEAD~1", "--ref", "main")
    assert said.out.endswith("nothing differs: 3 arms with the same results, 2 hypotheses with the same verdict\n")
    assert "HEAD~1: its evidence is older than its declaration of bookkeeper, gambler, accountant" in said.err
    branched.edit(branched.question, "Does bookkeeping pay?", "Does it?")
    assert "its evidence is older than its question.yaml" in branched.expkit("compare", "rq01", "--ref", "main").err


def test_results_of_the_same_trials_that_differ_are_a_contradiction(answered: Desk) -> None:
    """It is the one thing here that cannot be: the same arm, root and seed, and another number."""
    evidence = json.loads(answered.evidence.read_text())
    evidence["arms"][2]["results_digest"] = "0" * 64
    evidence["arms"][2]["seeds"]["total_reward"][4] += 1
    answered.evidence.write_text(json.dumps(evidence))
    said = answered.expkit("compare", "rq01", "--ref", "main")
    assert said.code == 0
    assert "contradicting: the same trials, other results" in said.out
    assert "first in seed 4" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rq01", "--ref", "mian"), ["there is no commit 'mian'", "did you mean 'main'?", "branches and tags here"]),
        (("rq01", "--ref", "--output=made"), ["there is no commit '--output=made'"]),
        (("rq01", "--ref", "nowhere/feature"), ["there is no commit", "did you mean 'feature'?"]),
        (("rq1", "--ref", "main"), ["there is no question 'rq1'", "did you mean 'rq01'?"]),
        (("../rq01", "--ref", "main"), ["there is no question '../rq01'"]),
        (("rq01", "--ref", "main", "--metric", "regrets"), ["there is no metric 'regrets'"]),
        (("rq01", "--ref", "main", "--ref", "main", "--ref", "main"), ["3 times --ref"]),
    ],
)
def test_what_cannot_be_meant_is_refused(branched: Desk, arguments: tuple[str, ...], told: list[str]) -> None:
    """With the names that could have been."""
    said = branched.expkit("compare", *arguments)
    assert said.code == 2, said
    assert all(part in said.err for part in told), said.err
    assert not (branched.root / "made").exists()


def test_a_commit_without_evidence_says_what_it_lacks(desk: Desk) -> None:
    """Not run, or no such question; a renamed one is recognised by its arms and not followed."""
    assert desk.expkit("run", "rq01").code == 0
    said = desk.expkit("compare", "rq01", "--ref", "main")
    assert said.code == 2
    assert "main has no evidence for rq01" in said.err
    assert "declared there, and was not run or its evidence not committed" in said.err

    desk.commit()
    desk.question.parent.rename(desk.question.parent.with_name("rq07"))
    renamed = desk.root / "research_questions" / "rq07"
    (renamed / "question.yaml").write_text((renamed / "question.yaml").read_text().replace("id: rq01", "id: rq07"))
    said = desk.expkit("compare", "rq01", "--ref", "main")
    assert said.code == 2
    assert "the work tree has no evidence for rq01" in said.err
    assert "rq07 has arms of it" in said.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"format": 2}', "its format is 2, and this version of expkit reads format 1"),
        ('{"format": 1}', "Field required"),
        ("<<<<<<< HEAD", "JSON"),
    ],
)
def test_evidence_that_another_version_wrote_is_named(answered: Desk, content: str, told: str) -> None:
    """What cannot be read is no verdict on anything: exit 2, with where it is."""
    answered.evidence.write_text(content)
    answered.commit()
    said = answered.expkit("compare", "rq01", "--ref", "HEAD~1", "--ref", "main")
    assert said.code == 2
    assert "main:research_questions/rq01/evidence.json" in said.err
    assert told in said.err


def test_outside_git_there_is_no_commit_to_compare_with(desk: Desk, tmp_path: Path) -> None:
    """The work tree alone has no other side."""
    bare = tmp_path / "bare"
    desk.root.rename(bare)
    (bare / ".git").rename(tmp_path / "taken")
    said = replace(desk, root=bare).expkit("compare", "rq01", "--ref", "main")
    assert said.code == 2
    assert "there is no git repository to find a commit in" in said.err
