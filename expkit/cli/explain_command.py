"""`expkit explain`: a hypothesis in plain words, before anything runs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click
from pydantic_core import to_jsonable_python
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import log, print_json, results, table
from expkit.cli.project import open_project, question_named
from expkit.dossier import Dossier
from expkit.errors import CheckFailed
from expkit.outcomes import numbers
from expkit.outcomes.archive import read_records, with_ledger
from expkit.outcomes.explanation import Compared, Decided, compared, decided
from expkit.outcomes.foresight import foresights, lacking, sentences, warning
from expkit.outcomes.freshness import staleness
from expkit.outcomes.registration import all_standings
from expkit.outcomes.situation import Situation, exploratory_if, next_step, prediction, situation, tree
from expkit.outcomes.standing import with_results
from expkit.outcomes.wording import setting_text
from expkit.project.names import match
from expkit.provenance.git import read_git
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.specs.criterion import arms_of
from expkit.specs.question import Hypothesis


@click.command("explain")
@click.argument("question", shell_complete=offers.questions)
@click.argument("hypothesis", required=False, shell_complete=offers.hypotheses)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, question: str, hypothesis: str | None, as_json: bool) -> None:
    """A hypothesis in plain words before anything runs: what is compared, how, and what would decide it.

    Told of one hypothesis or of all: the arms and what they differ in, the test and its level, what would make the
    claim supported, refuted, inconclusive or invalid, the power of the declared seeds for what is expected, and
    whether a run would make it confirmatory. Nothing runs and nothing is written.

    \b
    Examples:
      expkit explain rq01 h1
      expkit explain rq01
    """
    project, _ = open_project(ctx)
    dossier = Dossier(project, question_named(project, question))
    chosen = {one.id: one for one in dossier.question.hypotheses}
    if hypothesis:
        name = match("hypothesis", hypothesis, chosen, of=dossier.question.id)
        chosen = {name: chosen[name]}
    told = _explained(dossier, list(chosen.values()))
    if as_json:
        print_json(to_jsonable_python(told))
        return
    for index, one in enumerate(told):
        if index:
            results().print()
        following = told[index + 1 : index + 2]
        _print(one, last=not following or following[0]["next"] != one["next"])


def _explained(dossier: Dossier, hypotheses: list[Hypothesis]) -> list[dict[str, Any]]:
    """Everything there is to tell of each hypothesis, for people and machines alike."""
    question, root = dossier.question, dossier.project.root
    git, _ = read_git(root)
    standing = all_standings(dossier.project.questions, dossier.project.experiments)
    records = read_records(dossier.paths, History(root), question.id, [arm.key for arm in dossier.arms], standing)
    records = with_ledger(records, dossier.ledger, question.id, dossier.arms, standing)
    records = with_results(records, dossier.results.values())
    stands = {one.hypothesis: one for one in dossier.standings}
    earlier = _earlier(dossier)
    told = []
    for one in hypotheses:
        experiment = dossier.experiments[one.experiment]
        arms = {arm.name: arm for arm in dossier.planned[one.experiment]}
        chosen = [arms[name] for name in arms_of(one.criterion)]
        what = compared(one, experiment, arms)
        how = decided(question, one, experiment, what.metric)
        found = () if one.withdrawn else foresights(one.criterion, what, how, chosen, earlier)
        now = situation(stands[one.id], chosen, records, git)
        told.append(
            {
                "question": question.id,
                "hypothesis": one.id,
                "statement": one.statement,
                "withdrawn": one.withdrawn,
                "compared": what,
                "decided": how,
                "expected": one.criterion.expected,
                "power": [
                    {"spread": fore.spread, "strictest": fore.strictest, "mildest": fore.mildest, "said": said}
                    for fore in found
                    for said in [" ".join(sentences(fore, one.criterion, how))]
                ],
                "to_declare": None if one.withdrawn else lacking(one.criterion, how, found),
                "warnings": list(dict.fromkeys(said for fore in found if (said := warning(fore, one.criterion, what)))),
                "situation": now,
                "next": next_step(question.id, one.experiment, now, answered=_is_answered(dossier)),
            }
        )
    return told


def _earlier(dossier: Dossier) -> list[Evidence]:
    """Evidence that tells of any of the question's arms: its own, then that of other questions."""
    keys = {arm.key for arm in dossier.arms}
    others = [Dossier(dossier.project, one) for one in dossier.project.questions.values() if one != dossier.question]
    found = []
    for one in (dossier, *others):
        with suppress(CheckFailed):  # a broken file is for `check` to report
            if (evidence := one.evidence) and not keys.isdisjoint(arm.key for arm in evidence.arms):
                found.append(evidence)
    return found


