"""A checkpoint as files: `checkpoint.json`, which says what it is, and `q_table.npz`, which is it.

Where no declaration tells the environment's numbers, `environment.npz` holds them.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from expkit.errors import CheckFailed, InvalidUsage
from expkit.records.checkpoint import CHECKPOINT_FILE, ENVIRONMENT_FILE, TABLE_FILE, Checkpoint
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.mdp import Mdp
from expkit.training.tables import from_bytes, keep

_MEND = "take the image as it was built, by its id or its digest, or package the arm again"


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """A checkpoint that was read and is what it says it is."""

    checkpoint: Checkpoint
    sha256: str
    """Of `checkpoint.json`: the checkpoint's identity."""
    mdp: Mdp
    """The environment, compiled."""
    q: NDArray[np.float64]
    """float64 [states, actions]; the final table."""
    visits: NDArray[np.int64]
    """int64 [states, actions]; how often each action was taken in each state."""
    curve: NDArray[np.float64]
    """float64 [windows]; reward per step of the training."""


def table_bytes(q: NDArray[np.float64], visits: NDArray[np.int64], curve: NDArray[np.float64]) -> bytes:
    """`q_table.npz`: the same bytes for the same arrays."""
    file = io.BytesIO()
    np.savez(file, q=q, visits=visits, curve=curve)
    return file.getvalue()


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """`checkpoint.json`, as people read it."""
    return (json.dumps(checkpoint.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def load(folder: Path) -> Stored:
    """The checkpoint in a folder.

    Raises:
        InvalidUsage: there is none.
        CheckFailed: the table is not the one that the record names, or this expkit compiles another environment.
    """
    files = {name: _read(folder, name) for name in (CHECKPOINT_FILE, TABLE_FILE)}
    if (folder / ENVIRONMENT_FILE).is_file():
        files[ENVIRONMENT_FILE] = _read(folder, ENVIRONMENT_FILE)
    try:
        checkpoint = Checkpoint.model_validate_json(files[CHECKPOINT_FILE])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise _refused(folder / CHECKPOINT_FILE, "no record of a checkpoint", f"{place}: {first['msg']}") from error
    return verified(checkpoint, files, where=folder)


def verified(checkpoint: Checkpoint, files: Mapping[str, bytes], *, where: Path) -> Stored:
    """A checkpoint with its arrays, if they are the ones that it names. `files` are by name.

    Raises:
        CheckFailed: as `load`.
    """
    table, place = files[TABLE_FILE], where / TABLE_FILE
    found = hashlib.sha256(table).hexdigest()
    if found != checkpoint.table_digest:
        why = f"its sha256 is {found}; {CHECKPOINT_FILE} names {checkpoint.table_digest}"
        raise _refused(place, "not the table that was packaged", why)
    if ENVIRONMENT_FILE in files:
        try:
            keep(from_bytes(files[ENVIRONMENT_FILE]))
        except ValueError as error:
            raise _refused(where / ENVIRONMENT_FILE, "no transition table", str(error)) from error
    mdp = compile_environment(checkpoint.resolved.environment)
    if (checkpoint.engine_version, checkpoint.environment_digest) != (ENGINE_VERSION, mdp.digest):
        why = (
            f"it was trained by engine version {checkpoint.engine_version} in environment "
            f"{checkpoint.environment_digest[:12]}; here are {ENGINE_VERSION} and {mdp.digest[:12]}"
        )
        raise _refused(where, "a checkpoint of another version of expkit", why)
    try:
        with np.load(io.BytesIO(table), allow_pickle=False) as file:
            q, visits, curve = (file[name] for name in ("q", "visits", "curve"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(place, "no table of a checkpoint", str(error)) from error
    shape = (mdp.states, mdp.actions)
    if q.shape != shape or visits.shape != shape or q.dtype != np.float64 or not np.isfinite(q).all():
        raise _refused(place, "no table of its environment", f"q is {q.dtype} {list(q.shape)}, not float64 {shape}")
    sha256 = hashlib.sha256(files[CHECKPOINT_FILE]).hexdigest()
    return Stored(checkpoint=checkpoint, sha256=sha256, mdp=mdp, q=q, visits=visits, curve=curve)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise InvalidUsage(
            f"there is no checkpoint in {folder}",
            why=f"{name}: {error.strerror}",
            mend="run the image as it was built, or name the folder: --checkpoint DIR",
        ) from error


def _refused(where: Path, what: str, why: str) -> CheckFailed:
    return CheckFailed(what, where=str(where), why=why, mend=_MEND)
