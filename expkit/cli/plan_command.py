"""`expkit plan`: which seeds of which arms a run would compute."""

from __future__ import annotations

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import print_json, results, table
from expkit.cli.project import open_project, target_named
from expkit.ledger.ledger import Ledger
from expkit.outcomes.numbers import counted
from expkit.plan import PlannedArm, plan
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


@click.command("plan")
@click.argument("target", metavar="[QUESTION|EXPERIMENT]", required=False, shell_complete=offers.targets)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, target: str | None, as_json: bool) -> None:
    """Show which seeds of which arms a run would compute; nothing runs. Without a name: of every experiment."""
    project, paths = open_project(ctx)
    chosen = target_named(project, target) if target else None
    if chosen is None:
        names = tuple(project.experiments)
    else:
        names = chosen.experiments if isinstance(chosen, ResearchQuestion) else (chosen.id,)
    ledger = Ledger(paths.ledger)
    planned = [arm for name in names for arm in plan(project.experiments[name], ledger.recorded)]
    if as_json:
        print_json([_as_json(arm) for arm in planned])
        return
    for index, name in enumerate(names):
        if index:
            results().print()
        _print_experiment(project.experiments[name], [arm for arm in planned if arm.experiment == name])
    results().print(f"\n{_sum(planned)}")


def _print_experiment(experiment: Experiment, planned: list[PlannedArm]) -> None:
    results().print(f"[bold]{experiment.id}[/] · {escape(experiment.title)}")
    made = table("arm", "key", ">seeds", ">recorded", "to run", ">steps")
    for arm in planned:
        made.add_row(
            escape(arm.name),
            arm.key[:12],
            f"{len(arm.seeds):,}",
            f"{len(arm.seeds) - len(arm.missing):,}",
            _ranges(arm.missing) or "[dim]nothing[/]",
            "[dim]not known[/]" if (steps := _steps(arm)) is None else f"{steps:,}",
        )
    results().print(made)


def _sum(planned: list[PlannedArm]) -> str:
    # two experiments may share an arm, which runs once
    distinct = {(arm.key, arm.root, arm.streams, seed): arm for arm in planned for seed in arm.missing}
    if not distinct:
        return "nothing to run: every declared seed is recorded"
    budgets = [arm.arm.budget for arm in distinct.values()]
    steps = sum(budget for budget in budgets if budget is not None)
    told = "" if None in budgets and not steps else f", {steps:,} steps"
    return (
        f"to run: {counted(len(distinct), 'trial')}{told}{' and those of programs' if told and None in budgets else ''}"
    )


def _steps(arm: PlannedArm) -> int | None:
    """Environment steps that are still to be taken; None where nobody can tell, as with a program."""
    return None if arm.arm.budget is None else len(arm.missing) * arm.arm.budget


def _as_json(arm: PlannedArm) -> dict[str, object]:
    return {
        "experiment": arm.experiment,
        "arm": arm.name,
        "arm_key": arm.key,
        "environment_digest": arm.environment_digest,
        "root": arm.root,
        "streams": arm.streams,
        "seeds": len(arm.seeds),
        "missing": list(arm.missing),
        "steps": _steps(arm),
    }


def _ranges(seeds: tuple[int, ...]) -> str:
    """Seeds as people write them: `0-19, 25`."""
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
