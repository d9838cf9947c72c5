"""Trains one agent in the five-tile dungeon: a Q-table, or a small network in plain NumPy.

    python train.py --agent=deep --steps=10000 --seed=1 --output=out

Ten times on its way it prints one line of JSON; at the end it leaves the agent in `<output>/agent.npz`. It knows
nothing of expkit, and could as well be anybody's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

TILES = 5
FORWARD, BACKWARD = 0, 1


class Dungeon:
    """A row of tiles. Going BACKWARD pays a little, bumping into the wall on the last a lot; the wind swaps both."""

    def __init__(self, luck: np.random.Generator, slip: float) -> None:
        self._luck = luck
        self._slip = slip
        self.tile = 0

    def step(self, action: int) -> float:
        """The reward of an action; `tile` is where it led."""
        if self._luck.random() < self._slip:
            action = 1 - action
        if action == BACKWARD:
            self.tile = 0
            return 2.0
        if self.tile == TILES - 1:
            return 10.0
        self.tile += 1
        return 0.0


class Agent(Protocol):
    """Whoever values actions, and learns from what came of them."""

    def values(self, tile: int) -> NDArray[np.float64]:
        """The values of both actions on a tile: float64 [2]."""

    def learn(self, tile: int, action: int, reward: float, next_tile: int) -> None:
        """Take in one step."""

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """What has been learnt, by name."""


class Table:
    """Tabular Q-learning: the gambler."""

    def __init__(self, learning_rate: float, discount: float) -> None:
        self._q = np.zeros((TILES, 2))
        self._learning_rate = learning_rate
        self._discount = discount

    def values(self, tile: int) -> NDArray[np.float64]:
        return self._q[tile]

    def learn(self, tile: int, action: int, reward: float, next_tile: int) -> None:
        target = reward + self._discount * self._q[next_tile].max()
        self._q[tile, action] += self._learning_rate * (target - self._q[tile, action])

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {"q": self._q}


class Network:
    """Q-learning with one hidden layer, trained on batches of remembered steps against a slower copy of itself.

    Rewards are divided by `SCALE`, so that values are of the order of one.
    """

    HIDDEN = 16
    BATCH = 32
    MEMORY = 2_000
    COPY_EVERY = 100
    SCALE = 100.0

    def __init__(self, luck: np.random.Generator, learning_rate: float, discount: float) -> None:
        self._luck = luck
        self._discount = discount
        self._w = [
            luck.normal(0, np.sqrt(2 / TILES), (TILES, self.HIDDEN)),
            np.zeros(self.HIDDEN),
            luck.normal(0, np.sqrt(1 / self.HIDDEN), (self.HIDDEN, 2)),
            np.zeros(2),
        ]
        self._slow = [one.copy() for one in self._w]
        self._adam = _Adam(self._w, learning_rate)
        self._seen = np.zeros((self.MEMORY, 4))
        self._steps = 0

    def values(self, tile: int) -> NDArray[np.float64]:
        return self._forward(self._w, np.array([tile]))[1][0]

    def learn(self, tile: int, action: int, reward: float, next_tile: int) -> None:
        self._seen[self._steps % self.MEMORY] = tile, action, reward / self.SCALE, next_tile
        self._steps += 1
        if self._steps < self.BATCH:
            return
        batch = self._seen[self._luck.integers(min(self._steps, self.MEMORY), size=self.BATCH)]
        tiles, actions, next_tiles = (batch[:, column].astype(int) for column in (0, 1, 3))
        target = batch[:, 2] + self._discount * self._forward(self._slow, next_tiles)[1].max(axis=1)
        self._adam.step(self._gradients(tiles, actions, target))
        if self._steps % self.COPY_EVERY == 0:
            self._slow = [one.copy() for one in self._w]

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        names = ("hidden_weights", "hidden_bias", "output_weights", "output_bias")
        return {**dict(zip(names, self._w, strict=True)), "q": self._forward(self._w, np.arange(TILES))[1] * self.SCALE}

    @staticmethod
    def _forward(
        weights: list[NDArray[np.float64]], tiles: NDArray[np.int_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The hidden layer and the values of a batch of tiles, which come as one row of the first weights each."""
        hidden = np.maximum(weights[0][tiles] + weights[1], 0)
        return hidden, hidden @ weights[2] + weights[3]

    def _gradients(
        self, tiles: NDArray[np.int_], actions: NDArray[np.int_], target: NDArray[np.float64]
    ) -> list[NDArray[np.float64]]:
        """Of half the mean squared error, by backpropagation."""
        hidden, values = self._forward(self._w, tiles)
        rows = np.arange(len(tiles))
        error = np.zeros_like(values)
        error[rows, actions] = (values[rows, actions] - target) / len(tiles)
        below = (error @ self._w[2].T) * (hidden > 0)
        first = np.zeros_like(self._w[0])
        np.add.at(first, tiles, below)
        return [first, below.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


class _Adam:
    """Adam (Kingma and Ba, 2015), with its usual constants."""

    def __init__(self, weights: list[NDArray[np.float64]], learning_rate: float) -> None:
        self._weights = weights
        self._learning_rate = learning_rate
        self._mean = [np.zeros_like(one) for one in weights]
        self._square = [np.zeros_like(one) for one in weights]
        self._steps = 0

    def step(self, gradients: list[NDArray[np.float64]]) -> None:
        """Move the weights, in place."""
        self._steps += 1
        rate = self._learning_rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
        for weight, gradient, mean, square in zip(self._weights, gradients, self._mean, self._square, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            weight -= rate * mean / (np.sqrt(square) + 1e-8)


def train(agent: Agent, dungeon: Dungeon, luck: np.random.Generator, steps: int) -> None:
    """Explore less and less, from always to never, and say how it goes."""
    total, window = 0.0, max(1, steps // 10)
    since = 0.0
    for step in range(1, steps + 1):
        tile = dungeon.tile
        if luck.random() < 1 - (step - 1) / steps:
            action = int(luck.integers(2))
        else:
            values = agent.values(tile)
            action = int(luck.integers(2)) if values[0] == values[1] else int(values.argmax())
        reward = dungeon.step(action)
        agent.learn(tile, action, reward, dungeon.tile)
        total, since = total + reward, since + reward
        if step % window == 0 or step == steps:
            print(json.dumps({"step": step, "total_reward": total, "reward_rate": since / window}), flush=True)
            since = 0.0


def main() -> None:
    """Read the command line, train, and keep the agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", choices=("table", "deep"), default="deep")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--learning_rate", type=float, default=0.1)
    parser.add_argument("--discount", type=float, default=0.95)
    parser.add_argument("--slip", type=float, default=0.1)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, default=Path())
    asked = parser.parse_args()

    world, own, choices = (np.random.default_rng([asked.seed, stream]) for stream in range(3))
    agent: Agent
    if asked.agent == "table":
        agent = Table(asked.learning_rate, asked.discount)
    else:
        agent = Network(own, asked.learning_rate, asked.discount)
    train(agent, Dungeon(world, asked.slip), choices, asked.steps)
    np.savez(asked.output / "agent.npz", **agent.arrays())


if __name__ == "__main__":
    main()
