"""The results of an arm: its attempts joined seed by seed, as arrays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.digests import digest
from expkit.errors import LedgerDamaged
from expkit.ledger.durable import matches, read_regular
from expkit.ledger.points import Points, kept_files, read_points
from expkit.records.attempt import TRAJECTORIES_FILE, TRIALS_FILE, Attempt, Result
from expkit.specs.experiment import Streams

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmResults:
    """What the ledger has of some seeds of one arm under one root. Rows of every array are in the order of `seeds`."""

    arm_key: str
    root: int
    streams: Streams
    seeds: tuple[int, ...]
    """The seeds that are recorded, ascending; a failed trial is recorded, too."""
    metrics: dict[str, Float]
    """float64 [seeds] by metric; NaN where the trial failed."""
    trial_digests: tuple[str, ...]
    """sha256 of each trial."""
    failed: dict[int, str]
    """Why, by seed, for trials without a usable result."""
    attempts: tuple[Attempt, ...]
    """The attempts these seeds come from, by id."""
    rows: tuple[tuple[int, int], ...]
    """Where each seed stands: its attempt's position in `attempts`, its row there."""
    folder: Path
    """The arm's folder in the ledger."""
    rerun: tuple[int, ...] = ()
    """The seeds whose trials had failed in an earlier attempt, ascending: somebody asked for another one."""

    @cached_property
    def results_digest(self) -> str:
        """sha256 of all trial digests in seed order."""
        return digest(list(self.trial_digests))

    @property
    def failed_starts(self) -> int:
        """How many starts failed before those that count, within the attempts that these seeds come from."""
        return sum(attempt.result.failed_starts for attempt in self.attempts if attempt.result is not None)

    @property
    def has_tables(self) -> bool:
        """Whether there are Q-tables, visits and curves: a program's trials have none."""
        return all(TRIALS_FILE in attempt.files for attempt in self.attempts)

    def points(self) -> Iterator[tuple[int, Points]]:
        """Each seed with what its program printed; nothing for seeds that no program ran.

        Raises:
            LedgerDamaged: a file is not as it was recorded.
        """
        for seed, folder, attempt in self._places():
            if (points := read_points(folder, attempt)) is not None:
                yield seed, points

    def kept_files(self) -> Iterator[tuple[int, Mapping[str, Path]]]:
        """Each seed with the files that its program left and that are kept, by their paths in its output folder.

        Raises:
            LedgerDamaged: a file is not as it was recorded.
        """
        for seed, folder, attempt in self._places():
            if files := kept_files(folder, attempt):
                yield seed, files

    def _places(self) -> Iterator[tuple[int, Path, Attempt]]:
        """Each seed with the folder and the record that it stands in."""
        for seed, (position, _) in zip(self.seeds, self.rows, strict=True):
            attempt = self.attempts[position]
            yield seed, self.folder / attempt.id, attempt

    @cached_property
    def q(self) -> Float:
        """The final Q-tables: float64 [seeds, states, actions]; read on first use."""
        return self._joined("q", np.float64, 3)

    @cached_property
    def visits(self) -> Int:
        """How often each action was taken in each state: int64 [seeds, states, actions]; read on first use."""
        return self._joined("visits", np.int64, 3)

    @cached_property
    def curve(self) -> Float:
        """Reward per step: float64 [seeds, windows]; read on first use."""
        return self._joined("curve", np.float64, 2)

    @cached_property
    def trajectories(self) -> dict[str, NDArray[Any]]:
        """The recorded steps of these seeds by column, a row a step; empty where none were recorded."""
        parts = []
        for position, attempt in enumerate(self.attempts):
            if TRAJECTORIES_FILE in attempt.files:
                own = [seed for seed, (of, _) in zip(self.seeds, self.rows, strict=True) if of == position]
                arrays = _arrays(self.folder / attempt.id, attempt, TRAJECTORIES_FILE)
                parts.append({name: array[np.isin(arrays["seed"], own)] for name, array in arrays.items()})
        names = parts[0] if parts else ()
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    @cached_property
    def _trials(self) -> list[dict[str, NDArray[Any]]]:
        return [_trials(self.folder / attempt.id, attempt) for attempt in self.attempts]

    def _joined(self, name: str, dtype: type[np.generic], dimensions: int) -> NDArray[Any]:
        if not self.rows:
            return np.zeros((0,) * dimensions, dtype=dtype)
        columns = []
        for attempt, trials in zip(self.attempts, self._trials, strict=True):
            array = trials.get(name)
            if array is None or array.dtype != dtype or array.shape[:1] != (len(attempt.work.seeds),):
                raise _damaged(
                    self.folder / attempt.id, f"{TRIALS_FILE} has no {name} of {dtype.__name__} for each seed"
                )
            columns.append(array)
        return np.stack([columns[position][row] for position, row in self.rows])


