"""Elsewhere: trained tables evaluated in other environments, from what was recorded. Nothing is trained for it.

What policies are worth in another environment follows from their tables, so it is in no trial's digest and no arm's
key: an environment can be added later. Heavy modules are imported inside functions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from expkit.errors import TrialFailed
from expkit.ledger.results import ArmResults
from expkit.outcomes.freshness import flat
from expkit.outcomes.meaning import where_measured
from expkit.plan import PlannedArm, PlannedTarget
from expkit.records.elsewhere import Elsewhere
from expkit.specs.environment import Environment
from expkit.specs.metric import placed, unplaced
from expkit.statistics.rounding import rounded


def evaluated(arm: PlannedArm, results: ArmResults) -> ArmResults:
    """The results of an arm with what its final greedy policies are worth in each of its targets; once is enough."""
    if not arm.targets or not results.seeds:
        return results
    if any(unplaced(metric)[1] for metric in results.metrics):
        return results
    from expkit.training.carry import carried
    from expkit.training.compile import compile_environment
    from expkit.training.metrics import of_policies  # numba: 0.3 s

    failed = np.array([seed in results.failed for seed in results.seeds], dtype=bool)
    found = {}
    for target in arm.targets:
        mdp = compile_environment(target.environment)
        tables = carried(results.q, mdp.states, target.unseen)
        for metric, values in of_policies(mdp, tables).items():
            found[placed(metric, (target.name,))] = np.where(failed, np.nan, values)
    return replace(results, metrics={**results.metrics, **found})


def is_measured(arm: PlannedArm, results: ArmResults, metric: str) -> bool:
    """Whether the results of an arm have a metric, or all that it is the mean of."""
    return all(name in results.metrics for name in _averaged(arm, metric))


def per_seed(arm: PlannedArm, results: ArmResults, metric: str) -> NDArray[np.float64]:
    """One metric of every declared seed: float64 [count], NaN where a seed is missing or failed.

    Over several environments, a seed's value is its mean over them: they were met by one and the same table.
    """
    values = np.full(len(arm.seeds), np.nan)
    if is_measured(arm, results, metric):
        columns = [results.metrics[name] for name in _averaged(arm, metric)]
        values[list(results.seeds)] = sum(columns[1:], columns[0]) / len(columns)
    return values


def _averaged(arm: PlannedArm, metric: str) -> list[str]:
    """The metrics that one is the mean of: one for each environment it spans, or itself."""
    base, places = where_measured(arm.arm, metric)
    return [placed(base, (place,)) for place in places] or [base]


def elsewhere(arm: PlannedArm, target: PlannedTarget) -> Elsewhere:
    """What is exactly known of an environment that an arm is evaluated in."""
    optimal, random = gains(target.environment, of=f"environment {target.name} of {arm.experiment}")
    return Elsewhere(
        environment_digest=target.digest,
        unseen=target.unseen,
        parameters=dict(flat(target.environment.model_dump(mode="json"), "")),
        optimal_gain=optimal,
        random_gain=random,
    )


def gains(environment: Environment, *, of: str) -> tuple[float, float]:
    """The best average reward per step in an environment, and that of the random walk.

    Raises:
        TrialFailed: rewards so large that no gain can be told.
    """
    from expkit.training.compile import compile_environment
    from expkit.training.evaluate import optimal_gain, random_gain  # numba: 0.3 s

    mdp = compile_environment(environment)
    optimal, random = optimal_gain(mdp), random_gain(mdp)
    if not np.isfinite([optimal, random]).all():
        raise TrialFailed(
            f"the gain of {of} is beyond what a double holds",
            why=f"the best policy's gain comes to {optimal}, the random walk's to {random}",
            mend="declare smaller rewards",
        )
    return rounded(optimal), rounded(random)
