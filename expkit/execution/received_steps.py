"""The recorded steps that a worker process hands in: whether they have the form of what was asked for.

Their numbers are taken on trust, as all of a worker's are; a replay on this side would do its work twice.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from expkit.containers.collect import Rejected
from expkit.records.work import Work
from expkit.specs.recording import Trajectories
from expkit.training.layout import trajectory_layout


def check_trajectories(file: Path, work: Work, asked: Trajectories) -> None:
    """Look at every array's type and shape, and at whose steps they are.

    Raises:
        Rejected: the file is not what a worker leaves.
    """
    layout = trajectory_layout(work, asked)
    steps = work.tabular.trainer.steps
    wanted = np.arange(max(0, steps - asked.last_steps), steps)
    try:
        with zipfile.ZipFile(file) as archive:  # stored, so that no array is larger than the file, which is bounded
            if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
                raise Rejected(f"{file.name} is compressed, which no worker does")
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: (arrays[name].dtype.str, arrays[name].shape) for name in arrays.files}
            if found != dict(layout):
                raise Rejected(f"{file.name} holds {found}, not {dict(layout)}")
            if not np.array_equal(arrays["seed"], np.repeat(asked.seeds, len(wanted))):
                raise Rejected(f"{file.name} holds other seeds than were asked for")
            if not np.array_equal(arrays["step"], np.tile(wanted, len(asked.seeds))):
                raise Rejected(f"{file.name} holds other steps than were asked for")
    except Rejected:
        raise
    except Exception as error:  # a border: a reader may fail in any way on what a stranger wrote
        raise Rejected(f"{file.name} cannot be read: {error}") from error
