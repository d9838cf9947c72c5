"""Checkpoints: one trained trial, chosen from an arm, with everything it was and came from."""

from __future__ import annotations

from typing import Literal

from expkit.records.base import Commit, Digest, Record
from expkit.records.evidence import Interval
from expkit.records.provenance import Image
from expkit.specs.experiment import Streams, TabularArm

CHECKPOINT_FILE = "checkpoint.json"
TABLE_FILE = "q_table.npz"
"""`q` float64 and `visits` int64 [states, actions], `curve` float64 [windows]: all that the trial's digest is of."""

ENVIRONMENT_FILE = "environment.npz"
"""The transition table, where it cannot be compiled from the declaration."""

Rule = Literal["best", "named"]
"""How a seed was chosen: by `expkit.checkpoint.choose`, or by a person."""


class Checkpoint(Record):
    """One trial as it is handed on: which it is, how it was chosen, what it is worth, and where it came from."""

    format: Literal[1] = 1
    project: str
    question: str
    experiment: str
    arm: str
    """The arm's name within its experiment."""
    label: str
    """The arm's name within its question: `experiment/arm` where that has several experiments."""
    seed: int
    rule: Rule
    among: int
    """Finished seeds that it was chosen from, whatever the rule."""
    resolved: TabularArm
    arm_key: Digest
    environment_digest: Digest
    engine_version: int
    root: int
    streams: Streams
    table_digest: Digest
    """sha256 of the file `q_table.npz`."""
    trial_digest: Digest
    """What identifies the trial: of its table, visits, curve and metrics."""
    results_digest: Digest
    """Of the trial digests of the whole arm, in seed order."""
    evidence_digest: Digest
    """sha256 of the file `evidence.json` that the arm was judged in."""
    metrics: dict[str, float]
    """Of this trial, by name, in the order that the trial's digest takes them in."""
    optimal_gain: float
    """Exact: the best average reward per step in its environment."""
    random_gain: float
    """Exact: the average reward per step of the random walk."""
    attempt: str
    """The attempt that trained it."""
    commit: Commit | None
    """The commit it was trained from."""
    dirty: bool | None
    """Whether the tree differed from that commit; None where there was no commit to differ from."""
    trained_in: Image
    """The image it was trained in; all None on a bare host."""
    parent: Image
    """The image that its own image is built on."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.label} of {self.question}, seed {self.seed}"


class Evaluation(Record):
    """Returns of a checkpoint's policy on fresh luck, beside what the transition table says exactly."""

    policy: str
    """Which policy acted, in words."""
    episodes: int
    steps: int
    """Of one episode; a task that ends earlier begins again, as it does in training."""
    root: int
    mean: float
    """Of the undiscounted returns."""
    sd: float | None
    """Sample standard deviation; None for a single episode."""
    interval: Interval | None
    """95 % interval of the mean, by Student's t; None for a single episode."""
    expected: float
    """Exact: the expected return, from the transition table."""
    returns_digest: Digest
    """sha256 of all returns in order: equal wherever the same luck was met."""
