"""Bases: the commit that a change starts from, where a person names a branch or nothing at all."""

from __future__ import annotations

from pathlib import Path

from expkit.provenance.history import History
from expkit.provenance.repository import Refusal, Repository, find, is_commit, text

_USUAL = ("main", "master")


def default_base(root: Path) -> str | None:
    """The name of the branch that changes go into: the default branch of the remote, else `main`; None without one."""
    repository = find(root)
    if isinstance(repository, Refusal):
        return None
    history, remote = History(root), _remote(repository)
    head = repository.answer("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
    named = [text(head).removeprefix("refs/remotes/")] if head else []
    usual = [*named, *(f"{remote}/{name}" for name in _USUAL), *_USUAL]
    return next((name for name in usual if history.commit(name)), None)


def merge_base(root: Path, one: str, other: str) -> str | None:
    """The newest commit that two commits, named by 40 hex digits, have in common; None where none is known here."""
    repository = find(root)
    if isinstance(repository, Refusal) or not (is_commit(one) and is_commit(other)):
        return None
    found = text(repository.answer("merge-base", one, other) or b"")
    return found if is_commit(found) else None


def prefix_of(root: Path) -> str:
    """The project's folder within its repository, with a trailing `/`; empty where they are the same."""
    repository = find(root)
    return repository.prefix if isinstance(repository, Repository) else ""


def _remote(repository: Repository) -> str:
    """The remote that the current branch follows, or `origin`."""
    branch = repository.branch()
    followed = repository.answer("config", "--get", f"branch.{branch}.remote") if branch else None
    name = text(followed) if followed else "origin"
    return name if name != "." else "origin"
