"""`expkit status`: every hypothesis, its verdict, its registration, and what is still to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.markup import escape

from expkit.cli import offers
from expkit.cli.console import log, print_json, results, styled_verdict, table
from expkit.cli.drawn import print_intervals
from expkit.cli.foreseen import uncommitted
from expkit.cli.project import open_project, questions_named
from expkit.dossier import Dossier
from expkit.outcomes.freshness import staleness
from expkit.outcomes.numbers import counted
from expkit.outcomes.registration import is_unwitnessed
from expkit.outcomes.standing import registered_trials, trials_of
from expkit.outcomes.verification import trust_by_hypothesis, verify, verify_replications
from expkit.plan import PlannedArm
from expkit.provenance.history import History
from expkit.publish import question_publishing
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing


@click.command("status")
@click.argument("question", required=False, shell_complete=offers.questions)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, question: str | None, as_json: bool) -> None:
    """Every hypothesis: its verdict, how it is registered, and what is still to do."""
    project, _ = open_project(ctx)
    history = History(project.root)
    dossiers = [Dossier(project, one) for one in questions_named(project, question)]
    states = [_state(dossier, history) for dossier in dossiers]
    if as_json:
        print_json(states)
        return
    for index, (dossier, state) in enumerate(zip(dossiers, states, strict=True)):
        if index:
            results().print()
        _print(state)
        print_intervals(dossier.evidence)


def _print(state: dict[str, Any]) -> None:
    results().print(f"[bold]{state['id']}[/] · {escape(state['title'])}")
    if any(one["verdict"] for one in state["hypotheses"]):
        made = table("", "verdict", "registration", "registered at", "data since", "git says")
        for one in state["hypotheses"]:
            at = one["registered"]
            made.add_row(
                f"[bold]{one['id']}[/]",
                styled_verdict(one["verdict"]) if one["verdict"] else "[dim]no data yet[/]",
                f"{one['standing'] or ''}{', unwitnessed' if one['unwitnessed'] else ''}"
                f"{', ' + one['grade'] if one['grade'] else ''}",
                f"{at['commit'][:7]} {(at['date'] or '')[:10]}" if at else "",
                (one["data_since"] or "")[:10],
                one["trust"] or "",
            )
        results().print(made)
    else:
        results().print(f"[dim]{', '.join(one['id'] for one in state['hypotheses'])}: no data yet[/]")
    alike: dict[tuple[str, str], list[str]] = {}
    for one in state["hypotheses"]:
        if one["standing"]:
            alike.setdefault((one["standing"], one["reason"]), []).append(one["id"])
    for (standing, reason), ids in alike.items():
        are = "is" if len(ids) == 1 else "are"
        results().print(f"{', '.join(ids)} {are} {standing}: {escape(reason)}")
    for line in state["to_do"]:
        results().print(f"[yellow]to do:[/] {escape(line)}")
    for line in state["damaged"]:
        log().print(f"[red]damaged:[/] {escape(line)}")


def _state(dossier: Dossier, history: History) -> dict[str, Any]:
    question, evidence = dossier.question, dossier.evidence
    judged = {one.id: one for one in evidence.hypotheses} if evidence else {}
    trusts = {}
    if evidence:
        keys = {arm.key for arm in dossier.arms}
        said = verify(evidence.registrations, history, keys)
        trusts = trust_by_hypothesis(evidence, said, verify_replications(evidence, history, keys))
    hypotheses = []
    for stands, declared in zip(dossier.standings, question.hypotheses, strict=True):
        one = judged.get(declared.id)
        hypotheses.append(
            {
                "id": declared.id,
                "statement": declared.statement,
                "decision_digest": stands.decision_digest,
                "family_digest": stands.family_digest,
                "verdict": one.verdict if one else None,
                "standing": one.standing if one else None,
                "grade": one.grade if one else None,
                "unwitnessed": is_unwitnessed(stands),
                "reason": one.standing_reason if one else None,
                "registered": _registered(evidence, stands, history) if evidence else None,
                "data_since": _data_since(evidence, stands) if evidence else None,
                # of an exploratory one git could only say that it was declared, which reads as praise
                "trust": trusts.get(declared.id) if one and one.standing == "confirmatory" else None,
            }
        )
    return {
        "id": question.id,
        "title": question.title,
        "recorded": sum(len(arm.seeds) - len(arm.missing) for arm in dossier.arms),
        "trials": sum(len(arm.seeds) for arm in dossier.arms),
        "hypotheses": hypotheses,
        "to_do": _to_do(dossier),
        "damaged": [str(damage) for damage in dossier.ledger.damaged],
    }


def _registered(evidence: Evidence, stands: Standing, history: History) -> dict[str, str | None] | None:
    """The first commit that this decision stood at in this family when data were recorded, and when it was made."""
    stood = [
        entry
        for entry in evidence.registrations
        if entry.standing and entry.commit and entry.clean
        if (entry.standing.decision_digest, entry.standing.family_digest)
        == (stands.decision_digest, stands.family_digest)
    ]
    if not stood:
        return None
    first = min(stood, key=lambda entry: entry.recorded.removesuffix("Z"))
    return {"commit": first.commit, "date": history.date(first.commit) if first.commit else None}


def _data_since(evidence: Evidence, stands: Standing) -> str | None:
    """When the first of the trials that a decision is made on was recorded, whatever stood then."""
    ours = set(registered_trials(stands))
    moments = [entry.recorded for entry in evidence.registrations if not ours.isdisjoint(trials_of(entry))]
    return min(moments, key=lambda moment: moment.removesuffix("Z"), default=None)


def _to_do(dossier: Dossier) -> list[str]:
    question, evidence = dossier.question, dossier.evidence
    missing = [arm for arm in dossier.arms if arm.missing]
    count = sum(len(arm.missing) for arm in missing)
    if evidence is None:
        return [*_commit_first(dossier, missing), f"{_ahead(dossier, count)}: expkit run {question.id}"]
    changes = staleness(evidence, question=question, experiments=dossier.experiments, planned=dossier.planned)
    to_do = _commit_first(dossier, missing) if changes else []
    to_do += [f"{change} since the outcome was written: expkit run {question.id}" for change in changes]
    if count:
        are = "is" if count == 1 else "are"
        to_do.append(f"{counted(count, 'trial')} {are} not recorded on this machine: expkit run {question.id}")
    elif not changes and (unpublished := question_publishing(dossier, evidence).missing):
        are = "is" if len(unpublished) == 1 else "are"
        to_do.append(f"{counted(len(unpublished), 'run')} {are} not published: expkit sync {question.id}")
    return to_do


def _commit_first(dossier: Dossier, missing: Sequence[PlannedArm]) -> list[str]:
    """That data which are new would come before git holds what is asked of them."""
    found = uncommitted(dossier.project, missing)
    return [f"{found.why}, and a run now would be exploratory: {found.mend}"] if found else []


def _ahead(dossier: Dossier, missing: int) -> str:
    """What a first run has before it."""
    existing = sum(len(arm.missing) for arm in dossier.unwitnessed)
    parts = [f"{counted(existing, 'recorded trial')} to take in"] if existing else []
    parts += [f"{counted(missing - existing, 'trial')} to run"] if missing > existing else []
    return ", ".join(parts) or "every trial is in the ledger, and no outcome is written"
