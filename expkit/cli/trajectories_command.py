"""`expkit trajectories`: the steps of a recorded trial, one by one."""

from __future__ import annotations

from pathlib import Path

import click

from expkit.cli import offers
from expkit.cli.console import log, results
from expkit.cli.project import arm_named, open_project
from expkit.errors import InvalidUsage, NotWritable
from expkit.ledger.ledger import Ledger
from expkit.plan import PlannedArm, plan
from expkit.specs.experiment import TabularArm
from expkit.specs.recording import MOST_KEPT, MOST_REPLAYED


@click.command("trajectories")
@click.argument("arm", metavar="ARM", shell_complete=offers.arms)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Whose steps to write.")
@click.option(
    "--last-steps",
    type=click.IntRange(min=1, max=MOST_KEPT),
    default=1000,
    show_default=True,
    help="How many, counted from the end of its training.",
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The NPZ file to write.")
@click.pass_context
def command(ctx: click.Context, arm: str, seed: int, last_steps: int, output: Path) -> None:
    """Write the steps of a recorded trial to a file: state, action, reward, what followed.

    The trial is taken again, step by step, and has to lead to the recorded Q-table: so steps can be had of any trial,
    whether its experiment recorded them or not.

    \b
    Example:
      expkit trajectories strategies/gambler --seed 3 --output steps.npz
    """
    import numpy as np

    from expkit.training.trajectories import check_replay, replay

    project, paths = open_project(ctx)
    ledger = Ledger(paths.ledger)
    planned = arm_named({one.id: plan(one, ledger.recorded) for one in project.experiments.values()}, arm)
    recorded = ledger.results(planned.key, planned.root, planned.streams, [seed])
    _refuse(planned, seed, bool(recorded.seeds))
    work = recorded.attempts[0].work.model_copy(update={"arm": planned.arm})
    if log().is_terminal:
        log().print("taking its steps again")
    arrays, trial = replay(work, seed, last_steps)
    check_replay(work, seed, trial, recorded.q[0], recorded.visits[0])
    try:
        with output.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise NotWritable(
            "the file cannot be written",
            where=str(output),
            why=error.strerror,
            mend="name another file, in a folder that can be written to: --output FILE.npz",
        ) from error
    results().print(f"wrote {output}: {len(arrays['step']):,} steps of seed {seed} of {planned.name}")


def _refuse(planned: PlannedArm, seed: int, recorded: bool) -> None:
    """Raise InvalidUsage for an arm or a seed whose steps nobody can tell."""
    if not isinstance(planned.arm, TabularArm):
        raise InvalidUsage(
            f"{planned.name} shows no steps",
            why=f"its trainer is of kind {planned.arm.trainer.kind}",
            mend="name an arm of a tabular trainer",
        )
    if not recorded and seed not in planned.seeds:
        raise InvalidUsage(
            f"{planned.name} has no seed {seed}",
            why=f"its seeds are 0 to {len(planned.seeds) - 1}",
            mend="name one of these, or declare more",
        )
    if not recorded:
        raise InvalidUsage(
            f"seed {seed} of {planned.name} is not recorded on this machine",
            why="without its Q-table nobody can tell whether steps are those of the trial",
            mend=f"train it: expkit run {planned.experiment}",
        )
    if (steps := planned.arm.trainer.steps) > MOST_REPLAYED:
        raise InvalidUsage(
            f"{steps:,} steps are too many to take again in plain Python",
            mend=f"name an arm of at most {MOST_REPLAYED:,}",
        )
