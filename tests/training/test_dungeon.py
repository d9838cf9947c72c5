from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from expkit.specs.environment import Dungeon, RewardRule
from expkit.training.compile import compile_environment
from expkit.training.dungeon import BACKWARD, FORWARD
from expkit.training.mdp import Mdp


def dungeon(slip: float = 0.1, rule: RewardRule = "bump", length: int = 5) -> Mdp:
    """The compiled dungeon."""
    return compile_environment(Dungeon(kind="dungeon", slip=slip, reward_rule=rule, length=length))


def optimal_values(mdp: Mdp, discount: float) -> NDArray[np.float64]:
    """Q* [states, actions] by value iteration."""
    q = np.zeros((mdp.states, mdp.actions))
    for _ in range(2000):
        q = (mdp.probability * (mdp.reward + discount * q.max(axis=1)[mdp.next_state])).sum(axis=2)
    return q


def test_forward_goes_on_and_bumps_and_backward_returns_to_the_first_tile() -> None:
    """Without wind, from each of five tiles; the task starts on the first and never ends."""
    mdp = dungeon(slip=0.0)
    assert mdp.next_state[:, FORWARD, 0].tolist() == [1, 2, 3, 4, 4]
    assert mdp.next_state[:, BACKWARD, 0].tolist() == [0, 0, 0, 0, 0]
    assert not mdp.terminal.any()
    assert mdp.start.tolist() == [1, 0, 0, 0, 0]


def test_a_slip_makes_the_opposite_action_take_effect() -> None:
    """Outcome 1 of an action is outcome 0 of the other, with its reward."""
    mdp = dungeon(slip=0.3)
    assert (mdp.next_state[:, FORWARD, 1] == mdp.next_state[:, BACKWARD, 0]).all()
    assert (mdp.reward[:, BACKWARD, 1] == mdp.reward[:, FORWARD, 0]).all()
    assert np.allclose(mdp.probability, [0.7, 0.3])


@pytest.mark.parametrize(
    ("rule", "forward", "backward"),
    [
        ("bump", [0, 0, 0, 0, 10], [2, 2, 2, 2, 2]),
        ("landing", [0, 0, 0, 10, 10], [2, 2, 2, 2, 2]),
        ("entry", [0, 0, 0, 10, 0], [2, 2, 2, 2, 2]),
    ],
)
def test_each_rule_pays_for_what_it_names(rule: RewardRule, forward: list[float], backward: list[float]) -> None:
    """By tile, where the action takes effect: bumping, landing or arriving earns the large reward."""
    mdp = dungeon(rule=rule)
    assert mdp.reward[:, FORWARD, 0].tolist() == forward
    assert mdp.reward[:, BACKWARD, 0].tolist() == backward


def test_the_rules_are_three_environments_and_a_declaration_one() -> None:
    """A table's digest is its environment's version; compiling twice gives the same object."""
    rules: tuple[RewardRule, ...] = ("bump", "landing", "entry")
    assert len({dungeon(rule=rule).digest for rule in rules}) == 3
    assert dungeon() is dungeon()


def test_the_optimal_values_are_the_published_ones() -> None:
    """Q* at discount 0.95, slip 0.1, as in the reference values."""
    q = optimal_values(dungeon(), 0.95)
    assert q[:, FORWARD].round(2).tolist() == [100.19, 105.82, 112.40, 120.09, 129.09]
    assert q[:, BACKWARD].round(2).tolist() == [97.52, 98.14, 98.87, 99.73, 100.73]


@pytest.mark.parametrize(("rule", "expected"), [("bump", 3663.69), ("landing", 4483.7)])
def test_a_thousand_steps_of_always_forward_pay_what_is_published(rule: RewardRule, expected: float) -> None:
    """The Chain problem: slip 0.2, from tile 1."""
    mdp = dungeon(slip=0.2, rule=rule)
    now = mdp.start.copy()
    total = 0.0
    for _ in range(1000):
        flow = now[:, None] * mdp.probability[:, FORWARD]
        total += float((flow * mdp.reward[:, FORWARD]).sum())
        now = np.bincount(mdp.next_state[:, FORWARD].ravel(), flow.ravel(), minlength=mdp.states)
    assert total == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("slip", [0.0, 1.0])
def test_a_wind_that_never_or_always_blows_compiles(slip: float) -> None:
    """Both ends of the range are probabilities like any other."""
    mdp = dungeon(slip=slip)
    assert mdp.probability[0, 0].tolist() == [1 - slip, slip]


def test_minus_zero_slip_is_no_slip() -> None:
    """Equal declarations compile to one table, whichever was compiled first."""
    assert dungeon(slip=-0.0, length=7).digest == dungeon(slip=0.0, length=7).digest
