"""What a worker process hands in for a batch: taken out of its folder, and checked before it counts as a result.

A worker in a container may be anybody's. Its numbers are taken on trust, as those of any program are; their form is
not: whatever passes here can be kept, joined and read like what was computed in this process.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from expkit.containers.collect import Rejected, collect
from expkit.records.attempt import TRIALS_FILE, Result
from expkit.records.work import Work
from expkit.specs.metric import CURVE_WINDOWS, TABULAR_METRICS
from expkit.training.compile import compile_environment

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
    _check_result(work, result)
    shapes = _shapes(work)
    numbers = sum(8 * math.prod(shape) for _, shape in shapes.values())
    collect(folder.parent, folder.name, {TRIALS_FILE: numbers + _FRAME_BYTES}, into)
    try:
        _check_trials(into / TRIALS_FILE, work, shapes)
    except Rejected:
        (into / TRIALS_FILE).unlink()
        raise


def _check_result(work: Work, result: Result | None) -> None:
    seeds = len(work.seeds)
    if result is None:
        raise Rejected("neither a result nor an error")
    if set(result.metrics) != set(TABULAR_METRICS):
        raise Rejected("the result has other metrics than the trainer measures")
    columns = {"trial_digests": result.trial_digests, **result.metrics}
    if short := [name for name, column in columns.items() if len(column) != seeds]:
        raise Rejected(f"the result has not {seeds} seeds in {', '.join(short)}")
    if not {failed.seed for failed in result.failed} <= set(work.seeds):
        raise Rejected("the result tells of failed seeds that were not asked for")
    if result.steps != work.arm.trainer.steps * seeds:
        raise Rejected(f"the result tells of {result.steps:,} steps, not of those asked for")


def _shapes(work: Work) -> _Shapes:
    """Type and shape of each array of a batch by name: known here, whatever the worker says."""
    seeds, mdp = len(work.seeds), compile_environment(work.arm.environment)
    table = seeds, mdp.states, mdp.actions
    return {
        "seeds": ("<i8", (seeds,)),
        "q": ("<f8", table),
        "visits": ("<i8", table),
        "curve": ("<f8", (seeds, CURVE_WINDOWS)),
    }


def _check_trials(file: Path, work: Work, shapes: _Shapes) -> None:
    """Look at every array's type, shape and checksum, and at the seeds themselves; nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sorted(one.filename for one in members) != sorted(f"{name}.npy" for name in shapes):
                raise Rejected(f"{TRIALS_FILE} holds other arrays than {', '.join(shapes)}")
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise Rejected(f"{TRIALS_FILE} is compressed, which no worker does")
            for name, (dtype, shape) in shapes.items():
                with archive.open(f"{name}.npy") as member:
                    if (found := _header(member.read(_HEADER_BYTES))) != (dtype, shape):
                        raise Rejected(f"{name} in {TRIALS_FILE} is {found}, not {(dtype, shape)}")
                    numbers = _pieces(member)
                    if name == "seeds":
                        if b"".join(numbers) != np.array(work.seeds, dtype=dtype).tobytes():
                            raise Rejected(f"{TRIALS_FILE} holds other seeds than were asked for")
                    elif sum(map(len, numbers)) != 8 * math.prod(shape):
                        raise Rejected(f"{name} in {TRIALS_FILE} is not as long as it says")
    except Rejected:
        raise
    except Exception as error:  # a border: a reader may fail in any way on what a stranger wrote
        raise Rejected(f"{TRIALS_FILE} cannot be read: {error}") from error


def _pieces(member: IO[bytes]) -> Iterator[bytes]:
    """What is left of a member of an archive; its checksum is compared at the end."""
    while piece := member.read(_CHUNK_BYTES):
        yield piece


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
