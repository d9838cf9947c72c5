"""The files of a project as somebody sees them who reads declarations: in a folder, or at a commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class Tree(Protocol):
    """The regular files of a project, in a folder or at a commit."""

    def names(self, path: str) -> Sequence[str]:
        """The path of every one at or below a path, relative to the root; of all of them below ``""``."""

    def top(self) -> Sequence[str]:
        """The name of every one that lies in the root itself."""

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Their content, by path."""

    def scripts(self, names: Iterable[str]) -> Sequence[str]:
        """Those among some that begin with ``#!``."""
