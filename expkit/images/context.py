"""A build's context: the files that git tracks, as they are now, in a tar file whose bytes depend on nothing else.

Neither what git does not track nor what expkit generates is in it. A `.dockerignore` is not consulted.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from expkit.errors import InvalidUsage
from expkit.provenance.changes import GENERATED
from expkit.provenance.repository import Refusal, Refused, Repository, find, text
from expkit.regular import open_regular

_SUBMODULE = b"160000"


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What git tracks of a project. Paths are relative to its root; none is generated."""

    present: tuple[str, ...]
    """Files and symbolic links in the work tree, in the order of their bytes."""
    absent: tuple[str, ...]
    """Paths with no file in the work tree, deleted or never checked out."""
    submodules: tuple[str, ...]
    """Other repositories; none of their files goes into an image."""
    committed: int
    """When the commit was made, in seconds since 1970."""


def tracked(root: Path, commit: str) -> Tracked:
    """What git tracks of the project at `root`, which may be a folder of its repository.

    Raises:
        InvalidUsage: git does not tell.
    """
    repository = find(root)
    if isinstance(repository, Refusal):
        raise _untold(root, repository.reason)
    try:
        entries = _entries(repository)
        committed = int(repository.ask("log", "--max-count=1", "--format=%ct", commit))
    except Refused as refused:
        raise _untold(root, str(refused)) from refused
    files = sorted(path for path, mode in entries.items() if mode != _SUBMODULE and not GENERATED.fullmatch(text(path)))
    folders = _Folders(root)
    present = {path for path in files if folders.hold(os.fsdecode(path))}
    return Tracked(
        present=tuple(os.fsdecode(path) for path in files if path in present),
        absent=tuple(os.fsdecode(path) for path in files if path not in present),
        submodules=tuple(text(path) for path, mode in sorted(entries.items()) if mode == _SUBMODULE),
        committed=committed,
    )


def pack(into: BinaryIO, root: Path, paths: Iterable[str], *, beside: Mapping[str, Path], when: int) -> None:
    """Write a context: `paths` of the project at `root`, and further files by the path they have inside.

    Of a file's mode only whether it may be executed is kept. Symbolic links stay links. `when` is every entry's time.

    Raises:
        OSError: a file cannot be read, or is none any more.
    """
    places = {path: root / path for path in paths} | dict(beside)
    folders = {folder.as_posix() for path in places for folder in PurePosixPath(path).parents[:-1]}
    with tarfile.open(fileobj=into, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(folders | places.keys(), key=os.fsencode):
            entry = tarfile.TarInfo(path)
            entry.mtime = when
            if path in folders:
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o755
                archive.addfile(entry)
                continue
            if places[path].is_symlink():
                entry.type = tarfile.SYMTYPE
                entry.mode = 0o777
                entry.linkname = os.readlink(places[path])  # noqa: PTH115 - a Path would write it otherwise
                archive.addfile(entry)
                continue
            with open_regular(places[path]) as handle, os.fdopen(os.dup(handle), "rb") as file:
                seen = os.fstat(handle)
                entry.size = seen.st_size
                entry.mode = 0o755 if seen.st_mode & stat.S_IXUSR else 0o644
                archive.addfile(entry, file)


def _entries(repository: Repository) -> dict[bytes, bytes]:
    """The mode of every path that git tracks below the project, by path relative to it."""
    below = [repository.prefix] if repository.prefix else []
    out = repository.ask("ls-files", "--stage", "-z", "--", *below)
    prefix = os.fsencode(repository.prefix)
    return {
        path.removeprefix(prefix): head.split(b" ")[0]
        for head, _, path in (line.partition(b"\t") for line in out.split(b"\0")[:-1])
    }


class _Folders:
    """Which folders of a project are real ones: below a symbolic link lie other people's files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = {root: True}

    def hold(self, path: str) -> bool:
        """Whether a file or a symbolic link is there, in real folders all the way."""
        place = self._root / path
        try:
            mode = os.lstat(place).st_mode
        except OSError:
            return False
        return (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) and self._is_real(place.parent)

    def _is_real(self, folder: Path) -> bool:
        if folder not in self._real:
            self._real[folder] = not folder.is_symlink() and self._is_real(folder.parent)
        return self._real[folder]


def _untold(root: Path, why: str | None) -> InvalidUsage:
    return InvalidUsage(
        "git does not tell which files it tracks",
        where=str(root),
        why=why,
        mend="commit the project first: git init && git add -A && git commit; or see what git needs: expkit doctor",
    )
