from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from expkit.provenance.references import Named, Unnamed, commit_named, head_named
from tests.provenance.conftest import Sandbox


@pytest.fixture
def two_commits(project: Sandbox) -> tuple[str, str]:
    """The project's first commit, tagged, and a second one on `feature/fast`, where the work tree is."""
    first = project.git("rev-parse", "HEAD")
    project.git("tag", "--annotate", "--message", "the first release", "v1.0")
    project.git("checkout", "--quiet", "-b", "feature/fast")
    return first, project.commit("second")


def test_whatever_git_calls_a_commit_will_do(project: Sandbox, two_commits: tuple[str, str]) -> None:
    """Branches, tags (annotated ones lead to their commit), abbreviated ids, and steps back from them."""
    first, second = two_commits
    for typed in ("main", "v1.0", "refs/heads/main", first, first[:7], "HEAD~1", "HEAD^", "feature/fast~1", "v1.0^{}"):
        assert commit_named(project.root, typed) == Named(commit=first, names=("main", "v1.0"))
    for typed in ("HEAD", "@", "feature/fast", second[:10], "HEAD@{0}"):
        assert commit_named(project.root, typed) == Named(commit=second, names=("feature/fast",))


def test_branches_of_a_remote_are_known_by_their_whole_name(
    project: Sandbox, clone: Callable[..., Sandbox], two_commits: tuple[str, str]
) -> None:
    """In a clone, as CI makes it, a branch that nobody checked out is there as the remote's alone."""
    copy = clone(project, "copy")
    assert commit_named(copy.root, "origin/main") == Named(commit=two_commits[0], names=("v1.0", "origin/main"))
    missing = commit_named(copy.root, "main")
    assert isinstance(missing, Unnamed)
    assert (missing.what, missing.known) == ("missing", ("feature/fast", "v1.0", "origin/feature/fast", "origin/main"))


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "nothing", "main:a.txt", "main^{tree}", "HEAD~9", "main..HEAD", "^main", "main\nHEAD"),
        *("--output=stolen", "-h", "--batch-all-objects", "main --", "\udcff", "ä", "@{-9}", "HEAD^{blob}", "f" * 40),
    ],
)
def test_what_names_no_commit_is_told_so_and_does_nothing(project: Sandbox, typed: str) -> None:
    """Files, trees, ranges and options name none; the text is never an argument, so it cannot become an option."""
    before = sorted(project.root.rglob("*"))
    found = commit_named(project.root, typed)
    assert isinstance(found, Unnamed)
    assert (found.what, found.known) == ("missing", ("main",))
    assert sorted(project.root.rglob("*")) == before


def test_too_few_digits_are_ambiguous(project: Sandbox) -> None:
    """With so many commits, four digits begin more than one of them."""
    tree, ids = project.git("rev-parse", "HEAD^{tree}"), set()
    while True:
        commit = project.git("commit-tree", tree, "-m", str(len(ids)))
        if any(other[:4] == commit[:4] for other in ids):
            break
        ids.add(commit)
    found = commit_named(project.root, commit[:4])
    assert isinstance(found, Unnamed)
    assert found.what == "ambiguous"
    assert commit_named(project.root, commit) == Named(commit=commit, names=())


def test_a_shallow_clone_says_that_older_commits_are_not_there(
    project: Sandbox, clone: Callable[..., Sandbox], two_commits: tuple[str, str]
) -> None:
    """An absent commit may exist where the clone was made from."""
    copy = clone(project, "copy", "--depth=1")
    found = commit_named(copy.root, two_commits[0])
    assert isinstance(found, Unnamed)
    assert found.why is not None
    assert "shallow" in found.why


def test_the_work_tree_stands_on_a_commit_and_mostly_on_a_branch(
    project: Sandbox, two_commits: tuple[str, str], new_repository: Callable[[str], Sandbox], tmp_path: Path
) -> None:
    """A detached head has no branch; an empty repository no commit; a bare folder neither."""
    first, second = two_commits
    assert head_named(project.root) == Named(commit=second, names=("feature/fast",))
    project.git("checkout", "--quiet", first)
    assert head_named(project.root) == Named(commit=first, names=())
    assert head_named(new_repository("empty").root) is None
    assert head_named(tmp_path) is None
    outside = commit_named(tmp_path, "HEAD")
    assert isinstance(outside, Unnamed)
    assert outside.what == "no repository"
