"""The rule by which one trial of an arm is chosen to be handed on.

`best` takes the seed with the greatest exact greedy gain: what its final policy earns a step in the long run, computed
from the transition table, so that no luck of an evaluation decides. Where several attain it, which is the usual case,
the greatest total reward wins: of equally good policies the one that cost least on the way there. Then the smallest
seed, so that the rule always names one.

Choosing the best of n is a selection. The gain is exact and stays what it is, but it is the arm's best and not its
typical one; and the total reward of the chosen trial is optimistic, as it was chosen for being large. What the policy
returns is measured afresh by `evaluate`, on luck that had no part in the choice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def best_seed(seeds: Sequence[int], metrics: Mapping[str, NDArray[np.float64]], failed: Collection[int]) -> int | None:
    """The seed that the rule chooses; None where every trial failed.

    metrics: at least `greedy_gain` and `total_reward`, float64 [seeds] in the order of `seeds`.
    """
    gains, totals = metrics["greedy_gain"].tolist(), metrics["total_reward"].tolist()
    candidates = [
        (-gain, -total, seed) for seed, gain, total in zip(seeds, gains, totals, strict=True) if seed not in failed
    ]
    return min(candidates)[2] if candidates else None