def join(
    attempts: Sequence[Attempt], *, arm_key: str, root: int, streams: Streams, seeds: Iterable[int], folder: Path
) -> ArmResults:
    """Results of those of `seeds` that finished attempts have, under one root.

    The first attempt of a seed wins; one whose trial failed gives way to a later one: a program's trial that failed is
    run again only where somebody asked for that. `attempts` are sorted by id.
    """
    finished = [
        (attempt, attempt.result)
        for attempt in attempts
        if attempt.result is not None and attempt.work.root == root and attempt.work.streams == streams
    ]
    where: dict[int, tuple[int, int]] = {}
    succeeded: set[int] = set()
    rerun: set[int] = set()
    for position, (attempt, result) in enumerate(finished):
        failures = {one.seed for one in result.failed}
        for row, seed in enumerate(attempt.work.seeds):
            if seed not in succeeded:
                if seed in where:
                    rerun.add(seed)
                where[seed] = (position, row)
        succeeded |= {*attempt.work.seeds} - failures
    present = tuple(sorted(set(seeds) & where.keys()))
    used = sorted({where[seed][0] for seed in present})
    chosen = [finished[position] for position in used]
    rows = tuple((used.index(where[seed][0]), where[seed][1]) for seed in present)
    reasons = [{failure.seed: failure.why for failure in result.failed} for _, result in chosen]
    return ArmResults(
        arm_key=arm_key,
        root=root,
        streams=streams,
        seeds=present,
        metrics=_metrics([result for _, result in chosen], rows),
        trial_digests=tuple(chosen[position][1].trial_digests[row] for position, row in rows),
        failed={
            seed: reasons[position][seed]
            for seed, (position, _) in zip(present, rows, strict=True)
            if seed in reasons[position]
        },
        attempts=tuple(attempt for attempt, _ in chosen),
        rows=rows,
        folder=folder,
        rerun=tuple(seed for seed in present if seed in rerun),
    )


def _metrics(results: Sequence[Result], rows: Sequence[tuple[int, int]]) -> dict[str, Float]:
    names = dict.fromkeys(name for result in results for name in result.metrics)
    metrics = {}
    for name in names:
        columns = [result.metrics.get(name) for result in results]
        values = [column[row] if (column := columns[position]) is not None else None for position, row in rows]
        metrics[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return metrics


def _trials(folder: Path, attempt: Attempt) -> dict[str, NDArray[Any]]:
    """The arrays of an attempt by name.

    Raises:
        LedgerDamaged: the file is not the one that was recorded.
    """
    arrays = _arrays(folder, attempt, TRIALS_FILE)
    if not np.array_equal(arrays.get("seeds", np.array([])), np.array(attempt.work.seeds)):
        raise _damaged(folder, f"{TRIALS_FILE} holds other seeds than the record")
    return arrays


def _arrays(folder: Path, attempt: Attempt, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one of an attempt's files by name.

    Raises:
        LedgerDamaged: the file is not the one that was recorded.
    """
    recorded = attempt.files.get(name)
    if recorded is None:
        raise _damaged(folder, f"the record names no {name}")
    path = folder / name
    if not matches(path, recorded):
        raise _damaged(folder, f"{name} is not the file that was recorded")
    try:
        with np.load(io.BytesIO(read_regular(path)), allow_pickle=False) as file:
            return {array: file[array] for array in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(folder, f"{name} cannot be read: {error}") from error


def _damaged(folder: Path, why: str) -> LedgerDamaged:
    return LedgerDamaged(
        "an attempt in the ledger is damaged",
        where=str(folder),
        why=why,
        mend="delete that folder, then type the same command again: its seeds run again",
    )
