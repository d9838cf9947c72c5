"""What the workflow does with a pull request and after its merge: its very commands, in real repositories."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.actions import Runner, workflow
from tests.conftest import EXPKIT, Desk

SETUP = f'echo {shlex.quote(str(EXPKIT.parent))} >> "$GITHUB_PATH"'
MARKER = "<!-- expkit review -->"
REPLAY = "Check, and execute again what is behind the evidence"
REPLICATE = "Ask every answered question again"
QUOTED = {"id": 7, "user": {"login": "a-person"}, "body": f"{MARKER}\n\nI quote the bot."}


@dataclass(frozen=True)
class Forge:
    """A bare repository, whose main branch has an answered question, and a person's clone of it."""

    author: Desk
    folder: Path

    @property
    def comments(self) -> list[dict[str, Any]]:
        return list(json.loads((self.folder / "comments.json").read_text()))

    def push(self, branch: str) -> str:
        """A commit of everything on a branch, and what it is merged into, as GitHub makes it for each pull request."""
        self.author.commit()
        commit = self.author.git("rev-parse", "HEAD")
        self.author.git("push", "--quiet", "origin", f"HEAD:{branch}")
        if branch != "main":
            self.author.git("checkout", "--quiet", "--detach", "origin/main")
            self.author.git("merge", "--quiet", "--no-ff", "--no-edit", commit)
            self.author.git("push", "--quiet", "--force", "origin", "HEAD:refs/pull/1/merge")
            self.author.git("checkout", "--quiet", "-B", branch, commit)
        return commit

    def runner(self, **environment: str) -> Runner:
        """A fresh machine with the whole history; with a base, of the pull request, and else of main."""
        temporary = self.folder / f"runner-{len(list(self.folder.iterdir()))}"
        temporary.mkdir()
        checkout = replace(self.author, root=temporary / "checkout")
        self.author.git("clone", "--quiet", str(self.folder / "origin.git"), str(checkout.root))
        if "GITHUB_BASE_REF" in environment:
            checkout.git("fetch", "--quiet", "origin", "refs/pull/1/merge:refs/remotes/pull/1/merge")
            checkout.git("checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")
        bin_folder = temporary / "bin"
        bin_folder.mkdir()
        stand_in = Path(__file__).with_name("gh_stand_in.py")
        (bin_folder / "gh").write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in} "$@"\n')
        (bin_folder / "gh").chmod(0o755)
        of_github = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "team/project",
            "GITHUB_RUN_ID": "20261121",
            "GITHUB_SERVER_URL": "https://github.example",
            "GH_COMMENTS": str(self.folder / "comments.json"),
            "PATH": f"{bin_folder}:{self.author.environment['PATH']}",
        }
        return Runner(
            workflow=workflow("expkit.yml"),
            folder=checkout.root,
            temporary=temporary,
            environment={**self.author.environment, **of_github, **environment},
            expressions={"inputs.setup": SETUP, "github.token": "a token", "github.event.number": "1"},
        )


@pytest.fixture
def forge(answered: Desk, tmp_path: Path) -> Forge:
    """With thirty comments on its first pull request already, so that the next one is on a second page."""
    folder = tmp_path / "forge"
    folder.mkdir()
    answered.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder / "origin.git"))
    answered.git("remote", "add", "origin", str(folder / "origin.git"))
    answered.git("push", "--quiet", "origin", "main")
    answered.git("fetch", "--quiet", "origin")
    others = [{"id": number, "user": {"login": "a-person"}, "body": "I agree."} for number in range(101, 130)]
    (folder / "comments.json").write_text(json.dumps([QUOTED, *others]))
    return Forge(answered, folder)


@pytest.fixture
def widened(forge: Forge) -> Forge:
    """A pull request that claims ten times as much of data that exist, and says that nothing was run for it."""
    forge.author.git("checkout", "--quiet", "-b", "feature")
    forge.author.edit(forge.author.question, "at_least: 0.5", "at_least: 5")
    forge.push("feature")
    return forge


def test_a_review_is_told_in_one_comment_that_the_next_one_updates(widened: Forge) -> None:
    """The comment comes although the review fails; those of others stay as they are, whatever they begin with."""
    first = widened.runner(GITHUB_BASE_REF="main")
    done = first.job("review")
    assert {name: step.code for name, step in done.items()} == {"Set up": 0, "Review": 1, "Tell it in one comment": 0}
    assert "::error file=research_questions/rq01/evidence.json,line=1," in done["Review"].err
    *others, told = widened.comments
    assert others[0] == QUOTED
    assert told["body"].startswith(f"{MARKER}\n\n**Hypothesis h2 of rq01 was amended after its data existed;")
    assert told["body"] == f"{MARKER}\n\n{first.summary[0]}"

    widened.author.edit(widened.author.question, "at_least: 5", "at_least: 0.5")
    widened.push("feature")
    again = widened.runner(GITHUB_BASE_REF="main")
    assert {step.code for step in again.job("review").values()} == {0}
    *same, updated = widened.comments
    assert same == others
    assert updated["id"] == told["id"]
    assert updated["body"] == f"{MARKER}\n\n{again.summary[0]}"
    assert "amended" not in updated["body"]


