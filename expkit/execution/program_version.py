"""Whether the files of a program are still the version that its arm names; only what was touched is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

from expkit.errors import InvalidUsage
from expkit.plan import PlannedArm
from expkit.project.sources import digest_of
from expkit.specs.experiment import ProgramArm

Sources = Callable[[ProgramArm], Sequence[str]]
"""The files of the project that make up an arm's program, relative to the root; none where its image holds it."""

_State = tuple[int, int, int, int]


class ProgramChanged(Exception):
    """The program is no longer the one that a trial would be recorded under; which files, in words."""


class Version:
    """The programs of a project, as their arms say they are."""

    def __init__(self, root: Path, sources: Sources) -> None:
        self._root = root
        self._sources = sources
        self._lock = Lock()
        self._states: dict[str, tuple[_State, str]] = {}
        self._sound: dict[str, Mapping[str, str]] = {}

    def check(self, arm: ProgramArm) -> None:
        """Compare the files at the root with an arm's version.

        Raises:
            ProgramChanged: they are others.
        """
        if arm.trainer.digest is None:
            return
        with self._lock:
            self.compare(arm, {name: self._hashed(name) for name in self._sources(arm)})

    def compare(self, arm: ProgramArm, found: Mapping[str, str]) -> None:
        """Compare files, as their SHA-256 by path, with an arm's version.

        Raises:
            ProgramChanged: they are others.
        """
        version = arm.trainer.digest
        if version is None:
            return
        if digest_of(found) == version:
            self._sound[version] = found
            return
        if known := self._sound.get(version):
            files = sorted(name for name in {*known, *found} if known.get(name) != found.get(name))
            raise ProgramChanged(f"the program changed while it ran: {', '.join(files)}")
        raise ProgramChanged(
            f"the program changed while it ran: it is version {digest_of(found)[:12]}, no longer {version[:12]}"
        )

    def _hashed(self, name: str) -> str:
        """The SHA-256 of a file, from before where the file was not touched; of one that is gone, nothing."""
        try:
            stat = (self._root / name).stat()
            state = stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
            if (known := self._states.get(name)) and known[0] == state:
                return known[1]
            content = (self._root / name).read_bytes()
        except OSError:
            return ""
        self._states[name] = state, hashlib.sha256(content).hexdigest()
        return self._states[name][1]


def must_be_known(planned: Iterable[PlannedArm]) -> None:
    """Refuse to run programs on this machine that have no version, as only their image tells which they are.

    Raises:
        InvalidUsage: there is one.
    """
    for one in planned:
        if isinstance(one.arm, ProgramArm) and one.arm.trainer.digest is None:
            raise InvalidUsage(
                "nothing says which program would run here",
                where=f"{one.experiment}/{one.arm.name}",
                why="No word of its command is a file of the project. What runs outside of its image has no version, "
                "and results of old and new code would be taken for the same.",
                mend="declare sources, its files and folders, or run it in its image",
            )
