"""`expkit compare`: the arms of a question side by side with links into MLflow, or its evidence in two commits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from expkit.cli import offers
from expkit.cli.browser import open_page
from expkit.cli.console import print_json, print_link, results, table
from expkit.cli.drawn import print_arms
from expkit.cli.project import open_project, project_root, question_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.outcomes import numbers
from expkit.outcomes.wording import setting_text
from expkit.publish import Publishing, question_publishing
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.tracking.place import LOCAL_PORT, Links, links, store_file
from expkit.tracking.view import compared

_STATISTICS = ("mean", "iqm", "sd", "q05", "min", "max")


@click.command("compare")
@click.argument("question", shell_complete=offers.questions)
@click.option("--metric", default="total_reward", show_default=True, help="The metric to compare the arms by.")
@click.option(
    "--ref",
    "refs",
    multiple=True,
    metavar="COMMIT",
    help="Compare the evidence of this commit (a branch, a tag, an id, HEAD~1) with the work tree's, or with that of "
    "a second --ref.",
)
@click.option("--open", "opens", is_flag=True, help="Open the comparison in a browser.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=LOCAL_PORT, show_default=True, help="Where `expkit ui` serves."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, question: str, metric: str, refs: tuple[str, ...], opens: bool, port: int, as_json: bool
) -> None:
    """The arms of a question side by side, with links that open them in MLflow.

    Only parameters that differ between the arms are shown. With --ref, what differs between two commits instead:
    arms, settings, results, verdicts, wordings, registrations, and where it was computed. Nothing is checked out.

    \b
    Examples:
      expkit compare rq01
      expkit compare rq01 --open
      expkit compare rq01 --ref main                 (main and the work tree)
      expkit compare rq01 --ref main --ref feature
    """
    if opens and (refs or as_json):
        raise InvalidUsage(
            "--open opens the runs in MLflow; it goes with neither --ref nor --json", mend="leave it out"
        )
    if refs:
        from expkit.cli.compare_refs import compare_refs

        compare_refs(project_root(ctx), question, refs, metric, as_json=as_json)
        return
    project, _ = open_project(ctx)
    dossier = Dossier(project, question_named(project, question))
    evidence = dossier.evidence
    if evidence is None:
        raise InvalidUsage(
            f"{dossier.question.id} has no evidence yet", mend=f"run it: expkit run {dossier.question.id}"
        )
    known = sorted({name for arm in evidence.arms for name in arm.summaries})
    if metric not in known:
        raise InvalidUsage(f"there is no metric {metric!r}", mend=f"the metrics are {', '.join(known)}")
    varying = _varying(evidence.arms)
    publishing = question_publishing(dossier, evidence)
    opened = _links(publishing, evidence, port)
    if as_json:
        print_json(_as_json(evidence.arms, varying, publishing, opened))
        return
    several = len(evidence.experiments) > 1
    results().print(f"[bold]{evidence.question}[/] · {escape(metric)}")
    results().print(_statistics(evidence.arms, metric, several=several))
    print_arms(evidence.arms, [_name(arm, several) for arm in evidence.arms], metric)
    if varying:
        results().print("\n[dim]what differs between them[/]")
        results().print(_settings(evidence.arms, varying, several=several))
    results().print()
    if opened is None:
        if opens:
            raise InvalidUsage(f"{evidence.question} is not published yet", mend=f"expkit sync {evidence.question}")
        results().print(f"not published yet: expkit sync {evidence.question}")
        return
    print_link("charts   ", opened.experiment)
    if opened.compare:
        print_link("compare  ", opened.compare)
    if opens:
        open_page(opened.compare or opened.experiment)
    elif store_file(publishing.uri):
        results().print("these open while this runs: expkit ui")


def _statistics(arms: tuple[ArmEvidence, ...], metric: str, *, several: bool) -> Table:
    made = table("arm", *(f">{name}" for name in _STATISTICS), ">optimal", ">n")
    for arm in arms:
        summary = arm.summaries.get(metric)
        values = [getattr(summary, statistic, None) for statistic in _STATISTICS]
        figures = ["" if value is None else numbers.significant(value, 4) for value in values]
        optimal = arm.summaries.get("optimal_policy")
        share = numbers.percent(optimal.mean) if optimal else ""
        made.add_row(_name(arm, several), *figures, share, f"{summary.n if summary else 0:,}")
    return made


def _settings(arms: tuple[ArmEvidence, ...], varying: list[str], *, several: bool) -> Table:
    """Each arm with its own values of what varies, in lines that wrap: one arm may have ten settings, another one."""
    short = _short_names(varying)
    made = table("", "", header=False)
    for arm in arms:
        settings = [
            f"[dim]{short[path]}[/] {escape(setting_text(arm.parameters[path]))}"
            for path in varying
            if path in arm.parameters
        ]
        made.add_row(_name(arm, several), ", ".join(settings))
    return made


def _name(arm: ArmEvidence, several: bool) -> str:
    return escape(f"{arm.experiment}/{arm.name}" if several else arm.name)


def _short_names(paths: list[str]) -> dict[str, str]:
    """Parameters without `agent.` or `environment.`, where that leaves no two of them with one name."""
    short = {path: path.split(".", 1)[1] for path in paths}
    names = Counter(short.values())
    return {path: name if names[name] == 1 else path for path, name in short.items()}


def _varying(arms: tuple[ArmEvidence, ...]) -> list[str]:
    """The parameters that not all arms share."""
    names = dict.fromkeys(name for arm in arms for name in arm.parameters)
    return [name for name in names if len({str(arm.parameters.get(name)) for arm in arms}) > 1]


def _links(publishing: Publishing, evidence: Evidence, port: int) -> Links | None:
    several = len(evidence.experiments) > 1
    names = [
        f"{arm.experiment}/{arm.name}" if several else arm.name for arm in compared(evidence.arms, evidence.hypotheses)
    ]
    receipts = [publishing.receipts[name] for name in names if name in publishing.receipts]
    if not receipts:
        return None
    return links(publishing.uri, receipts[0].experiment_id, [receipt.run_id for receipt in receipts], port)


def _as_json(
    arms: tuple[ArmEvidence, ...], varying: list[str], publishing: Publishing, opened: Links | None
) -> dict[str, Any]:
    return {
        "varying": varying,
        "arms": [
            {
                "experiment": arm.experiment,
                "arm": arm.name,
                "arm_key": arm.key,
                "parameters": arm.parameters,
                "summaries": {name: summary.model_dump(mode="json") for name, summary in arm.summaries.items()},
            }
            for arm in arms
        ],
        "mlflow": {
            "experiment": publishing.name,
            "runs": {name: receipt.run_id for name, receipt in publishing.receipts.items()},
            "missing": list(publishing.missing),
            "charts": opened.experiment if opened else None,
            "compare": opened.compare if opened else None,
        },
    }
