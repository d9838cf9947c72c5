"""Results: what evidence says otherwise than in the base: verdicts, grades, numbers, registrations. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from expkit.outcomes import numbers
from expkit.outcomes.difference import ArmDifference, Difference, Facet, HypothesisDifference, difference, place
from expkit.outcomes.sentences import agreement_count, estimate_with_interval, finding
from expkit.outcomes.wording import metric_in, primary, roots_phrase
from expkit.records.evidence import Evidence, HypothesisEvidence, Summary
from expkit.records.registration import Registration
from expkit.review.pairs import Pairs
from expkit.review.side import Side

_DRAWN: frozenset[Facet] = frozenset({"verdict", "claim", "decision", "test", "standing"})
"""What a figure may show of a hypothesis."""
_SHORT = 12
"""Hex digits of a digest that tell it from any other here."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """Something that the evidence says of a hypothesis or an arm, then and now. Plain text."""

    question: str
    name: str
    what: str
    then: str
    now: str
    why: str | None = None
    """What stands behind it now."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that the evidence of all questions says otherwise."""

    findings: tuple[tuple[str, str], ...] = ()
    """(question, sentence) of every hypothesis that had no evidence before."""
    answered: tuple[str, ...] = ()
    """Questions that had no evidence before, whether they were asked already or not."""
    replications: tuple[tuple[str, str], ...] = ()
    """(question, words) of every replication that is new."""
    verdicts: tuple[Move, ...] = ()
    lost: tuple[Move, ...] = ()
    """Verdicts of which no evidence speaks any more."""
    standings: tuple[Move, ...] = ()
    numbers: tuple[Move, ...] = ()
    forged: tuple[Move, ...] = ()
    """Numbers that changed beneath a digest that did not: no run has yielded them."""
    contradictions: tuple[Move, ...] = ()
    """Trials of which the base has other results, with another digest."""
    gone: tuple[tuple[str, str], ...] = ()
    """(question, words) of every registration or replication that was removed or rewritten."""
    engine: tuple[tuple[str, str], ...] = ()
    """(question, arm) of every arm that is as it was and was trained by another version of the engine."""
    redrawn: tuple[tuple[str, str], ...] = ()
    """(question, file name) of every figure that is another one, although no number behind it moved."""
    dirty: tuple[tuple[str, str], ...] = ()
    """(question, words) of new attempts from trees that no commit holds."""


def results(then: Side, now: Side, same: Pairs[str]) -> Results:
    """What moved between the evidence of two trees; `same` are the questions that belong together."""
    evidences = same.among(then.evidence, now.evidence)
    before = {here: then.evidence[past] for past, here in evidences.both}
    differences = {name: difference(evidence, now.evidence[name]) for name, evidence in before.items()}
    moves = list(differences.items())
    return Results(
        findings=tuple(_findings(now, differences)),
        answered=tuple(name for name in evidences.new if same.former.get(name) not in then.broken),
        replications=tuple(
            (name, f"was replicated on {roots_phrase(one)}: {agreement_count(one)}")
            for name, found in moves
            for one in found.replications_added
        ),
        verdicts=tuple(move for name, found in moves for move in _verdicts(name, found)),
        lost=tuple(_lost(then, now, evidences, same, differences)),
        standings=tuple(move for name, found in moves for move in _standings(name, found)),
        numbers=tuple(move for name, found in moves for move in _numbers(name, now.evidence[name], found)),
        forged=tuple(move for name, found in moves for move in _contradictions(name, found, forged=True)),
        contradictions=tuple(move for name, found in moves for move in _contradictions(name, found, forged=False)),
        engine=tuple((name, place(arm.now)) for name, found in moves for arm in found.arms if _by_engine(arm)),
        gone=tuple(_gone(then, now, same)),
        redrawn=tuple(
            (name, figure) for name, found in moves for figure in _redrawn(before[name], now.evidence[name], found)
        ),
        dirty=tuple(_dirty(then, now, before)),
    )


def _findings(now: Side, differences: Mapping[str, Difference]) -> Iterator[tuple[str, str]]:
    for question, evidence in now.evidence.items():
        added = differences[question].hypotheses_added if question in differences else evidence.hypotheses
        for one in added:
            yield question, f"{one.id}: {finding(evidence, one)} ({_called(now, question, one)})"


def _called(side: Side, question: str, one: HypothesisEvidence) -> str:
    """Its standing; of another decision or family than is declared, that of evidence means nothing."""
    stands, family = side.standings.get((question, one.id)), side.evidence[question].family_digest
    if stands and (stands.decision_digest, stands.family_digest) == (one.decision_digest, family):
        return _standing(one)
    return "as written; stale"


def _lost(
    then: Side, now: Side, evidences: Pairs[str], same: Pairs[str], differences: Mapping[str, Difference]
) -> Iterator[Move]:
    """Verdicts of the base that no evidence of the head speaks of any more."""
    here = dict(same.both)
    dropped = [
        *((here.get(past, past), then.evidence[past].hypotheses) for past in evidences.gone),
        *((name, found.hypotheses_removed) for name, found in differences.items()),
    ]
    for question, hypotheses in dropped:
        if question not in now.broken:  # which is said of the file itself
            for one in hypotheses:
                yield Move(question=question, name=one.id, what="verdict", then=one.verdict, now="gone")


