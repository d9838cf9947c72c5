"""A tabular environment: the transition table that a declared environment compiles to. Its digest is its version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from expkit.digests import array_digest, digest

_TOLERANCE = 1e-12
"""How far probabilities may be from summing to one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Mdp:
    """A finite Markov decision process as arrays over [states, actions, outcomes]; read-only, equal when its digest is.

    A terminal outcome ends the episode: nothing is bootstrapped across it, and the next step begins in a state drawn
    from `start`.

    Raises:
        TypeError: values of a kind that would lose something, such as fractional states.
        ValueError: shapes that do not fit, a state that does not exist, a reward that is not finite, probabilities
        that do not
            sum to 1 within 1e-12.
    """

    next_state: NDArray[np.int64]
    """int64 [states, actions, outcomes]."""
    reward: NDArray[np.float64]
    """float64 [states, actions, outcomes]."""
    probability: NDArray[np.float64]
    """float64 [states, actions, outcomes]; sums to 1 over the outcomes."""
    terminal: NDArray[np.bool_]
    """bool [states, actions, outcomes]."""
    start: NDArray[np.float64]
    """float64 [states]; the probability that an episode starts there."""
    discount: float | None = None
    """Of the return that policies are measured by; None where only their gain is. It changes no step of a training."""

    def __post_init__(self) -> None:
        for name, dtype in ARRAYS.items():
            array = np.asarray(getattr(self, name)).astype(dtype, order="C", casting="safe")
            if dtype is np.float64:
                array += 0.0  # -0.0 and 0.0 mean the same and get one digest
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        _validate(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mdp) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self.next_state.shape[0])

    @property
    def actions(self) -> int:
        """Number of actions in every state."""
        return int(self.next_state.shape[1])

    @property
    def index(self) -> NDArray[np.int64]:
        """int64 [states]; the row of a Q-table that a learner looks each state up in: its own, unless it is
        represented (`expkit.training.represented`)."""
        return np.arange(self.states)

    @property
    def indices(self) -> int:
        """Number of rows of a Q-table."""
        return self.states

    @property
    def itself(self) -> Mdp:
        """The environment without regard to who looks at it: what has an optimum."""
        return self

    @cached_property
    def digest(self) -> str:
        """sha256 of all five arrays, and of the discount where there is one; no name enters it."""
        arrays = {name: array_digest(getattr(self, name)) for name in ARRAYS}
        return digest(arrays if self.discount is None else {**arrays, "discount": self.discount})


ARRAYS: dict[str, type[np.generic]] = {
    "next_state": np.int64,
    "reward": np.float64,
    "probability": np.float64,
    "terminal": np.bool_,
    "start": np.float64,
}
"""Every array of a table by name, with the type of its numbers."""


def _validate(mdp: Mdp) -> None:
    shape = mdp.next_state.shape
    if len(shape) != 3 or 0 in shape:
        raise ValueError(f"next_state has shape {list(shape)}; it must be [states, actions, outcomes], none of them 0")
    for name in ("reward", "probability", "terminal"):
        if (other := getattr(mdp, name).shape) != shape:
            raise ValueError(f"{name} has shape {list(other)}, but next_state has {list(shape)}")
    if mdp.start.shape != shape[:1]:
        raise ValueError(f"start has shape {list(mdp.start.shape)}; it must be [{shape[0]}], one entry a state")

    if (wrong := _first((mdp.next_state < 0) | (mdp.next_state >= shape[0]))) is not None:
        raise ValueError(f"{_place(wrong)} leads to state {mdp.next_state[wrong]}; the states are 0 to {shape[0] - 1}")
    if (wrong := _first(~np.isfinite(mdp.reward))) is not None:
        raise ValueError(f"{_place(wrong)} has the reward {mdp.reward[wrong]}, which is not finite")
    if (wrong := _first(~(mdp.probability >= 0))) is not None:
        raise ValueError(f"{_place(wrong)} has the probability {mdp.probability[wrong]}, which is negative or NaN")
    total = mdp.probability.sum(axis=2)
    if (wrong := _first(~(np.abs(total - 1) <= _TOLERANCE))) is not None:
        raise ValueError(f"{_place(wrong)}: the probabilities of its outcomes sum to {float(total[wrong])!r}, not to 1")
    if (wrong := _first(~(mdp.start >= 0))) is not None:
        raise ValueError(f"start of {_place(wrong)} has the probability {mdp.start[wrong]}, which is negative or NaN")
    if mdp.discount is not None and not 0 < mdp.discount <= 1:
        raise ValueError(f"the discount is {mdp.discount}; it must be above 0 and at most 1")
    if not abs(mdp.start.sum() - 1) <= _TOLERANCE:
        raise ValueError(f"the probabilities of the start states sum to {float(mdp.start.sum())!r}, not to 1")


def _first(wrong: NDArray[np.bool_]) -> tuple[int, ...] | None:
    """The index of the first True, or None."""
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else None


def _place(index: tuple[int, ...]) -> str:
    return ", ".join(f"{axis} {i}" for axis, i in zip(("state", "action", "outcome"), index, strict=False))
