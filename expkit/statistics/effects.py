"""Effect sizes: how far two arms lie apart in units that compare across metrics. Shown, never decided on."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from expkit.records.evidence import EffectSizes
from expkit.statistics.moments import Floats, spreadless
from expkit.statistics.rounding import rounded


def effect_sizes(treatment: Floats, control: Floats) -> EffectSizes:
    """P(X > Y) + P(X = Y) / 2 over all pairs of seeds, and Hedges' g. Both float64 [n], finite, at least two seeds.

    Sources: Vargha and Delaney (2000); Hedges (1981), with the exact correction.
    """
    ordered = np.sort(control)
    wins = np.searchsorted(ordered, treatment, side="left") + np.searchsorted(ordered, treatment, side="right")
    superiority = float(wins.sum()) / (2 * len(treatment) * len(control))
    return EffectSizes(probability_of_superiority=rounded(superiority), hedges_g=_hedges_g(treatment, control))


def _hedges_g(treatment: Floats, control: Floats) -> float | None:
    freedom = len(treatment) + len(control) - 2
    deviations = np.concatenate([treatment - treatment.mean(), control - control.mean()])
    if spreadless(deviations, float(np.abs(np.concatenate([treatment, control])).max())):
        return None
    pooled = math.sqrt(float(deviations @ deviations) / freedom)
    correction = math.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / math.sqrt(freedom / 2)
    return rounded(float(treatment.mean() - control.mean()) / pooled * correction)
