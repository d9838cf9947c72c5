"""The disk space that a folder takes while somebody, who may be hostile, writes to it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_MEASURE_S = 1.0
"""How soon it is noticed that there is too much."""
_BLOCK_BYTES = 512
"""The unit of `st_blocks`, on every file system."""
_LEAST_BYTES = 4096
"""What a name counts for at least: empty files use up a file system as well."""


class Written:
    """What a container writes to a folder, against the most that it may."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._measured = time.monotonic()

    def too_much(self) -> str | None:
        """In words, if it is; looked at once a second, however often it is asked."""
        if time.monotonic() - self._measured < _MEASURE_S:
            return None
        used = used_bytes(self._folder, self._most)
        self._measured = time.monotonic()
        if used <= self._most:
            return None
        return f"the container wrote {-(-used // 2**20):,} MB to its outputs, more than {self._most // 2**20:,} MB"


def used_bytes(folder: Path, most: int) -> int:
    """Bytes allocated below a folder, counted until they are more than `most`.

    No link is followed. What cannot be looked into is not counted, nor is a file that was deleted and is still open.
    """
    used = 0
    places = [os.fspath(folder)]
    while places:
        with suppress(OSError), os.scandir(places.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    used += max(found.st_blocks * _BLOCK_BYTES, _LEAST_BYTES)
                    if used > most:
                        return used
                    if entry.is_dir(follow_symlinks=False):
                        places.append(entry.path)
    return used
