"""The points that a program printed in one trial, as they are kept, and the files that it left."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from expkit.errors import LedgerDamaged
from expkit.ledger.durable import matches, read_regular
from expkit.records.attempt import FILES_FOLDER, POINTS_FILE, Attempt


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Finite values in the order in which they were printed. Arrays are of equal length [points]."""

    names: tuple[str, ...]
    """The keys of the JSON lines, in the order of their first values."""
    keys: NDArray[np.int32]
    """The position of each point's key in `names`."""
    axis: NDArray[np.float64]
    """How far the trial had come."""
    values: NDArray[np.float64]

    def series(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Axis and values of one key; both empty where it was never printed."""
        chosen = self.keys == (self.names.index(name) if name in self.names else -1)
        return self.axis[chosen], self.values[chosen]

    def write(self, file: Path) -> None:
        """Write them as `points.npz`: `names`, `keys`, `axis` and `values`."""
        names = np.array(self.names, dtype=np.str_)
        np.savez_compressed(file, names=names, keys=self.keys, axis=self.axis, values=self.values)


def read_points(folder: Path, attempt: Attempt) -> Points | None:
    """The points of an attempt whose folder in the ledger this is; None where it has none.

    Raises:
        LedgerDamaged: the file is not the one that was recorded.
    """
    if POINTS_FILE not in attempt.files:
        return None
    try:
        with np.load(io.BytesIO(read_regular(_kept(folder, attempt, POINTS_FILE))), allow_pickle=False) as file:
            return Points(
                names=tuple(str(name) for name in file["names"]),
                keys=file["keys"],
                axis=file["axis"],
                values=file["values"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(folder, f"{POINTS_FILE} cannot be read: {error}") from error


def kept_files(folder: Path, attempt: Attempt) -> Mapping[str, Path]:
    """The files of the output folder that an attempt kept, by their paths there.

    Raises:
        LedgerDamaged: one is not as it was recorded.
    """
    start = f"{FILES_FOLDER}/"
    return {name.removeprefix(start): _kept(folder, attempt, name) for name in attempt.files if name.startswith(start)}


def _kept(folder: Path, attempt: Attempt, name: str) -> Path:
    if not matches(folder / name, attempt.files[name]):
        raise _damaged(folder, f"{name} is not the file that was recorded")
    return folder / name


def _damaged(folder: Path, why: str) -> LedgerDamaged:
    return LedgerDamaged(
        "an attempt in the ledger is damaged",
        where=str(folder),
        why=why,
        mend="delete that folder, then type the same command again: its seeds run again",
    )
