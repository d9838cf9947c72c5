"""A publication: one MLflow experiment and its runs, as plain values, before anybody has spoken to a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from expkit.tracking.artifacts import Artifact


class Point(NamedTuple):
    """One value of a metric; `step` is a seed number, an environment step, or 0 for what a run has one of."""

    key: str
    value: float
    step: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """What stays the same when results change; of its runs the last published is current, the others are superseded.

    `question` is None where an experiment was run for no question; `experiment` and `arm` are None for the run
    `outcome`.
    """

    project: str
    question: str | None
    experiment: str | None
    arm: str | None

    @property
    def tags(self) -> dict[str, str]:
        """The family as the tags it is known by."""
        named = {
            "expkit.project": self.project,
            "expkit.rq": self.question,
            "expkit.experiment": self.experiment,
            "expkit.arm": self.arm,
        }
        return {key: value for key, value in named.items() if value is not None}

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Family | None:
        """The family a run's tags name; None for a run that is not expkit's."""
        if (project := tags.get("expkit.project")) is None:
            return None
        return cls(
            project=project,
            question=tags.get("expkit.rq"),
            experiment=tags.get("expkit.experiment"),
            arm=tags.get("expkit.arm"),
        )


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The environment or an input as MLflow's dataset input; `schema`, `profile` and `source` are JSON texts."""

    name: str
    digest: str
    """The first 36 characters of its digest: all that MLflow keeps. `source` has it whole."""
    context: Literal["environment", "input"]
    """What it is to the run."""
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunContent:
    """Everything one MLflow run holds."""

    name: str
    key: str
    """The tag `expkit.key`: a store holds one run with it."""
    family: Family
    tags: dict[str, str]
    params: dict[str, str]
    metrics: tuple[Point, ...]
    """Finite values only."""
    datasets: tuple[Dataset, ...]
    """What the trials rest on: the environment, where there is a table, and every input."""
    artifacts: tuple[Artifact, ...]
    description: str
    """Markdown, shown above the run."""
    started_ms: int
    ended_ms: int
    """When the trials behind it ran: milliseconds since 1970, UTC."""
    status: Literal["FINISHED", "FAILED"] = "FINISHED"
    """`FAILED` where no trial has a usable result."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One MLflow experiment and the runs it has to hold."""

    name: str
    """The MLflow experiment's name: from ids alone, so that links and scripts outlive a new title."""
    tags: dict[str, str]
    description: str
    """Markdown, shown above the experiment's runs."""
    runs: tuple[RunContent, ...]
