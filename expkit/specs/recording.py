"""What an experiment keeps of its trials beside their results, as it is declared. It changes no number, and no key."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from expkit.specs.base import Spec

MOST_KEPT = 1_000_000
"""Steps of all recorded seeds of an arm together: about 50 MB."""
MOST_REPLAYED = 10_000_000
"""Steps of a trial that is replayed, in plain Python: well under a minute for Q-learning."""

SeedNumber = Annotated[int, Field(ge=0, lt=1_000_000)]


class Trajectories(Spec):
    """The last steps of chosen seeds, one by one: state, action, reward, what followed."""

    seeds: Annotated[tuple[SeedNumber, ...], Field(min_length=1)] = (0,)
    """Whose steps are kept."""
    last_steps: Annotated[int, Field(ge=1)] = 1000
    """How many steps of each, counted from the end of its training."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is named twice in seeds; name each once")
        if (steps := len(self.seeds) * self.last_steps) > MOST_KEPT:
            raise ValueError(f"{steps:,} steps would be kept; at most {MOST_KEPT:,}: name fewer seeds or last_steps")
        return self

    def among(self, seeds: tuple[int, ...]) -> Trajectories | None:
        """The same of some seeds; None where none of them is recorded."""
        chosen = tuple(seed for seed in seeds if seed in self.seeds)
        return self.model_copy(update={"seeds": chosen}) if chosen else None


class Recording(Spec):
    """What is kept."""

    trajectories: Trajectories
    """The steps of some seeds: state, action, reward, what followed."""
