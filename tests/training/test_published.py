"""What was published about the learners, on the tables it was published for.

Sutton and Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018: examples 6.5 to 6.7 and 8.1. Every table
is built here, from the book's text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from expkit.project.tables import read_table
from expkit.specs.agent import Agent
from expkit.training.mdp import Mdp
from expkit.training.train import Trials
from tests.training.drawn import trained

Tile = tuple[int, int]
"""Row and column, from the top left."""

MOVES = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}
AGENT: TypeAdapter[Agent] = TypeAdapter(Agent)


def world(rows: int, columns: int, start: Tile, goal: Tile, effect: Callable[[Tile, Tile], tuple[Tile, float]]) -> Mdp:
    """A deterministic grid world that ends at its goal.

    effect: where a move really leads and what it pays, given where it comes from and where it would lead in an empty
    grid.
    """
    shape = (rows * columns, len(MOVES), 1)
    next_state, reward, terminal = np.zeros(shape, dtype=int), np.zeros(shape), np.zeros(shape, dtype=bool)
    for row in range(rows):
        for column in range(columns):
            for action, (down, right) in enumerate(MOVES.values()):
                aim = min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1)
                tile, paid = effect((row, column), aim)
                at = row * columns + column, action, 0
                next_state[at], reward[at], terminal[at] = tile[0] * columns + tile[1], paid, tile == goal
    starts = np.zeros(shape[0])
    starts[start[0] * columns + start[1]] = 1
    return Mdp(next_state=next_state, reward=reward, probability=np.ones(shape), terminal=terminal, start=starts)


def greedy_steps(mdp: Mdp, trials: Trials) -> list[int]:
    """How many steps each trial's greedy policy takes from the start to the goal; 0 where it never arrives."""

    def steps(q: NDArray[np.float64]) -> int:
        state = int(mdp.start.argmax())
        for taken in range(1, mdp.states + 1):
            action = int(q[state].argmax())
            if mdp.terminal[state, action, 0]:
                return taken
            state = int(mdp.next_state[state, action, 0])
        return 0

    return [steps(q) for q in trials.q]


def learn(mdp: Mdp, seeds: int, steps: int, epsilon: dict[str, Any], **agent: Any) -> Trials:
    """Trials of a learner with an epsilon-greedy exploration."""
    exploration = {"kind": "epsilon_greedy", "epsilon": epsilon}
    return trained(mdp, AGENT.validate_python({**agent, "exploration": exploration}), steps, list(range(seeds)))


CONSTANT = {"kind": "constant", "value": 0.1}
FALLING = {"kind": "linear", "start": 0.1, "end": 0.0}


@pytest.fixture(scope="module")
def cliff() -> Mdp:
    """Example 6.6: four rows of twelve, -1 a step; the last row's middle is a cliff, -100 and back to the start."""

    def effect(_: Tile, aim: Tile) -> tuple[Tile, float]:
        return ((3, 0), -100.0) if aim[0] == 3 and 0 < aim[1] < 11 else (aim, -1.0)

    return world(4, 12, start=(3, 0), goal=(3, 11), effect=effect)


def test_on_the_cliff_q_learning_finds_the_shortest_path_and_sarsa_earns_more(cliff: Mdp) -> None:
    """Its greedy path has 13 steps, in every seed, along the edge; SARSA's is longer, where it arrives.

    The book's figure shows about -25 an episode for SARSA and -50 for Q-learning once they have learnt; with the
    learning itself counted in, between -28 and -38, and between -45 and -60.
    """
    agents = {
        kind: learn(cliff, 50, 20_000, CONSTANT, kind=kind, learning_rate=0.5, discount=1.0)
        for kind in ("q_learning", "sarsa", "expected_sarsa")
    }
    assert set(greedy_steps(cliff, agents["q_learning"])) == {13}
    assert set(greedy_steps(cliff, agents["sarsa"])) & set(range(1, 15)) == set()
    earned = {kind: one.metrics["total_reward"] for kind, one in agents.items()}
    episodes = {kind: one.visits[:, 2 * 12 + 11, list(MOVES).index("down")] for kind, one in agents.items()}
    an_episode = {kind: float((earned[kind] / episodes[kind]).mean()) for kind in agents}
    assert earned["sarsa"].min() > earned["q_learning"].max()
    assert -60 < an_episode["q_learning"] < -45
    assert -38 < an_episode["sarsa"] < -28
    assert an_episode["sarsa"] < an_episode["expected_sarsa"]


