"""From declared arms to fully resolved ones: overrides merged, sweeps spread out, defaults filled in."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from expkit.specs.experiment import Arm, Experiment, ResolvedArm, Setting, Sweep

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
    return tuple(
        arm.model_copy(update={"environment": experiment.versioned(arm.environment)})
        for arm in arms.values()
        if arm is not None
    )


def _resolved(experiment: Experiment, name: str, arm: Arm, flaws: list[Flaw]) -> ResolvedArm | None:
    """A declared arm, or None and what is wrong with its overrides."""
    settings = _declared(experiment, arm)
    try:
        return _checked(name, settings, {})
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            keys = _keys(mistake["loc"], settings)
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
    base = _declared(experiment, experiment.arms[sweep.arm])
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
                keys = _keys(mistake["loc"], settings)
                flaws.append(_flaw(name, _in_sweep(sweep, varied, keys), keys, mistake))
    return arms


def _flaw(name: str, location: Location, keys: Location, error: ErrorDetails) -> Flaw:
    path = ".".join(str(key) for key in keys)
    return Flaw(location=location, why=f"arm {name}: {path}: {error['msg']}", arm=name, error=error)


def _keys(loc: Location, settings: object) -> Location:
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
        if tuple(path.split("."))[: len(keys)] == keys[: path.count(".") + 1]:
            return ("sweep", "vary", path, sweep.vary[path].index(value))
    return ("sweep", "vary")


def _declared(experiment: Experiment, arm: Arm) -> dict[str, dict[str, Any]]:
    return {
        "environment": _overridden(experiment.environment.model_dump(mode="json"), arm.environment),
        "trainer": {**experiment.trainer.model_dump(mode="json"), **arm.trainer},
        "agent": arm.agent.model_dump(mode="json"),
    }


def _overridden(declared: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of an override over those declared; another kind has nothing in common with the declared one."""
    return {**(declared if override.get("kind") in (None, declared["kind"]) else {}), **override}


def _unknown(base: dict[str, dict[str, Any]], path: str) -> Flaw | None:
    """The flaw of a path that leads to no single parameter of the varied arm."""
    if path.endswith(".kind"):
        why = "a sweep varies parameters, not kinds"
        return Flaw(location=("sweep", "vary", path), why=why, valid="declare an arm for each kind")
    place: Any = base
    way: list[str] = []
    for part in path.split("."):
        if not isinstance(place, dict) or part not in place:
            break
        place = place[part]
        way.append(part)
    if not isinstance(place, dict) and ".".join(way) == path:
        return None
    known = [key for key in place if key != "kind"] if isinstance(place, dict) else []
    valid = f"{'.'.join(way)} has {', '.join(known) or 'no parameters'}"
    return Flaw(location=("sweep", "vary", path), why=f"the varied arm has no parameter {path}", valid=valid)


def _with_settings(base: dict[str, dict[str, Any]], varied: Mapping[str, Setting]) -> dict[str, dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = json.loads(json.dumps(base))
    for path, value in varied.items():
        *parents, leaf = path.split(".")
        place: Any = settings
        for part in parents:
            place = place[part]
        place[leaf] = value
    return settings


def _checked(name: str, settings: dict[str, dict[str, Any]], varied: dict[str, Setting]) -> ResolvedArm:
    return ResolvedArm.model_validate_json(json.dumps({"name": name, "varied": varied, **settings}))


def _labels(paths: tuple[str, ...]) -> dict[str, str]:
    """The shortest ending of each path that no other path shares: `agent.learning_rate` is `learning_rate`."""
    labels = {}
    for path in paths:
        parts = path.split(".")
        endings = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        labels[path] = next(
            ending
            for ending in endings
            if not any(other != path and f".{other}".endswith(f".{ending}") for other in paths)
        )
    return labels


def _written(value: Setting) -> str:
    return value if isinstance(value, str) else json.dumps(value)
