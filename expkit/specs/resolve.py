"""From declared arms to fully resolved ones: overrides merged, sweeps spread out, defaults filled in."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from expkit.specs.agent import OwnAgent
from expkit.specs.base import Setting
from expkit.specs.experiment import (
    Arm,
    Experiment,
    ProgramArm,
    RecordedArm,
    ResolvedArm,
    Sweep,
    TabularArm,
    resolved_as,
)
from expkit.specs.program import Command, Recorded
from expkit.specs.recording import MOST_REPLAYED
from expkit.specs.representation import Identity
from expkit.specs.trainer import Tabular

Location = tuple[str | int, ...]

MOST_ARMS = 1000
"""Of one sweep; more is a slip of the pen, and no chart would show them."""


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What keeps an experiment from being resolved: where in the declaration, what is wrong, what is right."""

    location: Location
    why: str
    valid: str | None = None
    arm: str | None = None
    """The resolved arm that is no `ResolvedArm`, where that is the flaw."""
    target: str | None = None
    """The environment of `evaluate_on` that is none, where that is the flaw."""
    error: ErrorDetails | None = field(default=None, compare=False)
    """Then pydantic's own words for it."""


class Unresolvable(Exception):
    """An experiment whose arms cannot be resolved, with every flaw found; `expkit.project` finds their lines."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(flaw.why for flaw in flaws))
        self.flaws = tuple(flaws)


def resolve(experiment: Experiment) -> tuple[ResolvedArm, ...]:
    """Every arm of an experiment, declared ones first, in the order of the file; then those of the sweep.

    Raises:
        Unresolvable: an override or a sweep that does not fit, with all its flaws.
    """
    flaws: list[Flaw] = []
    arms = {name: _resolved(experiment, name, arm, flaws) for name, arm in experiment.arms.items()}
    if sweep := experiment.sweep:
        if sweep.arm not in experiment.arms:
            why = f"there is no arm {sweep.arm!r} to vary"
            valid = f"the arms are {', '.join(experiment.arms)}"
            flaws.append(Flaw(location=("sweep", "arm"), why=why, valid=valid))
        elif arms[sweep.arm] is not None:  # a flawed arm has said so already
            arms |= _swept(experiment, sweep, flaws)
    if flaws:
        raise Unresolvable(list(dict.fromkeys(flaws)))
    return tuple(_versioned(experiment, arm) for arm in arms.values() if arm is not None)


def _versioned(experiment: Experiment, arm: ResolvedArm) -> ResolvedArm:
    """An arm that knows the versions of what its declaration names and does not hold."""
    if isinstance(arm, TabularArm):
        agent, shown = arm.agent, arm.representation and experiment.seen_through(arm.representation)
        if isinstance(agent, OwnAgent) and (version := experiment.version_of(agent.content)):
            agent = agent.model_copy(update={"digest": version})
        environment = experiment.versioned(arm.environment)
        return arm.model_copy(update={"environment": environment, "agent": agent, "representation": shown})
    if isinstance(arm, ProgramArm) and (version := experiment.version_of(arm.trainer.content)):
        return arm.model_copy(update={"trainer": arm.trainer.model_copy(update={"digest": version})})
    if isinstance(arm, RecordedArm) and (rows := experiment.recorded(arm.trainer, arm.recorded_as)):
        return arm.model_copy(update={"digest": rows.digest, "seeds": rows.seeds})
    return arm


def _resolved(experiment: Experiment, name: str, arm: Arm, flaws: list[Flaw]) -> ResolvedArm | None:
    """A declared arm, or None and what is wrong with it."""
    if misplaced := list(_misplaced(experiment, name, arm)):
        flaws += misplaced
        return None
    settings = _declared(experiment, name, arm)
    try:
        return _checked(name, settings, {})
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            keys = keys_of(mistake["loc"], settings)
            flaws.append(_flaw(name, ("arms", name, *keys), keys, mistake))
        return None


def _swept(experiment: Experiment, sweep: Sweep, flaws: list[Flaw]) -> dict[str, ResolvedArm]:
    """The arms of a sweep, by name; the last path varies fastest."""
    count = math.prod(len(values) for values in sweep.vary.values())
    if count > MOST_ARMS:
        flaws.append(
            Flaw(location=("sweep", "vary"), why=f"the sweep yields {count} arms", valid=f"at most {MOST_ARMS}")
        )
        return {}
    base = _declared(experiment, sweep.arm, experiment.arms[sweep.arm])
    unknown = [flaw for path in sweep.vary if (flaw := _unknown(base, path))]
    flaws += unknown
    if unknown:
        return {}
    labels = _labels(tuple(sweep.vary))
    arms: dict[str, ResolvedArm] = {}
    for values in itertools.product(*sweep.vary.values()):
        varied = dict(zip(sweep.vary, values, strict=True))
        name = f"{sweep.arm}[{','.join(f'{labels[path]}={_written(value)}' for path, value in varied.items())}]"
        if name in arms:
            why = f"the sweep yields {name} twice"
            flaws.append(Flaw(location=("sweep", "vary"), why=why, valid="name each value once"))
            continue
        settings = _with_settings(base, varied)
        try:
            arms[name] = _checked(name, settings, varied)
        except ValidationError as error:
            for mistake in error.errors(include_url=False):
                keys = keys_of(mistake["loc"], settings)
                flaws.append(_flaw(name, _in_sweep(sweep, varied, keys), keys, mistake))
    return arms


def _flaw(name: str, location: Location, keys: Location, error: ErrorDetails) -> Flaw:
    path = ".".join(str(key) for key in keys)
    return Flaw(location=location, why=f"arm {name}: {path}: {error['msg']}", arm=name, error=error)


def keys_of(loc: Location, settings: object) -> Location:
    """pydantic's location in a resolved arm without the kinds of what is told apart by kind: they are no keys."""
    keys: list[str | int] = []
    place = settings
    for step in loc:
        inside = place if isinstance(place, dict) else {}
        if step not in inside and step == inside.get("kind"):
            continue
        keys.append(step)
        place = inside.get(step)
    return tuple(keys)


