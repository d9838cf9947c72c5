"""`expkit sync`: publish what is recorded and not published yet."""

from __future__ import annotations

import click

from expkit.cli.console import log, results
from expkit.cli.progress import Narrator
from expkit.cli.project import open_project, questions_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.publish import publish_question


@click.command("sync")
@click.argument("question", required=False)
@click.pass_context
def command(ctx: click.Context, question: str | None) -> int:
    """Publish to MLflow what is recorded and not published yet; of every question when none is named."""
    project, _ = open_project(ctx)
    narrator, code = Narrator(), 0
    for chosen in questions_named(project, question):
        dossier = Dossier(project, chosen)
        evidence = dossier.evidence
        missing = sum(len(arm.missing) for arm in dossier.arms)
        if evidence is None or missing:
            if question:
                raise InvalidUsage(
                    f"{chosen.id} has {missing:,} trials that are not recorded on this machine",
                    mend=f"run it, which publishes too: expkit run {chosen.id}",
                )
            log().print(f"{chosen.id}: nothing to publish; {missing:,} trials are not recorded on this machine")
            continue
        with narrator.phase(f"publishing {chosen.id}"):
            publishing = publish_question(dossier, evidence)
        if publishing.fault:
            log().print(f"{chosen.id}: {len(publishing.missing)} runs are still to be published: {publishing.fault}")
            code = publishing.fault.exit_code
        else:
            news = f"{publishing.new} new" if publishing.new else "nothing new"
            results().print(f"{chosen.id}: {len(publishing.receipts)} runs in {publishing.name!r}, {news}")
    return code
