"""The metrics of tabular trials, one number per seed each, and why a trial has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.specs.metric import CURVE_WINDOWS, POLICY_METRICS
from expkit.training.evaluate import greedy_policy, optimal_gain, policy_gain, random_gain
from expkit.training.mdp import Mdp
from expkit.training.returns import optimal_return, policy_return, random_return

SAME_GAIN = 1e-9
"""A gain within this share of the largest absolute reward of the optimum is the optimum: less is rounding."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What trials came to."""

    metrics: dict[str, NDArray[np.float64]]
    """By name of `TABULAR_METRICS`: float64 [trials]; NaN in every metric of a failed trial."""
    curve: NDArray[np.float64]
    """float64 [trials, windows]; reward per step."""
    failed: dict[int, str]
    """Why, by the position of the trial."""


def window_lengths(steps: int) -> NDArray[np.int64]:
    """Steps in each window of the curve, of which window i begins with step floor(i * steps / 40)."""
    return np.diff([window * steps // CURVE_WINDOWS for window in range(CURVE_WINDOWS + 1)])


def measure(mdp: Mdp, q: NDArray[np.float64], sums: NDArray[np.float64], steps: int) -> Measured:
    """The metrics and curves of finished trials.

    q: float64 [trials, rows, actions]; sums: float64 [trials, windows], the reward in each window; steps: of one
    trial. Totals add the windows from left to right; the last tenth is the last four windows. Where the random walk
    is optimal, `normalized_score` is 1 for a policy that is optimal too and 0 for another. A table with a discount
    has the metrics of returns as well.
    """
    lengths = window_lengths(steps)
    last_tenth = CURVE_WINDOWS - CURVE_WINDOWS // 10
    with np.errstate(over="ignore", invalid="ignore"):
        total = _left_to_right(sums)
        final = _left_to_right(sums[:, last_tenth:]) / lengths[last_tenth:].sum()
        curve = sums / lengths

        largest = float(np.abs(mdp.reward).max())
        finite = np.asarray(np.isfinite(q).all(axis=(1, 2)))
        optimal = optimal_gain(mdp.itself)
        metrics = {
            "total_reward": total,
            "regret": steps * optimal - total,
            "final_reward_rate": final,
            **_gains(mdp, q, finite, largest),
        }
        if mdp.discount is not None:
            metrics |= _returns(mdp, q, finite, largest, mdp.discount)
    good = finite & np.isfinite(np.stack(list(metrics.values()))).all(axis=0)
    failed = {}
    for trial in np.flatnonzero(~good).tolist():
        failed[trial] = _reason(q[trial], curve[trial], lengths, {name: float(v[trial]) for name, v in metrics.items()})
        for values in metrics.values():
            values[trial] = np.nan
    return Measured(metrics=metrics, curve=curve, failed=failed)


def of_policies(mdp: Mdp, q: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """What the greedy policies of tables are worth in an environment, whichever they were trained in.

    q: float64 [trials, states, actions], of the environment's own states and actions. By name of `POLICY_METRICS`:
    float64 [trials], NaN where the table or a worth is not finite; those of returns only in a table with a discount.
    """
    finite = np.asarray(np.isfinite(q).all(axis=(1, 2)))
    largest = float(np.abs(mdp.reward).max())
    with np.errstate(over="ignore", invalid="ignore"):
        metrics = _gains(mdp, q, finite, largest)
        if mdp.discount is not None:
            metrics |= _returns(mdp, q, finite, largest, mdp.discount)
    good = finite & np.isfinite(np.stack(list(metrics.values()))).all(axis=0)
    return {name: np.where(good, values, np.nan) for name, values in metrics.items() if name in POLICY_METRICS}


def _left_to_right(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row sums, added in order: `numpy.sum` adds pairwise, in an order of its own."""
    total = np.zeros(len(sums))
    for window in range(sums.shape[1]):
        total += sums[:, window]
    return total


def _gains(
    mdp: Mdp, q: NDArray[np.float64], finite: NDArray[np.bool_], largest: float
) -> dict[str, NDArray[np.float64]]:
    """Those of `GAIN_METRICS` that follow from the final policy."""
    optimal = optimal_gain(mdp.itself)
    greedy = _of_greedy(q, finite, lambda policy: policy_gain(mdp, policy[mdp.index]))
    score, attained = _placed(greedy, optimal, random_gain(mdp.itself), SAME_GAIN * largest)
    return {
        "greedy_gain": greedy,
        "gain_gap": optimal - greedy,
        "normalized_score": score,
        "optimal_policy": attained,
    }


def _returns(
    mdp: Mdp, q: NDArray[np.float64], finite: NDArray[np.bool_], largest: float, discount: float
) -> dict[str, NDArray[np.float64]]:
    """The metrics of `RETURN_METRICS`."""
    optimal, random = optimal_return(mdp.itself, discount), random_return(mdp.itself, discount)
    greedy = _of_greedy(q, finite, lambda policy: policy_return(mdp, policy[mdp.index], discount))
    score, attained = _placed(greedy, optimal, random, SAME_GAIN * max(largest, abs(optimal)))
    return {
        "greedy_return": greedy,
        "return_gap": optimal - greedy,
        "normalized_return": score,
        "optimal_return": attained,
    }


def _placed(
    greedy: NDArray[np.float64], optimal: float, random: float, same: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where greedy policies lie from the random walk's worth, 0, to the optimum, 1; and whether they are the optimum.

    greedy: float64 [trials]; what lies within `same` of the optimum is set to it.
    """
    attained = np.abs(optimal - greedy) <= same
    greedy[attained] = optimal
    spread = optimal - random
    score = (greedy - random) / spread if spread > same else attained.astype(np.float64)
    return score, attained.astype(np.float64)


def _of_greedy(
    q: NDArray[np.float64], finite: NDArray[np.bool_], worth: Callable[[NDArray[np.float64]], float]
) -> NDArray[np.float64]:
    """The worth of each trial's greedy policy, every distinct one evaluated once; NaN where the table is not finite."""
    best = q == q.max(axis=2, keepdims=True)
    known: dict[bytes, float] = {}
    found = np.full(len(q), np.nan)
    for trial in np.flatnonzero(finite).tolist():
        policy = best[trial].tobytes()
        if policy not in known:
            known[policy] = worth(greedy_policy(q[trial]))
        found[trial] = known[policy]
    return found


def _reason(
    q: NDArray[np.float64], curve: NDArray[np.float64], lengths: NDArray[np.int64], metrics: dict[str, float]
) -> str:
    """What left the range of doubles, and when or where."""
    reasons = []
    wrong_windows = np.flatnonzero(~np.isfinite(curve))
    if len(wrong_windows):
        window = int(wrong_windows[0])
        first = int(lengths[:window].sum())
        reasons.append(f"the reward is {curve[window]} from steps {first} to {first + int(lengths[window]) - 1} on")
    wrong_entries = np.argwhere(~np.isfinite(q))
    if len(wrong_entries):
        state, action = (int(i) for i in wrong_entries[0])
        reasons.append(f"Q[state {state}, action {action}] is {q[state, action]} after the last step")
    if not reasons:
        reasons = [f"{name} is {value}" for name, value in metrics.items() if not np.isfinite(value)]
    return "not finite: " + "; ".join(reasons)