def _is_answered(dossier: Dossier) -> bool:
    """Whether the outcome that stands is that of the question as it is declared now."""
    evidence = dossier.evidence
    return evidence is not None and not staleness(
        evidence, question=dossier.question, experiments=dossier.experiments, planned=dossier.planned
    )


def _print(told: dict[str, Any], *, last: bool) -> None:
    """`last`: whether what to type next is not the same for the one after it."""
    what: Compared = told["compared"]
    how: Decided = told["decided"]
    now: Situation = told["situation"]
    results().print(f"[bold]{told['question']} {told['hypothesis']}[/] · {escape(told['statement'])}")
    if told["withdrawn"]:
        results().print(f"withdrawn: {escape(told['withdrawn'])}")
        results().print("Nothing decides it any more. It still counts in the family, and keeps its share of alpha.")
        return
    made = table("", "", header=False)
    for name, said in (*_what(what), *_how(how)):
        made.add_row(f"[bold]{name}[/]", escape(said))
    for index, line in enumerate(_power(told)):
        made.add_row("" if index else "[bold]power[/]", escape(line))
    made.add_row("[bold]exploratory[/]", escape(exploratory_if(now)))
    made.add_row("[bold]now[/]", escape(_now(now)))
    results().print(made)
    for line in told["warnings"]:
        log().print(f"[yellow]warning[/] {told['question']} {told['hypothesis']}: {escape(line)}")
    if last:
        results().print(f"next: {escape(told['next'])}")


def _what(what: Compared) -> list[tuple[str, str]]:
    rows = [("compared", f"{' with '.join(what.arms)}, of experiment {what.experiment}")]
    for one in what.differences:
        values = ["none" if value is None else setting_text(value) for value in one.values]
        rows.append(("", f"{one.parameter}: {' | '.join(values)}"))
    metric = what.metric
    counts = " and ".join(f"{count:,}" for count in dict.fromkeys(what.seeds))
    luck = "arms meet the same luck seed by seed" if what.streams == "common" else "every arm has its own luck"
    each = "the arm" if len(what.arms) == 1 else "each arm"
    return [
        *rows,
        ("in", what.environment),
        ("metric", f"{metric.name}: {metric.definition} (unit {metric.unit}; {metric.better} is better)"),
        ("seeds", f"{counts} of {each}, root {what.root}, streams {what.streams}: {luck}"),
    ]


def _how(how: Decided) -> list[tuple[str, str]]:
    return [
        ("test", how.test),
        ("estimate", how.estimate),
        ("level", how.level),
        ("supported", how.supported),
        ("refuted", how.refuted),
        ("inconclusive", how.inconclusive),
        *(("invalid" if not index else "", said) for index, said in enumerate(how.invalid)),
    ]


def _power(told: dict[str, Any]) -> list[str]:
    lines = [one["said"] for one in told["power"]]
    return [*lines, *([f"to know more, {told['to_declare']}"] if told["to_declare"] else [])]


def _now(now: Situation) -> str:
    if not now.recorded:
        known = "no data exist yet"
    else:
        known = f"data exist of {now.recorded:,} of {numbers.counted(now.trials, 'trial')}, since {now.since}"
    return f"{tree(now.git)}; {known}. {prediction(now)}"
