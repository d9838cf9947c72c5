"""The files of a project in a folder, as `expkit.project.tree` asks for them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from expkit.project.sources import SCRIPT
from expkit.project.tables import LARGEST_TABLE
from expkit.project.unreadable import unreadable
from expkit.regular import open_regular

LARGEST_SOURCE = 10_000_000
"""Bytes of one file of a program; a larger one is refused."""
_LARGEST = max(LARGEST_SOURCE, LARGEST_TABLE)
"""Nothing is read further."""
_VAST = frozenset({"mlruns", "mlartifacts", "node_modules", "__pycache__"})
"""Folders full of files of which no declaration can mean one."""


class Folder:
    """The regular files of a project at a root. Symbolic links are not followed: a commit would hold the link alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, path: str) -> list[str]:
        """The path of every file at or below a path, but for hidden ones, those of other repositories and of virtual
        environments."""
        start = self._root / path
        if any(self._root.joinpath(*start.relative_to(self._root).parts[:n]).is_symlink() for n in _upto(path)):
            return []
        if start.is_file():
            return [path]
        found = []
        for folder, folders, files in os.walk(start):
            folders[:] = [
                name for name in folders if name[0] != "." and name not in _VAST and not _is_foreign(Path(folder, name))
            ]
            here = Path(folder).relative_to(self._root)
            found += [(here / name).as_posix() for name in files if not name.startswith(".")]
        return [name for name in found if _is_regular(self._root / name)]

    def top(self) -> list[str]:
        """The name of every file that lies in the root itself."""
        return [place.name for place in self._root.iterdir() if _is_regular(place)]

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Their content, by path.

        Raises:
            InvalidUsage: a file cannot be read.
        """
        return {name: self._content(self._root / name) for name in names}

    def scripts(self, names: Iterable[str]) -> list[str]:
        """Those among some that begin with ``#!``. What is gone by now, or not to be read, is none."""
        return [name for name in names if _begins(self._root / name, SCRIPT)]

    def _content(self, file: Path) -> bytes:
        try:
            with open_regular(file) as handle, open(handle, "rb", closefd=False) as opened:
                return opened.read(_LARGEST + 1)  # one more than is taken, so that a larger file is seen as such
        except OSError as error:
            raise unreadable(file, error) from error


def _begins(file: Path, text: bytes) -> bool:
    try:
        with open_regular(file) as handle:
            return os.read(handle, len(text)) == text
    except OSError:
        return False


def _is_foreign(folder: Path) -> bool:
    """Whether a folder holds another repository or a virtual environment: no commit of the project has its files."""
    return any(os.path.lexists(folder / name) for name in (".git", "pyvenv.cfg"))


def _is_regular(file: Path) -> bool:
    """Whether a name leads to a regular file by itself, and can be written down."""
    try:
        file.name.encode()
    except UnicodeEncodeError:
        return False
    return file.is_file() and not file.is_symlink()


def _upto(path: str) -> range:
    """How many parts of a path to look at, one more each time."""
    return range(1, len(Path(path).parts) + 1)
