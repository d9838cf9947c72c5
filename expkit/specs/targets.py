"""Targets: the environments of `evaluate_on`, resolved, and what is measured in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from expkit.specs.base import Spec
from expkit.specs.environment import Environment, Versioned
from expkit.specs.experiment import Experiment
from expkit.specs.metric import GAIN_METRICS, POLICY_METRICS, TABULAR_METRICS, Metric, placed, tabular_metric
from expkit.specs.resolve import Flaw, Unresolvable, keys_of, overridden
from expkit.specs.trainer import Tabular


class Target(Spec):
    """An environment that trained policies are evaluated in."""

    name: str
    environment: Environment


def resolve_targets(experiment: Experiment) -> tuple[Target, ...]:
    """Every environment of `evaluate_on`, in the order of the file, with its version where that is known.

    Raises:
        Unresolvable: one that is no environment, with all that is wrong with it.
    """
    if experiment.evaluate_on and not isinstance(experiment.trainer, Tabular):
        why = f"a trainer of kind {experiment.trainer.kind} leaves no table that could be evaluated elsewhere"
        raise Unresolvable([Flaw(location=("evaluate_on",), why=why, valid="leave evaluate_on out")])
    flaws: list[Flaw] = []
    targets = []
    declared = experiment.environment.model_dump(mode="json") if experiment.environment else {}
    for name, override in experiment.evaluate_on.items():
        settings: dict[str, Any] = {"name": name, "environment": overridden(declared, override)}
        try:
            target = Target.model_validate_json(json.dumps(settings))
        except ValidationError as error:
            for mistake in error.errors(include_url=False):
                keys = keys_of(mistake["loc"], settings)
                why = f"{name}: {'.'.join(map(str, keys[1:]))}: {mistake['msg']}"
                flaws.append(Flaw(location=("evaluate_on", name, *keys[1:]), why=why, target=name, error=mistake))
        else:
            known = experiment.versioned(target.environment)
            targets.append(target.model_copy(update={"environment": known}))
    if flaws:
        raise Unresolvable(flaws)
    return tuple(targets)


def measured_elsewhere(targets: Iterable[Target]) -> dict[str, Metric]:
    """The metrics of every trial in some targets, by name."""
    found = {}
    for target in targets:
        returns = isinstance(target.environment, Versioned) and target.environment.discount is not None
        for base in POLICY_METRICS:
            metric = tabular_metric(placed(base, (target.name,)))
            if metric and base in (TABULAR_METRICS if returns else GAIN_METRICS):
                found[metric.name] = metric
    return found