@pytest.mark.parametrize("kind", ["q_learning", "sarsa"])
def test_in_the_windy_gridworld_the_best_path_of_fifteen_steps_is_found(kind: str) -> None:
    """Example 6.5: seven rows of ten, -1 a step, an upward wind of up to two rows; in every seed."""
    wind = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)

    def effect(tile: Tile, aim: Tile) -> tuple[Tile, float]:
        return (max(aim[0] - wind[tile[1]], 0), aim[1]), -1.0

    windy = world(7, 10, start=(3, 0), goal=(3, 7), effect=effect)
    trials = learn(windy, 30, 200_000, FALLING, kind=kind, learning_rate=0.1, discount=1.0)
    assert set(greedy_steps(windy, trials)) == {15}


def test_double_q_learning_is_drawn_less_to_the_side_that_only_seems_better() -> None:
    """Example 6.7: from A right ends with 0; left leads to B, whose ten actions pay -0.1 on average, with sd 1.

    The best policy goes left 5 % of the time. Here A has ten actions, too, every other one left, and rewards are -1.1
    or 0.9. Over the first 400 steps Q-learning goes left about half the time, Double Q-learning a third as often.
    """
    shape = (2, 10, 2)
    next_state, reward, terminal = np.zeros(shape, dtype=int), np.zeros(shape), np.ones(shape, dtype=bool)
    next_state[0, ::2], terminal[0, ::2], reward[1] = 1, False, (-1.1, 0.9)
    mdp = Mdp(next_state=next_state, reward=reward, probability=np.full(shape, 0.5), terminal=terminal, start=[1.0, 0])

    def left(kind: str) -> float:
        visits = learn(mdp, 1000, 400, CONSTANT, kind=kind, learning_rate=0.1, discount=1.0).visits[:, 0]
        return float((visits[:, ::2].sum(axis=1) / visits.sum(axis=1)).mean())

    assert 0.45 < left("q_learning") < 0.56
    assert 0.10 < left("double_q") < 0.20


def test_in_the_maze_planning_needs_far_fewer_steps() -> None:
    """Example 8.1: six rows of nine with walls, 1 at the goal; the shortest path has 14 steps.

    In 3000 steps Dyna-Q with 5 planning steps reaches the goal more than ten times as often as without planning, with
    50 still more often; its greedy path then is the shortest, or a detour around one tile, in nine seeds of ten.
    """
    walls = {(1, 2), (2, 2), (3, 2), (4, 5), (0, 7), (1, 7), (2, 7)}

    def effect(tile: Tile, aim: Tile) -> tuple[Tile, float]:
        return tile if aim in walls else aim, float(aim == (0, 8))

    maze = world(6, 9, start=(2, 0), goal=(0, 8), effect=effect)
    none, few, many = (
        learn(maze, 30, 3000, CONSTANT, kind="dyna_q", planning_steps=n, learning_rate=0.1, discount=0.95)
        for n in (0, 5, 50)
    )
    reached = [trials.metrics["total_reward"].mean() for trials in (none, few, many)]
    assert reached[1] > 10 * reached[0]
    assert reached[2] > reached[1]
    found = greedy_steps(maze, many)
    assert found.count(14) + found.count(16) >= 27
    assert found.count(14) > found.count(16)


def test_the_shipped_cliff_is_the_one_of_the_book(cliff: Mdp) -> None:
    """`environments/cliff.csv` tells the same table, move for move."""
    rows = read_table("cliff.csv", Path(__file__).parents[2].joinpath("environments/cliff.csv").read_bytes())
    for name in ("next_state", "reward", "probability", "terminal"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(cliff, name))
