"""Exploration as it is declared: how a learner weighs trying against what it holds to be best, and for how long."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from expkit.specs.base import Probability, Spec

Positive = Annotated[float, Field(gt=0)]
"""A number above 0."""

Decay = Annotated[float, Field(gt=0, lt=1)]
"""A factor between 0 and 1."""


class Linear(Spec):
    """From `start` to `end` in equal steps over the first `fraction` of the training, then `end`."""

    kind: Literal["linear"]
    start: Probability = 1.0
    """Value on the first step."""
    end: Probability = 0.0
    """Value once the schedule is over."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of all steps over which the schedule runs."""


class Exponential(Spec):
    """From `start` on, multiplied by `decay` after every step, and never below `end`."""

    kind: Literal["exponential"]
    start: Probability = 1.0
    """Value on the first step."""
    decay: Decay
    """Factor from one step to the next: 0.999 halves the value about every 700 steps."""
    end: Probability = 0.0
    """The value that is never undercut."""

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.start < self.end:
            raise ValueError(f"an exponential schedule falls, but it starts at {self.start} and ends at {self.end}")
        return self


class Constant(Spec):
    """The same on every step."""

    kind: Literal["constant"]
    value: Probability
    """Value on every step."""


class LinearTemperature(Linear):
    """A temperature that changes from `start` to `end` in equal steps over the first `fraction` of the training."""

    start: Positive = 1.0
    """Temperature on the first step."""
    end: Positive = 0.1
    """Temperature once the schedule is over."""


class ExponentialTemperature(Exponential):
    """A temperature that is multiplied by `decay` after every step, and never falls below `end`."""

    start: Positive = 1.0
    """Temperature on the first step."""
    end: Positive = 0.1
    """The temperature that is never undercut."""


class ConstantTemperature(Constant):
    """The same temperature on every step."""

    value: Positive
    """Temperature on every step."""


class EpsilonGreedy(Spec):
    """Any action with probability epsilon, each equally often; else one of those with the largest entry."""

    kind: Literal["epsilon_greedy"]
    epsilon: Annotated[Linear | Exponential | Constant, Field(discriminator="kind")] = Linear(kind="linear")
    """Probability of an action at random, over the steps."""


class Boltzmann(Spec):
    """An action with a probability in proportion to exp(entry / temperature).

    The exponential function is the C library's: its last bit may differ from one to another, so numbers are promised
    to be the same only inside one image.
    """

    kind: Literal["boltzmann"]
    temperature: Annotated[
        LinearTemperature | ExponentialTemperature | ConstantTemperature, Field(discriminator="kind")
    ] = ConstantTemperature(kind="constant", value=1.0)
    """In units of the entries, over the steps: high is uniform, low is greedy."""


class Ucb(Spec):
    """The action with the largest upper confidence bound (UCB1: Auer et al., 2002), ties at random.

    The bound is entry + c * sqrt(ln N(s) / N(s, a)), where N counts visits before the step; an action never taken in a
    state comes first. The logarithm is the C library's: its last bit may differ from one to another, so numbers are
    promised to be the same only inside one image.
    """

    kind: Literal["ucb"]
    c: Annotated[float, Field(ge=0)] = 1.0
    """Width of the bound, in units of the entries."""


Exploration = Annotated[EpsilonGreedy | Boltzmann | Ucb, Field(discriminator="kind")]
"""Every declared way to explore, told apart by `kind`."""
