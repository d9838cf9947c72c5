"""The metrics of a trial: one number per seed each, with a version that is raised when a definition changes."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal

from expkit.specs.base import Spec


class Metric(Spec):
    """The definition of one number per seed."""

    name: str
    definition: str
    unit: str
    version: int = 1
    """Raised when the definition changes: a part of every decision made on this metric."""
    binary: bool = False
    """Whether a trial yields 0 or 1, which calls for an exact test."""
    better: Literal["higher", "lower"] = "higher"


CURVE_WINDOWS = 40
"""Windows of the learning curve: reward per step, averaged over each fortieth of the training."""

GAIN_METRICS = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                name="total_reward",
                definition="undiscounted online reward over the whole training, exploration included",
                unit="reward",
            ),
            Metric(
                name="regret",
                definition="steps times the optimal gain, minus total_reward",
                unit="reward",
                better="lower",
            ),
            Metric(
                name="final_reward_rate",
                definition="reward per step over the last tenth of the training",
                unit="reward/step",
            ),
            Metric(
                name="greedy_gain",
                definition="exact average reward per step of the final greedy policy from the start, ties split evenly",
                unit="reward/step",
            ),
            Metric(name="gain_gap", definition="optimal gain minus greedy_gain", unit="reward/step", better="lower"),
            Metric(
                name="normalized_score",
                definition="(greedy_gain - gain of the random walk) / (optimal gain - gain of the random walk)",
                unit="1",
            ),
            Metric(
                name="optimal_policy",
                definition="1 if the final greedy policy attains the optimal gain, else 0",
                unit="1",
                binary=True,
            ),
        )
    }
)
"""What the tabular trainer measures in every trial, by name."""

RETURN_METRICS = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                name="greedy_return",
                definition="exact expected return of an episode of the final greedy policy, ties split evenly, "
                "discounted as the environment declares",
                unit="reward",
            ),
            Metric(name="return_gap", definition="optimal return minus greedy_return", unit="reward", better="lower"),
            Metric(
                name="normalized_return",
                definition="(greedy_return - return of the random walk) / (optimal return - return of the random walk)",
                unit="1",
            ),
            Metric(
                name="optimal_return",
                definition="1 if the final greedy policy attains the optimal return, else 0",
                unit="1",
                binary=True,
            ),
        )
    }
)
"""What it measures besides in an environment that declares a discount, by name."""

TABULAR_METRICS = MappingProxyType({**GAIN_METRICS, **RETURN_METRICS})
"""Every metric of the tabular trainer, by name."""

POLICY_METRICS = (
    "greedy_gain",
    "normalized_score",
    "optimal_policy",
    "greedy_return",
    "normalized_return",
    "optimal_return",
)
"""Those that follow from a policy and an environment alone: what is measured elsewhere than in training."""


def placed(metric: str, places: Sequence[str]) -> str:
    """A metric of the final greedy policy elsewhere: `normalized_score/windy`, or its mean over several environments.

    MLflow takes no `@`, and groups what stands before a `/`.
    """
    return f"{metric}/{':'.join(places)}" if places else metric


def unplaced(metric: str) -> tuple[str, tuple[str, ...]]:
    """A metric and where it is measured; nowhere means where the arm was trained.

    A program's own metrics may have a `/` in their names, which says nothing of the kind.
    """
    base, _, places = metric.partition("/")
    return (base, tuple(places.split(":"))) if places and base in POLICY_METRICS else (metric, ())


def tabular_metric(name: str) -> Metric | None:
    """The definition of a metric of the tabular trainer, measured elsewhere or not; None where it has no such."""
    base, places = unplaced(name)
    metric = TABULAR_METRICS.get(base)
    if metric is None or not places:
        return metric
    where = f"in {places[0]}" if len(places) == 1 else f"as the mean over {', '.join(places)}"
    return metric.model_copy(update={"name": name, "definition": f"{metric.definition}; {where}, not in training"})
