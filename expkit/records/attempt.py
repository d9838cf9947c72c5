"""Attempts: one execution of one batch, finished or failed, with its provenance; never rewritten."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from expkit.records.base import Digest, Moment, Record
from expkit.records.provenance import Provenance
from expkit.records.registration import Standing
from expkit.records.work import Work

TRIALS_FILE = "trials.npz"
"""`seeds` int64 [n], `q` float64 and `visits` int64 [n, states, actions], `curve` float64 [n, windows]."""
POINTS_FILE = "points.npz"
"""What a program printed in one trial: `names` [m], and `keys`, `axis` and `values` [n]."""
LOG_FILE = "log.txt"
"""What else it printed."""
FILES_FOLDER = "files"
"""The folder of the files that it left and that are kept."""
TRAJECTORIES_FILE = "trajectories.npz"
"""Of the seeds whose steps are kept, where some are: `seed`, `step`, `state`, `action`, `reward`, `next_state`,
`terminal`, and `index` where states are represented; a row a step."""
PATCH_FILE = "patch.diff"
RECORD_FILE = "record.json"


class FailedTrial(Record):
    """A trial without a usable result: a seed, and why."""

    seed: int
    why: str


def _is_zero(value: object) -> bool:
    return value == 0


class Result(Record):
    """What a worker found: one number per metric and seed, one digest per trial.

    `metrics[name]` and `trial_digests` are in the order of `work.seeds`; a failed trial has None in every metric.
    """

    metrics: dict[str, tuple[float | None, ...]]
    trial_digests: tuple[Digest, ...]
    """sha256 of each trial's Q-table, visits, curve and metrics, or of the series a program printed of its declared
    metrics: what two executions are compared by."""
    failed: tuple[FailedTrial, ...] = ()
    steps: int
    """Environment steps taken; 0 where nobody counts them."""
    failed_starts: int = Field(default=0, ge=0, exclude_if=_is_zero)
    """Of a program, how many starts failed before the one that counts."""


class File(Record):
    """A file beside the record."""

    sha256: Digest
    bytes: int


class Attempt(Record):
    """One execution of one batch: with a `result` exactly when it finished, an `error` exactly when it failed."""

    format: Literal[1] = 1
    id: str
    """Sorts by time: `20261120T120000.123456Z-` and eight random hex digits."""
    work: Work
    status: Literal["finished", "failed"]
    result: Result | None = None
    error: str | None = None
    started: Moment
    ended: Moment
    provenance: Provenance
    standing: tuple[Standing, ...] = ()
    """Every hypothesis of the project that spoke of this arm when the attempt began."""
    files: dict[str, File] = {}
    """The files beside the record, by name; those that a program left, by their paths: `files/plots/a.png`."""

    @model_validator(mode="after")
    def _result_or_error(self) -> Attempt:
        if (self.result is not None) != (self.status == "finished") or (self.error is not None) != (
            self.status == "failed"
        ):
            raise ValueError("a finished attempt has a result and no error, a failed one an error and no result")
        if self.result is not None:
            count = len(self.work.seeds)
            columns = {"trial_digests": len(self.result.trial_digests)} | {
                k: len(v) for k, v in self.result.metrics.items()
            }
            if short := {name: length for name, length in columns.items() if length != count}:
                raise ValueError(f"{count} seeds, but columns of other lengths: {short}")
        return self
