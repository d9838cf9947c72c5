"""Shifts: what one hypothesis decides, or one arm is, otherwise than before, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expkit.outcomes import numbers
from expkit.outcomes.freshness import parameters
from expkit.outcomes.wording import setting_text
from expkit.plan import PlannedArm
from expkit.records.interval import Interval
from expkit.records.registration import Standing
from expkit.review.side import ArmId, HypothesisId, Side
from expkit.specs.base import Setting
from expkit.specs.criterion import Criterion, arms_of, metric_of
from expkit.specs.question import Hypothesis

SOURCES = ("trainer.digest", "agent.digest", "environment", "rows", "engine", "program")
"""What of an arm is somebody's code or table or rows, by its digest."""
_SHORT = 12
"""Hex digits of a digest that tell it from any other here."""
_NAMES = {"failed_seed": "a failed seed is", "unwitnessed": "results that existed before"}
_IN_WORDS = frozenset({"region", "metric", "kind", "estimand", "treatment", "control", "evaluated_on"})
"""Parts of a decision that are told in the words of the declaration instead."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One named value that is not the same; None on the side that lacks it. Plain text."""

    name: str
    then: str | None
    now: str | None


def of_decision(then: Side, now: Side, old: HypothesisId, new: HypothesisId) -> tuple[Shift, ...]:
    """What is decided otherwise: bound, metric, arms with their settings, seeds, root."""
    past, here = hypothesis(then, old), hypothesis(now, new)
    found = list(_changed(_criterion(past), _criterion(here)))
    found += _changed(_rules(then.standings[old]), _rules(now.standings[new]))
    for before, after in zip(_arms(then, past), _arms(now, here), strict=False):
        if before.key != after.key:
            found += [
                Shift(name=f"{after.name}: {one.name}", then=one.then, now=one.now) for one in of_arm(before, after)
            ]
    if past.experiment != here.experiment:
        found.append(Shift(name="experiment", then=past.experiment, now=here.experiment))
    return tuple(dict.fromkeys(found))


def of_arm(then: PlannedArm, now: PlannedArm) -> tuple[Shift, ...]:
    """Settings by their path, where it is evaluated, root, streams and seeds; `engine` where nothing else tells."""
    found = list(_changed(_settings(then), _settings(now)))
    if not found and then.environment_digest != now.environment_digest:
        found.append(_digests("environment", then.environment_digest, now.environment_digest))
    if not found and then.key != now.key:
        kind = str(parameters(now.arm).get("trainer.kind"))
        name = {"command": "program", "recorded": "rows"}.get(kind, "engine")
        found.append(_digests(name, then.key, now.key))
    return tuple(found)


def hypothesis(side: Side, place: HypothesisId) -> Hypothesis:
    """A hypothesis by its question and its id."""
    question, name = place
    return next(one for one in side.declared.questions[question].hypotheses if one.id == name)


def _arms(side: Side, one: Hypothesis) -> list[PlannedArm]:
    places: list[ArmId] = [(one.experiment, name) for name in arms_of(one.criterion)]
    return [side.arms[place] for place in places]


def _criterion(one: Hypothesis) -> dict[str, str]:
    criterion: Criterion = one.criterion
    names = arms_of(criterion)
    told = {
        "bound": numbers.region(Interval(low=criterion.low, high=criterion.high)),
        "metric": metric_of(criterion),
        "kind": criterion.kind,
        "estimand": criterion.estimand,
        "treatment" if len(names) > 1 else "arm": names[0],
    }
    return told | ({"control": names[1]} if len(names) > 1 else {})


def _rules(standing: Standing) -> dict[str, str]:
    decision = standing.decision
    return {
        _NAMES.get(key, key.replace("_", " ")): str(value)
        for key, value in decision.items()
        if key not in _IN_WORDS and value is not None
    }


def _settings(arm: PlannedArm) -> dict[str, str]:
    settings: dict[str, Setting] = {**parameters(arm.arm), **arm.arm.varied}
    drawn = {"root": str(arm.root), "streams": arm.streams, "seeds": str(len(arm.seeds))}
    elsewhere = {f"evaluate_on.{name}": digest[:_SHORT] for name, (digest, _) in arm.elsewhere.items()}
    told = {
        key: str(value)[:_SHORT] if key.endswith(".digest") else setting_text(value) for key, value in settings.items()
    }
    return {**told, **elsewhere, **drawn}


def _digests(name: str, then: str | None, now: str | None) -> Shift:
    return Shift(name=name, then=then and then[:_SHORT], now=now and now[:_SHORT])


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Shift]:
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            yield Shift(name=name, then=then.get(name), now=now.get(name))
