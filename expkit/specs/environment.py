"""Environments as they are declared; what they mean as numbers is compiled in `expkit.training`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from expkit.specs.base import Probability, Spec

RewardRule = Literal["bump", "landing", "entry"]


class Dungeon(Spec):
    """A row of tiles with an adventurer on the first; a continuing task, with two actions, FORWARD and BACKWARD.

    FORWARD moves one tile on and bumps into the wall on the last; BACKWARD returns to the first tile from anywhere. The
    wind makes the opposite action take effect. It is the Chain problem of Dearden, Friedman and Russell (1998).
    """

    kind: Literal["dungeon"]
    length: Annotated[int, Field(ge=2, le=10_000)] = 5
    """Number of tiles."""
    slip: Probability = 0.1
    """Probability that the opposite action takes effect."""
    small_reward: float = 2.0
    """Paid for going back."""
    large_reward: float = 10.0
    """Paid at the far end."""
    reward_rule: RewardRule = "bump"
    """What is paid for. `bump`: the large reward for FORWARD taking effect on the last tile, the small one for every
    BACKWARD taking effect. `landing`: by the tile the step ends on, last or first. `entry`: the large reward only for
    arriving on the last tile from another, the small one for every BACKWARD taking effect."""


Environment = Dungeon
"""Every declared environment. A union over `kind` when there are more."""
