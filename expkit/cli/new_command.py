"""`expkit new`: a question, a hypothesis or an experiment, written from answers or from flags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.arranging import Arranged, arranged
from expkit.cli.asking import answer, go_on, may_ask, one_of, text
from expkit.cli.claiming import Said, experiment_of, hypothesis
from expkit.cli.console import log, print_json, results
from expkit.cli.foreseen import after_the_data, family_after_the_data, run_already
from expkit.cli.project import open_project, question_named
from expkit.errors import InvalidUsage
from expkit.project.names import listed
from expkit.project.scaffold.append import with_hypothesis
from expkit.project.scaffold.create import change, check_id, create, must_pass, next_id
from expkit.project.scaffold.experiment import experiment_text
from expkit.project.scaffold.like import text_like
from expkit.project.scaffold.question import question_text

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("new")
def command() -> None:
    """Write a question, a hypothesis or an experiment, from answers or from flags.

    In a terminal, what no flag says is asked. What is written passes expkit check, and explains itself in comments.

    \b
    Examples:
      expkit new experiment
      expkit new question
      expkit new hypothesis rq01
    """


def _of_a_hypothesis(function: _Command) -> _Command:
    """The flags that say what a hypothesis claims."""
    for option in reversed(
        (
            click.option("--experiment", metavar="ID", help="The experiment whose arms it speaks of."),
            click.option("--metric", help="What is measured of each seed: total_reward, regret, ..."),
            click.option(
                "--kind", type=click.Choice(["difference", "ratio", "value"]), help="What is claimed of the arms."
            ),
            click.option("--treatment", metavar="ARM", help="The arm that the claim is about."),
            click.option("--control", metavar="ARM", help="The arm that it is held against."),
            click.option("--arm", metavar="ARM", help="The one arm of a value."),
            click.option("--at-least", type=float, metavar="X", help="The claim: this much or more."),
            click.option("--at-most", type=float, metavar="X", help="The claim: this much or less."),
            click.option("--within", type=(float, float), metavar="LOW HIGH", help="The claim: between these two."),
            click.option("--estimand", type=click.Choice(["iqm", "mean"]), help="Of the seeds.  [default: iqm]"),
            click.option("--expected", type=float, metavar="X", help="What you expect, for the power before the run."),
            click.option("--statement", help="The claim in words.  [default: as the criterion says]"),
        )
    ):
        function = option(function)
    return function


@command.command("question", short_help="A question with its first hypothesis.")
@click.argument("question", metavar="[ID]", required=False)
@click.option("--question", "asked", metavar="TEXT", help="What you want to know, in one sentence.")
@click.option("--title", help="What to call it.  [default: the sentence]")
@click.option("--scope", help="Where the answer holds, and where it does not.")
@_of_a_hypothesis
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def question_command(
    ctx: click.Context,
    /,
    question: str | None,
    asked: str | None,
    title: str | None,
    scope: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Write a question with its first hypothesis: research_questions/ID/question.yaml.

    \b
    Example:
      expkit new question --question "Does looking ahead pay?" --experiment strategies \\
        --metric total_reward --treatment gambler --control accountant --at-least 500
    """
    said = Said(**flags)
    project, paths = open_project(ctx)
    if not project.experiments:
        raise InvalidUsage("a question draws on an experiment, and there is none yet", mend="expkit new experiment")
    taken = [folder.name for folder in paths.questions.glob("*/")] if paths.questions.is_dir() else []
    asks = may_ask("new question", {"--question": asked, **said.needed(project.experiments)})
    proposed = next_id("rq", taken, digits=2)

    def free(given: str) -> str:
        return check_id("a question", given, taken)

    run = run_already(project, project.experiments)
    experiment = experiment_of(said, project.experiments, run)
    if experiment.id in run:
        _warn(after_the_data(experiment.id), asks=asks)
    if question is None and asks:
        question = answer("id of the question", free, default=proposed)
    question = free(question or proposed)
    if asked is None:
        asked = answer("what do you want to know, in one sentence", text)
    if title is None and asks:
        title = answer("title", text, default=asked.strip().rstrip("?"))
    new = hypothesis(said, experiment, id="h1", asks=asks)
    written = question_text(
        question=question, title=title, asked=asked, scope=scope, hypotheses=[new], schema=paths.schemas.is_dir()
    )
    place = paths.relative(paths.question(question))
    must_pass(project.root, place, written.encode())
    create(project.root, {place: written})
    _done([place], as_json, _ask(question), id=question)


