"""`expkit show`: one question, experiment, arm or attempt in full; or every environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from expkit.cli import offers, pages
from expkit.cli.console import log, print_json, results
from expkit.cli.environments import environments_json, print_environments
from expkit.cli.project import arm_named, open_project
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.ledger.ledger import Ledger
from expkit.outcomes.freshness import parameters
from expkit.outcomes.sentences import finding
from expkit.plan import PlannedArm, plan
from expkit.project.names import match
from expkit.project.read import Project
from expkit.records.attempt import Attempt
from expkit.specs.question import ResearchQuestion

_ENVIRONMENTS = "env"


@click.command("show")
@click.argument("name", metavar="QUESTION|EXPERIMENT|ARM|ATTEMPT|env", shell_complete=offers.anything)
@click.option(
    "--figure",
    is_flag=False,
    flag_value="",
    metavar="[policy|curve|seeds]",
    help="Draw one figure of an arm to an SVG file: without a word, the policy of what expkit trained, else the seeds.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="Where the figure goes; else it is named after the arm, in the current folder. An older one is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, figure: str | None, output: Path | None, as_json: bool) -> None:
    """One question, experiment, arm or attempt in full; or, as env, every environment with its exact values.

    \b
    Examples:
      expkit show rq01
      expkit show strategies
      expkit show strategies/gambler   (or gambler, where one experiment has it)
      expkit show 20261120T1201        (an attempt, by the beginning of its id)
      expkit show env              (versions, sizes, exact optima)
      expkit show gambler --figure     (what it has learned, to strategies-gambler-policy.svg)
    """
    if output is not None and figure is None:
        raise InvalidUsage("--output is for a figure", mend=f"expkit show {name} --figure --output {output}")
    project, paths = open_project(ctx)
    ledger = Ledger(paths.ledger)
    if figure is None and name[:8].isdigit() and (attempts := ledger.find(name)):
        _show_attempts(attempts, as_json)
        return
    planned = {one.id: plan(one, ledger.recorded) for one in project.experiments.values()}
    if figure is not None:
        _draw(project, ledger, _named(project, planned, name), figure, output, as_json)
        return
    if name == _ENVIRONMENTS and name not in planned:
        every = [arm for arms in planned.values() for arm in arms]
        if as_json:
            print_json(environments_json(every))
        else:
            print_environments(every)
        return
    found = _named(project, planned, name)
    if isinstance(found, PlannedArm):
        attempts = ledger.attempts(found.key)
        if as_json:
            print_json(_arm_json(found, attempts))
        else:
            pages.print_arm(found, attempts)
    elif found in project.questions:
        question = project.questions[found]
        if as_json:
            print_json(_question_json(project, question))
        else:
            pages.print_question(question, Dossier(project, question).evidence)
    elif as_json:
        print_json(project.experiments[found].model_dump(mode="json", exclude_none=True))
    else:
        serves = [one.id for one in project.questions.values() if found in one.experiments]
        pages.print_experiment(project.experiments[found], planned[found], serves)
        results().print()
        print_environments(planned[found])


def _named(project: Project, planned: dict[str, tuple[PlannedArm, ...]], given: str) -> str | PlannedArm:
    """The id of a question or an experiment, or an arm, by `experiment/arm` or by a name that one experiment has."""
    arms = {arm.name for arms in planned.values() for arm in arms}
    named = [*project.questions, *project.experiments, *arms]
    found = given if "/" in given else match("question, experiment, arm or attempt", given, named)
    return found if found in project.questions or found in project.experiments else arm_named(planned, found)


def _draw(
    project: Project, ledger: Ledger, arm: str | PlannedArm, figure: str, output: Path | None, as_json: bool
) -> None:
    from expkit.cli.figure import asked, draw_figure

    if not isinstance(arm, PlannedArm):
        raise InvalidUsage(
            f"{arm} is not an arm, and a figure is drawn of one", mend=f"name one of its arms: expkit show {arm}"
        )
    kind, file = asked(arm, figure, output)
    draw_figure(project, ledger, arm, kind, file)
    if as_json:
        print_json({"experiment": arm.experiment, "arm": arm.name, "figure": kind, "file": str(file)})
    else:
        results().print(f"wrote {escape(str(file))}", soft_wrap=True)
        _remind(project.root, file)


def _remind(root: Path, file: Path) -> None:
    """Say that a new file in the tree makes the next run an exploratory one."""
    from expkit.provenance.git import read_git
    from expkit.provenance.repository import Repository, find

    git, _ = read_git(root)
    found, here = find(root), file.resolve()
    # where there are very many, git names a folder and not what is in it
    changed = (*git.untracked, *git.modified)
    if isinstance(found, Repository) and any(here.is_relative_to((found.top / one).resolve()) for one in changed):
        log().print(
            f"[yellow]note:[/] git does not hold {escape(file.name)} as it is, and what runs from a changed tree is "
            "exploratory; commit, move or delete it before a run"
        )


def _show_attempts(attempts: tuple[Attempt, ...], as_json: bool) -> None:
    if as_json:
        shown = [attempt.model_dump(mode="json") for attempt in attempts]
        print_json(shown[0] if len(shown) == 1 else {"attempts": shown})
    else:
        pages.print_attempts(attempts)


def _question_json(project: Project, question: ResearchQuestion) -> dict[str, Any]:
    evidence = Dossier(project, question).evidence
    judged = {one.id: one for one in evidence.hypotheses} if evidence else {}
    shown = question.model_dump(mode="json", exclude_none=True)
    for hypothesis in shown["hypotheses"]:
        one = judged.get(hypothesis["id"])
        hypothesis["verdict"] = one.verdict if one else None
        hypothesis["finding"] = finding(evidence, one) if evidence and one else None
    return shown


def _arm_json(arm: PlannedArm, attempts: tuple[Attempt, ...]) -> dict[str, Any]:
    return {
        "experiment": arm.experiment,
        "arm": arm.name,
        "arm_key": arm.key,
        "environment_digest": arm.environment_digest,
        "parameters": parameters(arm.arm),
        "root": arm.root,
        "streams": arm.streams,
        "seeds": len(arm.seeds),
        "recorded": len(arm.seeds) - len(arm.missing),
        "attempts": [attempt.id for attempt in attempts],
    }
