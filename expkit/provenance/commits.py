"""Commits: which of them touched or renamed some files, when they were made, and what their subject says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expkit.provenance.repository import Repository, find, is_commit, text


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit as `git log` shows it."""

    id: str
    """40 hex digits."""
    date: str
    """When it was committed, ISO 8601 with the offset of whoever did."""
    subject: str


def commits_touching(root: Path, folder: str) -> tuple[Commit, ...]:
    """Every commit up to HEAD that touched a file at or below a folder of a project, oldest first; none outside git.

    `folder` is relative to the project's root, with `/`. Each side of a merge is followed.
    """
    repository = find(root)
    if not isinstance(repository, Repository) or not folder or "\n" in folder:
        return ()
    below = f"{repository.prefix}{folder}"
    out = repository.answer(
        *("log", "-z", "--format=%H%x00%cI%x00%s", "--full-history", "--topo-order", "--reverse", "HEAD", "--", below)
    )
    fields = [text(part) for part in (out or b"").split(b"\0")]
    rows = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
    return tuple(Commit(id=id, date=date, subject=subject) for id, date, subject in rows)


@dataclass(frozen=True, kw_only=True)
class Rename:
    """A file that a commit gave another path, with little else changed in it. Paths are relative to the project."""

    commit: str
    then: str
    now: str


def renames(root: Path, folder: str) -> tuple[Rename, ...]:
    """Every rename of a file below a folder of a project, up to HEAD, newest first; none outside git."""
    repository = find(root)
    if not isinstance(repository, Repository) or not folder or "\n" in folder:
        return ()
    out = repository.answer(
        *("log", "-z", "--format=%H", "--name-status", "--find-renames", "--diff-filter=R", "--full-history"),
        *("--topo-order", "HEAD", "--", f"{repository.prefix}{folder}"),
    )
    found, commit = [], ""
    fields = iter(text(part).lstrip("\n") for part in (out or b"").split(b"\0"))
    for field in fields:
        if is_commit(field):
            commit = field
        elif field.startswith("R"):
            then, now = (next(fields).removeprefix(repository.prefix) for _ in range(2))
            found.append(Rename(commit=commit, then=then, now=now))
    return tuple(found)
