from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from expkit.cli.failures import refuse_failures
from expkit.errors import TrialFailed
from expkit.records.attempt import FailedTrial


def tally(*failed: tuple[str, int]) -> Any:
    """Trials that ended in this order, each with an attempt of its own."""
    attempts = [
        SimpleNamespace(
            work=SimpleNamespace(arm=SimpleNamespace(name=arm)),
            result=SimpleNamespace(failed=(FailedTrial(seed=seed, why="exit code 1"),)),
        )
        for arm, seed in failed
    ]
    return SimpleNamespace(attempts=attempts)


def test_failed_trials_are_told_by_arm_and_seed_however_they_ended() -> None:
    """Side by side they end in any order."""
    with pytest.raises(TrialFailed) as caught:
        refuse_failures(tally(("b", 10), ("a", 1), ("b", 9)))
    assert caught.value.why == "b seed 9: exit code 1\n  b seed 10: exit code 1\n  a seed 1: exit code 1"
    assert caught.value.what.startswith("3 trials failed; they are")


def test_one_failed_trial_is_told_in_the_singular() -> None:
    """Its count and its words agree."""
    with pytest.raises(TrialFailed, match="1 trial failed; it is recorded as failed and the verdicts say so"):
        refuse_failures(tally(("a", 0)))
