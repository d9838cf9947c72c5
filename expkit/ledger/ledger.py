"""The ledger: what every attempt produced, on this machine, durable and never rewritten.

`<root>/<arm_key>/<attempt id>/` holds an attempt's files and its `record.json`. A new attempt is put together in
`<root>/<arm_key>/staged/<attempt id>/` and moved in one step when it is whole: an attempt's folder is never half there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from expkit.errors import ExecutorFailed
from expkit.ledger.clock import ATTEMPT_ID, new_attempt_id
from expkit.ledger.durable import matches, read_regular, seal, sync_folder, write_durably, writing
from expkit.ledger.lock import Holder, held
from expkit.ledger.results import ArmResults, join
from expkit.records.attempt import FILES_FOLDER, RECORD_FILE, Attempt
from expkit.specs.experiment import Streams

_ARM_KEY = re.compile(r"[0-9a-f]{64}")
_STAGED = "staged"


@dataclass(frozen=True, kw_only=True)
class Damage:
    """An attempt that does not count, as its record or a file beside it is not what was recorded."""

    folder: Path
    why: str

    def __str__(self) -> str:
        return f"{self.folder}: {self.why}; this attempt does not count and its seeds run again; delete the folder"


class Ledger:
    """The attempts below a folder. Records are read and their files' digests checked once in a process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, Attempt | Damage] = {}
        self._held: set[str] = set()

    def prepare(self) -> None:
        """Make sure, before anything is trained, that results can be kept.

        Raises:
            NotWritable: the folder cannot be made or written to.
        """
        with writing(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / f".probe-{new_attempt_id()}"
            write_durably(probe, b"expkit")
            probe.unlink()
            sync_folder(self._root.parent)

    @contextmanager
    def lock(self, arm_key: str, *, on_wait: Callable[[Holder], None] | None = None) -> Iterator[None]:
        """Hold an arm while its missing seeds run. Ask `recorded` again inside: another runner may just have finished.

        Waits while another runner holds it and tells `on_wait` who that is. What a runner that died left half done is
        removed.

        Raises:
            NotWritable: the lock's file cannot be made.
        """
        folder = self._arm(arm_key)
        with held(folder, on_wait=on_wait):
            # whoever stages holds this lock: what is staged now has no owner any more
            shutil.rmtree(folder / _STAGED, ignore_errors=True)
            self._held.add(arm_key)
            try:
                yield
            finally:
                self._held.discard(arm_key)

    def stage(self, arm_key: str) -> Path:
        """A new, empty folder for an attempt's files; its name is the attempt's id. Only while the arm is held.

        Raises:
            NotWritable: the folder cannot be made.
        """
        self._must_hold(arm_key)
        staged = self._arm(arm_key) / _STAGED / new_attempt_id()
        with writing(self._root):
            staged.parent.mkdir(exist_ok=True)
            staged.mkdir()
        return staged

    def keep(self, attempt: Attempt, staged: Path) -> Attempt:
        """Record an attempt with the files of its staged folder; the record as kept, with `files` filled in.

        After a crash at any moment the attempt is there whole or not at all.

        Raises:
            ExecutorFailed: the folder holds something other than regular files, or a record already.
            NotWritable: the system refused, for example because the disk is full; nothing counts as recorded.
            ValueError: the folder was not staged for this attempt.
        """
        arm = self._arm(attempt.work.arm_key)
        self._must_hold(attempt.work.arm_key)
        if staged != arm / _STAGED / attempt.id or not ATTEMPT_ID.fullmatch(attempt.id):
            raise ValueError(f"attempt {attempt.id} was not staged in {staged}")
        with writing(self._root):
            folders = _refuse_irregular(staged)
            paths = sorted(path for folder in (staged, *folders) for path in folder.iterdir() if path not in folders)
            files = {path.relative_to(staged).as_posix(): seal(path) for path in paths}
            for folder in folders:
                sync_folder(folder)
            kept = attempt.model_copy(update={"files": files})
            write_durably(staged / RECORD_FILE, kept.model_dump_json(indent=1).encode())
            final = arm / attempt.id
            staged.rename(final)
            for folder in (arm / _STAGED, arm, self._root):
                sync_folder(folder)
        self._known[final] = kept
        return kept

    def attempts(self, arm_key: str) -> tuple[Attempt, ...]:
        """Every recorded attempt of an arm, finished or failed, by id. Damaged ones are in `damaged` instead."""
        return tuple(attempt for folder in _folders(self._arm(arm_key)) if (attempt := self._read(folder)))

    def recorded(self, arm_key: str, root: int, streams: Streams) -> frozenset[int]:
        """The seeds that finished attempts of an arm have under one root, those of failed trials included."""
        return frozenset(
            seed
            for attempt in self.attempts(arm_key)
            if attempt.status == "finished" and attempt.work.root == root and attempt.work.streams == streams
            for seed in attempt.work.seeds
        )

    def failed(self, arm_key: str, root: int, streams: Streams) -> frozenset[int]:
        """Those of the recorded seeds whose trials failed, in every attempt."""
        recorded = self.recorded(arm_key, root, streams)
        return frozenset(self.results(arm_key, root, streams, recorded).failed)

    def results(self, arm_key: str, root: int, streams: Streams, seeds: Iterable[int]) -> ArmResults:
        """What finished attempts have of some seeds of an arm.

        The first attempt of a seed, by id, wins; one whose trial failed gives way to a later one.
        """
        return join(
            self.attempts(arm_key),
            arm_key=arm_key,
            root=root,
            streams=streams,
            seeds=seeds,
            folder=self._arm(arm_key),
        )

    def find(self, prefix: str) -> tuple[Attempt, ...]:
        """Every recorded attempt of any arm whose id starts with a text, by id."""
        folders = [
            folder
            for arm in _listed(self._root, _ARM_KEY)
            for folder in _folders(arm)
            if folder.name.startswith(prefix)
        ]
        found = (self._read(folder) for folder in folders)
        return tuple(sorted((attempt for attempt in found if attempt), key=lambda attempt: attempt.id))

    def told(self, mentions: Sequence[bytes]) -> Iterator[Attempt]:
        """Every finished attempt of any arm whose record holds one of these texts, by its record alone.

        What it recorded, it recorded, whatever has become of the files beside it: a damaged attempt tells, too.
        """
        for folder in (folder for arm in _listed(self._root, _ARM_KEY) for folder in _folders(arm)):
            with suppress(OSError, ValidationError):
                record = read_regular(folder / RECORD_FILE)
                if any(text in record for text in mentions):
                    attempt = Attempt.model_validate_json(record)
                    if attempt.status == "finished":
                        yield attempt

    @property
    def damaged(self) -> tuple[Damage, ...]:
        """The damaged attempts met so far, by folder."""
        damages = (known for known in self._known.values() if isinstance(known, Damage))
        return tuple(sorted(damages, key=lambda damage: damage.folder))

    def _arm(self, arm_key: str) -> Path:
        if not _ARM_KEY.fullmatch(arm_key):
            raise ValueError(f"{arm_key!r} is no arm key")
        return self._root / arm_key

    def _must_hold(self, arm_key: str) -> None:
        if arm_key not in self._held:
            raise RuntimeError(f"arm {arm_key} is not held: attempts are made inside `with ledger.lock(arm_key)`")

    def _read(self, folder: Path) -> Attempt | None:
        if folder not in self._known:
            self._known[folder] = _read_attempt(folder)
        known = self._known[folder]
        return known if isinstance(known, Attempt) else None


def _listed(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The folders in a folder whose names match, sorted; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name for entry in entries if name.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names)]


