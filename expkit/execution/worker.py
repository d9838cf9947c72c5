"""The worker: one batch of work in, its results in a folder. It knows no tracker, no git and no container engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from expkit.records.attempt import TRIALS_FILE, FailedTrial, Result
from expkit.records.work import Work
from expkit.training.train import train


def perform(
    work: Work,
    folder: Path,
    *,
    on_steps: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Result:
    """What training found, with the arrays of all trials written to `trials.npz` in `folder`.

    `on_steps` is told the environment steps just done; `cancelled` is asked before each block of steps.

    Raises:
        Cancelled: `cancelled` said so; nothing was written.
    """
    trials = train(work, on_steps=on_steps, cancelled=cancelled)
    np.savez(folder / TRIALS_FILE, seeds=trials.seeds, q=trials.q, visits=trials.visits, curve=trials.curve)
    return Result(
        metrics={
            name: tuple(None if np.isnan(value) else float(value) for value in values)
            for name, values in trials.metrics.items()
        },
        trial_digests=trials.trial_digests,
        failed=tuple(FailedTrial(seed=seed, why=why) for seed, why in sorted(trials.failed.items())),
        steps=trials.steps,
    )
