"""References: what a person types for a commit (a branch, a tag, an abbreviated id), and what would have named one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from expkit.provenance.history import History
from expkit.provenance.repository import Refusal, Refused, Repository, find, text


@dataclass(frozen=True, kw_only=True)
class Named:
    """A commit, and what it is called."""

    commit: str
    """40 hex digits."""
    names: tuple[str, ...]
    """The branches and tags that stand on it, those of remotes last."""


@dataclass(frozen=True, kw_only=True)
class Unnamed:
    """Why a text names no commit, and what would."""

    what: Literal["no repository", "missing", "ambiguous"]
    why: str | None = None
    known: tuple[str, ...] = ()
    """Every branch and tag, those of remotes last."""


def commit_named(root: Path, typed: str) -> Named | Unnamed:
    """The commit that a text means in the repository around a project, or why it means none."""
    repository = find(root)
    if isinstance(repository, Refusal):
        return Unnamed(what="no repository", why=repository.reason)
    commit = History(root).commit(typed)
    if commit is not None:
        return Named(commit=commit, names=_names(repository, f"--points-at={commit}"))
    known = _names(repository)
    if _ambiguous(repository, typed):
        return Unnamed(what="ambiguous", known=known)
    why = "this clone is shallow: it holds the newest commits alone" if repository.shallow() else None
    return Unnamed(what="missing", why=why, known=known)


def head_named(root: Path) -> Named | None:
    """The commit that the work tree is based on, with the branch it is on; None where there is none."""
    repository = find(root)
    if isinstance(repository, Refusal):
        return None
    try:
        commit, branch = repository.head(), repository.branch()
    except Refused:
        return None
    return Named(commit=commit, names=(branch,) if branch else ()) if commit else None


def _ambiguous(repository: Repository, typed: str) -> bool:
    """Whether a text names nothing because it begins more than one id; only of the bare digits git says so."""
    if not typed or "\n" in typed:
        return False
    line = os.fsencode(typed)
    return repository.answer("cat-file", "--batch-check", stdin=line + b"\n") == line + b" ambiguous"


def _names(repository: Repository, *condition: str) -> tuple[str, ...]:
    """Short names of branches, tags and branches of remotes, in this order."""
    names: list[str] = []
    for place in ("refs/heads", "refs/tags", "refs/remotes"):
        out = repository.answer("for-each-ref", "--format=%(refname:strip=2)", *condition, place) or b""
        names += [text(name) for name in out.splitlines() if not (place == "refs/remotes" and name.endswith(b"/HEAD"))]
    return tuple(dict.fromkeys(names))
