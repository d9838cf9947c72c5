"""Which files make up a program: those that a declaration names, or those around the first file in its command. Pure.

What is asked is always the same, names below a path, so that a folder, a commit and a set of files give one answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from expkit.digests import digest

Names = Callable[[str], Sequence[str]]
"""The path of every regular file at or below a path, relative to the project's root; of all files below ``""``."""

_CODE = (".py", ".pyx", ".c", ".h", ".cpp", ".rs", ".jl", ".r", ".R", ".sh")
_SETTINGS = (".json", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".txt")
SUFFIXES = frozenset({*_CODE, *_SETTINGS})
"""What files in a folder of sources end in. Models and tables that a program leaves beside itself are no part of it."""

_NO_SOURCES = frozenset({"research_questions", "experiments", "results", "docs", "tests", "schemas"})
"""Folders of the root that no program is in, where its own file lies in the root."""
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+ /-]*")
_BETWEEN_WORDS = re.compile(r"[\s;&|()<>\"']+")


def sources(command: Iterable[str], declared: Sequence[str], names: Names) -> tuple[str, ...]:
    """The files of a program, sorted; none where neither the declaration nor the command leads to one.

    A declared file counts whatever it is called; of a folder, what looks like a source.
    """
    if declared:
        found = {name for path in declared for name in named_by(path, names)}
    elif own := own_file(command, names):
        found = {own, *_around(own, names)}
    else:
        found = set()
    return tuple(sorted(found))


def named_by(path: str, names: Names) -> list[str]:
    """The sources that an entry of `sources` names; none where it leads out of the project or to nothing."""
    path = path.rstrip("/")
    if not _is_plain(path):
        return []
    return [name for name in names(path) if name == path or _is_source(PurePosixPath(name).relative_to(path))]


def own_file(command: Iterable[str], names: Names) -> str | None:
    """The first word of a command that is a file of the project. What a shell is handed is looked through, too."""
    for word in _words(command):
        path = word.removeprefix("./")
        if _FILE.fullmatch(path) and _is_plain(path) and list(names(path)) == [path]:
            return path
    return None


def program_digest(files: Mapping[str, bytes], own: Iterable[str]) -> str:
    """The version of a program: the digest of its files' paths and contents."""
    return digest({name: hashlib.sha256(files[name]).hexdigest() for name in own})


def names_of(files: Collection[str]) -> Names:
    """The names below a path, in a set of files."""

    def below(path: str) -> Sequence[str]:
        return [name for name in files if not path or name == path or name.startswith(f"{path}/")]

    return below


def _is_plain(path: str) -> bool:
    """Whether a path goes downwards, a name at a time."""
    return not {"", ".", ".."} & {*path.split("/")}


def _words(command: Iterable[str]) -> Iterator[str]:
    for word in command:
        yield word
        if _BETWEEN_WORDS.search(word):
            yield from _BETWEEN_WORDS.split(word)


def _around(own: str, names: Names) -> Iterator[str]:
    folder = own.rpartition("/")[0]
    for name in names(folder):
        below = PurePosixPath(name).relative_to(folder) if folder else PurePosixPath(name)
        if _is_source(below) and (folder or below.parts[0] not in _NO_SOURCES):
            yield name


def _is_source(below: PurePosixPath) -> bool:
    """Whether a file looks like a source by its path below a folder of sources."""
    return below.suffix in SUFFIXES and not any(part.startswith(".") or part == "__pycache__" for part in below.parts)