def _in_sweep(sweep: Sweep, varied: Mapping[str, Setting], keys: Location) -> Location:
    """Where in the sweep the value stands that a resolved arm refuses."""
    for path, value in varied.items():
        if (steps := _steps(path))[: len(keys)] == keys[: len(steps)]:
            return ("sweep", "vary", path, sweep.vary[path].index(value))
    return ("sweep", "vary")


def _misplaced(experiment: Experiment, name: str, arm: Arm) -> Iterator[Flaw]:
    """What the experiment's trainer cannot do without, or has no use for."""
    trainer, at = experiment.trainer, ("arms", name)
    if arm.trainer.get("kind", trainer.kind) != trainer.kind:
        why = f"arm {name}: all arms of an experiment have a trainer of one kind, here {trainer.kind}"
        yield Flaw(location=(*at, "trainer", "kind"), why=why, valid="declare an experiment for each kind")
    if isinstance(trainer, Recorded):
        yield from _unrecorded(experiment, name, arm)
    elif "seeds" not in experiment.model_fields_set:
        why = "the experiment lacks the key 'seeds'"
        yield Flaw(location=(), why=why, valid="add one, such as seeds: {root: 20261120, count: 20}")
    if arm.recorded_as is not None and not isinstance(trainer, Recorded):
        why = f"arm {name}: nothing was recorded of it, and the trainer is {trainer.kind}"
        yield Flaw(location=(*at, "recorded_as"), why=why, valid="leave recorded_as out")
    if isinstance(trainer, Tabular):
        if experiment.environment is None:
            why = "the tabular trainer acts in an environment, and none is declared"
            yield Flaw(location=(), why=why, valid="add one, such as environment: {kind: dungeon}")
        if arm.agent is None:
            why = f"arm {name} has no agent"
            yield Flaw(location=at, why=why, valid="add one, such as agent: {kind: q_learning}")
        steps = arm.trainer.get("steps", trainer.steps)
        if experiment.record and isinstance(steps, int) and steps > MOST_REPLAYED:
            why = f"arm {name}: to record its steps they are taken again in plain Python, and {steps:,} are too many"
            yield Flaw(location=("record",), why=why, valid=f"at most {MOST_REPLAYED:,} steps, or leave record out")
        if arm.parameters:
            why = f"arm {name}: parameters are passed to programs, and the trainer is tabular"
            yield Flaw(location=(*at, "parameters"), why=why, valid="set agent, environment or trainer")
    else:
        if experiment.environment is not None:
            why = f"a trainer of kind {trainer.kind} brings its own environment"
            yield Flaw(location=("environment",), why=why, valid="leave environment out")
        if experiment.record is not None:
            why = f"a trainer of kind {trainer.kind} shows no steps to record"
            yield Flaw(location=("record",), why=why, valid="leave record out")
        if experiment.representation is not None:
            why = f"a trainer of kind {trainer.kind} has no Q-table to represent states in"
            yield Flaw(location=("representation",), why=why, valid="leave representation out")
        for key in ("agent", "environment", "representation"):
            if getattr(arm, key):
                valid = "say it in parameters" if isinstance(trainer, Command) else f"leave {key} out"
                why = f"arm {name}: a trainer of kind {trainer.kind} has no {key}"
                yield Flaw(location=(*at, key), why=why, valid=valid)
        if experiment.inputs and not isinstance(trainer, Command):
            yield Flaw(location=("inputs",), why="recorded results read no inputs", valid="leave inputs out")
        if arm.parameters and not isinstance(trainer, Command):
            why = f"arm {name}: recorded results take no parameters"
            yield Flaw(location=(*at, "parameters"), why=why, valid="leave parameters out")


