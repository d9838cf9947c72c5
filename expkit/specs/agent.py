"""Agents as they are declared: how an action is chosen and what is learnt from the reward."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from expkit.specs.base import Made, Probability, Spec, Version
from expkit.specs.exploration import EpsilonGreedy, Exploration


class Epsilon(Spec):
    """The probability of exploring: linear from `start` to `end` over the first `fraction` of the steps, then `end`."""

    start: Probability = 1.0
    """Probability of a random action on the first step."""
    end: Probability = 0.0
    """Probability of a random action once the schedule is over."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of all steps over which the schedule runs."""


class Drunkard(Spec):
    """Acts uniformly at random and learns nothing; its table stays zero."""

    kind: Literal["drunkard"]


class Accountant(Spec):
    """Adds every reward to its entry (state, action); takes the action with the larger entry, ties at random."""

    kind: Literal["accountant"]


class Gambler(Spec):
    """Tabular Q-learning (Watkins, 1989) with an epsilon-greedy choice; ties at random."""

    kind: Literal["gambler"]
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Step size of the update."""
    discount: Annotated[float, Field(ge=0, le=1)] = 0.95
    """Weight of the next state's value."""
    initial_value: float = 0.0
    """Every entry of the table before the first step."""
    epsilon: Epsilon = Epsilon()
    """How much is left to chance, and when."""


class _Bootstrapping(Spec):
    """What every learner has that moves an entry towards the reward plus the discounted value of what follows."""

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Step size of the update."""
    discount: Annotated[float, Field(ge=0, le=1)] = 0.95
    """Weight of the next state's value."""
    initial_value: float = 0.0
    """Every entry of the table before the first step; above all that can be earned, it makes the learner try all."""
    exploration: Exploration = EpsilonGreedy(kind="epsilon_greedy")
    """How much is left to chance, and when."""


class QLearning(_Bootstrapping):
    """Q-learning (Watkins, 1989): what follows is worth the next state's largest entry. The gambler, spelt out."""

    kind: Literal["q_learning"]


class Sarsa(_Bootstrapping):
    """SARSA (Rummery and Niranjan, 1994): what follows is worth the entry of the action that is taken next.

    A step is learnt from when the next action has been chosen, before it is taken; the last step of a training never.
    Where a time limit cuts an episode off, none is taken next: what follows is worth the mean entry under the policy.
    """

    kind: Literal["sarsa"]


class ExpectedSarsa(_Bootstrapping):
    """Expected SARSA (van Seijen et al., 2009): what follows is worth the next state's mean entry under the policy.

    The policy is the one of the step that is learnt from, exploration included.
    """

    kind: Literal["expected_sarsa"]


class DoubleQ(_Bootstrapping):
    """Double Q-learning (van Hasselt, 2010): two tables; one picks the next state's best action, the other values it.

    A coin says which of them learns. The learner acts on the mean of the two, and that is the table of its trial.
    """

    kind: Literal["double_q"]


class DynaQ(_Bootstrapping):
    """Dyna-Q (Sutton, 1990): Q-learning, and after every step as many updates from remembered ones.

    What is remembered of a state and action is its last reward and next state; each pair seen is as likely as another.
    """

    kind: Literal["dyna_q"]
    planning_steps: Annotated[int, Field(ge=0, le=1000)] = 5
    """Updates from memory after each step."""


class CertaintyEquivalence(Spec):
    """Certainty equivalence: counts what follows each action, and acts as if the counted shares were the world.

    Every so many steps its table is solved again from the counts, by sweeps of value iteration over states and actions
    in their order, each in place, from the table as it stands. An entry that was never tried keeps its initial value.
    """

    kind: Literal["certainty_equivalence"]
    discount: Annotated[float, Field(ge=0, le=1)] = 0.95
    """Weight of the next state's value."""
    initial_value: float = 0.0
    """Every entry of the table before the first step; above all that can be earned, it makes the learner try all."""
    exploration: Exploration = EpsilonGreedy(kind="epsilon_greedy")
    """How much is left to chance, and when."""
    replan_every: Annotated[int, Field(ge=1)] = 100
    """Steps from one solution to the next."""
    sweeps: Annotated[int, Field(ge=1, le=1000)] = 10
    """Sweeps over the whole table at each solution."""


Bootstrapping = QLearning | Sarsa | ExpectedSarsa | DoubleQ | DynaQ | CertaintyEquivalence
"""Every learner with an exploration of its own."""


class OwnAgent(Spec):
    """An agent of the user's own: a class in plain Python, trained step by step. Its modules are its version.

    It is made as `make(states, actions, steps, luck, **kwargs)`, chooses by `act(state, explore, choose)`, learns by
    `learn(state, action, reward, next_state, terminal)`, and has the table `q` [states, actions].
    """

    kind: Literal["python"]
    make: Made
    """What is called for each trial: `module:attribute`, of the project or installed; or the name of an
    `expkit.agents` entry point."""
    kwargs: dict[str, JsonValue] = {}
    """What it is called with, by name."""
    digest: Version | None = None
    """The digest of its modules' texts. Where it is declared, no other one is accepted; in resolved arms it always
    stands."""

    @property
    def content(self) -> str:
        """Which modules its version is the version of, as text."""
        return f"agent {self.make}"


Agent = Annotated[Drunkard | Accountant | Gambler | Bootstrapping | OwnAgent, Field(discriminator="kind")]
"""Every declared agent, told apart by `kind`."""
