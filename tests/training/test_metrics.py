from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from expkit.specs.environment import Dungeon
from expkit.specs.metric import GAIN_METRICS
from expkit.training.compile import compile_environment
from expkit.training.mdp import Mdp
from expkit.training.metrics import measure, window_lengths

DUNGEON = compile_environment(Dungeon(kind="dungeon"))
FORWARD_EVERYWHERE = np.tile([1.0, 0.0], (5, 1))
BACKWARD_EVERYWHERE = np.tile([0.0, 1.0], (5, 1))


def sums(*rewards: float) -> NDArray[np.float64]:
    """A trial for each reward, which every window pays."""
    return np.array(rewards)[:, None] * np.ones(40)


def test_every_metric_of_the_contract_is_measured_and_no_other() -> None:
    """In the order of GAIN_METRICS, for a task without a discount."""
    measured = measure(DUNGEON, np.zeros((1, 5, 2)), sums(1.0), 4000)
    assert list(measured.metrics) == list(GAIN_METRICS)


def test_an_optimal_policy_is_measured_as_such() -> None:
    """Gap 0 and score 1 exactly: rounding must not look like a spread between seeds."""
    measured = measure(DUNGEON, FORWARD_EVERYWHERE[None], sums(300.0), 4000)
    values = {name: float(column[0]) for name, column in measured.metrics.items()}
    assert values["total_reward"] == 12_000
    assert values["regret"] == pytest.approx(4000 * 6.1049 - 12_000)
    assert values["final_reward_rate"] == 3.0
    assert values["greedy_gain"] == pytest.approx(6.1049)
    assert (values["gain_gap"], values["normalized_score"], values["optimal_policy"]) == (0.0, 1.0, 1.0)
    assert (measured.curve == 3.0).all()


def test_a_worse_policy_scores_between_the_walk_and_the_optimum() -> None:
    """Always BACKWARD gains 1.8 of 6.1, the walk 1.3."""
    values = measure(DUNGEON, BACKWARD_EVERYWHERE[None], sums(0.0), 4000).metrics
    assert values["normalized_score"][0] == pytest.approx((1.80009 - 1.3125) / (6.1049 - 1.3125), abs=1e-4)
    assert values["gain_gap"][0] == pytest.approx(6.1049 - 1.80009, abs=1e-4)
    assert values["optimal_policy"][0] == 0.0


def test_windows_cover_every_step_when_the_steps_do_not_divide() -> None:
    """1234 steps make windows of 30 and 31."""
    lengths = window_lengths(1234)
    assert lengths.sum() == 1234
    assert set(lengths.tolist()) == {30, 31}


def test_the_last_tenth_is_the_last_four_windows() -> None:
    """What was earned before does not count."""
    rewards = np.zeros((1, 40))
    rewards[0, 35] = 1000.0
    rewards[0, 36:] = [4.0, 0.0, 8.0, 12.0]
    assert measure(DUNGEON, np.zeros((1, 5, 2)), rewards, 400).metrics["final_reward_rate"][0] == 24 / 40


def test_where_nothing_beats_the_random_walk_an_optimal_policy_scores_one() -> None:
    """With a slip of one half both actions are the same coin."""
    coin = compile_environment(Dungeon(kind="dungeon", slip=0.5))
    assert measure(coin, FORWARD_EVERYWHERE[None], sums(1.0), 400).metrics["normalized_score"].tolist() == [1.0]


def test_where_the_random_walk_is_optimal_a_policy_that_never_leaves_scores_zero() -> None:
    """Staying pays nothing and leaving leads to 1 a step for ever: the walk leaves sooner or later."""
    mdp = Mdp(
        next_state=[[[0], [1]], [[1], [1]]],
        reward=[[[0.0], [0.0]], [[1.0], [1.0]]],
        probability=np.ones((2, 2, 1)),
        terminal=np.zeros((2, 2, 1), dtype=bool),
        start=[1.0, 0.0],
    )
    values = measure(mdp, np.array([[[1.0, 0.0], [0.0, 0.0]]]), sums(0.0), 400).metrics
    assert values["normalized_score"].tolist() == [0.0]
    assert values["gain_gap"].tolist() == [1.0]


def test_a_trial_beyond_the_doubles_fails_alone_and_says_where_and_when() -> None:
    """The trials beside it keep their values."""
    q = np.stack([FORWARD_EVERYWHERE] * 3)
    q[1, 2, 1] = np.inf
    rewards = sums(1.0, 1.0, 1.0)
    rewards[2, 12] = np.nan
    measured = measure(DUNGEON, q, rewards, 4000)
    assert measured.failed == {
        1: "not finite: Q[state 2, action 1] is inf after the last step",
        2: "not finite: the reward is nan from steps 1200 to 1299 on",
    }
    for values in measured.metrics.values():
        assert np.isnan(values).tolist() == [False, True, True]


def test_a_total_that_overflows_fails_though_every_window_is_finite() -> None:
    """40 windows of 1e308 each."""
    measured = measure(DUNGEON, FORWARD_EVERYWHERE[None], sums(1e308), 4000)
    assert measured.failed[0].startswith("not finite: total_reward is inf")
