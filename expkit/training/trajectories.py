"""Trajectories: the steps of a trial one by one, taken again by the reference and held against what training found.

The kernel keeps no steps, and is not slowed down by who wants them. The reference takes the same ones, byte for byte;
that its table comes out the same shows it each time. An agent of the user's own is its own reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.agent import OwnAgent
from expkit.specs.recording import Trajectories
from expkit.training.compile import compile_arm
from expkit.training.layout import trajectory_layout
from expkit.training.learners import streams_of
from expkit.training.mdp import Mdp
from expkit.training.own_agent import OwnTraining, Witness
from expkit.training.reference import reference_trial
from expkit.training.represented import Represented
from expkit.training.sources import OwnCodeFailed
from expkit.training.streams import seeding_words
from expkit.training.train import Cancelled, Trials

Arrays = dict[str, NDArray[Any]]
_LOOK_UP = 10_000  # steps between two looks at `cancelled`


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a trial came to when its steps were taken again."""

    q: NDArray[np.float64]
    """float64 [rows, actions]."""
    visits: NDArray[np.int64]
    """int64 [rows, actions]."""


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
) -> tuple[Arrays, Replayed]:
    """The last steps of a seed as arrays, and what its trial comes to.

    Raises:
        ExecutorFailed: an agent of the user's own did what it must not.
        Cancelled: `cancelled` said so.
    """
    mdp, steps, agent = compile_arm(work.tabular), work.tabular.trainer.steps, work.tabular.agent
    kept: list[tuple[int, int, int, float, int, bool]] = []
    first = steps - last_steps

    def keep(step: int, state: int, action: int, reward: float, following: int | None) -> None:
        if step >= first:
            kept.append((step, state, action, reward, -1 if following is None else following, following is None))

    def witness(step: int, *more: Any) -> None:
        if cancelled is not None and step % _LOOK_UP == 0 and cancelled():
            raise Cancelled
        keep(step, *more)

    if isinstance(agent, OwnAgent):
        replayed = _own(work, agent, mdp, seed, keep, cancelled)
        return {"seed": np.full(len(kept), seed), **_columns(mdp, kept)}, replayed
    trial = reference_trial(
        mdp,
        agent,
        steps=steps,
        time_limit=work.tabular.time_limit,
        root=work.root,
        arm_key=work.arm_key,
        streams=work.streams,
        seed=seed,
        witness=witness,
    )
    replayed = Replayed(q=np.array(trial.q), visits=np.array(trial.visits))
    return {"seed": np.full(len(kept), seed), **_columns(mdp, kept)}, replayed


def _own(
    work: Work, agent: OwnAgent, mdp: Mdp, seed: int, witness: Witness, cancelled: Callable[[], bool] | None
) -> Replayed:
    """A trial of the user's own agent, taken again by itself."""
    steps = work.tabular.trainer.steps
    words = seeding_words(work.root, work.arm_key, work.streams, [seed], count=streams_of(agent))
    try:
        own = OwnTraining(mdp, agent, steps, words, work.tabular.time_limit, witness)
        for first in range(0, steps, _LOOK_UP):
            if cancelled is not None and cancelled():
                raise Cancelled
            own.advance(range(1), first, min(first + _LOOK_UP, steps))
        return Replayed(q=own.learnt()[0], visits=own.visits[0])
    except OwnCodeFailed as failed:
        raise ExecutorFailed(
            str(failed),
            where=f"arm {work.arm.name}",
            mend="mend the agent's code, which makes it a new arm, then: expkit run QUESTION",
        ) from failed


def check_replay(work: Work, seed: int, trial: Replayed, q: NDArray[np.float64], visits: NDArray[np.int64]) -> None:
    """Hold what a replay came to against what training found: q and visits, [rows, actions].

    Raises:
        ExecutorFailed: they differ, so that the steps are not those of the trial.
    """
    if np.array_equal(trial.q, q, equal_nan=True) and np.array_equal(trial.visits, visits):
        return
    why = "the kernel and the reference disagree, which they never should"
    mend = "report this with the experiment's file; without record the results themselves can be had"
    if isinstance(agent := work.tabular.agent, OwnAgent):
        why = f"{agent.make} learns otherwise from the same numbers"
        mend = "see what expkit.testing.check_agent says of it"
    raise ExecutorFailed(
        f"the steps of seed {seed} cannot be told: taken again, they lead to another Q-table",
        where=f"arm {work.arm.name}",
        why=why,
        mend=mend,
    )


def _columns(mdp: Mdp, kept: list[tuple[int, int, int, float, int, bool]]) -> Arrays:
    step, state, action, reward, following, terminal = (np.array(column) for column in zip(*kept, strict=True))
    columns = {"step": step, "state": state, "action": action, "reward": reward, "next_state": following}
    if isinstance(mdp, Represented):  # its states are the world's, seen with what came before
        columns["index"] = mdp.index[state]
        columns["state"] = mdp.origin[state]
        columns["next_state"] = np.where(terminal, -1, mdp.origin[following])
    return {**columns, "terminal": terminal}
