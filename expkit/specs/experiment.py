"""Experiments as they are declared in `experiments/<id>.yaml`: environment, trainer, arms and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, PrivateAttr, StringConstraints

from expkit.specs.agent import Agent
from expkit.specs.base import ArmName, Id, Setting, Spec, Text, is_empty
from expkit.specs.environment import Environment, Versioned
from expkit.specs.inputs import Inputs
from expkit.specs.metric import GAIN_METRICS, TABULAR_METRICS, Metric
from expkit.specs.program import Command, ParameterName, Recorded
from expkit.specs.recording import Recording
from expkit.specs.representation import Aggregation, History, Representation, map_content
from expkit.specs.trainer import Tabular, Trainer

Streams = Literal["independent", "common"]
ImageReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./:@-]*$", max_length=400)]
"""A name, a tag, a digest or an id of a container image, or `project`."""
PROJECT_IMAGE = "project"
"""What stands for the image of the project's own commit, which no file in that commit could name."""
SweepPath = Annotated[
    str, Field(pattern=r"^((agent|environment|trainer)(\.[a-z_]+)+|parameters\.[A-Za-z_][A-Za-z0-9_.-]*)$")
]


class Seeds(Spec):
    """Independent replicates: seeds 0 to count - 1 of one root."""

    root: Annotated[int, Field(ge=0, lt=2**53)]
    """Where all randomness comes from. A new root is new luck."""
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of replicates of every arm."""
    streams: Streams = "independent"
    """`independent`: every arm has its own luck. `common`: arms meet the same luck seed by seed; tests are paired."""


TOLD_BY_FILE = Seeds(root=0, count=1)
"""What stands where none are declared: a file of recorded results tells which there are."""


class Arm(Spec):
    """One configuration: an agent or parameters, and what differs from the experiment's environment and trainer."""

    agent: Agent | None = None
    """Who is trained; only expkit's own training loop has one, and needs it."""
    parameters: dict[ParameterName, Setting] = {}
    """What a program is passed, over what its trainer declares."""
    recorded_as: str | None = None
    """What recorded results call this arm; none means by its name."""
    environment: dict[str, JsonValue] = {}
    """Keys of the environment that this arm sets otherwise."""
    representation: Representation | None = Field(default=None, exclude_if=is_empty)
    """What the learner sees of a state, instead of what the experiment says."""
    trainer: dict[str, JsonValue] = {}
    """Keys of the trainer that this arm sets otherwise."""


class Sweep(Spec):
    """One arm, varied: an arm for each combination of the values."""

    arm: ArmName
    """The declared arm to vary; it stays an arm itself."""
    vary: Annotated[dict[SweepPath, Annotated[tuple[Setting, ...], Field(min_length=1)]], Field(min_length=1)]
    """Values by path; paths start with `agent.`, `environment.`, `trainer.` or `parameters.`."""


class Carry(Spec):
    """How a table reaches into an environment that has states it was not trained on. States keep their numbers."""

    unseen: Literal["random", "last"]
    """What is done in states beyond the table. `random`: every action equally often. `last`: as in its last state."""


class Experiment(Spec):
    """Environment, trainer, arms and seeds; may serve several research questions."""

    id: Id
    """What it is called: the name of its file."""
    title: Text
    """What it is about, in a few words."""
    scope: Text | None = None
    """What this experiment can and cannot speak about."""
    environment: Environment | None = None
    """What is acted in. A program brings its own."""
    representation: Representation | None = Field(default=None, exclude_if=is_empty)
    """What a learner sees of a state; none means all of it."""
    trainer: Trainer
    """What runs a trial: expkit's own loop, a program, or nothing, where results exist already."""
    image: ImageReference | None = None
    """Where it runs: in this container image, or `project` for the one `expkit image build` makes of the commit."""
    inputs: Inputs = Field(default={}, exclude_if=is_empty)
    """Files and folders of the project that it reads, by name; their content is checked before anything runs."""
    record: Recording | None = Field(default=None, exclude_if=is_empty)
    """What is kept of trials beside their results. It changes no number and makes no other arm."""
    outputs: tuple[str, ...] = ()
    """The metrics expected of every trial, by name; none named means all that the trainer measures."""
    arms: Annotated[dict[ArmName, Arm], Field(min_length=1)]
    """What is compared, by name."""
    sweep: Sweep | None = None
    """More arms: one of them, varied."""
    evaluate_on: dict[Id, dict[str, JsonValue]] = {}
    """Environments that every arm's final greedy policy is evaluated in, too, by name: keys that differ from the
    experiment's environment, or a whole one with its `kind`."""
    carry: Carry | None = None
    """Needed where one of them has another number of states than an arm was trained on."""
    seeds: Seeds = TOLD_BY_FILE
    """Of every arm. Recorded results bring their own; any other trainer needs them declared."""
    failed_seed: Literal["invalid", "worst"] = "invalid"
    """What a failed seed does to a hypothesis: make it invalid, or count as the worst value of its arm's seeds."""

    _versions: dict[str, str] = PrivateAttr(default_factory=dict)
    _recorded: dict[tuple[str, str], RecordedRows] = PrivateAttr(default_factory=dict)

    def with_versions(self, versions: Mapping[str, str]) -> Self:
        """The same experiment, knowing the digests of its tables and programs by their `content`.

        They are found where the project is read, and say what its files meant then, whatever becomes of them.
        """
        known = self.model_copy()
        known._versions = {**self._versions, **versions}
        return known

    def with_recorded(self, recorded: Mapping[tuple[str, str], RecordedRows]) -> Self:
        """The same experiment, knowing the rows of its recorded arms by `Recorded.rows` and what the file calls them.

        Its seeds are then those of the arm that has fewest, under no root, since nobody drew them here.
        """
        fewest = min((len(rows.seeds) for rows in recorded.values()), default=0)
        streams = self.trainer.streams if isinstance(self.trainer, Recorded) else self.seeds.streams
        known = self.model_copy(update={"seeds": Seeds(root=0, count=max(1, fewest), streams=streams)})
        known._recorded = dict(recorded)
        return known

    @property
    def rows_known(self) -> bool:
        """Whether the file of its recorded results was read."""
        return bool(self._recorded)

    def recorded(self, trainer: Recorded, arm: str) -> RecordedRows | None:
        """The rows of an arm by what the file calls it, where they are known."""
        return self._recorded.get((trainer.rows, arm))

    def seeds_of(self, arm: ResolvedArm) -> Seeds:
        """The seeds of one of its arms: the declared ones, or as many as there are rows."""
        if isinstance(arm, RecordedArm):
            return self.seeds.model_copy(update={"count": max(1, len(arm.seeds))})
        return self.seeds

    def versioned(self, environment: Environment) -> Environment:
        """An environment with its version, where that is known."""
        if isinstance(environment, Versioned) and (version := self.version_of(environment.content)):
            return environment.model_copy(update={"digest": version})
        return environment

    def seen_through(self, representation: Aggregation | History) -> Aggregation | History:
        """A representation with the version of its map, where that is known."""
        version = self.version_of(map_content(representation.file)) if representation.file else None
        return representation.model_copy(update={"digest": version}) if version else representation

    def version_of(self, content: str) -> str | None:
        """The digest of a table or a program, where that is known."""
        return self._versions.get(content)


