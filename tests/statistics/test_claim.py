from __future__ import annotations

import numpy as np
import pytest

from expkit.records.evidence import Interval
from expkit.statistics.claim import Claim, Untestable, usable_seeds

AT_LEAST_0 = Interval(low=0, high=None)


def values(n: int, *failed: int) -> np.ndarray:
    """0 to n - 1, with NaN for the failed seeds."""
    array = np.arange(float(n))
    array[list(failed)] = np.nan
    return array


def test_a_failed_seed_makes_a_claim_untestable():
    """Under the policy `invalid` one missing seed is enough, and the reason counts it."""
    claim = Claim(kind="difference", region=AT_LEAST_0, treatment=values(20), control=values(20, 3, 7))
    with pytest.raises(Untestable, match="2 of 20 seeds of the control are missing or failed"):
        usable_seeds(claim)


@pytest.mark.parametrize(("better", "worst"), [("higher", 0.0), ("lower", 19.0)])
def test_a_failed_seed_counts_as_the_worst_of_its_own_arm(better, worst):
    """Under the policy `worst` it takes the worst value its arm reached, by the direction, and that is said."""
    claim = Claim(
        kind="difference",
        region=AT_LEAST_0,
        treatment=values(20, 5),
        control=values(20) - 100,
        failed_seed="worst",
        better=better,
    )
    (treatment, control), remarks = usable_seeds(claim)
    assert treatment[5] == worst
    assert np.array_equal(control, values(20) - 100)
    assert remarks == "1 failed seed of the treatment counted as its worst"


def test_the_worst_of_an_arm_is_a_finished_seeds():
    """A failed seed never supplies the worst value."""
    claim = Claim(kind="value", region=AT_LEAST_0, treatment=values(12, 0, 1), failed_seed="worst")
    (treatment,), _ = usable_seeds(claim)
    assert list(treatment[:3]) == [2, 2, 2]


@pytest.mark.parametrize("policy", ["invalid", "worst"])
def test_fewer_than_five_finished_seeds_are_no_test(policy):
    """Whatever the policy: four seeds that finished carry nothing."""
    treatment = values(4) if policy == "invalid" else values(6, 0, 1)
    claim = Claim(kind="value", region=AT_LEAST_0, treatment=treatment, failed_seed=policy)
    with pytest.raises(Untestable, match="4 finished seeds; a test needs 5"):
        usable_seeds(claim)


def test_the_mean_needs_fifty_finished_seeds():
    """Forty-nine are refused, fifty are not; the interquartile mean needs no such number."""
    for n in (49, 50):
        claim = Claim(kind="value", region=AT_LEAST_0, treatment=values(n), estimand="mean")
        if n < 50:
            with pytest.raises(Untestable, match="the mean needs 50 seeds and the treatment has 49"):
                usable_seeds(claim)
        else:
            assert usable_seeds(claim)[1] == ""


def test_fewer_than_ten_seeds_are_stamped():
    """Nine seeds say so wherever the method is named; ten do not."""
    for n, remark in ((9, "low n (9 seeds)"), (10, "")):
        claim = Claim(kind="difference", region=AT_LEAST_0, treatment=values(n), control=values(30))
        assert usable_seeds(claim)[1] == remark


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "difference"},
        {"kind": "value", "control": values(9)},
        {"kind": "value", "paired": True},
        {"kind": "difference", "control": values(8), "paired": True},
        {"kind": "value", "region": Interval(low=None, high=None)},
    ],
)
def test_fields_that_contradict_each_other_are_refused(fields):
    """A claim that no declaration can mean is the caller's mistake."""
    with pytest.raises(ValueError, match=r"control|paired|lengths|bound"):
        Claim(**{"region": AT_LEAST_0, "treatment": values(9), **fields})
