"""Experiments as they are declared in `experiments/<id>.yaml`: environment, trainer, arms and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, PrivateAttr, StringConstraints

from expkit.specs.agent import Agent
from expkit.specs.base import ArmName, Id, Spec, Text
from expkit.specs.environment import Environment, Versioned
from expkit.specs.trainer import Trainer

Streams = Literal["independent", "common"]
Setting = str | int | float | bool
"""One value of a varied parameter."""
ImageReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./:@-]*$", max_length=400)]
"""A name, a tag, a digest or an id of a container image, or `project`."""
PROJECT_IMAGE = "project"
"""What stands for the image of the project's own commit, which no file in that commit could name."""
SweepPath = Annotated[str, Field(pattern=r"^(agent|environment|trainer)(\.[a-z_]+)+$")]


class Seeds(Spec):
    """Independent replicates: seeds 0 to count - 1 of one root."""

    root: Annotated[int, Field(ge=0, lt=2**53)]
    """Where all randomness comes from. A new root is new luck."""
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of replicates of every arm."""
    streams: Streams = "independent"
    """`independent`: every arm has its own luck. `common`: arms meet the same luck seed by seed; tests are paired."""


class Arm(Spec):
    """One configuration: an agent, and what differs from the experiment's environment and trainer."""

    agent: Agent
    environment: dict[str, JsonValue] = {}
    """Keys of the environment that this arm sets otherwise."""
    trainer: dict[str, JsonValue] = {}
    """Keys of the trainer that this arm sets otherwise."""


class Sweep(Spec):
    """One arm, varied: an arm for each combination of the values."""

    arm: ArmName
    """The declared arm to vary; it stays an arm itself."""
    vary: Annotated[dict[SweepPath, Annotated[tuple[Setting, ...], Field(min_length=1)]], Field(min_length=1)]
    """Values by path; paths start with `agent.`, `environment.` or `trainer.`."""


class Experiment(Spec):
    """Environment, trainer, arms and seeds; may serve several research questions."""

    id: Id
    title: Text
    scope: Text | None = None
    """What this experiment can and cannot speak about."""
    environment: Environment
    trainer: Trainer
    image: ImageReference | None = None
    """Where it runs: in this container image, or `project` for the one `expkit image build` makes of the commit."""
    outputs: tuple[str, ...] = ()
    """The metrics expected of every trial, by name; none named means all that the trainer measures."""
    arms: Annotated[dict[ArmName, Arm], Field(min_length=1)]
    sweep: Sweep | None = None
    seeds: Seeds
    failed_seed: Literal["invalid", "worst"] = "invalid"
    """What a failed seed does to a hypothesis: make it invalid, or count as the worst value of its arm's seeds."""

    _versions: dict[str, str] = PrivateAttr(default_factory=dict)

    def with_versions(self, versions: Mapping[str, str]) -> Self:
        """The same experiment, knowing the digests of its environments' tables by `Versioned.content`.

        They are found where the project is read, and say what its files meant then, whatever becomes of them.
        """
        known = self.model_copy()
        known._versions = dict(versions)
        return known

    def versioned(self, environment: Environment) -> Environment:
        """An environment with its version, where that is known."""
        if isinstance(environment, Versioned) and (version := self._versions.get(environment.content)):
            return environment.model_copy(update={"digest": version})
        return environment


class ResolvedArm(Spec):
    """One fully resolved configuration: overrides merged, sweep settings applied, every default filled in."""

    name: str
    environment: Environment
    agent: Agent
    trainer: Trainer
    varied: dict[str, Setting] = {}
    """The sweep's settings of this arm by path; empty for a declared arm."""
