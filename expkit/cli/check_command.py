"""`expkit check`: declarations, outcomes and registrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import log, print_json, results
from expkit.cli.project import open_project, questions_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.outcomes.check import check_outcome
from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.numbers import counted
from expkit.outcomes.registration import all_standings
from expkit.project.read import Project
from expkit.provenance.history import History
from expkit.specs.question import ResearchQuestion

if TYPE_CHECKING:
    from expkit.completion import Where
    from expkit.replay import Replayed

_STYLES = {"failure": "bold red", "warning": "yellow", "note": "dim"}


@click.command("check")
@click.argument("question", required=False, shell_complete=offers.questions)
@click.option("--replay", is_flag=True, help="Execute every trial again, and compare what comes out with the evidence.")
@click.option(
    "--base", metavar="REF", help="With --replay, only questions that were touched since the work tree left REF."
)
@click.option("--executor", type=click.Choice(["local", "docker"]), help="With --replay, where to execute.")
@click.option("-j", "--workers", type=click.IntRange(min=1), help="With --replay, cores to use.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str | None,
    replay: bool,
    base: str | None,
    executor: Where | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Check declarations, outcomes and registrations; exit 1 when something is stale or edited.

    Every declared file is read and every mistake is reported at once (exit 2). Then each outcome, or that of QUESTION:
    is it of the question as declared now, do its numbers agree with each other, is its generated part as generated,
    do its tied numbers say what the evidence says, are its figures the ones drawn, and does git confirm its
    registrations? Nothing runs and nothing is written.

    With --replay everything behind the evidence runs again, in a temporary folder: still nothing is written.

    \b
    Examples:
      expkit check
      expkit check --replay --base origin/main
    """
    if not replay and (base or executor or workers):
        raise InvalidUsage("--base, --executor and --workers say how to replay", mend="add --replay, or leave them out")
    project, paths = open_project(ctx)
    history, found = History(project.root), list[Finding]()
    chosen, standing = questions_named(project, question), all_standings(project.questions, project.experiments)
    for one in chosen:
        dossier = Dossier(project, one)
        found += check_outcome(
            paths,
            history,
            question=one,
            experiments=dossier.experiments,
            planned=dossier.planned,
            standing=standing,
        )
    if not as_json:
        _print(found)
    replayed = _replay(project, chosen, base, executor, workers, as_json) if replay else []
    differing = [finding for one in replayed for finding in _findings(one)]
    found += differing
    failures = sum(finding.severity == "failure" for finding in found)
    if as_json:
        of_replay = {"replayed": [asdict(one) for one in replayed]} if replay else {}
        findings = [asdict(finding) for finding in found]
        print_json({"questions": [one.id for one in chosen], "findings": findings, **of_replay})
        return 1 if failures else 0
    _print(differing)
    counts = f"{counted(len(chosen), 'question')}, {counted(len(project.experiments), 'experiment')}"
    results().print(f"{counts}: {_said(failures, len(found) - failures)}")
    return 1 if failures else 0


def _print(found: Sequence[Finding]) -> None:
    for finding in found:
        log().print(f"[{_STYLES[finding.severity]}]{finding.severity}[/] {escape(str(finding))}")


def _said(failures: int, others: int) -> str:
    if failures:
        return counted(failures, "failure")
    return f"no failure, {others} to look at" if others else "all in order"


def _replay(
    project: Project,
    questions: Sequence[ResearchQuestion],
    base: str | None,
    executor: Where | None,
    workers: int | None,
    as_json: bool,
) -> list[Replayed]:
    """Every question that is to be replayed, a line printed for each as soon as it was."""
    from expkit.cli.progress import Narrator
    from expkit.completion import How
    from expkit.replay import replay, touched

    chosen = touched(project, questions, base) if base else list(questions)
    if base and not as_json:
        untouched = len(questions) - len(chosen)
        results().print(
            f"{counted(untouched, 'question')} untouched since the work tree left {escape(base)}, and not replayed"
        )
    how = How(command=("expkit", "check", "--replay"), observer=Narrator(), executor=executor, workers=workers)
    done = []
    for one in replay(project, chosen, how):
        done.append(one)
        if not as_json:
            results().print(_line(one))
    return done


def _line(one: Replayed) -> str:
    if not one.trials and not one.differing and one.left_out:
        return f"{one.question}: nothing to replay: {escape(one.left_out[0])}"
    if one.differing:
        what = f"[bold red]{counted(len(one.differing), 'difference')}[/]"
    else:
        what = "every digest equal" if one.trials else "nothing compared"
    return f"{one.question}: {counted(one.trials, 'trial')} replayed, {what}"


def _findings(one: Replayed) -> list[Finding]:
    again = f"git restore {one.evidence}, or delete it and type expkit run {one.question}"
    return [
        *(
            Finding(severity="failure", file=one.evidence, what=f"replayed, {what}", mend=again)
            for what in one.differing
        ),
        *(Finding(severity="note", file=one.evidence, what=f"not replayed: {what}") for what in one.left_out),
    ]
