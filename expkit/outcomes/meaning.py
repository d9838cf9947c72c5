"""Meaning: what a metric's numbers stand for. Where an arm declares a metric, its declaration says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence
from expkit.specs.experiment import ResolvedArm, TabularArm
from expkit.specs.metric import TABULAR_METRICS, Metric, placed, tabular_metric, unplaced


def measured_by(arm: ResolvedArm, metric: str) -> Metric:
    """What a metric of an arm means, as it is declared or else as expkit defines it.

    Raises:
        KeyError: nobody says; reading the project has refused a criterion on such a metric.
    """
    elsewhere = tabular_metric(metric) if isinstance(arm, TabularArm) else None
    return arm.measured.get(metric) or elsewhere or TABULAR_METRICS[metric]


def where_measured(arm: ResolvedArm, metric: str) -> tuple[str, tuple[str, ...]]:
    """A metric of an arm and the environments of `evaluate_on` it is measured in; none means where it was trained.

    Only tables are evaluated elsewhere: a program that has a `normalized_score/windy` calls something so.
    """
    return unplaced(metric) if isinstance(arm, TabularArm) else (metric, ())


def declared_by(arm: ResolvedArm) -> dict[str, Metric]:
    """The metrics of an arm that expkit does not define itself, in the order of their declaration."""
    return {name: metric for name, metric in arm.measured.items() if TABULAR_METRICS.get(name) != metric}


def deciding(metric: Metric) -> dict[str, bool | str]:
    """What a person's own words about a metric decide, beside its version: whoever changes it changes the test."""
    if tabular_metric(metric.name) == metric:
        return {}
    return {"metric_binary": metric.binary, "metric_better": metric.better}


def recorded_in(arm: ArmEvidence, metric: str) -> Metric | None:
    """What a metric of an arm meant when its evidence was written; None where nobody says."""
    return arm.metrics.get(metric) or tabular_metric(metric)


def places_in(arm: ArmEvidence, metric: str) -> tuple[str, ...]:
    """The environments of `evaluated_on` that a metric was measured in; none means where the arm was trained."""
    return unplaced(metric)[1] if arm.evaluated_on else ()


def meant(evidence: Evidence, experiment: str, metric: str) -> Metric | None:
    """What a metric means in an experiment: by the first of its arms that declares it, else as expkit defines it."""
    arms = (arm for arm in evidence.arms if arm.experiment == experiment)
    return next((arm.metrics[metric] for arm in arms if metric in arm.metrics), tabular_metric(metric))


def told_by_seed(hypothesis: HypothesisEvidence) -> set[str]:
    """The metrics whose value in every seed a hypothesis is decided on: its own, and that of each place it spans."""
    base, _ = unplaced(hypothesis.metric)
    return {hypothesis.metric, *(placed(base, (place,)) for place in hypothesis.places)}


def in_order(metrics: Iterable[str], defined: Mapping[str, Metric]) -> list[str]:
    """Metrics in the order in which they are defined, others behind them by name."""
    known = list(defined)
    return sorted(metrics, key=lambda name: (known.index(name) if name in known else len(known), name))
