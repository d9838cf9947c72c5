"""`expkit reproduce`: recorded trials executed again and compared."""

from __future__ import annotations

from typing import Any, Literal

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import print_json, results, table
from expkit.cli.progress import Narrator
from expkit.cli.project import open_project, question_named
from expkit.dossier import Dossier
from expkit.errors import Interrupted, InvalidUsage
from expkit.ledger.ledger import Ledger
from expkit.outcomes.numbers import counted
from expkit.reproduce import Reproduction, Row, Terms, reproduce
from expkit.reproduction.recorded import account_of_attempts, account_of_question
from expkit.reproduction.sample import RULE


@click.command("reproduce")
@click.argument("name", metavar="QUESTION|ATTEMPT", shell_complete=offers.questions)
@click.option(
    "--on",
    type=click.Choice(["image", "host"]),
    help="Where to execute.  [default: in the recorded image, or on this host where there was none]",
)
@click.option("--image", metavar="IMAGE", help="The image to execute in, instead of the recorded one.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help=f"Only N seeds of each arm, {RULE}.")
@click.option("-j", "--workers", type=click.IntRange(min=1), help="Cores to use.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    on: Literal["image", "host"] | None,
    image: str | None,
    sample: int | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Execute recorded trials again, from their commit and in their image, and compare every digest.

    Of a question, the newest complete attempts of each arm in this machine's ledger count, or else its evidence.json;
    an attempt is named by the beginning of its id. The image is found by its repository digest, else by its Id, else
    rebuilt from the commit. Nothing is recorded. Exit 1 when anything differs: the first seed, state and action, and
    by how much.

    \b
    Examples:
      expkit reproduce rq01
      expkit reproduce 20261120T1201 --on host
    """
    if image and on == "host":
        raise InvalidUsage("--image and --on host contradict each other", mend="leave one of them out")
    project, paths = open_project(ctx)
    if name[:8].isdigit() and not any(question.startswith(name) for question in project.questions):
        account = account_of_attempts(Ledger(paths.ledger), name)
    else:
        account = account_of_question(Dossier(project, question_named(project, name)))
    heading = f"[bold]{escape(account.name)}[/] · {escape(account.title)}"
    narrator = Narrator(None if as_json else heading)
    terms = Terms(observer=narrator, on=on, image=image, sample=sample, workers=workers)
    try:
        found = reproduce(project.root, account, terms)
    except KeyboardInterrupt:  # before trials ran, after them, or for the second time
        raise Interrupted(
            "interrupted; nothing was compared and nothing is left behind", mend="type the same command again"
        ) from None
    if as_json:
        print_json(_as_json(found, sample))
    else:
        narrator.idle()
        _print(found, sample)
    return 0 if found.matches else 1


def _print(found: Reproduction, sample: int | None) -> None:
    for remark in found.remarks:
        results().print(escape(remark))
    if sample:
        results().print(f"a sample: {counted(sample, 'seed')} of each arm, {RULE}")
    several = len({_experiment(row) for row in found.rows} - {None}) > 1
    made = table("arm", ">seeds", "from", "commit", "image", "result")
    for column in made.columns[:-1]:
        column.no_wrap = column.header != "from"  # what is long folds, and what it is about stays legible
    for row in found.rows:
        recording, origin = row.recording, row.recording.origin
        name = f"{_experiment(row)}/{recording.arm}" if several and _experiment(row) else recording.arm
        made.add_row(
            escape(name),
            f"{len(row.compared.seeds) if row.compared else 0:,}",
            recording.source,
            f"{(origin.commit or '')[:12]}{' dirty' if origin.dirty else ''}",
            _image(row),
            _result(row),
        )
    results().print(made)
    for row in found.rows:
        if row.otherwise:
            commit = (row.recording.origin.commit or "")[:12]
            results().print(f"the declaration at {commit} resolves to another arm: {escape(row.otherwise)}")
    for arm in found.account.absent:
        results().print(f"[yellow]not compared:[/] of {escape(arm)} nothing whole is recorded")
    for sentence in found.account.unrepeatable:
        results().print(f"[yellow]not compared:[/] {escape(sentence)}; expkit replicate {escape(found.account.name)}")
    results().print(_sentence(found))


def _experiment(row: Row) -> str | None:
    return row.experiment or row.recording.experiment


def _image(row: Row) -> str:
    if row.place is None:
        return "[dim]not run[/]"
    image = row.place.image
    return "[dim]host[/]" if image is None else escape(image.id.removeprefix("sha256:")[:12])


def _result(row: Row) -> str:
    if row.compared is None:
        return "[bold red]differs[/]: the commit declares another arm"
    if row.matches:
        return f"[bold green]match[/]{'' if row.compared.by_digest else ' in the metrics that the evidence holds'}"
    return f"[bold red]differs[/]: {escape(str(row.compared.first))}"


def _sentence(found: Reproduction) -> str:
    compared = [row.compared for row in found.rows if row.compared]
    if found.matches:
        trials = sum(len(one.seeds) for one in compared)
        how = "digest by digest" if all(one.by_digest for one in compared) else "metric by metric"
        return f"reproduced: {counted(trials, 'trial')} came out as recorded, {how}"
    wrong = [row for row in found.rows if not row.matches]
    names = list(dict.fromkeys(row.recording.arm for row in wrong))
    verb = "differs" if len(names) == 1 else "differ"
    seeds = sum(len(row.compared.differing) for row in wrong if row.compared)
    where = f" in {counted(seeds, 'trial')}" if seeds else ""
    return f"[bold red]not reproduced[/]: {escape(', '.join(names))} {verb} from what is recorded{where}"


def _as_json(found: Reproduction, sample: int | None) -> dict[str, Any]:
    return {
        "name": found.account.name,
        "reproduced": found.matches,
        "sample": sample,
        "remarks": list(found.remarks),
        "not_compared": list(found.account.absent),
        "unrepeatable": list(found.account.unrepeatable),
        "arms": [_row_json(row) for row in found.rows],
    }


def _row_json(row: Row) -> dict[str, Any]:
    recording, compared = row.recording, row.compared
    origin, image = recording.origin, row.place.image if row.place else None
    first = compared.first if compared else None
    return {
        "experiment": _experiment(row),
        "arm": recording.arm,
        "arm_key": recording.key,
        "root": recording.root,
        "seeds": list(compared.seeds) if compared else [],
        "attempts": list(recording.attempts),
        "commit": origin.commit,
        "dirty": origin.dirty,
        "executed": None if row.place is None else "host" if image is None else "image",
        "image": image.record.model_dump(mode="json") if image else None,
        "matches": row.matches,
        "by_digest": bool(compared and compared.by_digest),
        "declared_otherwise": row.otherwise,
        "differing": list(compared.differing) if compared else [],
        "first": None
        if first is None
        else {
            "seed": first.seed,
            "what": first.what,
            "place": first.place,
            "state": first.state,
            "action": first.action,
            "recorded": first.recorded,
            "here": first.here,
            "difference": first.by,
        },
    }
