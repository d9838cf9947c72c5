from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.containers.collect import Rejected
from expkit.execution.received import receive
from expkit.execution.received_steps import check_trajectories
from expkit.execution.worker import perform
from expkit.plan import PlannedArm
from expkit.records.work import Work
from expkit.specs.recording import Trajectories

ASKED = Trajectories(seeds=(0, 4), last_steps=30)


@pytest.fixture
def work(planned: Sequence[PlannedArm]) -> Work:
    """A batch of which two seeds are recorded."""
    (work,) = planned[2].batches()
    return work.model_copy(update={"trajectories": ASKED})


def test_recorded_steps_are_taken_with_the_trials(work: Work, tmp_path: Path) -> None:
    """As the worker left them; a batch that lacks them is rejected."""
    left, into = tmp_path / "left" / "0", tmp_path / "into"
    left.mkdir(parents=True)
    into.mkdir()
    result = perform(work, left)
    written = (left / "trajectories.npz").read_bytes()
    receive(work, result, left, into)
    assert (into / "trajectories.npz").read_bytes() == written

    perform(work.model_copy(update={"trajectories": None}), left)
    (left / "trajectories.npz").unlink(missing_ok=True)
    with pytest.raises(Rejected, match=r"trajectories\.npz"):
        receive(work, result, left, tmp_path / "into")


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("seed", lambda seeds: seeds + 1, "other seeds"),
        ("step", lambda steps: steps - 1, "other steps"),
        ("reward", lambda rewards: rewards.astype(np.float32), "holds"),
        ("action", lambda actions: actions[:-1], "holds"),
        ("more", lambda _: np.zeros(3), "holds"),
    ],
)
def test_steps_of_another_form_are_rejected(work: Work, tmp_path: Path, name: str, changed: Any, said: str) -> None:
    """Other seeds, other steps, another type, another length, another array."""
    perform(work, tmp_path)
    file = tmp_path / "trajectories.npz"
    check_trajectories(file, work, ASKED)
    with np.load(file) as found:
        arrays = dict(found)
    np.savez(file, **{**arrays, name: changed(arrays.get(name))})
    with pytest.raises(Rejected, match=said):
        check_trajectories(file, work, ASKED)


def test_a_compressed_file_is_not_unpacked(work: Work, tmp_path: Path) -> None:
    """It could be anything, once unpacked."""
    perform(work, tmp_path)
    file = tmp_path / "trajectories.npz"
    with np.load(file) as found:
        np.savez_compressed(file, **dict(found))
    with pytest.raises(Rejected, match="is compressed"):
        check_trajectories(file, work, ASKED)
