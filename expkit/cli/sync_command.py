"""`expkit sync`: publish what is recorded and not published yet."""

from __future__ import annotations

import click

from expkit.cli import offers
from expkit.cli.console import log, results
from expkit.cli.progress import Narrator
from expkit.cli.project import open_project, target_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.ledger.ledger import Ledger
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.publish import Publishing, publish_experiment, publish_question
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


@click.command("sync")
@click.argument("target", metavar="[QUESTION|EXPERIMENT]", required=False, shell_complete=offers.targets)
@click.pass_context
def command(ctx: click.Context, target: str | None) -> int:
    """Publish to MLflow what is recorded and not published yet.

    Without a name: of every question, and of every experiment that serves none.
    """
    project, _ = open_project(ctx)
    served = {name for question in project.questions.values() for name in question.experiments}
    alone = [one for name, one in project.experiments.items() if name not in served]
    chosen: list[ResearchQuestion | Experiment] = [*project.questions.values(), *alone]
    if target:
        chosen = [target_named(project, target)]
    narrator, code = Narrator(), 0
    for one in chosen:
        if reason := _nothing_to_publish(project, one):
            if target:
                raise InvalidUsage(reason, mend=f"run it, which publishes too: expkit run {one.id}")
            log().print(f"nothing to publish: {reason}")
            continue
        with narrator.phase(f"publishing {one.id}"):
            publishing = _publish(project, one)
        if publishing.fault:
            log().print(f"{one.id}: {len(publishing.missing)} runs are still to be published: {publishing.fault}")
            code = publishing.fault.exit_code
        else:
            news = f"{publishing.new} new" if publishing.new else "nothing new"
            results().print(f"{one.id}: {len(publishing.receipts)} runs in {publishing.name!r}, {news}")
    return code


def _nothing_to_publish(project: Project, chosen: ResearchQuestion | Experiment) -> str | None:
    """Why there is nothing to publish yet, None where there is."""
    if isinstance(chosen, ResearchQuestion):
        dossier = Dossier(project, chosen)
        arms, concluded = dossier.arms, dossier.evidence is not None
    else:
        arms, concluded = plan(chosen, Ledger(Paths(project.root).ledger).recorded), True
    if missing := sum(len(arm.missing) for arm in arms):
        return f"{chosen.id} has {missing:,} trials that are not recorded on this machine"
    return None if concluded else f"{chosen.id} has no outcome yet"


def _publish(project: Project, chosen: ResearchQuestion | Experiment) -> Publishing:
    if isinstance(chosen, Experiment):
        return publish_experiment(project, chosen, Ledger(Paths(project.root).ledger))
    dossier = Dossier(project, chosen)
    assert dossier.evidence is not None
    return publish_question(dossier, dossier.evidence)
