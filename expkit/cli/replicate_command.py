"""`expkit replicate`: a question's hypotheses on seeds drawn afresh."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click
from rich.markup import escape
from rich.table import Table

from expkit.cli import offers
from expkit.cli.console import print_json, results, styled_verdict, table
from expkit.cli.failures import refuse_failures
from expkit.cli.progress import Narrator
from expkit.cli.project import open_project, question_named
from expkit.cli.written import wrote
from expkit.completion import How
from expkit.errors import Interrupted, InvalidUsage
from expkit.outcomes import sentences
from expkit.outcomes.replication import agreed, objection, within_registered
from expkit.replicate import Replicated, Roots, draw, replicate
from expkit.specs.question import ResearchQuestion

_LARGEST_ROOT = 2**53 - 1
_AGREEMENT = {True: "[green]agrees[/]", False: "[bold red]differs[/]", None: "[dim]nothing to compare[/]"}


@click.command("replicate")
@click.argument("question", shell_complete=offers.questions)
@click.option("--root", type=click.IntRange(0, _LARGEST_ROOT), help="The root to use; it earns no grade.")
@click.option("--commit", metavar="REF", help="The commit whose id gives the root.  [default: HEAD]")
@click.option("--record", is_flag=True, help="Write the replication into the question's evidence and outcome.")
@click.option("-j", "--workers", type=click.IntRange(min=1), help="Cores to use.  [default: all]")
@click.option(
    "--executor",
    type=click.Choice(["local", "docker"]),
    help="Where trials run.  [default: docker where the experiment names an image, else local]",
)
@click.option("--image", metavar="IMAGE", help="The image to run in, instead of the declared or the project's own one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str,
    root: int | None,
    commit: str | None,
    record: bool,
    workers: int | None,
    executor: Literal["local", "docker"] | None,
    image: str | None,
    as_json: bool,
) -> int:
    """Test a question's hypotheses on seeds drawn afresh, beside the registered verdicts.

    Everything stays as it is declared but for the root. It is derived from a commit's id, which nobody could know when
    the hypotheses in that commit were written; or it is named with --root. The same root again runs nothing.

    Two verdicts agree when they are the same: inconclusive does not agree with supported. Whatever the verdicts, the
    exit code is 0: that a verdict was not found again is a result, not an error. With --record, the replication is kept
    in evidence.json and shown in outcome.md; a hypothesis is "replicated" when the commit declared it, a remote held
    the commit before the trials ran, the tree was clean, and every such replication on record agrees.

    \b
    Examples:
      expkit replicate rq01
      expkit replicate rq01 --commit origin/main --record
    """
    if root is not None and commit is not None:
        raise InvalidUsage("--root and --commit contradict each other", mend="leave one of them out")
    if image and executor == "local":
        raise InvalidUsage("--image and --executor local contradict each other", mend="leave one of them out")
    project, _ = open_project(ctx)
    chosen = question_named(project, question)
    roots = draw(project, chosen, root=root, commit=commit or "HEAD")
    # in front of JSON nothing may stand, so that there even the first line is a remark
    narrator = Narrator(None if as_json else f"[bold]{chosen.id}[/] · {escape(chosen.title)}")
    command_line = (Path(sys.argv[0]).name, *sys.argv[1:])
    how = How(command=command_line, observer=narrator, workers=workers, executor=executor, image=image)
    try:
        found = replicate(project, chosen, roots, how, record=record)
    except KeyboardInterrupt:  # before trials ran, after them, or for the second time
        again = f"expkit replicate {chosen.id} {roots.options}{' --record' if record else ''}{how.options}"
        raise Interrupted("interrupted; every finished batch is kept", mend=f"resume with: {again}") from None
    if as_json:
        print_json(_as_json(found, roots))
    else:
        narrator.idle(how.options)
        _print(found, roots, chosen, record=record)
    refuse_failures(found.tally)
    return 0


def _print(found: Replicated, roots: Roots, question: ResearchQuestion, *, record: bool) -> None:
    replication = found.replication
    origin = f"drawn from {roots.commit[:12]}" if roots.commit else "as given"
    for name in roots.by_experiment:
        (registered,) = {arm.registered_root for arm in replication.arms if arm.experiment == name}
        results().print(f"[dim]{name}: root {roots.by_experiment[name]}, {origin}; registered was {registered}[/]")
    results().print(_verdicts(found))
    for hypothesis in found.evidence.hypotheses:
        if hypothesis.standing == "exploratory":
            results().print(f"{hypothesis.id} is exploratory: {escape(hypothesis.standing_reason)}")
    results().print(f"[bold]{sentences.agreement_count(replication)}[/]")
    if within := sentences.estimates_within(found.evidence.hypotheses, replication):
        results().print(f"[dim]{within}[/]")
    if found.changed:
        results().print(wrote(found.changed))
    elif found.known:
        results().print("this replication is recorded already; the outcome stays as it was")
    else:
        results().print(f"not recorded; to record it: expkit replicate {question.id} {roots.options} --record")
    if found.unrecorded:
        roots_tried = ", ".join(str(root) for root in found.unrecorded)
        results().print(
            f"[yellow]replicated here and not recorded: root {roots_tried}[/]; "
            "a reader who sees only the recorded ones is misled, so record those too or say why not"
        )
    if found.changed or found.known:
        _print_grades(found)
    if found.changed:
        results().print(f"publish the outcome as it is now with: expkit sync {question.id}")


def _verdicts(found: Replicated) -> Table:
    made = table("", "registered", "", "replication", "", "")
    replicated = {one.decision_digest: one for one in found.replication.hypotheses}
    for hypothesis in found.evidence.hypotheses:
        one = replicated[hypothesis.decision_digest]
        test = hypothesis.test
        made.add_row(
            f"[bold]{hypothesis.id}[/]",
            styled_verdict(one.registered),
            sentences.estimate_with_interval(hypothesis, test) if test else escape(hypothesis.reason or ""),
            styled_verdict(one.verdict),
            sentences.replicated_estimate(one) if one.estimate is not None else escape(one.reason or ""),
            _AGREEMENT[one.agree],
        )
    return made


def _print_grades(found: Replicated) -> None:
    if ids := [one.id for one in found.evidence.hypotheses if one.grade == "replicated"]:
        results().print(f"replicated: {', '.join(ids)}")
    objections = dict.fromkeys(objection(found.replication, one) for one in found.replication.hypotheses)
    for why in objections:
        if why:
            results().print(f"[dim]this replication earns no grade: {escape(why)}[/]")


def _as_json(found: Replicated, roots: Roots) -> dict[str, Any]:
    agreeing, told = agreed(found.replication)
    replicated = {one.decision_digest: one for one in found.replication.hypotheses}
    hypotheses = []
    for registered in found.evidence.hypotheses:
        one = replicated[registered.decision_digest]
        test = registered.test
        hypotheses.append(
            {
                "id": registered.id,
                "decision_digest": registered.decision_digest,
                "registered": {
                    "verdict": one.registered,
                    "estimate": test.estimate if test else None,
                    "interval": test.interval.model_dump(mode="json") if test else None,
                    "grade": registered.grade,
                    "standing": registered.standing,
                    "reason": registered.standing_reason,
                },
                "replication": {
                    "verdict": one.verdict,
                    "estimate": one.estimate,
                    "interval": one.interval.model_dump(mode="json") if one.interval else None,
                    "reason": one.reason,
                },
                "agree": one.agree,
                "within_registered_interval95": within_registered(registered, one),
                "objection": objection(found.replication, one),
            }
        )
    return {
        "question": found.evidence.question,
        "commit": roots.commit,
        "pushed": found.replication.draw.pushed,
        "roots": dict(roots.by_experiment),
        "agree": agreeing,
        "of": told,
        "recorded": found.known or bool(found.changed),
        "unrecorded_roots": list(found.unrecorded),
        "written": list(found.changed),
        "trials": sum(len(attempt.work.seeds) for attempt in found.tally.attempts),
        "hypotheses": hypotheses,
    }
