"""`expkit list`: the project's questions and experiments."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
from rich.markup import escape

from expkit.cli.console import print_json, results, styled_verdict, table
from expkit.cli.project import open_project
from expkit.dossier import Dossier
from expkit.ledger.ledger import Ledger
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.specs.program import Recorded


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """The project's questions and experiments, and where each stands."""
    project, paths = open_project(ctx)
    of_questions, of_experiments = _questions(project), _experiments(project, paths)
    if as_json:
        print_json({"project": project.id, "questions": of_questions, "experiments": of_experiments})
        return
    questions = table("question", "", "verdicts")
    for one in of_questions:
        counts = ", ".join(f"{count} {styled_verdict(verdict)}" for verdict, count in one["verdicts"].items())
        counts = f"{counts or '[dim]not run yet[/]'}{' (unwitnessed)' if one['unwitnessed'] else ''}"
        questions.add_row(f"[bold]{one['id']}[/]", escape(one["title"]), counts)
    results().print(questions)
    results().print()
    experiments = table("experiment", "", ">arms", ">trials", "serves")
    for one in of_experiments:
        trials = f"{one['recorded']:,} of {one['trials']:,}"
        experiments.add_row(
            f"[bold]{one['id']}[/]", escape(one["title"]), str(one["arms"]), trials, ", ".join(one["serves"])
        )
    results().print(experiments)


def _questions(project: Project) -> list[dict[str, Any]]:
    rows = []
    for question in project.questions.values():
        evidence = Dossier(project, question).evidence
        verdicts = Counter(hypothesis.verdict for hypothesis in evidence.hypotheses) if evidence else Counter()
        rows.append(
            {
                "id": question.id,
                "title": question.title,
                "question": question.question,
                "hypotheses": len(question.hypotheses),
                "unwitnessed": any(
                    isinstance(project.experiments[name].trainer, Recorded) for name in question.experiments
                ),
                "verdicts": dict(verdicts),
            }
        )
    return rows


def _experiments(project: Project, paths: Paths) -> list[dict[str, Any]]:
    ledger = Ledger(paths.ledger)
    rows = []
    for experiment in project.experiments.values():
        planned = plan(experiment, ledger.recorded)
        trials = sum(len(arm.seeds) for arm in planned)
        rows.append(
            {
                "id": experiment.id,
                "title": experiment.title,
                "arms": len(planned),
                "trials": trials,
                "recorded": trials - sum(len(arm.missing) for arm in planned),
                "serves": [one.id for one in project.questions.values() if experiment.id in one.experiments],
            }
        )
    return rows
