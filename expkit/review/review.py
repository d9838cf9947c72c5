"""A review: what a change does to the science, with everything that speaks against it. Reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.outcomes.check import check_outcome
from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.registration import all_standings
from expkit.outcomes.snapshot import Tree, tree_at, tree_left, work_tree
from expkit.project.paths import Paths
from expkit.project.read import read_project
from expkit.provenance.bases import default_base, prefix_of
from expkit.provenance.history import History
from expkit.provenance.worktree import worktree
from expkit.review.changes import Changes, changes
from expkit.review.pairs import Pairs
from expkit.review.problems import Problem, problems
from expkit.review.renames import same_questions
from expkit.review.results import Results, results
from expkit.review.sentence import sentence
from expkit.review.side import Side, side_of
from expkit.review.touched import untouched

DEEPEN = "fetch the whole history: git fetch --unshallow (or git fetch --deepen=100); in GitHub Actions: fetch-depth: 0"
"""What a shallow clone needs, with `actions/checkout` named by its setting."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A change from a base to a head."""

    base: Tree
    """By the name that a person typed; the commit is the one where the head left it."""
    head: Tree
    prefix: str
    """The project's folder within its repository, with a trailing `/`, or empty."""
    changed: Changes
    moved: Results
    problems: tuple[Problem, ...]
    """The worst first."""
    remarks: tuple[str, ...]
    """What this review cannot know, in sentences."""
    sentence: str
    """What the change does."""

    @property
    def failures(self) -> tuple[Problem, ...]:
        """What must not be merged as it is."""
        return tuple(one for one in self.problems if one.severity == "failure")


def review(root: Path, *, base: str | None = None, head: str | None = None) -> Review:
    """What a change does.

    Args:
        root: the project's.
        base: what a person typed for the branch that the change goes into; None is the usual one.
        head: what a person typed for the commit of the change; None is the work tree.

    Raises:
        InvalidUsage: a name names no commit, or there is none to compare with.
        InvalidDeclaration: mistakes in the files of the head, all of them.
        ServiceAbsent: git does not have all files of the head.
    """
    history = History(root)
    named = _named(root, history, base)
    if head is None:
        now = work_tree(root)
        checked = _check(root)
    else:
        now = tree_at(root, history, head)
        with _checked_out(root, now) as folder:
            checked = _check(folder)
    then, remarks = _left(root, history, named, now)
    sides = side_of(then), side_of(now)
    same = same_questions(*sides)
    changed, moved = changes(*sides, same), results(*sides, same)
    return Review(
        base=then,
        head=now,
        prefix=prefix_of(root),
        changed=changed,
        moved=moved,
        problems=problems(checked, changed, moved, now.files, then.commit or "", untouched(*sides, same)),
        remarks=(*remarks, *_unknown(history, *sides, same)),
        sentence=sentence(changed, moved, sides[1].evidence),
    )


def _named(root: Path, history: History, typed: str | None) -> Tree:
    """The tree of the branch that a change goes into."""
    if not history.available:
        raise InvalidUsage(
            "there is no git repository, so there is no commit to compare with",
            where=str(root),
            mend="review in the repository that holds the project; a new one begins with: "
            "git init && git add -A && git commit",
        )
    name = typed or default_base(root)
    if name is None:
        raise InvalidUsage(
            "there is no branch to compare with",
            where=str(root),
            why="neither a remote's default branch nor a branch main or master is known here",
            mend=_base_to_name(history),
        )
    if history.shallow and history.commit(name) is None:
        raise InvalidUsage(
            f"there is no commit {name!r} in this clone",
            why="it is shallow: its history ends early, and the base of the change is not in it",
            mend=DEEPEN,
        )
    return tree_at(root, history, name)


def _base_to_name(history: History) -> str:
    """What to type where no branch is the usual one."""
    if history.head is None:
        return "there is no commit yet: git add -A && git commit"
    return DEEPEN if history.shallow else "name a commit: expkit review --base COMMIT"


def _left(root: Path, history: History, named: Tree, now: Tree) -> tuple[Tree, list[str]]:
    """The tree where the head left a branch, and what has to be said of it."""
    left = tree_left(root, history, named, now)
    if left is None:
        why = "This clone is shallow, and" if history.shallow else "As far as git knows,"
        return named, [
            f"{why} no commit is known that {named.name} and {now.name} share. The change is compared with "
            f"{named.name} as it is, so what {named.name} got since counts as removed."
        ]
    return left, []


def _unknown(history: History, then: Side, now: Side, same: Pairs[str]) -> Iterator[str]:
    if history.shallow:
        commits = {entry.commit for entry in now.registrations if entry.commit and entry.standing}
        missing = sum(not history.has(commit) for commit in commits)
        yield (
            "This clone is shallow. Earlier evidence is not seen, and git cannot confirm registrations at "
            f"{missing} of {len(commits)} commits. To know, {DEEPEN}."
        )
    if then.unreadable:
        yield (
            f"This version of expkit cannot read what {then.tree.name} declares ({then.unreadable}), so declarations "
            "are not compared."
        )
    for question, why in then.broken.items():
        yield f"The evidence of {question} in {then.tree.name} cannot be read, so its numbers are not compared ({why})."
    for past, here in same.both:
        if past != here and past in then.evidence and here in now.evidence:
            before, after = then.evidence[past], now.evidence[here]
            if before.question != after.question and before.figures != after.figures:
                yield (
                    f"Figures name their question: those of {here} were drawn anew, and whether anything but its name "
                    "changed in them is not known."
                )


@contextmanager
def _checked_out(root: Path, tree: Tree) -> Iterator[Path]:
    with worktree(root, tree.commit or "") as made:
        yield made.root


def _check(root: Path) -> list[Finding]:
    """Everything that `expkit check` says of a project."""
    project, paths, history = read_project(root), Paths(root), History(root)
    standing, found = all_standings(project.questions, project.experiments), list[Finding]()
    for name in sorted(project.questions):
        one = Dossier(project, project.questions[name])
        found += check_outcome(
            paths,
            history,
            question=one.question,
            experiments=one.experiments,
            planned=one.planned,
            standing=standing,
        )
    return found
