"""Attacks on git's history: the data are made to have come later than they did, or the hypothesis earlier."""

from __future__ import annotations

import shutil

from tests.registration.attacks_on_declarations import H2, RQ02
from tests.registration.bench import BOUND, EVIDENCE, RQ01, Bench, attack

MOVED = "region was at least 0.5, is at least 0.6"
LONG_AGO = {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z"}
DENIED = "h2 is called confirmatory, and what was recorded first says otherwise"


@attack(MOVED)
def commit_backdated(bench: Bench) -> None:
    """Everything is deleted, and the moved bound is committed with a date long before the data."""
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.git("add", "--all")
    bench.git("commit", "--quiet", "--message", "long ago", **LONG_AGO)


@attack(MOVED)
def commit_amended(bench: Bench) -> None:
    """The branch is set back to before the data, and the commit of the question is amended with an earlier date."""
    bench.git("reset", "--quiet", "--hard", "HEAD^")
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.git("commit", "--quiet", "--all", "--amend", "--no-edit", **LONG_AGO)


@attack("Its data were first recorded before it was written")
def hypothesis_rebased_before_the_data(bench: Bench) -> tuple[str, ...]:
    """A later question is moved before the commit of the data by a rebase, and run in a clone."""
    bench.write("research_questions/rq02/question.yaml", RQ02 + H2.replace(*BOUND))
    bench.commit()
    data, question = bench.git("rev-parse", "HEAD^"), bench.head()
    bench.git("reset", "--quiet", "--hard", "HEAD~2")
    bench.git("cherry-pick", question, data)
    bench.become_clone()
    return ("rq02",)


@attack("is registered at", seen="check fails", start="declared")
def commit_replaced(bench: Bench) -> None:
    """`git replace` puts the moved bound where the registered commit was, and the evidence is edited to it."""
    before = bench.head()
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.run()
    after = bench.head()
    bench.git("replace", before, after)
    bench.change(EVIDENCE, (after, before))


@attack(MOVED)
def history_grafted_off(bench: Bench) -> None:
    """A graft ends history at a commit behind the data, in which nothing of them is left."""
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.write(".git/info/grafts", f"{bench.head()}\n")
    bench.git("replace", "--graft", "HEAD")
    assert bench.git("log", "--format=%s") == "a commit"


@attack(MOVED)
def history_filtered(bench: Bench) -> None:
    """Every commit is rewritten: the moved bound was always there, and no evidence ever was."""
    edit = f"sed -i s/0.5/0.6/ {RQ01}; rm -f {EVIDENCE}"
    bench.git("filter-branch", "--force", "--tree-filter", edit, "HEAD", FILTER_BRANCH_SQUELCH_WARNING="1")
    bench.forget()


@attack(MOVED)
def data_left_on_a_branch(bench: Bench) -> None:
    """The data are looked at on a branch that is never merged; the moved bound is run where they never were."""
    bench.git("branch", "look")
    bench.git("reset", "--quiet", "--hard", "HEAD^")
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.become_clone()


@attack(MOVED)
def backdated_branch_merged(bench: Bench) -> None:
    """A branch from before the data runs the moved bound, under dates before theirs, and is merged."""
    bench.git("checkout", "--quiet", "-b", "side", "HEAD^")
    side = bench.clone_of("side", "--single-branch", "--branch=side")
    side.change(RQ01, BOUND)
    side.git("commit", "--quiet", "--all", "--message", "bound", **LONG_AGO)
    side.run()
    side.git("add", "--all")
    side.git("commit", "--quiet", "--message", "data", **LONG_AGO)
    bench.git("pull", "--quiet", "--ff-only", str(side.root), "side")
    bench.git("merge", "--quiet", "--no-edit", "-X", "ours", "main")
    shutil.rmtree(bench.root / ".expkit")
    bench.forget()
    bench.commit()


@attack(DENIED, seen="check fails")
def run_in_a_shallow_clone(bench: Bench) -> None:
    """A clone without history runs the moved bound, knows of nothing, and its evidence is brought back."""
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.commit()
    shallow = bench.clone_of("shallow", "--depth=1")
    assert {one.standing for one in shallow.run().hypotheses} == {"confirmatory"}
    shallow.commit()
    bench.git("pull", "--quiet", "--ff-only", str(shallow.root), "main")


@attack(MOVED)
def project_moved(bench: Bench) -> None:
    """The project is moved into a folder of its repository without its evidence, and the bound moved there."""
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.commit()
    origin = bench.root.rename(bench.root.with_name("repository"))
    folder = origin / bench.root.name
    folder.mkdir()
    for name in ("experiments", "research_questions", "pyproject.toml", ".gitignore"):
        (origin / name).rename(folder / name)
    bench.root.symlink_to(folder)
    bench.commit()
