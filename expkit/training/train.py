"""Training: work in, trials out. Every trial is a function of its arm, root, streams and seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.agent import Agent, OwnAgent
from expkit.training import kernel, learner_kernel
from expkit.training.agents import Simple, learner, simplified
from expkit.training.compile import compile_arm
from expkit.training.engine import ENGINE_VERSION
from expkit.training.kernel import LANES, Table
from expkit.training.learners import effort, parameters, simple_parameters, streams_of
from expkit.training.mdp import Mdp
from expkit.training.metrics import measure
from expkit.training.minds import begin, learnt
from expkit.training.own_agent import OwnTraining
from expkit.training.represented import Represented
from expkit.training.streams import FURTHER, seeding_words

BLOCK_STEPS = 250_000
"""Steps of a simple agent between two looks at `cancelled`, of each of the trials side by side: about 15 ms."""


class Cancelled(Exception):
    """Training was called off; none of the batch is kept."""


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Finished trials of one arm, in the order of the work's seeds."""

    seeds: NDArray[np.int64]
    """int64 [seeds]."""
    q: NDArray[np.float64]
    """float64 [seeds, rows, actions], a row a state unless states are represented; zeros for the drunkard, summed
    rewards for the accountant."""
    visits: NDArray[np.int64]
    """int64 [seeds, rows, actions]; how often each action was taken in each state, or in those of a row."""
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
        work.tabular.agent,
        steps=work.tabular.trainer.steps,
        time_limit=work.tabular.time_limit,
        words=seeding_words(work.root, work.arm_key, work.streams, work.seeds, count=streams_of(work.tabular.agent)),
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
    block_steps: int | None = None,
    time_limit: int | None = None,
) -> Trials:
    """Trains an agent on any table. words: uint64 [seeds, streams, 4], of `expkit.training.streams.seeding_words`.

    Of streams there are as many as the agent takes (`expkit.training.learners.streams_of`), or more. Results depend
    neither on block_steps nor on which seeds are trained together.

    Raises:
        OwnCodeFailed: an agent of the user's own did what it must not.
        Cancelled: `cancelled` said so.
    """
    training = _begun(mdp, agent, steps, words, time_limit)
    block_steps = block_steps or max(1, BLOCK_STEPS // effort(agent))
    for group in range(0, len(seeds), LANES):
        trials = range(group, min(group + LANES, len(seeds)))
        for first in range(0, steps, block_steps):
            if cancelled is not None and cancelled():
                raise Cancelled
            last = min(first + block_steps, steps)
            training.advance(trials, first, last)
            if on_steps is not None:
                on_steps((last - first) * len(trials))

    shape = (len(seeds), mdp.indices, mdp.actions)
    q, visits = training.learnt().reshape(shape), training.visits.reshape(shape)
    measured = measure(mdp, q, training.sums, steps)
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


@dataclass(frozen=True, kw_only=True)
class _Training:
    """Trials under way, in the kernel of their agent."""

    visits: NDArray[np.int64]
    """int64 [trials, states * actions], in any shape."""
    sums: NDArray[np.float64]
    """float64 [trials, windows]; the reward in each window of the curve."""
    advance: Callable[[range, int, int], None]
    """Takes some of the trials from one step to another."""
    learnt: Callable[[], NDArray[np.float64]]
    """The tables that the trials have come to."""


def _begun(mdp: Mdp, agent: Agent, steps: int, words: NDArray[np.uint64], time_limit: int | None) -> _Training:
    table = Table.of(mdp)
    agent = simplified(agent)
    if isinstance(agent, Simple) and not isinstance(mdp, Represented) and time_limit is None:
        plain = learner(agent, steps)
        lanes = kernel.begin(mdp, table, plain, np.ascontiguousarray(words[:, :FURTHER]))

        def step(trials: range, first: int, last: int) -> None:
            part = lanes.part(trials.start, trials.stop)
            kernel.advance(table, plain, part, first=first, last=last, steps=steps)

        return _Training(visits=lanes.visits, sums=lanes.sums, advance=step, learnt=lambda: lanes.q)

    if isinstance(agent, OwnAgent):
        own = OwnTraining(mdp, agent, steps, words, time_limit)
        return _Training(visits=own.visits, sums=own.sums, advance=own.advance, learnt=own.learnt)
    declared = simple_parameters(agent, steps) if isinstance(agent, Simple) else parameters(agent, steps)
    lanes, minds = begin(mdp, table, declared, words)

    def advance(trials: range, first: int, last: int) -> None:
        part, thinking = lanes.part(trials.start, trials.stop), minds.part(trials.start, trials.stop)
        learner_kernel.advance(
            table, declared, part, thinking, first=first, last=last, steps=steps, time_limit=time_limit
        )

    return _Training(
        visits=lanes.visits, sums=lanes.sums, advance=advance, learnt=lambda: learnt(declared, lanes, minds)
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
    mdp = compile_arm(work.tabular)
    compiled = mdp.itself.digest
    if work.environment_digest != compiled:
        raise ExecutorFailed(
            f"the work's environment is {str(work.environment_digest)[:12]}, this worker compiles {compiled[:12]}",
            where=f"arm {work.arm.name}",
            why="the same declaration compiles to another transition table here",
            mend=mend,
        )
    return mdp


def _unify_nans(*arrays: NDArray[np.float64]) -> None:
    """One NaN for all: its sign and payload depend on the processor and would change digests."""
    for array in arrays:
        array[np.isnan(array)] = np.nan
