"""The plan: what an experiment declares, minus what the ledger has, is work. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from expkit.digests import digest
from expkit.records.work import Work
from expkit.specs.agent import OwnAgent
from expkit.specs.base import typed
from expkit.specs.environment import Environment
from expkit.specs.experiment import Experiment, ProgramArm, RecordedArm, ResolvedArm, Streams, TabularArm
from expkit.specs.inputs import identity
from expkit.specs.recording import Trajectories
from expkit.specs.resolve import resolve
from expkit.specs.targets import Target, resolve_targets
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.learners import effort

Recorded = Callable[[str, int, Streams], frozenset[int]]
"""The finished seeds of an arm: (arm_key, root, streams) -> seed numbers."""

STEPS_PER_BATCH = 40_000_000
"""About a second of kernel on one core, for a simple agent."""


@dataclass(frozen=True, kw_only=True)
class PlannedTarget:
    """An environment that an arm's policies are evaluated in, beside the one it is trained in."""

    name: str
    environment: Environment
    digest: str
    """Of its transition table."""
    unseen: Literal["random", "last"] | None
    """What is done in states beyond the arm's table; None where both have the same states."""


@dataclass(frozen=True, kw_only=True)
class PlannedArm:
    """An arm of an experiment with its identity, its declared seeds and those that are still missing."""

    experiment: str
    arm: ResolvedArm
    key: str
    environment_digest: str | None
    """Of its transition table; a program and recorded results have none."""
    root: int
    streams: Streams
    seeds: tuple[int, ...]
    missing: tuple[int, ...]
    record: Trajectories | None = None
    """The trajectories to keep, which are no part of what the arm is."""
    targets: tuple[PlannedTarget, ...] = ()
    """Where else its policies are evaluated, which is no part of its identity: that follows from what was trained."""

    @property
    def elsewhere(self) -> dict[str, tuple[str, str | None]]:
        """What decides where it is evaluated: digest of the table and rule for unseen states, by name."""
        return {target.name: (target.digest, target.unseen) for target in self.targets}

    @property
    def name(self) -> str:
        return self.arm.name

    def batches(self) -> Iterator[Work]:
        """The missing seeds as work: about a second of kernel each, one trial of a program, all that was recorded."""
        match self.arm:
            case TabularArm():
                size = max(1, STEPS_PER_BATCH // (self.arm.trainer.steps * effort(self.arm.agent)))
            case ProgramArm():
                size = 1
            case RecordedArm():
                size = max(1, len(self.missing))
        for start in range(0, len(self.missing), size):
            seeds = self.missing[start : start + size]
            yield Work(
                arm=self.arm,
                arm_key=self.key,
                environment_digest=self.environment_digest,
                engine_version=ENGINE_VERSION,
                root=self.root,
                streams=self.streams,
                seeds=seeds,
                trajectories=self.record.among(seeds) if self.record else None,
            )


def arm_key(arm: ResolvedArm, environment_digest: str | None, engine_version: int = ENGINE_VERSION) -> str:
    """What identifies an arm: what its numbers follow from, beside root and seed. No name, no title.

    Of a tabular arm: environment as content, agent, trainer, engine version, representation and time limit, where there
    are any. Of a program: how it is called, with which parameters, the digest of its sources, its image. Of both, the
    digests of their inputs, where there are any. What somebody's own code is handed is told by type: 1 is not 1.0. Of
    recorded results: the rows themselves.
    """
    declared: dict[str, JsonValue] = {"inputs": {**identity(arm.inputs)}} if arm.inputs else {}
    match arm:
        case TabularArm():
            if arm.representation:
                declared["representation"] = arm.representation.identity
            if isinstance(arm.agent, OwnAgent) and (kwargs := typed(arm.agent.kwargs)):
                declared["kwargs"] = kwargs
            if arm.time_limit:
                declared["time_limit"] = arm.time_limit
            return digest(
                {
                    "environment": environment_digest,
                    "agent": arm.agent.model_dump(mode="json"),
                    "trainer": arm.trainer.model_dump(mode="json"),
                    "engine": engine_version,
                    **declared,
                }
            )
        case ProgramArm():
            if parameters := typed({**arm.parameters}):
                declared["typed"] = parameters
            called = {"program": arm.trainer.identity, "parameters": dict(arm.parameters), "image": arm.image}
            return digest({**called, **declared})
        case RecordedArm():
            return digest({"recorded": arm.digest})


def plan(experiment: Experiment, recorded: Recorded) -> tuple[PlannedArm, ...]:
    """Every arm of an experiment, with the seeds that the ledger does not have yet.

    Raises:
        Unresolvable: the arms cannot be resolved; `expkit.project` has refused such an experiment before.
    """
    targets = resolve_targets(experiment)
    planned = []
    for arm in resolve(experiment):
        seeds = tuple(range(experiment.seeds_of(arm).count))
        environment_digest = compile_environment(arm.environment).digest if isinstance(arm, TabularArm) else None
        key = arm_key(arm, environment_digest)
        done = recorded(key, experiment.seeds.root, experiment.seeds.streams)
        planned.append(
            PlannedArm(
                experiment=experiment.id,
                arm=arm,
                key=key,
                environment_digest=environment_digest,
                root=experiment.seeds.root,
                streams=experiment.seeds.streams,
                seeds=seeds,
                missing=tuple(seed for seed in seeds if seed not in done),
                record=experiment.record.trajectories if experiment.record else None,
                targets=_planned_targets(experiment, arm, targets) if isinstance(arm, TabularArm) else (),
            )
        )
    return tuple(planned)


def _planned_targets(experiment: Experiment, arm: TabularArm, targets: Iterable[Target]) -> tuple[PlannedTarget, ...]:
    trained = compile_environment(arm.environment).states
    found = []
    for target in targets:
        mdp = compile_environment(target.environment)
        unseen = experiment.carry.unseen if experiment.carry and mdp.states != trained else None
        found.append(PlannedTarget(name=target.name, environment=target.environment, digest=mdp.digest, unseen=unseen))
    return tuple(found)
