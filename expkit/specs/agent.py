"""Agents as they are declared: how an action is chosen and what is learnt from the reward."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from expkit.specs.base import Probability, Spec


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


Agent = Annotated[Drunkard | Accountant | Gambler, Field(discriminator="kind")]
"""Every declared agent, told apart by `kind`."""
