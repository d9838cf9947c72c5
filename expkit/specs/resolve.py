"""From declared arms to fully resolved ones: overrides merged, sweeps spread out, defaults filled in."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from expkit.specs.experiment import Arm, Experiment, ResolvedArm, Setting

Location = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What keeps an experiment from being resolved: where in the declaration, what is wrong, what is right."""

    location: Location
    why: str
    valid: str | None = None


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
    arms: list[ResolvedArm] = []
    for name, arm in experiment.arms.items():
        arms += _resolved(name, _declared(experiment, arm), {}, ("arms", name), flaws)
    if sweep := experiment.sweep:
        if sweep.arm not in experiment.arms:
            flaws.append(
                Flaw(
                    location=("sweep", "arm"),
                    why=f"there is no arm {sweep.arm!r} to vary",
                    valid=f"the arms are {', '.join(experiment.arms)}",
                )
            )
        else:
            base = _declared(experiment, experiment.arms[sweep.arm])
            labels = _labels(tuple(sweep.vary))
            for values in itertools.product(*sweep.vary.values()):
                varied = dict(zip(sweep.vary, values, strict=True))
                name = f"{sweep.arm}[{','.join(f'{labels[path]}={_written(value)}' for path, value in varied.items())}]"
                if any(arm.name == name for arm in arms):
                    flaws.append(
                        Flaw(
                            location=("sweep", "vary"),
                            why=f"the sweep yields {name} twice",
                            valid="name each value once",
                        )
                    )
                    continue
                if (settings := _with_settings(base, varied, flaws)) is not None:
                    arms += _resolved(name, settings, varied, ("sweep", "vary"), flaws)
    if flaws:
        raise Unresolvable(list(dict.fromkeys(flaws)))
    return tuple(arms)


def _declared(experiment: Experiment, arm: Arm) -> dict[str, dict[str, Any]]:
    return {
        "environment": {**experiment.environment.model_dump(mode="json"), **arm.environment},
        "trainer": {**experiment.trainer.model_dump(mode="json"), **arm.trainer},
        "agent": arm.agent.model_dump(mode="json"),
    }


def _with_settings(
    base: dict[str, dict[str, Any]], varied: Mapping[str, Setting], flaws: list[Flaw]
) -> dict[str, dict[str, Any]] | None:
    settings: dict[str, dict[str, Any]] = json.loads(json.dumps(base))
    for path, value in varied.items():
        *parents, leaf = path.split(".")
        place: Any = settings
        for part in parents:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or leaf not in place:
            known = (
                f"{'.'.join(parents)} has {', '.join(k for k in place if k != 'kind')}"
                if isinstance(place, dict)
                else None
            )
            flaws.append(
                Flaw(location=("sweep", "vary", path), why=f"the varied arm has no parameter {path}", valid=known)
            )
            return None
        place[leaf] = value
    return settings


def _resolved(
    name: str, settings: dict[str, dict[str, Any]], varied: dict[str, Setting], location: Location, flaws: list[Flaw]
) -> list[ResolvedArm]:
    try:
        return [ResolvedArm.model_validate_json(json.dumps({"name": name, "varied": varied, **settings}))]
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            part, *inner = mistake["loc"]
            # a discriminated union puts its tag into the location: it is no key of the file
            keys = [key for key in inner if not (part == "agent" and key == settings["agent"].get("kind"))]
            path = ".".join(str(key) for key in (part, *keys))
            at = (*location, path) if varied else (*location, part, *keys)
            flaws.append(Flaw(location=at, why=f"arm {name}: {path}: {mistake['msg']}"))
        return []


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
