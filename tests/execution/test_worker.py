from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from expkit.execution.worker import perform
from expkit.plan import PlannedArm
from expkit.training.train import Cancelled, train


def test_a_worker_writes_the_arrays_of_every_trial_and_returns_their_metrics(
    planned: Sequence[PlannedArm], tmp_path: Path
) -> None:
    """What is in the folder and what is returned are what training found."""
    (work,) = planned[2].batches()
    steps: list[int] = []
    result = perform(work, tmp_path, on_steps=steps.append)
    trials = train(work)
    assert sum(steps) == result.steps == 6 * 400
    assert result.trial_digests == trials.trial_digests
    assert result.metrics["total_reward"] == tuple(trials.metrics["total_reward"])
    with np.load(tmp_path / "trials.npz") as written:
        assert sorted(written) == ["curve", "q", "seeds", "visits"]
        for name in written:
            assert np.array_equal(written[name], getattr(trials, name))


def test_a_cancelled_worker_leaves_nothing(planned: Sequence[PlannedArm], tmp_path: Path) -> None:
    """Half a batch is no batch."""
    (work,) = planned[0].batches()
    with pytest.raises(Cancelled):
        perform(work, tmp_path, cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []
