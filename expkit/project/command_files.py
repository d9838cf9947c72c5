"""Which files of a project a command names: words, what is behind their `=`, modules to run, a shell's text. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Names = Callable[[str], Sequence[str]]
"""The path of every regular file at or below a path, relative to the project's root; of all files below ``""``."""

_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+ /-]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_BETWEEN_WORDS = re.compile(r"[\s;&|()<>\"']+")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A file that a command names."""

    name: str
    """Its path, relative to the root."""
    folder: str
    """Where it finds what it imports: its own folder; of a module, the one that the module is looked for in."""
    word: bool = True
    """Whether it is a word by itself, and not what an option is set to."""


def files_in(command: Iterable[str], names: Names) -> list[Named]:
    """The files that a command names, in its order, the program's own first; none where no word is its own file."""
    found = dict.fromkeys(one for words in _texts(command) for one in _named(words, names))
    own = next((one for one in found if one.word), None)
    return [own, *(one for one in found if one != own)] if own else []


def is_plain(path: str) -> bool:
    """Whether a path goes downwards, a name at a time."""
    return not {"", ".", ".."} & {*path.split("/")}


def _texts(command: Iterable[str]) -> Iterator[list[str]]:
    """The command as it stands, and every text in it that a shell may be handed, in words."""
    words = [*command]
    yield words
    yield from (_BETWEEN_WORDS.split(word) for word in words if _BETWEEN_WORDS.search(word))


def _named(words: Sequence[str], names: Names) -> Iterator[Named]:
    here, before = "", ""
    for word in words:
        if before == "cd":
            here = _below(here, word)
        elif before == "-m" and (module := _module(word, here, names)):
            yield module
        elif path := _file(word, here, names):
            yield Named(name=path, folder=path.rpartition("/")[0])
        elif path := _file(word.partition("=")[2], here, names):
            yield Named(name=path, folder=path.rpartition("/")[0], word=False)
        before = word


def _below(here: str, word: str) -> str:
    """The folder that `cd` leads to; the root where that cannot be told."""
    path = word.removeprefix("./").rstrip("/")
    if path in ("", "."):
        return here
    return f"{here}/{path}".lstrip("/") if is_plain(path) and _FILE.fullmatch(path) else ""


def _file(word: str, here: str, names: Names) -> str | None:
    path = word.removeprefix("./")
    if not _FILE.fullmatch(path) or not is_plain(path):
        return None
    places = dict.fromkeys((f"{here}/{path}".lstrip("/"), path))
    return next((place for place in places if [*names(place)] == [place]), None)


def _module(word: str, here: str, names: Names) -> Named | None:
    """The file that Python runs for `-m`, where the module is the project's."""
    if not _MODULE.fullmatch(word):
        return None
    place = word.replace(".", "/")
    for folder in dict.fromkeys((here, "")):
        for path in (f"{folder}/{place}/__main__.py".lstrip("/"), f"{folder}/{place}.py".lstrip("/")):
            if [*names(path)] == [path]:
                return Named(name=path, folder=folder)
    return None
