"""What a hypothesis on an experiment can speak of: its arms and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from expkit.specs.experiment import Experiment
from expkit.specs.metric import Metric
from expkit.specs.resolve import resolve
from expkit.specs.targets import measured_elsewhere, resolve_targets


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The names that a criterion may hold."""

    arms: tuple[str, ...]
    metrics: Mapping[str, Metric]


def choices(experiment: Experiment) -> Choices:
    """Every arm of an experiment in its order, and every metric that all of them have."""
    arms = resolve(experiment)
    measured = min((arm.measured for arm in arms), key=len)
    if experiment.outputs:
        measured = {name: measured[name] for name in experiment.outputs}
    elsewhere = measured_elsewhere(resolve_targets(experiment))
    return Choices(arms=tuple(arm.name for arm in arms), metrics={**measured, **elsewhere})
