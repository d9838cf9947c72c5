"""What a worker process hands in for a batch: taken out of its folder, and checked before it counts as a result.

A worker in a container may be anybody's. Its numbers are taken on trust, as those of any program are; their form and
their digests are not: whatever passes here can be kept, joined, read and compared like what was computed in this
process.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from expkit.containers.collect import Rejected, collect
from expkit.execution.received_steps import check_trajectories
from expkit.records.attempt import TRAJECTORIES_FILE, TRIALS_FILE, Result
from expkit.records.work import Work
from expkit.specs.metric import CURVE_WINDOWS
from expkit.training.compile import compile_arm
from expkit.training.layout import trajectory_layout

_FRAME_BYTES = 1 << 16
"""What a file may hold beside its numbers."""
_HEADER_BYTES = 128
"""What numpy writes before the numbers of an array of few dimensions."""
_CHUNK_BYTES = 1 << 20
_Shapes = Mapping[str, tuple[str, tuple[int, ...]]]


def receive(work: Work, result: Result | None, folder: Path, into: Path) -> None:
    """Check the result of a batch, and take the arrays of its trials from the worker's folder into another one.

    Raises:
        Rejected: it is not what a worker leaves. `into` is as it was.
        OSError: `into` cannot be written to.
    """
    result = _checked(work, result)
    files = {TRIALS_FILE: _most(_shapes(work))}
    if work.trajectories:
        files[TRAJECTORIES_FILE] = _most(trajectory_layout(work, work.trajectories))
    collect(folder.parent, folder.name, files, into)
    try:
        _check_trials(into / TRIALS_FILE, work, result)
        if work.trajectories:
            check_trajectories(into / TRAJECTORIES_FILE, work, work.trajectories)
    except Rejected:
        for name in files:
            (into / name).unlink()
        raise


def most_bytes(work: Work) -> int:
    """What the files of a batch take at most."""
    recorded = _most(trajectory_layout(work, work.trajectories)) if work.trajectories else 0
    return _most(_shapes(work)) + recorded


def _most(shapes: _Shapes) -> int:
    return _FRAME_BYTES + sum(8 * math.prod(shape) for _, shape in shapes.values())


def _checked(work: Work, result: Result | None) -> Result:
    seeds = len(work.seeds)
    if result is None:
        raise Rejected("neither a result nor an error")
    if set(result.metrics) != set(work.tabular.measured):
        raise Rejected("the result has other metrics than the trainer measures")
    columns = {"trial_digests": result.trial_digests, **result.metrics}
    if short := [name for name, column in columns.items() if len(column) != seeds]:
        raise Rejected(f"the result has not {seeds} seeds in {', '.join(short)}")
    if not {failed.seed for failed in result.failed} <= set(work.seeds):
        raise Rejected("the result tells of failed seeds that were not asked for")
    if result.steps != work.tabular.trainer.steps * seeds:
        raise Rejected(f"the result tells of {result.steps:,} steps, not of those asked for")
    return result


def _shapes(work: Work) -> _Shapes:
    """Type and shape of each array of a batch by name: known here, whatever the worker says."""
    seeds, mdp = len(work.seeds), compile_arm(work.tabular)
    table = seeds, mdp.indices, mdp.actions
    return {
        "seeds": ("<i8", (seeds,)),
        "q": ("<f8", table),
        "visits": ("<i8", table),
        "curve": ("<f8", (seeds, CURVE_WINDOWS)),
    }


def _check_trials(file: Path, work: Work, result: Result) -> None:
    """Look at every array's type, shape and checksum, at the seeds themselves, and at the digest of every trial."""
    shapes = _shapes(work)
    try:
        with zipfile.ZipFile(file) as archive, ExitStack() as opened:
            members = archive.infolist()
            if sorted(one.filename for one in members) != sorted(f"{name}.npy" for name in shapes):
                raise Rejected(f"{TRIALS_FILE} holds other arrays than {', '.join(shapes)}")
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise Rejected(f"{TRIALS_FILE} is compressed, which no worker does")
            arrays = {name: opened.enter_context(archive.open(f"{name}.npy")) for name in shapes}
            for name, (dtype, shape) in shapes.items():
                if (found := _header(arrays[name].read(_HEADER_BYTES))) != (dtype, shape):
                    raise Rejected(f"{name} in {TRIALS_FILE} is {found}, not {(dtype, shape)}")
            if _rows(arrays, shapes, "seeds", len(work.seeds)).tolist() != list(work.seeds):
                raise Rejected(f"{TRIALS_FILE} holds other seeds than were asked for")
            found_digests = _digests(arrays, shapes, {name: result.metrics[name] for name in work.tabular.measured})
            for seed, told, digest in zip(work.seeds, result.trial_digests, found_digests, strict=True):
                if digest != told:
                    raise Rejected(f"seed {seed} has the digest {digest[:12]} by its numbers, not {told[:12]}")
            if longer := [name for name, member in arrays.items() if member.read(1)]:
                raise Rejected(f"{longer[0]} in {TRIALS_FILE} is not as long as it says")
    except Rejected:
        raise
    except Exception as error:  # a border: a reader may fail in any way on what a stranger wrote
        raise Rejected(f"{TRIALS_FILE} cannot be read: {error}") from error


def _digests(
    arrays: Mapping[str, IO[bytes]], shapes: _Shapes, metrics: Mapping[str, Sequence[float | None]]
) -> Iterator[str]:
    """Each trial's digest, of its arrays and its metrics; some trials at a time, however many there are."""
    from expkit.training.train import trial_digests  # numba: 0.3 s, in which the container is at work already

    columns = {name: np.array(values, dtype=np.float64) for name, values in metrics.items()}
    tables = [name for name in shapes if name != "seeds"]
    trials = len(columns["total_reward"])
    at_once = max(1, _CHUNK_BYTES // sum(8 * math.prod(shapes[name][1][1:]) for name in tables))
    for first in range(0, trials, at_once):
        last = min(first + at_once, trials)
        part = {name: _rows(arrays, shapes, name, last - first) for name in tables}
        yield from trial_digests(**part, metrics={name: column[first:last] for name, column in columns.items()})


def _rows(arrays: Mapping[str, IO[bytes]], shapes: _Shapes, name: str, count: int) -> NDArray[Any]:
    """The next rows of an array. Its checksum is compared with the last of them."""
    dtype, (_, *row) = shapes[name]
    numbers = arrays[name].read(size := 8 * count * math.prod(row))
    if len(numbers) != size:
        raise Rejected(f"{name} in {TRIALS_FILE} is not as long as it says")
    return np.frombuffer(numbers, dtype=dtype).reshape(count, *row)


@lru_cache(maxsize=16)  # the same in a thousand small batches
def _header(head: bytes) -> tuple[str, tuple[int, ...]]:
    """Type and shape that the first bytes of an `.npy` file tell.

    Raises:
        ValueError: they are not as numpy writes them.
    """
    file = io.BytesIO(head)
    np.lib.format.read_magic(file)
    shape, in_fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    if in_fortran_order or file.tell() != len(head):
        raise ValueError("an array is not laid out as a worker writes it")
    return dtype.str, shape
