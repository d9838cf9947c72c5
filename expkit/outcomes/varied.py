"""Sweeps over two parameters: an experiment's arms as rows and columns of what is varied, and where the best are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from expkit.outcomes import wording
from expkit.outcomes.meaning import meant
from expkit.records.evidence import ArmEvidence, Evidence, Summary
from expkit.specs.base import Setting

Place = tuple[Setting, Setting]
"""A row and a column by their settings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """The arms of an experiment that vary in two parameters, by their settings."""

    experiment: str
    paths: tuple[str, str]
    """What varies from row to row, and from column to column."""
    arms: dict[Place, ArmEvidence]
    metric: str
    lower_is_better: bool

    @cached_property
    def rows(self) -> list[Setting]:
        return _ascending([row for row, _ in self.arms])

    @cached_property
    def columns(self) -> list[Setting]:
        return _ascending([column for _, column in self.arms])

    def summary(self, place: Place) -> Summary | None:
        """What the arm of a cell came to; None where it has no usable seed."""
        return self.arms[place].summaries.get(self.metric) if place in self.arms else None

    @cached_property
    def best(self) -> frozenset[Place]:
        """The cells with the best interquartile mean; where environment or budget varies, the best of each of them."""
        found: dict[object, list[tuple[float, Place]]] = {}
        for place, arm in self.arms.items():
            if summary := self.summary(place):
                worth = -summary.iqm if self.lower_is_better else summary.iqm
                whole = (arm.environment_digest, arm.parameters.get("trainer.steps"))
                found.setdefault(whole, []).append((worth, place))
        return frozenset(place for cells in found.values() for worth, place in cells if worth == max(cells)[0])


def sweeps(evidence: Evidence) -> tuple[Sweep, ...]:
    """Every experiment with a sweep over two parameters, in the evidence's order."""
    found = []
    for experiment in evidence.experiments:
        arms = [arm for arm in evidence.arms if arm.experiment == experiment and len(arm.varied) == 2]
        if not arms:
            continue
        metric = wording.primary(evidence, experiment)
        meaning = meant(evidence, experiment, metric)
        first, second = arms[0].varied
        found.append(
            Sweep(
                experiment=experiment,
                paths=(first, second),
                arms={(arm.varied[first], arm.varied[second]): arm for arm in arms},
                metric=metric,
                lower_is_better=meaning is not None and meaning.better == "lower",
            )
        )
    return tuple(found)


def parameter(path: str) -> str:
    """A varied parameter as people say it: `learning rate`."""
    return path.partition(".")[2].replace("_", " ").replace(".", " ") or path


def _ascending(values: Sequence[Setting]) -> list[Setting]:
    """Each value once: numbers ascending, anything else as it was declared."""
    once = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in once):
        return sorted(once)
    return once
