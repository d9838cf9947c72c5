"""`expkit run`: answer a question, or record an experiment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import log, results
from expkit.cli.failures import refuse_failures
from expkit.cli.foreseen import uncommitted
from expkit.cli.progress import Narrator
from expkit.cli.project import open_project, target_named
from expkit.cli.written import tell_what_is_left, wrote
from expkit.completion import How
from expkit.errors import Interrupted, InvalidUsage
from expkit.outcomes.numbers import counted
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.publish import Publishing
from expkit.run import Answer, run_experiment, run_question
from expkit.specs.question import ResearchQuestion
from expkit.tracking.place import shown, store_file


@click.command("run")
@click.argument("target", metavar="QUESTION|EXPERIMENT", shell_complete=offers.targets)
@click.option(
    "-j", "--workers", type=click.IntRange(min=1), help="Cores, or trials of a program at once.  [default: all]"
)
@click.option(
    "--executor",
    type=click.Choice(["local", "docker"]),
    help="Where trials run.  [default: docker where the experiment names an image, else local]",
)
@click.option("--image", metavar="IMAGE", help="The image to run in, instead of the declared or the project's own one.")
@click.option("--retry-failed", is_flag=True, help="Run programs' failed trials again, for exploratory verdicts.")
@click.option("--accept", is_flag=True, help="Replace committed evidence that these results contradict.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    workers: int | None,
    executor: Literal["local", "docker"] | None,
    image: str | None,
    retry_failed: bool,
    accept: bool,
) -> int:
    """Train what is missing, judge the hypotheses, write the outcome, publish to MLflow.

    A question ends in verdicts and research_questions/<id>/outcome.md; an experiment ends in records and MLflow runs,
    without a verdict. Seeds that the ledger has are never run again. Ctrl-C keeps every finished batch; the same
    command resumes.

    \b
    Example:
      expkit run rq01
    """
    if image and executor == "local":
        raise InvalidUsage("--image and --executor local contradict each other", mend="leave one of them out")
    project, _ = open_project(ctx)
    chosen = target_named(project, target)
    heading = f"[bold]{chosen.id}[/] · {escape(chosen.title)}"
    narrator = Narrator(heading, caution=lambda arms: found.caution if (found := uncommitted(project, arms)) else None)
    how = How(
        command=_command_line(),
        observer=narrator,
        workers=workers,
        accept=accept,
        executor=executor,
        image=image,
        retry_failed=retry_failed,
    )
    try:
        if isinstance(chosen, ResearchQuestion):
            answer = run_question(project, chosen, how)
        else:
            answer = run_experiment(project, chosen, how)
    except KeyboardInterrupt:  # before trials ran, after them, or for the second time
        raise Interrupted(
            "interrupted; every finished batch is kept", mend=f"resume with: expkit run {chosen.id}{how.options}"
        ) from None
    narrator.idle(how.options)
    return _report(answer, project, chosen.id)


def _command_line() -> tuple[str, ...]:
    return (Path(sys.argv[0]).name, *sys.argv[1:])


def _report(answer: Answer, project: Project, name: str) -> int:
    if answer.conclusion:
        from expkit.cli.verdicts import verdict_table

        evidence = answer.conclusion.evidence
        results().print(verdict_table(evidence))
        results().print(_outcome_line(answer, name))
    elif answer.tally.attempts:
        trials = sum(len(attempt.work.seeds) for attempt in answer.tally.attempts)
        results().print(f"recorded {counted(trials, 'trial')}; an experiment has no verdict, the questions on it do")
    else:
        results().print("nothing to run: every declared seed is recorded")
    code = _report_publishing(answer.publishing, project, name)
    if answer.conclusion:
        tell_what_is_left(answer.conclusion, Paths(project.root), name)
    refuse_failures(answer.tally)
    return code


def _outcome_line(answer: Answer, name: str) -> str:
    conclusion = answer.conclusion
    assert conclusion is not None
    where = f"research_questions/{name}/outcome.md"
    if conclusion.changed:
        return wrote(conclusion.changed)
    if answer.tally.attempts:
        return f"reproduced: these results equal the committed evidence, digest by digest; {where} is unchanged"
    return f"nothing to run: every declared seed is recorded, and {where} is up to date"


def _report_publishing(publishing: Publishing, project: Project, name: str) -> int:
    if publishing.fault:
        log().print(f"[yellow]publishing pending:[/] {escape(str(publishing.fault))}")
        log().print(f"publish later with: expkit sync {name}")
        return publishing.fault.exit_code
    runs = f"{len(publishing.receipts)} runs in {publishing.name!r}"
    news = f"{publishing.new} new" if publishing.new else "already published"
    file = store_file(publishing.uri)
    where = Paths(project.root).relative(file) if file and file.is_relative_to(project.root) else shown(publishing.uri)
    look = "; look at them with: expkit ui" if file else ""
    results().print(escape(f"MLflow: {runs}, {news}, in {where}{look}"))
    return 0
