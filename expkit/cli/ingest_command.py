"""`expkit ingest`: results that exist already become a file, an experiment and the start of a question."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click
from rich.markup import escape

from expkit.cli.console import log, results
from expkit.cli.project import project_root
from expkit.errors import InvalidUsage
from expkit.outcomes.numbers import counted
from expkit.project.guesses import asked
from expkit.project.ingest import Ingested, Table, Wanted, ingest, readable
from expkit.tracking.place import tracking_uri

_MLFLOW = "mlflow:"


@click.command("ingest")
@click.argument("source", metavar="FILE.csv|mlflow:NAME")
@click.option("--question", required=True, metavar="ID", help="The question to answer; made if there is none.")
@click.option("--title", help="What the results are about.")
@click.option("--experiment", metavar="ID", help="What to call them.  [default: by the file's name]")
@click.option("--arm", metavar="COLUMN", help="What tells arms apart; of MLflow runs params.KEY or tags.KEY.")
@click.option("--seed", metavar="COLUMN", help="What tells the trials of an arm apart.")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME[:lower]", help="A result; :lower where less is better."
)
@click.option("--treatment", metavar="ARM", help="The arm that the first hypothesis is about.")
@click.option("--control", metavar="ARM", help="The arm that it is held against.")
@click.option("--uri", help="The MLflow store to read.  [default: MLFLOW_TRACKING_URI, or the project's own]")
@click.option("--pick", type=click.Choice(["last"]), help="Of several MLflow runs of one arm and seed take the newest.")
@click.option("--force", is_flag=True, help="Replace a file and an experiment of that id; never a question.")
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    question: str,
    title: str | None,
    experiment: str | None,
    arm: str | None,
    seed: str | None,
    metrics: tuple[str, ...],
    treatment: str | None,
    control: str | None,
    uri: str | None,
    pick: Literal["last"] | None,
    force: bool,
) -> None:
    """Make records of results that exist already, under a question.

    A CSV file has a row for every trial: a column for the arm, one for the seed, one for each metric. It is copied to
    results/<id>.csv as it is; beside it experiments/<id>.yaml is written, and a question with a first hypothesis where
    there is none of that id. Of an MLflow experiment, the runs that ended become such a file; those that failed are
    failed trials. What nobody named is guessed, and said. Verdicts on such results are stamped unwitnessed.

    \b
    Examples:
      expkit ingest runs.csv --question rq07 --arm agent --metric return
      expkit ingest mlflow:sweep --question rq08 --arm params.agent --metric loss:lower
    """
    root = project_root(ctx)
    wanted = Wanted(
        question=question,
        title=title,
        experiment=experiment,
        arm=arm,
        seed=seed,
        metrics=tuple(asked(metric) for metric in metrics),
        treatment=treatment,
        control=control,
        force=force,
    )
    if source.startswith(_MLFLOW):
        table, wanted = _exported(root, source.removeprefix(_MLFLOW), wanted, uri, pick)
    elif uri or pick:
        raise InvalidUsage("--uri and --pick are about MLflow runs", mend=f"name the source {_MLFLOW}NAME")
    else:
        table = readable(Path(source))
    _print(ingest(root, table, wanted))


def _exported(
    root: Path, name: str, wanted: Wanted, uri: str | None, pick: Literal["last"] | None
) -> tuple[Table, Wanted]:
    from dataclasses import replace

    from expkit.project.guesses import Asked
    from expkit.tracking.existing import Meant, export

    place = tracking_uri(root, {"MLFLOW_TRACKING_URI": uri} if uri else os.environ)
    metrics = tuple(metric.name for metric in wanted.metrics)
    found = export(place, name, Meant(arm=wanted.arm, seed=wanted.seed, metrics=metrics, pick=pick))
    for remark in found.remarks:
        log().print(escape(remark))
    source = f"{counted(found.runs, 'run')} of the MLflow experiment {name}"
    taken = wanted.metrics or tuple(Asked(name=metric) for metric in found.metrics)
    table = Table(content=found.content, name=f"{_MLFLOW}{name}", source=source, chosen=found.chosen)
    return table, replace(wanted, arm="arm", seed="seed", metrics=taken)


def _print(done: Ingested) -> None:
    for remark in done.remarks:
        log().print(escape(remark))
    trials = ", ".join(f"{name} {count:,}" for name, count in done.trials.items())
    results().print(
        escape(f"{counted(sum(done.trials.values()), 'trial')} of {counted(len(done.trials), 'arm')}: {trials}")
    )
    for name in done.written:
        results().print(f"wrote {escape(name)}")
    if not done.written:
        results().print("every file is there already, with this content")
    results().print(
        f"next: edit what says EDIT, then: expkit check && git add -A && git commit && expkit run {done.question}"
    )
