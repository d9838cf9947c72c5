"""What an arm has learned: its Q-tables over all seeds as one table of states and actions, beside the exact optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.ledger.results import ArmResults
from expkit.plan import PlannedArm
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import as_tabular
from expkit.training import evaluate, returns
from expkit.training.compile import compile_arm
from expkit.training.mdp import Mdp


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """The greedy policies of an arm's seeds and their values."""

    arm: str
    """With its experiment."""
    states: tuple[str, ...]
    actions: tuple[str, ...]
    q: NDArray[np.float64]
    """float64 [states, actions]; the mean over the seeds."""
    greedy: NDArray[np.float64]
    """float64 [states, actions]; the share of seeds whose greedy action it is, those that tie split evenly."""
    ties: NDArray[np.float64]
    """float64 [states]; the share of seeds in which actions tie."""
    best: NDArray[np.bool_] | None
    """bool [states, actions]; which actions lose nothing, exactly. No entry in a state that nothing leads to. None
    where a learner does not see states as they are."""
    measure: str
    """What they would lose."""
    start: NDArray[np.bool_]
    """bool [states]; where episodes, or the one that never ends, may start."""
    seeds: int
    is_dungeon: bool


def learned(arm: PlannedArm, results: ArmResults) -> Learned:
    """The tables of an arm's recorded seeds, put together. `results` has at least one seed that did not fail."""
    own = as_tabular(arm.arm)
    mdp = compile_arm(own)
    finished = [row for row, seed in enumerate(results.seeds) if seed not in results.failed]
    q = results.q[finished]
    largest = q == q.max(axis=2, keepdims=True)
    represented = own.representation is not None
    start = np.zeros(mdp.indices, dtype=np.bool_)
    start[mdp.index[mdp.start > 0]] = True
    is_dungeon = isinstance(own.environment, Dungeon) and not represented
    noun = "tile" if is_dungeon else "row" if represented else "state"
    first = 1 if is_dungeon else 0
    names = ("FORWARD", "BACKWARD") if isinstance(own.environment, Dungeon) else range(mdp.actions)
    return Learned(
        arm=f"{arm.experiment}/{arm.name}",
        states=tuple(f"{noun} {state + first}" for state in range(mdp.indices)),
        actions=tuple(name if isinstance(name, str) else f"action {name}" for name in names),
        q=q.mean(axis=0),
        greedy=(largest / largest.sum(axis=2, keepdims=True)).mean(axis=0),
        ties=(largest.sum(axis=2) > 1).mean(axis=0),
        best=None if represented else _best(mdp),
        measure="average reward per step" if mdp.discount is None else "return of an episode",
        start=start,
        seeds=len(finished),
        is_dungeon=is_dungeon,
    )


def _best(mdp: Mdp) -> NDArray[np.bool_]:
    return evaluate.best_actions(mdp) if mdp.discount is None else returns.best_actions(mdp, mdp.discount)
