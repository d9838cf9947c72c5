"""Training: work in, trials out. Every trial is a function of its arm, root, streams and seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.agent import Agent
from expkit.training.agents import learner
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.kernel import LANES, Table, advance, begin
from expkit.training.mdp import Mdp
from expkit.training.metrics import measure
from expkit.training.streams import seeding_words

BLOCK_STEPS = 250_000
"""Steps between two looks at `cancelled`, of each of the trials side by side: about 15 ms."""


class Cancelled(Exception):
    """Training was called off; none of the batch is kept."""


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Finished trials of one arm, in the order of the work's seeds."""

    seeds: NDArray[np.int64]
    """int64 [seeds]."""
    q: NDArray[np.float64]
    """float64 [seeds, states, actions]; zeros for the drunkard, summed rewards for the accountant."""
    visits: NDArray[np.int64]
    """int64 [seeds, states, actions]; how often each action was taken in each state."""
    curve: NDArray[np.float64]
    """float64 [seeds, 40]; reward per step in each window."""
    metrics: dict[str, NDArray[np.float64]]
    """By name of `TABULAR_METRICS`: float64 [seeds]; NaN in every metric of a failed trial."""
    trial_digests: tuple[str, ...]
    failed: dict[int, str]
    """Why, by seed."""
    steps: int
    """Environment steps taken by all trials together."""


def train(
    work: Work,
    *,
    on_steps: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trials:
    """Trains every seed of the work, on one core and without the GIL.

    on_steps is told the environment steps just done; cancelled is asked before each block of steps.

    Raises:
        ExecutorFailed: work that was planned for another engine version or another transition table.
        Cancelled: `cancelled` said so.
    """
    return train_on(
        _agreed_table(work),
        work.arm.agent,
        steps=work.arm.trainer.steps,
        words=seeding_words(work.root, work.arm_key, work.streams, work.seeds),
        seeds=work.seeds,
        on_steps=on_steps,
        cancelled=cancelled,
    )


def train_on(
    mdp: Mdp,
    agent: Agent,
    *,
    steps: int,
    words: NDArray[np.uint64],
    seeds: Sequence[int],
    on_steps: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    block_steps: int = BLOCK_STEPS,
) -> Trials:
    """Trains an agent on any table. words: uint64 [seeds, 3 streams, 4], of `expkit.training.streams.seeding_words`.

    Results depend neither on block_steps nor on which seeds are trained together.

    Raises:
        Cancelled: `cancelled` said so.
    """
    table, parameters = Table.of(mdp), learner(agent, steps)
    lanes = begin(mdp, table, parameters, words)
    for group in range(0, len(seeds), LANES):
        part = lanes.part(group, group + LANES)
        for first in range(0, steps, block_steps):
            if cancelled is not None and cancelled():
                raise Cancelled
            last = min(first + block_steps, steps)
            advance(table, parameters, part, first=first, last=last, steps=steps)
            if on_steps is not None:
                on_steps((last - first) * len(part.row))

    shape = (len(seeds), mdp.states, mdp.actions)
    q, visits = lanes.q.reshape(shape), lanes.visits.reshape(shape)
    measured = measure(mdp, q, lanes.sums, steps)
    _unify_nans(q, measured.curve)
    return Trials(
        seeds=np.array(seeds, dtype=np.int64),
        q=q,
        visits=visits,
        curve=measured.curve,
        metrics=measured.metrics,
        trial_digests=trial_digests(q, visits, measured.curve, measured.metrics),
        failed={seeds[trial]: why for trial, why in measured.failed.items()},
        steps=steps * len(seeds),
    )


def trial_digests(
    q: NDArray[np.float64],
    visits: NDArray[np.int64],
    curve: NDArray[np.float64],
    metrics: dict[str, NDArray[np.float64]],
) -> tuple[str, ...]:
    """sha256 of each trial: what two executions are compared by.

    Hashed are the line `expkit trial 1 <states> <actions> <windows> <metric names, comma-separated>` and a newline,
    then the trial's q (float64), visits (int64), curve (float64) and its metrics in that order (float64), all
    little-endian in C order. One hash over raw bytes, because canonical JSON of four parts would cost a third of the
    training.
    """
    head = f"expkit trial 1 {q.shape[1]} {q.shape[2]} {curve.shape[1]} {','.join(metrics)}\n".encode()
    numbers = np.stack(list(metrics.values()), axis=1)
    parts = [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")) for array in (q, visits, curve, numbers)]
    digests = []
    for trial in zip(*parts, strict=True):
        sha256 = hashlib.sha256(head)
        for array in trial:
            sha256.update(array)
        digests.append(sha256.hexdigest())
    return tuple(digests)


def _agreed_table(work: Work) -> Mdp:
    """The work's transition table, if planner and worker mean the same numbers."""
    mend = "plan and train with the same version of expkit: install one version in both places, then run again"
    if work.engine_version != ENGINE_VERSION:
        raise ExecutorFailed(
            f"the work was planned for engine version {work.engine_version}, this worker has {ENGINE_VERSION}",
            where=f"arm {work.arm.name}",
            why="another engine version yields other numbers for the same declaration",
            mend=mend,
        )
    mdp = compile_environment(work.arm.environment)
    if work.environment_digest != mdp.digest:
        raise ExecutorFailed(
            f"the work's environment is {work.environment_digest[:12]}, this worker compiles {mdp.digest[:12]}",
            where=f"arm {work.arm.name}",
            why="the same declaration compiles to another transition table here",
            mend=mend,
        )
    return mdp


def _unify_nans(*arrays: NDArray[np.float64]) -> None:
    """One NaN for all: its sign and payload depend on the processor and would change digests."""
    for array in arrays:
        array[np.isnan(array)] = np.nan