def test_the_pull_request_of_a_fork_has_the_summary_alone(widened: Forge) -> None:
    """Its token may only read. That is no failure, and it is said."""
    before = widened.comments
    runner = widened.runner(GITHUB_BASE_REF="main", GH_READ_ONLY="1")
    told = runner.job("review")["Tell it in one comment"]
    assert told.code == 0
    assert told.out.startswith("::notice title=expkit review::This token may only read")
    assert widened.comments == before
    assert runner.summary[0].startswith("**Hypothesis h2 of rq01 was amended")


def test_a_change_that_cannot_be_read_is_not_left_under_the_review_of_another_one(forge: Forge) -> None:
    """Files with mistakes cannot be compared; the comment says so, and where."""
    forge.author.git("checkout", "--quiet", "-b", "feature")
    forge.author.edit(forge.author.question, "title:", "titel:")
    forge.push("feature")
    done = forge.runner(GITHUB_BASE_REF="main").job("review")
    assert done["Review"].code == 2
    assert forge.comments[-1]["body"] == (
        f"{MARKER}\n\n**This change could not be reviewed**; "
        "[the log](https://github.example/team/project/actions/runs/20261121) says why.\n"
    )


def test_any_other_refusal_of_github_is_a_failure(widened: Forge) -> None:
    """A comment that is missing without a word would be taken for a review without findings."""
    runner = widened.runner(GITHUB_BASE_REF="main")
    (runner.temporary / "bin" / "gh").write_text(
        '#!/bin/sh\n[ "$2" = --paginate ] || { echo "gh: Server Error (HTTP 502)" >&2; exit 1; }\n'
    )
    told = runner.job("review")["Tell it in one comment"]
    assert told.code == 1
    assert "HTTP 502" in told.err


def test_a_replay_finds_a_number_that_no_run_gave(forge: Forge) -> None:
    """On main every question is executed again, in a pull request those that it touches."""
    whole = forge.runner().job("replay")[REPLAY]
    assert whole.out.startswith("rq01: 18 trials replayed, every digest equal\n")

    forge.author.git("checkout", "--quiet", "-b", "feature")
    (forge.author.root / "NOTES.md").write_text("Nothing about science.\n")
    forge.push("feature")
    untouched = forge.runner(GITHUB_BASE_REF="main").job("replay")[REPLAY]
    assert untouched.code == 0
    assert "1 question untouched since the work tree left origin/main, and not replayed" in untouched.out

    _forge_digest(forge.author)
    forge.push("feature")
    forged = forge.runner(GITHUB_BASE_REF="main").job("replay")[REPLAY]
    assert forged.code == 1
    assert "replayed" in forged.err


def _forge_digest(author: Desk) -> None:
    """Another digest of an arm's results, the same everywhere in the evidence."""
    evidence = json.loads(author.evidence.read_text())
    digest = evidence["arms"][0]["results_digest"]
    author.edit(author.evidence, digest, "0" * len(digest))


def test_after_a_merge_every_answered_question_is_asked_on_seeds_that_nobody_could_choose(forge: Forge) -> None:
    """The summary has each one's table; a question that was never run has nothing to be held against.

    A verdict that is not found again is a result, evidence of another question is none: that fails, and stops no other.
    """
    unasked = forge.author.question.parents[1] / "rq02" / "question.yaml"
    unasked.parent.mkdir()
    unasked.write_text(forge.author.question.read_text().replace("id: rq01", "id: rq02"))
    forge.push("main")
    runner = forge.runner()
    asked = runner.job("replicate")[REPLICATE]
    assert asked.code == 0, asked
    assert "root 20261121, as given; registered was 7" in asked.out
    (summary,) = runner.summary
    assert summary.startswith("### rq01\n\n    ")
    assert "verdicts agree" in summary
    assert "rq02" not in summary

    there = replace(forge.author, root=runner.folder)
    stale = there.root / "research_questions" / "rq00" / "question.yaml"
    shutil.copytree(there.question.parent, stale.parent)
    there.edit(stale, "id: rq01", "id: rq00")
    there.edit(stale, "at_least: 0.5", "at_least: 5")
    there.edit(stale.with_name("evidence.json"), '"rq01"', '"rq00"')
    asked = runner.job("replicate")[REPLICATE]
    assert asked.code == 1
    assert "the evidence is stale" in asked.err
    _, summary = runner.summary
    assert summary.startswith("### rq00\n\n\n### rq01\n\n    ")
    assert "verdicts agree" in summary
