"""How fast the kernel is, against the loop that people usually write.

    python -m benchmarks kernel

Both sides train the gambler on the five-tile dungeon on one core, in turns, and are timed by the processor time of this
process.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from benchmarks.measure import Row, interleaved, row
from expkit.plan import arm_key
from expkit.records.work import Work
from expkit.specs.agent import Gambler
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import TabularArm
from expkit.specs.trainer import Tabular
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.train import train

STEPS = 10_000
SEEDS = 200
REPEATS = 15
"""Calls of `train` in one run, so that both sides are timed over about the same fifth of a second."""
PLAIN_SEEDS = 40
RUNS = 15


def plain_gambler(steps: int, seed: int) -> tuple[list[list[float]], float]:
    """Q-learning in the dungeon as one writes it in an afternoon; returns the Q-table and the total reward.

    It does less than a trial of expkit: no visits, no curve, no metrics, no digest.
    """
    random.seed(seed)
    length, slip, small_reward, large_reward = 5, 0.1, 2.0, 10.0
    learning_rate, discount = 0.1, 0.95
    epsilon, decrease = 1.0, 1.0 / steps
    q = [[0.0, 0.0] for _ in range(length)]
    state = 0
    total = 0.0
    for _ in range(steps):
        values = q[state]
        if random.random() < epsilon or values[0] == values[1]:
            action = random.randrange(2)
        else:
            action = 0 if values[0] > values[1] else 1
        epsilon -= decrease

        effect = 1 - action if random.random() < slip else action
        if effect == 1:
            following, reward = 0, small_reward
        elif state == length - 1:
            following, reward = state, large_reward
        else:
            following, reward = state + 1, 0.0

        values[action] += learning_rate * (reward + discount * max(q[following]) - values[action])
        state = following
        total += reward
    return q, total


def gambler_work(seeds: int) -> Work:
    """The gambler's arm with some seeds, as `plan` hands it out."""
    arm = TabularArm(
        name="gambler",
        environment=Dungeon(kind="dungeon"),
        agent=Gambler(kind="gambler"),
        trainer=Tabular(kind="tabular", steps=STEPS),
    )
    environment_digest = compile_environment(arm.environment).digest
    return Work(
        arm=arm,
        arm_key=arm_key(arm, environment_digest),
        environment_digest=environment_digest,
        engine_version=ENGINE_VERSION,
        root=20261120,
        streams="independent",
        seeds=tuple(range(seeds)),
    )


def measure(runs: int = RUNS) -> list[Row]:
    """Steps per second of the whole `train` call against those of the plain loop."""
    work = gambler_work(SEEDS)
    sides = {
        "plain": lambda: _steps_per_second(PLAIN_SEEDS, lambda: [plain_gambler(STEPS, k) for k in range(PLAIN_SEEDS)]),
        "kernel": lambda: _steps_per_second(SEEDS * REPEATS, lambda: [train(work) for _ in range(REPEATS)]),
    }
    taken = interleaved(sides, runs)
    return [
        row(
            "kernel_vs_plain_python",
            [ours / theirs for ours, theirs in zip(taken["kernel"], taken["plain"], strict=True)],
            "ratio",
            floor=60,
        ),
        row("kernel_speed", [speed / 1e6 for speed in taken["kernel"]], "M steps/s"),
        row("plain_python_speed", [speed / 1e6 for speed in taken["plain"]], "M steps/s"),
    ]


def _steps_per_second(trials: int, train_them: Callable[[], object]) -> float:
    began = time.process_time()
    train_them()
    return trials * STEPS / (time.process_time() - began)
