"""How a declared learner becomes the parameters of its kernel: what it learns, and how it explores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from expkit.specs.agent import (
    Accountant,
    Agent,
    Bootstrapping,
    CertaintyEquivalence,
    DoubleQ,
    Drunkard,
    DynaQ,
    ExpectedSarsa,
    Gambler,
    OwnAgent,
    QLearning,
    Sarsa,
)
from expkit.specs.exploration import Boltzmann, Constant, EpsilonGreedy, Exponential, Linear, Ucb
from expkit.training.agents import Simple, simplified
from expkit.training.streams import FURTHER

Q_LEARNING, SARSA, EXPECTED_SARSA, DOUBLE_Q, DYNA_Q, CERTAINTY_EQUIVALENCE = range(6)
"""What follows a step is worth: the largest entry, the next action's, their mean, the other table's; and memory, of
single steps or of how often each came."""

KEEP, ADD = -1, -2
"""What the drunkard and the accountant do, where states are represented or episodes cut off: nothing, and adding up."""

EPSILON_GREEDY, BOLTZMANN, UCB = range(3)
"""What an action is chosen by: chance or the largest entry, chance by weight, the largest bound."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Epsilon, a temperature or a width over the steps, counted from 0.

    Linear: start + slope * t while t < length, and `end` from there on. Exponential, where decay is not 1: `start`,
    then each step's value times decay, but not below `end`.
    """

    start: float
    slope: float
    length: int
    end: float
    decay: float

    @classmethod
    def of(cls, declared: Linear | Exponential | Constant, steps: int) -> Schedule:
        """A declared schedule of a training of `steps` steps."""
        match declared:
            case Linear(start=start, end=end, fraction=fraction):
                length = max(1, int(fraction * steps))
                return cls(start=start, slope=(end - start) / length, length=length, end=end, decay=1.0)
            case Exponential(start=start, decay=decay, end=end):
                return cls(start=start, slope=0.0, length=0, end=end, decay=decay)
            case Constant(value=value):
                return cls.constant(value)
            case _:
                assert_never(declared)

    @classmethod
    def constant(cls, value: float) -> Schedule:
        """The same value on every step."""
        return cls(start=value, slope=0.0, length=0, end=value, decay=1.0)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """A learner as its kernel runs it."""

    rule: int
    """`Q_LEARNING`, `SARSA`, `EXPECTED_SARSA`, `DOUBLE_Q`, `DYNA_Q` or `CERTAINTY_EQUIVALENCE`."""
    learning_rate: float
    """0 where the rule knows none."""
    discount: float
    initial_value: float
    planning_steps: int
    """Updates from memory after each step, or sweeps at each solution."""
    replan_every: int
    """Steps from one solution to the next; 0 where the rule knows none."""
    exploration: int
    """`EPSILON_GREEDY`, `BOLTZMANN` or `UCB`."""
    schedule: Schedule
    """Of epsilon, of the temperature, or of c, which stays what it is."""


def parameters(agent: Bootstrapping, steps: int) -> Parameters:
    """The parameters of a declared learner that trains for `steps` steps."""
    exploration, schedule = _explored(agent, steps)
    return Parameters(
        rule=_rule(agent),
        learning_rate=0.0 if isinstance(agent, CertaintyEquivalence) else agent.learning_rate,
        discount=agent.discount,
        initial_value=agent.initial_value,
        planning_steps=_planning(agent),
        replan_every=agent.replan_every if isinstance(agent, CertaintyEquivalence) else 0,
        exploration=exploration,
        schedule=schedule,
    )


def simple_parameters(agent: Simple, steps: int) -> Parameters:
    """The parameters of a simple agent, for where the kernel that is made for it cannot be taken."""
    match agent:
        case Drunkard():
            return replace(parameters(_q_learning(Constant(kind="constant", value=1.0)), steps), rule=KEEP)
        case Accountant():
            return replace(parameters(_q_learning(Constant(kind="constant", value=0.0)), steps), rule=ADD)
        case Gambler():
            learner = parameters(_q_learning(Linear(kind="linear", **agent.epsilon.model_dump())), steps)
            return replace(
                learner,
                learning_rate=agent.learning_rate,
                discount=agent.discount,
                initial_value=agent.initial_value,
            )
        case _:
            assert_never(agent)


def _q_learning(epsilon: Linear | Constant) -> QLearning:
    return QLearning(kind="q_learning", exploration=EpsilonGreedy(kind="epsilon_greedy", epsilon=epsilon))


def streams_of(agent: Agent) -> int:
    """How many streams of luck an agent's trials take."""
    return FURTHER + 1 if isinstance(agent, DoubleQ | DynaQ | OwnAgent) else FURTHER


def effort(agent: Agent) -> int:
    """How long a step takes, roughly, in steps of a gambler."""
    if isinstance(simplified(agent), Simple):
        return 1
    if isinstance(agent, OwnAgent):
        return 800
    if isinstance(agent, CertaintyEquivalence):
        return 5 + 10 * agent.sweeps // agent.replan_every  # a sweep over a small world
    return 5 + (agent.planning_steps if isinstance(agent, DynaQ) else 0)


def _planning(agent: Bootstrapping) -> int:
    match agent:
        case DynaQ():
            return agent.planning_steps
        case CertaintyEquivalence():
            return agent.sweeps
        case _:
            return 0


def _rule(agent: Bootstrapping) -> int:
    match agent:
        case QLearning():
            return Q_LEARNING
        case Sarsa():
            return SARSA
        case ExpectedSarsa():
            return EXPECTED_SARSA
        case DoubleQ():
            return DOUBLE_Q
        case DynaQ():
            return DYNA_Q
        case CertaintyEquivalence():
            return CERTAINTY_EQUIVALENCE
        case _:
            assert_never(agent)


def _explored(agent: Bootstrapping, steps: int) -> tuple[int, Schedule]:
    match agent.exploration:
        case EpsilonGreedy(epsilon=epsilon):
            return EPSILON_GREEDY, Schedule.of(epsilon, steps)
        case Boltzmann(temperature=temperature):
            return BOLTZMANN, Schedule.of(temperature, steps)
        case Ucb(c=c):
            return UCB, Schedule.constant(c)
        case _:
            assert_never(agent.exploration)
