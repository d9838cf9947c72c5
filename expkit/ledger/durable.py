"""Files that survive a crash: written whole or not at all, and read only if they are regular files."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from expkit.errors import NotWritable
from expkit.records.attempt import File
from expkit.regular import open_regular

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A block that writes below a folder.

    Raises:
        NotWritable: the system refused; with its reason, and what mends it.
    """
    try:
        yield
    except OSError as error:
        raise NotWritable(
            "expkit cannot write here",
            where=str(error.filename or folder),
            why=f"the system says: {error.strerror or error}",
            mend="free some space, then type the same command again: every finished batch is kept"
            if error.errno in _FULL
            else f"make {folder} a folder that you may write to, then type the same command again",
        ) from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is there whole, or as it was before.

    Raises:
        OSError: the system refused; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def seal(path: Path) -> File:
    """A file's digest and size, once its bytes are durable.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    with open_regular(path) as handle:
        os.fsync(handle)
        with os.fdopen(os.dup(handle), "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return File(sha256=sha256, bytes=os.fstat(handle).st_size)


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    with open_regular(path) as handle, os.fdopen(os.dup(handle), "rb") as file:
        return file.read()


def matches(path: Path, file: File) -> bool:
    """Whether a regular file is there with the recorded size and digest."""
    try:
        with open_regular(path) as handle:
            if os.fstat(handle).st_size != file.bytes:
                return False
            with os.fdopen(os.dup(handle), "rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except OSError:
        return False
