"""Regular files, opened so that nothing else is: no symbolic link is followed, and no pipe waits for its writer."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_regular(path: Path | str, *, dir_fd: int | None = None) -> Iterator[int]:
    """A descriptor to read a regular file from; `path` is relative to the open folder `dir_fd` where one is given.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        yield handle
    finally:
        os.close(handle)
