"""The state of git when a run began, typed, with the patch that a dirty tree differs by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expkit.provenance.changes import PATCH_BYTES, look
from expkit.provenance.remote import public_url
from expkit.provenance.repository import Refusal, Refused, Repository, find, text
from expkit.records.provenance import Git, Patch


def read_git(root: Path, read: Mapping[str, bytes] | None = None) -> tuple[Git, bytes | None]:
    """The state of the repository around a project, and the patch's text where the tree is dirty.

    Never raises for what git refuses: that is a state. Paths are relative to the repository's work tree, and the
    whole repository counts, wherever the project lies in it. `read` are contents by path below `root`: those that the
    commit does not hold as they were read are changes, ignored or not.
    """
    repository = find(root)
    if isinstance(repository, Refusal):
        return Git(state=repository.state, reason=repository.reason), None
    try:
        return _read(repository, read or {})
    except Refused as refused:
        return Git(state="unreadable", reason=str(refused)), None


def _read(repository: Repository, read: Mapping[str, bytes]) -> tuple[Git, bytes | None]:
    commit = repository.head()
    changes, difference = look(repository, patch=commit is not None, read=read if commit else {})
    state = Git(
        state="no_commits" if commit is None else "dirty" if changes else "clean",
        commit=commit,
        branch=repository.branch(),
        shallow=repository.shallow(),
        pushed=repository.pushed(commit) if commit else None,
        remote=_remote(repository),
        modified=tuple(text(path) for path in changes.modified),
        untracked=tuple(text(path) for path in changes.untracked),
        hidden=tuple(text(path) for path in changes.hidden),
        patch=Patch(sha256=difference.sha256, bytes=difference.bytes, truncated=difference.bytes > PATCH_BYTES)
        if difference
        else None,
    )
    return state, difference.kept if difference else None


def _remote(repository: Repository) -> str | None:
    """The first URL of `origin` as configured: `insteadOf` could put a token into it."""
    urls = repository.answer("config", "-z", "--get-all", "remote.origin.url")
    return public_url(text(urls.split(b"\0")[0])) if urls else None
