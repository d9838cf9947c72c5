"""Collecting what a container left in its folder: the names that are expected, as regular files, and nothing else.

Whoever fills that folder may be hostile, and may still be at it. No name is opened twice, no link is followed, and what
is checked afterwards is this side's own copy.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from expkit.regular import open_regular

_NAMED = 5
"""Foreign names that a complaint lists; there may be millions."""
_NAME_SHOWN = 60
_CHUNK_BYTES = 1 << 20
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFDIR: "a folder",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Rejected(Exception):
    """A container left something that is not taken; the message names every such thing."""


def collect(outputs: Path, folder: str, allowed: Mapping[str, int], into: Path) -> None:
    """Move the files of `outputs/folder` into the folder `into`: all of `allowed`, or none.

    `allowed` has the most bytes by name. A name that is not in it is a reason to reject as good as a file that is no
    regular one: a folder that holds more than it should was not left by who it should be.

    Raises:
        Rejected: something is missing, is too much, or is not a regular file with one name. `into` is as it was.
        OSError: `into` cannot be written to.
    """
    with ExitStack() as opened:
        place = enter(outputs, folder, opened)
        wrong = [f"{shown(name)} is not expected" for name in _foreign(place, allowed)]
        handles: dict[str, int] = {}
        for name, most in allowed.items():
            try:
                handles[name] = take(place, name, most, opened)
            except Rejected as why:
                wrong.append(f"{name} {why}")
        if wrong:
            raise Rejected("; ".join(wrong))
        try:
            for name, handle in handles.items():
                copy(handle, into / name)
        except BaseException:
            for name in handles:
                (into / name).unlink(missing_ok=True)
            raise
        with suppress(OSError):  # a file that stays costs some space until its container ends
            for name in handles:
                os.unlink(name, dir_fd=place)


def enter(outputs: Path, folder: str, opened: ExitStack) -> int:
    """A descriptor of a folder right below `outputs`, which is a folder itself and no link to one.

    Raises:
        Rejected: it is something else, or is missing.
    """
    if folder in ("", ".", "..") or "/" in folder:
        raise ValueError(f"{folder!r} is not the name of a folder")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    above = os.open(outputs, flags)
    opened.callback(os.close, above)
    try:
        place = os.open(folder, flags, dir_fd=above)
    except OSError as error:
        kind = _kind(above, folder)
        raise Rejected(f"its folder {kind}" if kind else f"its folder cannot be read: {error.strerror}") from error
    opened.callback(os.close, place)
    return place


def _foreign(place: int, allowed: Mapping[str, int]) -> list[str]:
    foreign = []
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name not in allowed:
                foreign.append(entry.name)
                if len(foreign) == _NAMED:
                    break
    return sorted(foreign)


def take(place: int, name: str, most: int, opened: ExitStack) -> int:
    """A descriptor of a regular file with one name, in an open folder.

    Raises:
        Rejected: it is something else, is missing, or has more than `most` bytes.
    """
    try:
        handle = opened.enter_context(open_regular(name, dir_fd=place))
    except OSError as error:
        raise Rejected(_kind(place, name) or f"cannot be read: {error.strerror}") from error
    found = os.fstat(handle)
    if found.st_nlink != 1:
        raise Rejected("is known by other names, too (hard links)")
    if found.st_size > most:
        raise Rejected(f"claims {found.st_size:,} bytes, where at most {most:,} are taken")
    return handle


def _kind(place: int, name: str) -> str | None:
    """What a name stands for where that is no regular file; only words, never a decision."""
    try:
        mode = os.stat(name, dir_fd=place, follow_symlinks=False).st_mode
    except OSError:
        return "is missing"
    kind = _KINDS.get(stat.S_IFMT(mode))
    return f"is {kind}" if kind else None


def copy(handle: int, target: Path) -> None:
    """Copy as many bytes as the file had when it was opened, whatever becomes of it meanwhile.

    Raises:
        Rejected: they are not there any more.
        OSError: `target` exists, or cannot be written.
    """
    size = left = os.fstat(handle).st_size
    with target.open("xb") as copy:
        while left:
            chunk = os.read(handle, min(left, _CHUNK_BYTES))
            if not chunk:
                raise Rejected(f"{target.name} shrank from {size:,} bytes while it was read")
            copy.write(chunk)
            left -= len(chunk)


def shown(name: str) -> str:
    """A name as text that does nothing to a terminal."""
    text = ascii(name)
    return text if len(text) <= _NAME_SHOWN else f"{text[:_NAME_SHOWN]}...'"
