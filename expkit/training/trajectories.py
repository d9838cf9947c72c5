"""Trajectories: the steps of a trial one by one, taken again by the reference and held against what training found.

The kernel keeps no steps, and is not slowed down by who wants them. The reference takes the same ones, byte for byte;
that its table comes out the same shows it each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.recording import Trajectories
from expkit.training.compile import compile_arm
from expkit.training.layout import trajectory_layout
from expkit.training.mdp import Mdp
from expkit.training.reference import ReferenceTrial, reference_trial
from expkit.training.represented import Represented
from expkit.training.train import Cancelled, Trials

Arrays = dict[str, NDArray[Any]]
_LOOK_UP = 10_000  # steps between two looks at `cancelled`


def recorded_trajectories(
    work: Work, asked: Trajectories, trials: Trials, cancelled: Callable[[], bool] | None = None
) -> Arrays:
    """The trajectories of some of a batch's trials, as `trajectory_layout` says.

    Raises:
        ExecutorFailed: the reference came to another table than training did.
        Cancelled: `cancelled` said so.
    """
    parts = []
    for seed in asked.seeds:
        row = work.seeds.index(seed)
        arrays, trial = replay(work, seed, asked.last_steps, cancelled)
        check_replay(work, seed, trial, trials.q[row], trials.visits[row])
        parts.append(arrays)
    return {
        name: np.concatenate([part[name] for part in parts]).astype(kind)
        for name, (kind, _) in trajectory_layout(work, asked).items()
    }


def replay(
    work: Work, seed: int, last_steps: int, cancelled: Callable[[], bool] | None = None
) -> tuple[Arrays, ReferenceTrial]:
    """The last steps of a seed as arrays, and what its trial comes to.

    Raises:
        Cancelled: `cancelled` said so.
    """
    mdp, steps = compile_arm(work.tabular), work.tabular.trainer.steps
    kept: list[tuple[int, int, int, float, int, bool]] = []
    first = steps - last_steps

    def witness(step: int, state: int, action: int, reward: float, following: int | None) -> None:
        if cancelled is not None and step % _LOOK_UP == 0 and cancelled():
            raise Cancelled
        if step >= first:
            kept.append((step, state, action, reward, -1 if following is None else following, following is None))

    trial = reference_trial(
        mdp,
        work.tabular.agent,
        steps=steps,
        time_limit=work.tabular.time_limit,
        root=work.root,
        arm_key=work.arm_key,
        streams=work.streams,
        seed=seed,
        witness=witness,
    )
    return {"seed": np.full(len(kept), seed), **_columns(mdp, kept)}, trial


def check_replay(
    work: Work, seed: int, trial: ReferenceTrial, q: NDArray[np.float64], visits: NDArray[np.int64]
) -> None:
    """Hold what a replay came to against what training found: q and visits, [rows, actions].

    Raises:
        ExecutorFailed: they differ, so that the steps are not those of the trial.
    """
    if not (np.array_equal(np.array(trial.q), q, equal_nan=True) and np.array_equal(np.array(trial.visits), visits)):
        raise ExecutorFailed(
            f"the steps of seed {seed} cannot be told: taken again, they lead to another Q-table",
            where=f"arm {work.arm.name}",
            why="the kernel and the reference disagree, which they never should",
            mend="report this with the experiment's file; without record the results themselves can be had",
        )


def _columns(mdp: Mdp, kept: list[tuple[int, int, int, float, int, bool]]) -> Arrays:
    step, state, action, reward, following, terminal = (np.array(column) for column in zip(*kept, strict=True))
    columns = {"step": step, "state": state, "action": action, "reward": reward, "next_state": following}
    if isinstance(mdp, Represented):  # its states are the world's, seen with what came before
        columns["index"] = mdp.index[state]
        columns["state"] = mdp.origin[state]
        columns["next_state"] = np.where(terminal, -1, mdp.origin[following])
    return {**columns, "terminal": terminal}