def _unrecorded(experiment: Experiment, name: str, arm: Arm) -> Iterator[Flaw]:
    """What results that exist already leave nothing to say about."""
    if "seeds" in experiment.model_fields_set and not experiment.rows_known:
        why = "recorded results bring their own seeds: a seed for every row of an arm"
        valid = "leave seeds out; for paired tests, write streams: common into the trainer"
        yield Flaw(location=("seeds",), why=why, valid=valid)
    if experiment.image is not None:
        yield Flaw(location=("image",), why="recorded results run nowhere", valid="leave image out")
    if experiment.sweep is not None:
        yield Flaw(location=("sweep",), why="nothing is left to vary in recorded results", valid="leave sweep out")
    if odd := sorted(arm.trainer.keys() - {"kind", "file"}):
        why = f"arm {name}: of the trainer of recorded results an arm may set its file, and sets {', '.join(odd)}"
        yield Flaw(location=("arms", name, "trainer", odd[0]), why=why, valid="leave it out")


def _declared(experiment: Experiment, name: str, arm: Arm) -> dict[str, Any]:
    trainer = {**experiment.trainer.model_dump(mode="json"), **arm.trainer}
    inputs = {key: one.model_dump(mode="json") for key, one in experiment.inputs.items()}
    if isinstance(experiment.trainer, Command):
        parameters = {**experiment.trainer.parameters, **arm.parameters}
        trainer = {**trainer, "parameters": {}}
        return {"parameters": parameters, "trainer": trainer, "image": experiment.image, "inputs": inputs}
    if experiment.environment is None or arm.agent is None:
        return {"recorded_as": name if arm.recorded_as is None else arm.recorded_as, "trainer": trainer}
    return {
        "environment": overridden(experiment.environment.model_dump(mode="json"), arm.environment),
        "trainer": trainer,
        "agent": arm.agent.model_dump(mode="json"),
        "representation": _representation(experiment, arm),
        "inputs": inputs,
    }


def _representation(experiment: Experiment, arm: Arm) -> dict[str, Any] | None:
    """What the learner of an arm sees; None where it sees all, which needs no words."""
    declared = arm.representation or experiment.representation
    return None if declared is None or isinstance(declared, Identity) else declared.model_dump(mode="json")


def overridden(declared: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of an override over those declared; another kind has nothing in common with the declared one."""
    return {**(declared if override.get("kind") in (None, declared["kind"]) else {}), **override}


def _steps(path: str) -> tuple[str, ...]:
    """The keys on the way to a parameter. A program's own names may hold dots."""
    part, _, rest = path.partition(".")
    return (part, rest) if part == "parameters" else tuple(path.split("."))


def _unknown(base: dict[str, Any], path: str) -> Flaw | None:
    """The flaw of a path that leads to no single parameter of the varied arm."""
    if path.endswith(".kind"):
        why = "a sweep varies parameters, not kinds"
        return Flaw(location=("sweep", "vary", path), why=why, valid="declare an arm for each kind")
    place: Any = base
    way: list[str] = []
    for part in _steps(path):
        if not isinstance(place, dict) or part not in place:
            break
        place = place[part]
        way.append(part)
    if not isinstance(place, dict) and ".".join(way) == path:
        return None
    known = [key for key in place if key != "kind"] if isinstance(place, dict) else []
    valid = f"{'.'.join(way) or 'the arm'} has {', '.join(known) or 'no parameters'}"
    if way[-1:] == ["kwargs"]:  # what they may be besides, only the code knows
        valid += f"; what is varied has to be declared there, even at its default: {{{_steps(path)[-1]}: ...}}"
    return Flaw(location=("sweep", "vary", path), why=f"the varied arm has no parameter {path}", valid=valid)


def _with_settings(base: dict[str, Any], varied: Mapping[str, Setting]) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(json.dumps(base))
    for path, value in varied.items():
        *parents, leaf = _steps(path)
        place: Any = settings
        for part in parents:
            place = place[part]
        place[leaf] = value
    return settings


def _checked(name: str, settings: dict[str, Any], varied: dict[str, Setting]) -> ResolvedArm:
    return resolved_as(settings["trainer"]).model_validate_json(
        json.dumps({"name": name, "varied": varied, **settings})
    )


def _labels(paths: tuple[str, ...]) -> dict[str, str]:
    """The shortest ending of each path that no other path shares: `agent.learning_rate` is `learning_rate`."""
    labels = {}
    for path in paths:
        parts = _steps(path)
        endings = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        labels[path] = next(
            ending
            for ending in endings
            if not any(other != path and f".{other}".endswith(f".{ending}") for other in paths)
        )
    return labels


def _written(value: Setting) -> str:
    return value if isinstance(value, str) else json.dumps(value)
