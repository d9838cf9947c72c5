"""`expkit review` as a workflow calls it: where it writes what, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.cli.test_imports import HEAVY

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_in_a_workflow_it_writes_a_summary_annotations_and_a_comment(answered: Desk) -> None:
    """Markdown on stdout and nothing else there, though GitHub reads both streams; the summary is appended to."""
    answered.git("checkout", "--quiet", "-b", "feature")
    answered.edit(answered.question, "at_least: 0.5", "at_least: 5")
    summary, comment = answered.root.parent / "summary.md", answered.root.parent / "comment.md"
    summary.write_text("before\n")
    said = answered.expkit(
        *("review", "--comment", str(comment)),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_BASE_REF="main",
    )
    assert said.code == 1, said
    assert said.out.startswith(
        "**Hypothesis h2 of rq01 was amended after its data existed; no verdict moved.**\n\n**Not to"
    )
    assert "::" not in said.out
    first, second, *_ = said.err.splitlines()
    assert first.startswith("::error file=research_questions/rq01/evidence.json,line=1,title=expkit check::stale: ")
    assert second.startswith(
        "::warning file=research_questions/rq01/question.yaml,line=11,title=amended after its data"
    )
    assert summary.read_text() == f"before\n{said.out}"
    assert comment.read_text() == f"<!-- expkit review -->\n\n{said.out}"


def test_machines_get_the_same_and_nothing_heavy_is_imported(answered: Desk) -> None:
    """What a bot may want to know, and no second of waiting."""
    said = answered.expkit("review", "--json", PYTHONPROFILEIMPORTTIME="1")
    assert said.code == 0
    found = json.loads(said.out)
    assert found["mergeable"] is True
    assert found["base"] == {"name": "main", "commit": answered.git("rev-parse", "main")}
    assert [one["title"] for one in found["problems"]] == ["expkit check"]
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.err.splitlines()}
    assert imported.isdisjoint(HEAVY)
    assert "pydantic" in imported


def test_mistakes_are_annotated_each_at_its_place(answered: Desk) -> None:
    """Exit 2, as from every command."""
    answered.edit(answered.question, "title:", "titel:")
    answered.edit(answered.experiment, "count: 6", "count: six")
    said = answered.expkit("review", "--annotations")
    assert said.code == 2
    assert said.out == ""
    places = [line.split(",title")[0] for line in said.err.splitlines() if line.startswith("::error ")]
    assert "::error file=experiments/strategies.yaml,line=9,col=25" in places
    assert "::error file=research_questions/rq01/question.yaml,line=2,col=1" in places


def test_a_project_in_a_folder_of_its_repository_is_annotated_from_the_repositorys_root(answered: Desk) -> None:
    """GitHub knows files from there."""
    answered.git("checkout", "--quiet", "-b", "feature")
    below = answered.root / "below"
    below.mkdir()
    answered.git("mv", "research_questions", "experiments", "pyproject.toml", "below")
    answered.commit()
    told = replace(answered, root=below).expkit("review", "--annotations").err.splitlines()
    assert any(line.startswith("::warning file=below/research_questions/rq01/outcome.md,") for line in told)
    assert all("file=below/" in line for line in told)


def test_a_shallow_clone_says_what_it_cannot_know(answered: Desk) -> None:
    """Without the base it names the command that brings it; with the base, but without history, what is missing."""
    answered.git("checkout", "--quiet", "-b", "feature")
    answered.edit(answered.question, "Does bookkeeping pay?", "Does it?")
    answered.commit()
    clone = replace(answered, root=answered.root.parent / "shallow")
    source = f"file://{answered.root}"
    command = ["git", "clone", "--quiet", "--depth=1", "--single-branch", "--branch=feature", source, str(clone.root)]
    subprocess.run(command, check=True, env=answered.environment)
    said = clone.expkit("review", GITHUB_BASE_REF="main")
    assert said.code == 2
    assert "there is no commit 'origin/main' in this clone" in said.err
    assert "git fetch --unshallow" in said.err
    assert "fetch-depth: 0" in said.err
    clone.git("fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    said = clone.expkit("review", GITHUB_BASE_REF="main")
    assert said.out.startswith("**Rewords the question in rq01; no verdict moved.**")
    told = said.out.partition("### What this review cannot know")[2]
    assert "no commit is known that origin/main and the work tree share" in told
    assert "git cannot confirm registrations at 1 of 1 commits" in told


def test_what_cannot_be_compared_is_refused_with_what_to_type(answered: Desk) -> None:
    """A misspelt base, no base at all, a file that nobody may write, and no commit or repository to speak of."""
    assert "did you mean 'main'?" in answered.expkit("review", "--base", "mian").err
    said = answered.expkit("review", "--comment", str(answered.root / "no" / "comment.md"))
    assert (said.code, "cannot be written there" in said.err) == (2, True)
    answered.git("branch", "--move", "main", "trunk")
    said = answered.expkit("review")
    assert (said.code, "expkit review --base COMMIT" in said.err) == (2, True)
    shutil.rmtree(answered.root / ".git")
    said = answered.expkit("review")
    assert (said.code, "git init && git add -A && git commit" in said.err) == (2, True)
    assert "--base" not in said.err
    answered.git("init", "--quiet")
    said = answered.expkit("review")
    assert (said.code, "there is no commit yet: git add -A && git commit" in said.err) == (2, True)