@command.command("hypothesis", short_help="A hypothesis more, behind a question's last one.")
@click.argument("question", shell_complete=offers.questions)
@click.option("--id", "identity", metavar="ID", help="What to call it.  [default: the next of h1, h2, ...]")
@_of_a_hypothesis
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def hypothesis_command(ctx: click.Context, /, question: str, identity: str | None, as_json: bool, **flags: Any) -> None:
    """Add a hypothesis to a question, behind its last one; every other line of the file stays as it is.

    The hypotheses of a question share one risk. Once it has data, one more makes all of them exploratory, and that is
    said before anything is asked.

    \b
    Example:
      expkit new hypothesis rq01 --metric optimal_policy --arm gambler --at-least 0.9
    """
    said = Said(**flags)
    project, paths = open_project(ctx)
    chosen = question_named(project, question)
    experiments = {name: project.experiments[name] for name in chosen.experiments}
    if said.experiment in project.experiments and said.experiment not in experiments:
        raise InvalidUsage(
            f"{chosen.id} lists no experiment {said.experiment!r}",
            where=paths.relative(paths.question(chosen.id)),
            mend=f"add {said.experiment} to its experiments, or take one of {listed(experiments)}",
        )
    asks = may_ask("new hypothesis", said.needed(experiments))
    there = [one.id for one in chosen.hypotheses]
    if run := run_already(project, experiments):
        _warn(family_after_the_data(chosen), asks=asks)
    identity = check_id("a hypothesis", identity or next_id("h", there), there)
    new = hypothesis(said, experiment_of(said, experiments, run), id=identity, asks=asks)
    file = paths.question(chosen.id)
    place = paths.relative(file)
    content = with_hypothesis(place, file.read_bytes(), new)
    must_pass(project.root, place, content)
    change(file, content)
    _done([place], as_json, _ask(chosen.id), id=identity)


@command.command("experiment", short_help="An experiment, or a copy on fresh seeds.")
@click.argument("experiment", metavar="[ID]", required=False)
@click.option("--title", help="What to call it.  [default: its arms and where they are]")
@click.option(
    "--environment",
    metavar="WHAT",
    help="dungeon, a table environments/FILE.csv, module:name, or an id of Gymnasium's.  [default: dungeon]",
)
@click.option("--discount", type=float, help="Of the return, where the environment has one.")
@click.option("--agents", metavar="A,B", help="One arm each: drunkard, gambler, sarsa, ..., or module:name.")
@click.option("--steps", type=click.IntRange(min=40), help="Of one trial.  [default: 10000]")
@click.option("--seeds", type=click.IntRange(min=5), help="Replicates of every arm.  [default: 50]")
@click.option("--streams", type=click.Choice(["independent", "common"]), default="independent", show_default=True)
@click.option("--like", metavar="ID", help="A copy of another experiment, comments and all, on fresh seeds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def experiment_command(
    ctx: click.Context,
    experiment: str | None,
    title: str | None,
    environment: str | None,
    discount: float | None,
    agents: str | None,
    steps: int | None,
    seeds: int | None,
    streams: Literal["independent", "common"],
    like: str | None,
    as_json: bool,
) -> None:
    """Write an experiment: experiments/ID.yaml, with a root from random bits.

    Programs of your own are not trained here but run as they are: expkit import, or docs/command-trainer.md.

    \b
    Examples:
      expkit new experiment lakes --environment FrozenLake-v1 --agents q_learning,sarsa
      expkit new experiment again --like strategies
    """
    project, paths = open_project(ctx)

    def free(given: str) -> str:
        return check_id("an experiment", given, project.experiments)

    said = Arranged(title=title, environment=environment, discount=discount, agents=agents, steps=steps, seeds=seeds)
    if like is not None:
        if said != Arranged():
            raise InvalidUsage("--like copies everything", mend="leave the other flags out, and edit the copy")
        source = paths.experiment(one_of("experiment", project.experiments)(like))
        experiment = free(experiment or next_id(f"{like}-", [*project.experiments, f"{like}-1"]))
        written = text_like(paths.relative(source), source.read_bytes(), experiment)
    else:
        asks = may_ask("new experiment", {"--agents": agents})
        proposed = next_id("exp", project.experiments, digits=2)
        if experiment is None and asks:
            experiment = answer("id of the experiment", free, default=proposed)
        experiment = free(experiment or proposed)
        new = arranged(said, id=experiment, streams=streams, root=project.root, asks=asks)
        written = experiment_text(new, schema=paths.schemas.is_dir())
    place = paths.relative(paths.experiment(experiment))
    must_pass(project.root, place, written.encode())
    create(project.root, {place: written})
    following = f"edit {place} where a setting is to be another; then: expkit new question --experiment {experiment}"
    _done([place], as_json, following, id=experiment)


def _warn(said: str, *, asks: bool) -> None:
    log().print(f"[yellow]warning:[/] {escape(said)}")
    if asks:
        go_on("go on all the same?")


def _ask(question: str) -> str:
    return f"expkit explain {question}; then: git add -A && git commit -m 'Ask {question}' && expkit run {question}"


def _done(written: Sequence[str], as_json: bool, following: str, **more: object) -> None:
    if as_json:
        print_json({**more, "written": [*written]})
        return
    for name in written:
        results().print(f"wrote {escape(Path(name).as_posix())}")
    results().print(f"next: {following}", markup=False, soft_wrap=True)
