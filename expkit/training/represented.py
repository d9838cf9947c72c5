"""An environment as a learner sees it: its transition table, and the row of a Q-table that each state is looked up in.

Only what the learner knows is coarser; the world stays what it is. So a policy is evaluated in the world, exactly, and
the optimum that it is compared with is the world's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from expkit.digests import array_digest, digest
from expkit.specs.representation import Aggregation, History
from expkit.training.maps import Map, kept_map
from expkit.training.mdp import Mdp

MOST_INDICES = 100_000
"""Rows of a represented Q-table."""
MOST_STATES = 100_000
"""Pairs of a state and a history that are reachable."""


_Pair = tuple[int, int]
"""A state of the world, and a history by its number."""


class TooLarge(ValueError):
    """A history with more rows, or more reachable pairs, than are computed with."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Represented(Mdp):
    """A table whose states are looked up in fewer rows, or are pairs of a world's state and what came before."""

    world: Mdp
    """The environment itself."""
    origin: NDArray[np.int64]
    """int64 [states]; which state of the world each is."""
    shown_as: NDArray[np.int64]
    """int64 [states]; the row each is looked up in."""
    rows: int
    """How many rows there are."""

    @property
    def index(self) -> NDArray[np.int64]:
        return self.shown_as

    @property
    def indices(self) -> int:
        return self.rows

    @property
    def itself(self) -> Mdp:
        return self.world

    @cached_property
    def digest(self) -> str:
        """sha256 of the world's digest and of how it is shown."""
        shown = {"origin": array_digest(self.origin), "index": array_digest(self.shown_as), "rows": self.rows}
        return digest({"world": self.world.digest, **shown})


@lru_cache(maxsize=64)
def represented(world: Mdp, representation: Aggregation | History) -> Represented:
    """A world as it is shown to a learner.

    Raises:
        InvalidUsage: the map was never given to this process.
        ValueError: the map is of another number of states.
        TooLarge: the history is too long for this world.
    """
    by_state = representation.file is None
    observed = np.arange(world.states) if by_state else kept_map(representation.digest)
    if len(observed) != world.states:
        raise ValueError(f"the map is of {len(observed)} states; the environment has {world.states}")
    if isinstance(representation, History):
        return _with_history(world, observed, representation.length)
    return Represented(
        next_state=world.next_state,
        reward=world.reward,
        probability=world.probability,
        terminal=world.terminal,
        start=world.start,
        discount=world.discount,
        world=world,
        origin=np.arange(world.states),
        shown_as=observed,
        rows=int(observed.max()) + 1,
    )


def _with_history(world: Mdp, observed: Map, length: int) -> Represented:
    """The product of a world with its last observations: every reachable pair of a state and a history, in order."""
    kinds = int(observed.max()) + 1
    rows = kinds**length
    if rows > MOST_INDICES:
        raise TooLarge(f"{length} observations of {kinds} kinds make {rows:,} rows, more than {MOST_INDICES:,}")
    seen, all_along = observed.tolist(), sum(kinds**i for i in range(length))
    goes_on = ((world.probability > 0) & ~world.terminal).tolist()
    next_state = world.next_state.tolist()

    def onwards(state: int, history: int) -> list[list[_Pair]]:
        """Where each outcome of each action leads; one that never comes, or ends the episode, leads nowhere else."""
        return [
            [
                (target, (history * kinds + seen[target]) % rows) if goes else (state, history)
                for target, goes in zip(targets, possible, strict=True)
            ]
            for targets, possible in zip(next_state[state], goes_on[state], strict=True)
        ]

    starts = np.flatnonzero(world.start).tolist()
    chances = {(state, seen[state] * all_along): float(world.start[state]) for state in starts}
    found: dict[_Pair, list[list[_Pair]]] = {}
    pending = list(chances)
    while pending:
        pair = pending.pop()
        if pair not in found:
            found[pair] = onwards(*pair)
            pending += [target for targets in found[pair] for target in targets if target not in found]
        if len(found) > MOST_STATES:
            raise TooLarge(f"more than {MOST_STATES:,} pairs of a state and a history are reachable")
    pairs = sorted(found)
    number = {pair: position for position, pair in enumerate(pairs)}
    following = [[[number[target] for target in targets] for targets in found[pair]] for pair in pairs]
    origin = np.array([state for state, _ in pairs])
    start = np.array([chances.get(pair, 0.0) for pair in pairs])
    return Represented(
        next_state=np.array(following),
        reward=world.reward[origin],
        probability=world.probability[origin],
        terminal=world.terminal[origin],
        start=start,
        discount=world.discount,
        world=world,
        origin=origin,
        shown_as=np.array([history for _, history in pairs]),
        rows=rows,
    )