class RecordedRows(Spec):
    """What identifies the rows of one arm in a file of recorded results."""

    digest: str
    """Of what the file calls the arm, its seeds and its metrics."""
    seeds: tuple[str, ...]
    """What the file calls its seeds, numbers by size, other names behind them."""


class TabularArm(Spec):
    """One fully resolved configuration: overrides merged, sweep settings applied, every default filled in."""

    name: str
    environment: Environment
    agent: Agent
    representation: Aggregation | History | None = Field(default=None, discriminator="kind", exclude_if=is_empty)
    """What the learner sees of a state; None for all of it."""
    trainer: Tabular
    inputs: Inputs = Field(default={}, exclude_if=is_empty)
    """What the experiment reads, by name."""
    varied: dict[str, Setting] = {}
    """The sweep's settings of this arm by path; empty for a declared arm."""

    @property
    def budget(self) -> int | None:
        """Steps of one trial; None where nobody can tell beforehand."""
        return self.trainer.steps

    @property
    def time_limit(self) -> int | None:
        """Steps after which an episode is cut off in training; None for never."""
        return self.environment.time_limit if isinstance(self.environment, Versioned) else None

    @property
    def measured(self) -> Mapping[str, Metric]:
        """The metrics of every trial, by name."""
        returns = isinstance(self.environment, Versioned) and self.environment.discount is not None
        return TABULAR_METRICS if returns else GAIN_METRICS


class ProgramArm(Spec):
    """One fully resolved configuration of a program: its trainer's parameters and its own, merged."""

    name: str
    parameters: dict[ParameterName, Setting]
    trainer: Command
    image: ImageReference | None = None
    """The image that the experiment declares."""
    inputs: Inputs = Field(default={}, exclude_if=is_empty)
    """What the program reads, by name: `{inputs}` is a folder that holds each under its name."""
    varied: dict[str, Setting] = {}
    """The sweep's settings of this arm by path; empty for a declared arm."""

    @property
    def budget(self) -> int | None:
        """Steps of one trial: nobody can tell beforehand."""
        return None

    @property
    def measured(self) -> Mapping[str, Metric]:
        """The metrics of every trial, by name."""
        return {name: one.named(name) for name, one in self.trainer.metrics.items()}


class RecordedArm(Spec):
    """One arm of results that existed before."""

    name: str
    recorded_as: str
    """What the file calls it."""
    trainer: Recorded
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The digest of its rows, whatever else is in the file; known once the file was read."""
    seeds: tuple[str, ...] = ()
    """What the file calls its seeds, in order: seed k is the k-th."""
    varied: dict[str, Setting] = {}
    """Always empty: nothing is left to vary."""

    @property
    def inputs(self) -> Inputs:
        """None: whatever was read then was read by somebody else."""
        return {}

    @property
    def budget(self) -> int | None:
        """Steps of one trial: nobody can tell any more."""
        return None

    @property
    def measured(self) -> Mapping[str, Metric]:
        """The metrics of every trial, by name."""
        return {name: one.named(name) for name, one in self.trainer.metrics.items()}


ResolvedArm = TabularArm | ProgramArm | RecordedArm
"""Every fully resolved configuration; which one it is, the trainer's kind decides."""


def as_tabular(arm: ResolvedArm) -> TabularArm:
    """The arm, where expkit's own loop trains it.

    Raises:
        TypeError: it is a program's, or was recorded elsewhere.
    """
    if not isinstance(arm, TabularArm):
        raise TypeError(f"arm {arm.name} is no tabular one")
    return arm


def resolved_as(trainer: Mapping[str, Any]) -> type[TabularArm] | type[ProgramArm] | type[RecordedArm]:
    """What a configuration with such a trainer is."""
    match trainer["kind"]:
        case "command":
            return ProgramArm
        case "recorded":
            return RecordedArm
    return TabularArm
