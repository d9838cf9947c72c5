"""`expkit check`: declarations, outcomes and registrations."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape

from expkit.cli.console import log, print_json, results
from expkit.cli.project import open_project, questions_named
from expkit.dossier import Dossier
from expkit.outcomes.check import Finding, check_outcome
from expkit.outcomes.numbers import counted
from expkit.provenance.history import History

_STYLES = {"failure": "bold red", "warning": "yellow", "note": "dim"}


@click.command("check")
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, question: str | None, as_json: bool) -> int:
    """Check declarations, outcomes and registrations; exit 1 when something is stale or edited.

    Every declared file is read and every mistake is reported at once (exit 2). Then each outcome, or that of QUESTION:
    is it of the question as declared now, do its numbers agree with each other, is its generated part as generated,
    are its figures the ones drawn, and does git confirm its registrations? Nothing runs and nothing is written.
    """
    project, paths = open_project(ctx)
    history, found = History(project.root), list[Finding]()
    chosen = questions_named(project, question)
    for one in chosen:
        dossier = Dossier(project, one)
        found += check_outcome(paths, history, question=one, experiments=dossier.experiments, planned=dossier.planned)
    failures = sum(finding.severity == "failure" for finding in found)
    if as_json:
        print_json({"questions": [one.id for one in chosen], "findings": [asdict(finding) for finding in found]})
        return 1 if failures else 0
    for finding in found:
        log().print(f"[{_STYLES[finding.severity]}]{finding.severity}[/] {escape(str(finding))}")
    counts = f"{counted(len(chosen), 'question')}, {counted(len(project.experiments), 'experiment')}"
    results().print(f"{counts}: {_said(failures, len(found) - failures)}")
    return 1 if failures else 0


def _said(failures: int, others: int) -> str:
    if failures:
        return counted(failures, "failure")
    return f"no failure, {others} to look at" if others else "all in order"
