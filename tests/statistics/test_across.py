from __future__ import annotations

import math

import numpy as np
from scipy.stats import norm

from expkit.records.evidence import Interval
from expkit.statistics.claim import Claim
from expkit.statistics.compare import comparison, shown

ENVIRONMENTS, SEEDS, TIMES = 3, 20, 500


def _rejections(shared: float, *, paired: bool) -> tuple[float, float]:
    """How often a true "no difference" is rejected at 5 %: by seeds' means, and by adding environments' variances.

    `shared` is the part of a seed's variance that it has in every environment.
    """
    draw = np.random.default_rng(20261121)
    by_seed = by_sum = 0
    for _ in range(TIMES):
        common = draw.normal(size=(2, SEEDS, 1))
        own = draw.normal(size=(2, SEEDS, ENVIRONMENTS))
        scores = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
        low, high = _of(scores.mean(axis=2), paired).interval(0.05)
        by_seed += not low <= 0 <= high
        apart = [_of(scores[:, :, one], paired) for one in range(ENVIRONMENTS)]
        error = math.sqrt(sum((one.standard_error or 0.0) ** 2 for one in apart)) / ENVIRONMENTS
        estimate = sum(one.estimate for one in apart) / ENVIRONMENTS
        by_sum += abs(estimate) > norm.ppf(0.975) * error
    return by_seed / TIMES, by_sum / TIMES


def _of(scores: np.ndarray, paired: bool):  # type: ignore[no-untyped-def, type-arg]
    region = Interval(low=0.0, high=None)
    return comparison(Claim(kind="difference", region=region, treatment=scores[0], control=scores[1], paired=paired))


def test_one_table_in_several_environments_is_one_seed() -> None:
    """Its scores rise and fall together: adding variances as if they did not is wrong in a quarter of all cases."""
    for paired in (False, True):
        by_seed, by_sum = _rejections(0.95, paired=paired)
        assert 0.02 < by_seed < 0.085, (paired, by_seed)
        assert by_sum > 0.2, (paired, by_sum)


def test_where_environments_are_independent_the_mean_of_each_seed_keeps_its_level_too() -> None:
    """So there is nothing that the sum of variances would be needed for."""
    by_seed, by_sum = _rejections(0.0, paired=False)
    assert 0.02 < by_seed < 0.085
    assert 0.02 < by_sum < 0.1


def test_what_is_shown_of_one_environment_is_its_plain_interval() -> None:
    """And nothing where it cannot be tested."""
    region = Interval(low=0.0, high=None)
    values = np.arange(20.0)
    found = shown(Claim(kind="value", region=region, treatment=values))
    assert found is not None
    assert (found.estimate, found.interval95.low is not None) == (9.5, True)
    assert shown(Claim(kind="value", region=region, treatment=np.ones(20))) is None
