"""The proof that a checkpoint is the recorded trial: its digest, computed again from what the checkpoint holds.

Imports the kernel, which only `evaluate` and packaging have use for.
"""

from __future__ import annotations

import numpy as np

from expkit.checkpoint.stored import Stored
from expkit.errors import CheckFailed
from expkit.training.train import trial_digests


def prove(stored: Stored) -> None:
    """Compute the trial's digest again, from table, visits, curve and metrics.

    Raises:
        CheckFailed: it is another trial's.
    """
    checkpoint = stored.checkpoint
    metrics = {name: np.array([value]) for name, value in checkpoint.metrics.items()}
    [found] = trial_digests(stored.q[None], stored.visits[None], stored.curve[None], metrics)
    if found != checkpoint.trial_digest:
        raise CheckFailed(
            "the table, visits, curve and metrics are not those of the recorded trial",
            where=checkpoint.title,
            why=f"their digest is {found}; the trial's is {checkpoint.trial_digest}",
            mend="package the arm again",
        )
