"""Environments as they are declared; what they mean as numbers is compiled in `expkit.training`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from expkit.specs.base import Made, Probability, Spec, Version, is_empty

RewardRule = Literal["bump", "landing", "entry"]

TableFile = Annotated[str, StringConstraints(pattern=r"^environments/[A-Za-z0-9_./-]+\.(csv|npz)$", max_length=200)]
"""A table's path, relative to the project's root: below `environments/`, where every commit has its own."""
State = Annotated[int, Field(ge=0)]
StateText = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]*)$", max_length=12)]
"""A state as a key of a mapping, which YAML has as text only."""


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


class Versioned(Spec):
    """An environment whose numbers stand outside of its declaration: in a file, or in a package."""

    discount: Annotated[float, Field(gt=0, le=1)] | None = None
    """Of the return that policies are measured by, beside their average reward per step; none means no return is. With
    1, every policy must have a finite return: an episode that may go on for ever must pay nothing meanwhile."""
    time_limit: Annotated[int, Field(ge=1, le=10**12)] | None = Field(default=None, exclude_if=is_empty)
    """Steps after which an episode is cut off in training, and the next one starts; none means never. That is no end:
    a learner still counts on what would have followed. What is exact speaks of the table, which has no limit."""
    digest: Version | None = None
    """The environment's version, which is the digest of its table. Where it is declared, no other one is accepted; in
    resolved arms it always stands."""

    @property
    def content(self) -> str:
        """Its table, as text: equal for equal declarations, whether their version is told or not."""
        return self.model_dump_json(exclude={"digest", "time_limit"})


class Table(Versioned):
    """A transition table in a file of the project: a row for every outcome of every action in every state.

    The columns are state, action, probability, next_state, reward and terminal; in a CSV file, their names are its
    first row, and in an NPZ file, each is an array. States and actions count from 0.
    """

    kind: Literal["table"]
    file: TableFile
    """The table's path, relative to the project's root, such as `environments/riverswim.csv`."""
    start: State | Annotated[tuple[State, ...], Field(min_length=1)] | dict[StateText, Probability] = 0
    """Where episodes start: a state, a list of equally likely ones, or a mapping of states to probabilities."""


class Gymnasium(Versioned):
    """An environment of Gymnasium that exposes its transition table `P`: FrozenLake-v1, Taxi-v4, CliffWalking-v1.

    The limit that it is registered with is no part of its table: an episode ends where the table says so, and is cut
    off where `time_limit` is declared.
    """

    kind: Literal["gymnasium"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """What it is registered as, with its version: `FrozenLake-v1`."""
    kwargs: dict[str, JsonValue] = {}
    """What it is made with, such as `{is_slippery: false}`."""


class OwnEnvironment(Versioned):
    """An environment of the user's own: whatever a function or a class returns that has a transition table.

    That is a mapping with the arrays next_state, reward, probability, terminal [states, actions, outcomes] and start
    [states], or an object with Gymnasium's `P` and `initial_state_distrib`. Its version is that table, not its code.
    """

    kind: Literal["python"]
    make: Made
    """What is called: `module:attribute`, of the project or installed; or the name of an `expkit.environments`
    entry point."""
    kwargs: dict[str, JsonValue] = {}
    """What it is called with, by name."""


Environment = Annotated[Dungeon | Table | Gymnasium | OwnEnvironment, Field(discriminator="kind")]
"""Every declared environment."""
