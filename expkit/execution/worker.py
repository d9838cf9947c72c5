"""The worker: one batch of work in, its results in a folder. It knows no tracker, no git and no container engine."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.records.attempt import TRAJECTORIES_FILE, TRIALS_FILE, FailedTrial, Result
from expkit.records.work import Work
from expkit.training.train import train
from expkit.training.trajectories import recorded_trajectories


def perform(
    work: Work,
    folder: Path,
    *,
    on_steps: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Result:
    """What training found, with the arrays of all trials written to `trials.npz` in `folder`.

    Where the work asks for trajectories, they are in `trajectories.npz` beside it.

    `on_steps` is told the environment steps just done; `cancelled` is asked before each block of steps.

    Raises:
        Cancelled: `cancelled` said so; nothing that is written counts.
        ExecutorFailed: the steps of a trial cannot be told.
    """
    trials = train(work, on_steps=on_steps, cancelled=cancelled)
    _write(folder / TRIALS_FILE, {"seeds": trials.seeds, "q": trials.q, "visits": trials.visits, "curve": trials.curve})
    if work.trajectories:
        _write(folder / TRAJECTORIES_FILE, recorded_trajectories(work, work.trajectories, trials, cancelled))
    return Result(
        metrics={
            name: tuple(None if np.isnan(value) else float(value) for value in values)
            for name, values in trials.metrics.items()
        },
        trial_digests=trials.trial_digests,
        failed=tuple(FailedTrial(seed=seed, why=why) for seed, why in sorted(trials.failed.items())),
        steps=trials.steps,
    )


def _write(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as `np.savez` does, with the same bytes under every Python.

    `np.savez` asks for the headers of archives beyond 4 GB, which releases of Python write differently. Where the size
    of a member is told beforehand, only such a large one has them.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.file_size = array.nbytes
            with archive.open(member, "w") as opened:
                np.lib.format.write_array(opened, array, version=(1, 0), allow_pickle=False)
