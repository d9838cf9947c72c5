"""What a commit declares: its declared files with those that they mention, read from git and not from the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from expkit.project.mentioned import with_mentioned
from expkit.project.paths import DECLARED
from expkit.project.sources import AtHand, names_of
from expkit.provenance.history import History


def committed_files(history: History, commit: str) -> dict[str, bytes]:
    """The content of every declared and mentioned file at a commit, by path; empty for an unknown commit."""
    return with_mentioned(history.tree(commit, DECLARED), _Commit(history, commit))


class _Commit:
    """The regular files of a project at a commit."""

    def __init__(self, history: History, commit: str) -> None:
        self._history = history
        self._commit = commit

    def names(self, path: str) -> Sequence[str]:
        """The path of every one at or below a path, relative to the root; of all of them below ``""``."""
        return names_of(self._history.names(self._commit))(path)

    def top(self) -> Sequence[str]:
        """The name of every one that lies in the root itself."""
        return [name for name in self._history.names(self._commit) if "/" not in name]

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Their content, by path."""
        return self._history.tree(self._commit, names)

    def scripts(self, names: Iterable[str]) -> Sequence[str]:
        """Those among some that begin with ``#!``."""
        known = self.read(names)
        return AtHand(known).scripts(known)
