"""Carrying: a trained table taken into an environment with other states. States keep their numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray


def carried(q: NDArray[np.float64], states: int, unseen: Literal["random", "last"] | None) -> NDArray[np.float64]:
    """The tables of trials as an environment of so many states reads them: float64 [trials, states, actions].

    q: float64 [trials, trained states, actions]. A state that the tables do not have is a row of equal entries, where
    every action is as good (`random`), or their last row again (`last`); what they have too much of is left out.

    Raises:
        ValueError: other states than the tables have, and nothing said about them.
    """
    trained = q.shape[1]
    if states == trained:
        return q
    if unseen is None:
        raise ValueError(f"the tables have {trained} states, the environment has {states}")
    beyond = max(0, states - trained)
    rows = np.repeat(q[:, -1:], beyond, axis=1) if unseen == "last" else np.zeros((len(q), beyond, q.shape[2]))
    return np.concatenate([q[:, :states], rows], axis=1)