def _folders(arm: Path) -> list[Path]:
    """The attempts of an arm; a folder without a record is no attempt."""
    return [folder for folder in _listed(arm, ATTEMPT_ID) if os.path.lexists(folder / RECORD_FILE)]


def _read_attempt(folder: Path) -> Attempt | Damage:
    try:
        attempt = Attempt.model_validate_json(read_regular(folder / RECORD_FILE))
    except OSError as error:
        return Damage(folder=folder, why=f"{RECORD_FILE} cannot be read: {error.strerror}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Damage(folder=folder, why=f"{RECORD_FILE} is no record: {f'{place}: ' if place else ''}{first['msg']}")
    if (attempt.id, attempt.work.arm_key) != (folder.name, folder.parent.name):
        return Damage(folder=folder, why=f"{RECORD_FILE} is the record of another attempt, {attempt.id}")
    for name, file in attempt.files.items():
        if not _is_name(name) or not matches(folder / name, file):
            return Damage(folder=folder, why=f"{name} is missing or is not the file that was recorded")
    return attempt


def _is_name(name: str) -> bool:
    """Whether a record may name a file so: beside the record, or somewhere below the folder of a program's files."""
    parts = name.split("/")
    return len(parts) == 1 or (parts[0] == FILES_FOLDER and not {"", ".", ".."} & {*parts})


def _refuse_irregular(staged: Path) -> list[Path]:
    """The folder of a program's files with all below it, where a staged folder has one.

    Raises:
        ExecutorFailed: a staged folder holds something beside it and regular files, or a record.
    """
    own = staged / FILES_FOLDER
    folders = [] if own.is_symlink() else [Path(place) for place, _, _ in os.walk(own)]
    for place in (staged, *folders):
        with os.scandir(place) as entries:
            for entry in entries:
                if Path(entry.path) in folders:
                    continue
                if Path(entry.path) == staged / RECORD_FILE or not entry.is_file(follow_symlinks=False):
                    raise ExecutorFailed(
                        f"a worker left {entry.name!r}, which a ledger does not take",
                        where=str(staged),
                        why=f"only regular files are kept, and {RECORD_FILE} is the runner's to write",
                        mend="mend the program that wrote it, then type the same command again",
                    )
    return folders
