"""`expkit package`: an arm's trained agent as an image of its own and as a registered model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.markup import escape

from expkit.checkpoint.card import image_words
from expkit.cli import offers
from expkit.cli.console import log, print_json, results
from expkit.cli.progress import Narrator
from expkit.cli.project import arm_named, open_project, question_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.ledger.ledger import Ledger
from expkit.outcomes.numbers import counted, significant
from expkit.package import Packaged, package
from expkit.plan import PlannedArm, plan
from expkit.project.names import listed
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.records.checkpoint import Checkpoint
from expkit.specs.question import ResearchQuestion


@click.command("package")
@click.argument("name", metavar="ARM", shell_complete=offers.arms)
@click.option("--seed", type=click.IntRange(min=0), help="The seed to take.  [default: by the rule]")
@click.option("--rule", type=click.Choice(["best"]), help="How to choose the seed.  [default: best]")
@click.option("--question", "question_name", metavar="QUESTION", help="Whose evidence, where several draw on the arm.")
@click.option(
    "--image",
    metavar="IMAGE",
    help="The image to build on; project is this commit's.  [default: the one it was trained in, else project]",
)
@click.option("--push", is_flag=True, help="Push the image to the configured registry.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    seed: int | None,
    rule: str | None,
    question_name: str | None,
    image: str | None,
    push: bool,
    as_json: bool,
) -> int:
    """Make an image and a registered model of an arm's trained agent.

    The image holds the code, the environment and one seed's final Q-table, and needs nothing else: it evaluates
    itself, acts, and says where it came from. The rule `best` takes the seed with the greatest exact greedy gain, then
    the greatest total reward, then the smallest number. The model is a version of <project>.<question>.<arm> in MLflow,
    with the alias `current`. Evidence that is stale or edited packages nothing.

    \b
    Examples:
      expkit package gambler
      expkit package strategies/gambler --seed 3
    """
    if seed is not None and rule is not None:
        raise click.UsageError("--seed names a seed, and --rule chooses one: give one of them.", ctx=ctx)
    project, paths = open_project(ctx)
    asked = question_named(project, question_name) if question_name else None
    chosen = asked.experiments if asked else tuple(project.experiments)
    ledger = Ledger(paths.ledger)
    arm = arm_named({one: plan(project.experiments[one], ledger.recorded) for one in chosen}, name)
    question = asked or _only_question(project, arm)
    dossier = Dossier(project, question)
    packaged = package(dossier, arm, seed=seed, image=image, push=push, phase=Narrator().phase)
    if as_json:
        print_json(_as_json(packaged))
    else:
        _print(packaged)
    if packaged.fault:
        again = f"expkit package {arm.experiment}/{arm.name} --question {question.id}"
        again += f" --seed {seed}" if seed is not None else ""
        log().print(f"[yellow]publishing pending:[/] {escape(packaged.fault.what)}: {escape(packaged.fault.why or '')}")
        log().print(f"the image is made; register the model later with: {escape(again)}")
        return packaged.fault.exit_code
    return 0


def _only_question(project: Project, arm: PlannedArm) -> ResearchQuestion:
    """The question whose evidence names the arm."""
    found = [one for one in project.questions.values() if arm.experiment in one.experiments]
    if not found:
        raise InvalidUsage(
            f"no question draws on the experiment {arm.experiment}",
            why="a checkpoint is packaged on evidence, and an experiment by itself has none",
            mend=f"ask a question with experiments: [{arm.experiment}], and run it",
        )
    # those that have evidence: a question that was never run names nothing
    answered = [one for one in found if Paths(project.root).evidence(one.id).exists()] or found
    if len(answered) > 1:
        raise InvalidUsage(
            f"{len(answered)} questions draw on the experiment {arm.experiment}",
            mend=f"say whose evidence is meant: --question with one of {listed(one.id for one in answered)}",
        )
    return answered[0]


def _print(packaged: Packaged) -> None:
    one, image = packaged.checkpoint, packaged.image
    out = results()
    out.print(f"[bold]{escape(one.label)}[/] of {one.question} · {_choice(one)}", soft_wrap=True)
    for line in _worth(one):
        out.print(line, soft_wrap=True)
    out.print(f"built on {escape(image_words(one.parent))}: {escape(packaged.parent_is)}", soft_wrap=True)
    out.print(
        f"image  {escape(image.reference)}\n       {image.id}, {escape(image.digest or 'never pushed')}", soft_wrap=True
    )
    for arguments in ("evaluate --episodes 1000", "act --state 0", "info"):
        out.print(f"       docker run --rm {escape(image.reference)} {arguments}", soft_wrap=True)
    if model := packaged.model:
        news = "" if model.created else ", which holds this checkpoint already"
        out.print(f"model  {escape(model.name)} version {model.version}{news}", soft_wrap=True)
        out.print(f'       mlflow.pyfunc.load_model("{escape(model.uri)}").predict([0, 1])', soft_wrap=True)


def _choice(one: Checkpoint) -> str:
    if one.rule == "named":
        return f"seed {one.seed}, as named"
    return f"seed {one.seed}, the best of {counted(one.among, 'seed')} by gain, then total reward"


def _worth(one: Checkpoint) -> Iterator[str]:
    """What the seed is worth, and what choosing it did to that."""
    optimal = one.metrics["optimal_policy"] == 1
    compared = ", the optimum" if optimal else f" (the optimum is {significant(one.optimal_gain, 4)})"
    yield f"it earns exactly {significant(one.metrics['greedy_gain'], 4)} a step{compared}"
    if one.rule == "best":
        total = significant(one.metrics["total_reward"], 5)
        yield f"its total reward of {total} was chosen for being large; evaluate measures afresh"


def _as_json(packaged: Packaged) -> dict[str, Any]:
    one, image, model = packaged.checkpoint, packaged.image, packaged.model
    return {
        "question": one.question,
        "experiment": one.experiment,
        "arm": one.arm,
        "seed": one.seed,
        "rule": one.rule,
        "among": one.among,
        "greedy_gain": one.metrics["greedy_gain"],
        "optimal_gain": one.optimal_gain,
        "checkpoint_digest": packaged.sha256,
        "image": image.record.model_dump(mode="json"),
        "parent": one.parent.model_dump(mode="json"),
        "parent_is": packaged.parent_is,
        "model": model
        and {
            "name": model.name,
            "version": model.version,
            "uri": model.uri,
            "run_id": model.run_id,
            "new": model.created,
        },
        "pending": packaged.fault and f"{packaged.fault.what}: {packaged.fault.why}",
    }
