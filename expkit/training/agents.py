"""How a simple agent becomes the kernel's parameters: one way to choose, three ways to learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from expkit.specs.agent import Accountant, Agent, Drunkard, Epsilon, Gambler, QLearning
from expkit.specs.exploration import Constant, EpsilonGreedy, Linear

KEEP, ADD, Q_LEARNING = 0, 1, 2
"""What becomes of a table's entry: nothing, the reward is added, it moves towards the bootstrapped target."""

Simple = Drunkard | Accountant | Gambler
"""The agents that the kernel is made for. The others have one of their own: `expkit.training.learner_kernel`."""


@dataclass(frozen=True, kw_only=True)
class Learner:
    """An agent as the kernel runs it.

    Step t counts from 0. The agent explores with probability epsilon_t = epsilon_start + epsilon_slope * t while
    t < epsilon_steps, and epsilon_end from there on; otherwise it takes one of the actions with the largest entry,
    each equally often.
    """

    rule: int
    """`KEEP`, `ADD` or `Q_LEARNING`."""
    initial_value: float = 0.0
    learning_rate: float = 0.0
    discount: float = 0.0
    epsilon_start: float
    epsilon_slope: float
    """Change of epsilon a step: (end - start) / epsilon_steps."""
    epsilon_steps: int
    """max(1, floor(fraction * steps)); the schedule covers steps 0 to epsilon_steps - 1."""
    epsilon_end: float


def simplified(agent: Agent) -> Agent:
    """The same agent in the simplest words: Q-learning whose epsilon is linear or constant is a gambler."""
    if not isinstance(agent, QLearning):
        return agent
    match agent.exploration:
        case EpsilonGreedy(epsilon=Linear(start=start, end=end, fraction=fraction)):
            epsilon = Epsilon(start=start, end=end, fraction=fraction)
        case EpsilonGreedy(epsilon=Constant(value=value)):
            epsilon = Epsilon(start=value, end=value)
        case _:
            return agent
    return Gambler(
        kind="gambler",
        learning_rate=agent.learning_rate,
        discount=agent.discount,
        initial_value=agent.initial_value,
        epsilon=epsilon,
    )


def learner(agent: Simple, steps: int) -> Learner:
    """The kernel's parameters of a declared agent that trains for `steps` steps.

    The drunkard always explores and learns nothing; the accountant never explores and adds up rewards; the gambler
    follows its own schedule and learns by Q(s,a) += learning_rate * (r + discount * max Q(s',.) - Q(s,a)).
    """
    match agent:
        case Drunkard():
            return Learner(rule=KEEP, **_schedule(Epsilon(start=1.0, end=1.0), steps))
        case Accountant():
            return Learner(rule=ADD, **_schedule(Epsilon(start=0.0, end=0.0), steps))
        case Gambler():
            return Learner(
                rule=Q_LEARNING,
                initial_value=agent.initial_value,
                learning_rate=agent.learning_rate,
                discount=agent.discount,
                **_schedule(agent.epsilon, steps),
            )
        case _:
            assert_never(agent)


def _schedule(epsilon: Epsilon, steps: int) -> dict[str, Any]:
    length = max(1, int(epsilon.fraction * steps))
    return {
        "epsilon_start": epsilon.start,
        "epsilon_slope": (epsilon.end - epsilon.start) / length,
        "epsilon_steps": length,
        "epsilon_end": epsilon.end,
    }
