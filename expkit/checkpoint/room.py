"""Room for the compiled kernel: a folder that numba may write to, however confined the container is.

An image's own `NUMBA_CACHE_DIR` lies in /tmp, which `docker run --read-only` takes away unless it is given back.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from expkit.errors import ServiceAbsent
from expkit.training.kernel_cache import KERNEL_VARIABLE, NUMBA_VARIABLE, unpack

_ELSEWHERE = ("/tmp", "/dev/shm", "/var/tmp", "/run")
"""Where a container may still write: /dev/shm is memory that even a read-only one has."""


def make_room(environment: MutableMapping[str, str] = os.environ, elsewhere: Sequence[str] = _ELSEWHERE) -> None:
    """Lay the image's compiled kernel where numba can use it. Only before numba is imported; nothing outside an image.

    Raises:
        ServiceAbsent: no folder can be written to; numba refuses to work without one.
    """
    if not environment.get(KERNEL_VARIABLE):
        return
    named = environment.get(NUMBA_VARIABLE)
    if not (named and _writable(Path(named))):
        environment[NUMBA_VARIABLE] = _of_our_own(elsewhere)
    unpack(environment)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _of_our_own(parents: Sequence[str]) -> str:
    """A new folder that only this user can write to: what lies in it is executed."""
    for parent in parents:
        try:
            folder = tempfile.mkdtemp(prefix="expkit-", dir=parent)
        except OSError:
            continue
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return str(Path(folder) / "kernel")
    raise ServiceAbsent(
        "there is no folder to lay the compiled kernel in",
        why=f"none of {', '.join(parents)} can be written to",
        mend="give the container a little memory to write to: docker run --tmpfs /tmp ...",
    )