def _verdicts(question: str, found: Difference) -> Iterator[Move]:
    for one in found.hypotheses:
        if "verdict" in one.facets:
            move = _move(question, one, "verdict", one.then.verdict, one.now.verdict)
            yield replace(move, why=f"{_estimate(one.now)}; claimed is {numbers.region(one.now.region)}")


def _standings(question: str, found: Difference) -> Iterator[Move]:
    for one in found.hypotheses:
        if "standing" in one.facets:
            move = _move(question, one, "standing", _standing(one.then), _standing(one.now))
            yield replace(move, why=one.now.standing_reason)


def _standing(one: HypothesisEvidence) -> str:
    return f"{one.standing}, {one.grade}" if one.grade else one.standing


def _numbers(question: str, evidence: Evidence, found: Difference) -> Iterator[Move]:
    for one in found.hypotheses:
        then, now = _estimate(one.then), _estimate(one.now)
        if then != now:
            yield _move(question, one, "estimate", then, now)
    for arm in found.arms:
        metric = primary(evidence, arm.now.experiment)
        before, after = arm.summaries(metric)
        if before is None or after is None or before == after:
            continue
        digits = max(_places(before), _places(after))
        yield Move(
            question=question,
            name=place(arm.now),
            what=metric_in(evidence, arm.now.experiment, metric),
            then=_summary(before, digits),
            now=_summary(after, digits),
            why="Another version of the engine trained it" if _by_engine(arm) else None,
        )


def _by_engine(arm: ArmDifference) -> bool:
    return [one.name for one in arm.settings] == ["engine"]


def _move(question: str, one: HypothesisDifference, what: str, then: str, now: str) -> Move:
    return Move(question=question, name=one.now.id, what=what, then=then, now=now)


def _estimate(one: HypothesisEvidence) -> str:
    return estimate_with_interval(one, one.test) if one.test else f"none ({one.reason or one.verdict})"


def _places(summary: Summary) -> int:
    interval = summary.iqm_interval
    return numbers.places_of(summary.iqm, interval) if interval else numbers.places_for((summary.sd or 0) / 3)


def _summary(summary: Summary, digits: int) -> str:
    span = summary.iqm_interval
    interval = f" ({numbers.interval(span, digits)})" if span else ""
    return f"IQM {numbers.number(summary.iqm, digits)}{interval}, mean {numbers.number(summary.mean, digits)}"


def _contradictions(question: str, found: Difference, *, forged: bool) -> Iterator[Move]:
    for arm in found.arms:
        same = arm.then.results_digest == arm.now.results_digest
        if arm.agreement != "contradicting" or arm.now.is_unseeded or same != forged:
            continue
        one = arm.contradiction
        if one:
            what, numbers_of = f"{one.metric} of seed {one.seed}", (one.then, one.now)
            then, now = (numbers.significant(number, 8) for number in numbers_of)
        else:
            what, then, now = "results", arm.then.results_digest[:_SHORT], arm.now.results_digest[:_SHORT]
        yield Move(question=question, name=place(arm.now), what=what, then=then, now=now)


def _redrawn(then: Evidence, now: Evidence, found: Difference) -> Iterator[str]:
    if then.question != now.question:
        return  # figures name their question
    drawn_from = (found.arms, found.arms_added, found.arms_removed, found.hypotheses_added, found.hypotheses_removed)
    if any(drawn_from) or found.family or any(_DRAWN & {*one.facets} for one in found.hypotheses):
        return
    for name, drawn in now.figures.items():
        if then.figures.get(name, drawn) != drawn:
            yield name


def _gone(then: Side, now: Side, same: Pairs[str]) -> Iterator[tuple[str, str]]:
    """Entries of the base that no evidence of the head holds, by the question that should hold them."""
    names = dict(same.both)
    kept = {entry.model_dump_json() for entry in now.registrations}
    replications = {one.model_dump_json() for evidence in now.evidence.values() for one in evidence.replications}
    for past, evidence in then.evidence.items():
        question = names.get(past, past)
        if question in now.broken:
            continue  # which is said of the file itself
        for entry in evidence.registrations:
            if entry.model_dump_json() not in kept:
                yield question, f"registration of {registered(entry)}"
        for one in evidence.replications:
            if one.model_dump_json() not in replications:
                yield question, f"replication on {roots_phrase(one)}"


def registered(entry: Registration) -> str:
    """An entry in words: whose it is, where it stood, when its data came."""
    who = entry.standing.hypothesis if entry.standing else "data without a hypothesis"
    at = f"at {entry.commit[:7]}" if entry.commit else "outside git"
    return f"{who}, {at}{'' if entry.clean else ' with uncommitted changes'}, first data {entry.recorded}"


def _dirty(then: Side, now: Side, evidences: Mapping[str, Evidence]) -> Iterator[tuple[str, str]]:
    known = {entry.model_dump_json() for entry in then.registrations}
    for question, evidence in now.evidence.items():
        for entry in evidence.registrations:
            if entry.model_dump_json() not in known and not (entry.clean and entry.commit):
                yield question, registered(entry)
        run, before = evidence.provenance, evidences.get(question)
        if (run.dirty or run.commit is None) and (before is None or before.provenance != run):
            at = f"at {run.commit[:7]} with uncommitted changes" if run.commit else "outside git"
            yield question, f"the run behind the evidence, {at}"
