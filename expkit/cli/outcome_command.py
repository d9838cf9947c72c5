"""`expkit outcome`: write a question's outcome anew from recorded results."""

from __future__ import annotations

import click

from expkit.cli import offers
from expkit.cli.console import results
from expkit.cli.project import open_project, question_named
from expkit.cli.verdicts import verdict_table
from expkit.cli.written import tell_what_is_left, wrote
from expkit.conclude import conclude
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage


@click.command("outcome")
@click.argument("question", shell_complete=offers.questions)
@click.option("--accept", is_flag=True, help="Replace committed evidence that the recorded results contradict.")
@click.pass_context
def command(ctx: click.Context, question: str, accept: bool) -> None:
    """Write a question's outcome anew from recorded results, without training or publishing."""
    project, _ = open_project(ctx)
    dossier = Dossier(project, question_named(project, question))
    if missing := sum(len(arm.missing) for arm in dossier.arms):
        raise InvalidUsage(
            f"{missing:,} trials of {dossier.question.id} are not recorded on this machine",
            mend=f"run them: expkit run {dossier.question.id}",
        )
    conclusion = conclude(dossier, accept=accept, anew=True)
    results().print(verdict_table(conclusion.evidence))
    results().print(wrote(conclusion.changed) if conclusion.changed else "every file is up to date")
    tell_what_is_left(conclusion, dossier.paths, dossier.question.id)
