"""Gathering what a program left in its output folder: the files that patterns name, and words for what is not taken.

Unlike a worker of expkit's own, a program may leave anything beside what is wanted, in folders, too. As in
`expkit.containers.collect`, no name is opened twice and no link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from expkit.containers.collect import Rejected, copy, enter, shown, take

MOST_BYTES = 1 << 30
"""What is kept of one trial in all."""
MOST_FILES = 1000
MOST_ENTRIES = 100_000
"""Names that are looked at."""
MOST_DEPTH = 20
"""Folders inside of each other that are looked into."""
_REMARKS = 10


def gather(outputs: Path, folder: str, patterns: Sequence[str], into: Path) -> list[str]:
    """Copy the files of `outputs/folder` that match a pattern below `into`; what is amiss, in words.

    A pattern is held against a file's path in the folder; its `*` and `?` stand for slashes, too: `*` is everything.
    What matches and is no regular file with one name, or is more than is kept, is left out and told, and so is a
    pattern that matches nothing, unless it is `*`: a program may leave nothing.

    Raises:
        OSError: `into` cannot be written to.
    """
    found: list[str] = []
    amiss: list[str] = []
    with ExitStack() as opened:
        try:
            place = enter(outputs, folder, opened)
        except Rejected as why:
            return [f"the output folder: {why}"]
        left = MOST_BYTES
        for path, inside in _walk(place, "", MOST_DEPTH, [MOST_ENTRIES], amiss):
            if not any(fnmatchcase(path, pattern) for pattern in patterns):
                continue
            if not path.isprintable():
                amiss.append(f"{shown(path)} is no name that is kept")
            elif len(found) == MOST_FILES:
                amiss.append(f"more than {MOST_FILES:,} files match; {shown(path)} and what follows it is not kept")
                break
            else:
                try:
                    left -= _keep(inside, path, left, into / path)
                    found.append(path)
                except Rejected as why:
                    amiss.append(f"{shown(path)} {why}")
    missing = [one for one in patterns if one != "*" and not any(fnmatchcase(path, one) for path in found)]
    amiss += [f"nothing that is kept matches {pattern!r}" for pattern in missing]
    return amiss[:_REMARKS] + ([f"and {len(amiss) - _REMARKS} more remarks"] if len(amiss) > _REMARKS else [])


def _walk(place: int, above: str, depth: int, left: list[int], amiss: list[str]) -> Iterator[tuple[str, int]]:
    """Every path below an open folder that is no folder, with the open folder it is in; sorted in each folder."""
    names = []
    with os.scandir(place) as entries:
        for entry in entries:
            left[0] -= 1
            if left[0] < 0:
                amiss.append(f"there are more than {MOST_ENTRIES:,} names; not all were looked at")
                break
            names.append((entry.name, entry.is_dir(follow_symlinks=False)))
    for name, is_folder in sorted(names):
        if not is_folder:
            yield above + name, place
        elif depth == 0:
            amiss.append(f"{shown(above + name)} lies deeper than is looked")
        else:
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
            except OSError as error:
                amiss.append(f"{shown(above + name)} cannot be looked into: {error.strerror}")
                continue
            try:
                yield from _walk(inner, f"{above}{name}/", depth - 1, left, amiss)
            finally:
                os.close(inner)


def _keep(place: int, path: str, most: int, target: Path) -> int:
    """Copy a file; the bytes it takes."""
    with ExitStack() as opened:
        handle = take(place, path.rpartition("/")[2], most, opened)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy(handle, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return target.stat().st_size
