"""The policy of a checkpoint: what a trained agent does once it neither learns nor explores any more."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from expkit.specs.agent import Agent, Drunkard
from expkit.specs.environment import Dungeon, Environment, Gymnasium, OwnEnvironment, Table
from expkit.training.agents import KEEP, Learner
from expkit.training.compile import compile_environment
from expkit.training.dungeon import BACKWARD, FORWARD
from expkit.training.evaluate import greedy_policy

GREEDY = "greedy: the action with the largest entry, ties evenly"
RANDOM = "uniformly at random, as it was trained"


def described(agent: Agent) -> str:
    """The policy in words."""
    return RANDOM if _acts_at_random(agent) else GREEDY


def action_chances(agent: Agent, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each action in each state: float64 [states, actions].

    q: float64 [states, actions], the final table. Who learns acts greedily on it and leaves ties to chance, each of the
    tied actions equally often, as in training; the drunkard, who never looks at a table, acts as it always did.
    """
    return np.full(q.shape, 1 / q.shape[1]) if _acts_at_random(agent) else greedy_policy(q)


def frozen(agent: Agent) -> Learner:
    """The same policy for the kernel: a learner that keeps its table and explores never, or always."""
    epsilon = 1.0 if _acts_at_random(agent) else 0.0
    return Learner(rule=KEEP, epsilon_start=epsilon, epsilon_slope=0.0, epsilon_steps=1, epsilon_end=epsilon)


def action_names(environment: Environment) -> tuple[str, ...]:
    """What the environment's actions are called, by number; where they have no names, by their number."""
    match environment:
        case Dungeon():
            names = {FORWARD: "FORWARD", BACKWARD: "BACKWARD"}
            return tuple(names[action] for action in range(len(names)))
        case Table() | Gymnasium() | OwnEnvironment():
            return tuple(f"action {action}" for action in range(compile_environment(environment).actions))
        case _:
            assert_never(environment)


def _acts_at_random(agent: Agent) -> bool:
    return isinstance(agent, Drunkard)
