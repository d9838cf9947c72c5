"""Work: an arm with the seeds that are still missing, which is what an executor is handed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from expkit.records.base import Digest, Record
from expkit.specs.base import is_empty
from expkit.specs.experiment import ResolvedArm, Streams, TabularArm, as_tabular
from expkit.specs.recording import Trajectories


class Work(Record):
    """One arm, some of its seeds: everything a worker needs to know, as one JSON file."""

    arm: ResolvedArm
    arm_key: Digest
    """What identifies the arm: its environment's digest, agent, trainer and engine version."""
    environment_digest: Digest | None
    """The digest of the compiled transition table; a worker that compiles another one refuses the work. A program and
    results that were recorded elsewhere have none."""
    engine_version: int
    root: int
    streams: Streams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    """Seed numbers k under the root, ascending."""
    trajectories: Trajectories | None = Field(default=None, exclude_if=is_empty)
    """Whose steps are to be kept, of these seeds."""

    @property
    def tabular(self) -> TabularArm:
        """The arm, of work for expkit's own training loop.

        Raises:
            TypeError: it is a program's work, or was done elsewhere.
        """
        return as_tabular(self.arm)
