"""Hypotheses: those of a question that were added, amended, withdrawn or removed, and whether data came first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from expkit.outcomes.draws import kept_draws, redrawn
from expkit.outcomes.registration import arm_keys
from expkit.outcomes.standing import Recording, Trial, judge, trials_of
from expkit.records.evidence import HypothesisEvidence
from expkit.records.registration import Standing
from expkit.review.pairs import paired
from expkit.review.shifts import Shift, hypothesis, of_decision
from expkit.review.side import HypothesisId, Side, recorded_in


@dataclass(frozen=True, kw_only=True)
class HypothesisChange:
    """A hypothesis that decides something else than in the base, or is there on one side alone."""

    deed: Literal["added", "removed", "renamed", "amended", "withdrawn", "taken up again"]
    question: str
    hypothesis: str
    statement: str
    former: str | None = None
    """Its id before, where it was renamed."""
    after_data: bool = False
    """Whether data that it is decided on, or was, had been recorded by then."""
    shifts: tuple[Shift, ...] = ()
    note: str | None = None
    """Why it was withdrawn; or how the evidence calls it now, and why."""
    overclaimed: bool = False
    """Whether the evidence calls it confirmatory although its data came first, or another draw that is dropped."""


def of_hypotheses(
    then: Side, now: Side, past: str, here: str
) -> tuple[tuple[HypothesisChange, ...], Mapping[str, str]]:
    """What changed among the hypotheses of a question, `past` in the base; and the ids that belong together, by now."""
    before = {one.hypothesis: one for one in then.standings.values() if one.question == past}
    after = {one.hypothesis: one for one in now.standings.values() if one.question == here}
    found = paired(
        before,
        after,
        (lambda name: frozenset({before[name].decision_digest}), lambda name: frozenset({after[name].decision_digest})),
        (lambda name: frozenset({before[name].wording_digest}), lambda name: frozenset({after[name].wording_digest})),
    )
    changed = [_added(then, now, after[name]) for name in found.new]
    changed += [_removed(then, before[name]) for name in found.gone]
    for old, new in found.both:
        changed += _of_pair(then, now, (past, old), (here, new))
    return tuple(changed), {new: old for old, new in found.both}


def _added(then: Side, now: Side, standing: Standing) -> HypothesisChange:
    return HypothesisChange(
        deed="added",
        question=standing.question,
        hypothesis=standing.hypothesis,
        statement=standing.statement,
        after_data=any_data(standing, then.recorded) or _came_later(now, standing),
        note=_called(now, standing),
        overclaimed=_overclaimed(then, now, standing),
    )


def _removed(then: Side, standing: Standing) -> HypothesisChange:
    return HypothesisChange(
        deed="removed",
        question=standing.question,
        hypothesis=standing.hypothesis,
        statement=standing.statement,
        after_data=_had_data(then, standing),
    )


def _of_pair(then: Side, now: Side, old: HypothesisId, new: HypothesisId) -> Iterator[HypothesisChange]:
    before, after = then.standings[old], now.standings[new]
    past, here = hypothesis(then, old), hypothesis(now, new)
    told = HypothesisChange(
        deed="amended",
        question=new[0],
        hypothesis=new[1],
        statement=after.statement,
        former=old[1] if old[1] != new[1] else None,
        after_data=_had_data(then, before),
    )
    if before.decision_digest != after.decision_digest:
        yield replace(
            told,
            after_data=told.after_data or any_data(after, then.recorded) or _came_later(now, after),
            shifts=of_decision(then, now, old, new),
            note=_called(now, after),
            overclaimed=_overclaimed(then, now, after),
        )
    elif told.former:
        yield replace(told, deed="renamed")
    if here.withdrawn and not past.withdrawn:
        yield replace(told, deed="withdrawn", note=here.withdrawn)
    if past.withdrawn and not here.withdrawn:
        yield replace(told, deed="taken up again", note=past.withdrawn)


def _had_data(side: Side, standing: Standing) -> bool:
    """Whether data of a hypothesis had been recorded: of its trials, or, by another engine's keys, under its name."""
    entries = (entry.standing for entry in side.registrations)
    named = any(one and (one.question, one.hypothesis) == (standing.question, standing.hypothesis) for one in entries)
    return named or any_data(standing, side.recorded)


def any_data(standing: Standing, first: Mapping[Trial, Recording]) -> bool:
    """Whether a trial that a hypothesis is decided on is among some recordings."""
    keys, root, streams = arm_keys(standing), standing.decision["root"], standing.decision["streams"]
    return any(key in keys and (drawn, kind) == (root, streams) for key, drawn, kind, _ in first)


def _came_later(side: Side, standing: Standing) -> bool:
    """Whether the evidence of the same side tells of data that were recorded before this decision stood."""
    mine = {trial for entry in side.registrations if _is_of(entry.standing, standing) for trial in trials_of(entry)}
    return any(trial not in mine for trial in side.recorded if any_data(standing, {trial: ()}))


def _is_of(one: Standing | None, standing: Standing) -> bool:
    return one is not None and one.decision_digest == standing.decision_digest


def _evidence(side: Side, standing: Standing) -> HypothesisEvidence | None:
    """What the evidence says of this very decision; of an older one it says nothing."""
    evidence = side.evidence.get(standing.question)
    found = evidence.hypotheses if evidence else ()
    same = (one for one in found if (one.id, one.decision_digest) == (standing.hypothesis, standing.decision_digest))
    return next(same, None)


def _called(side: Side, standing: Standing) -> str | None:
    one = _evidence(side, standing)
    return f"the evidence calls it {one.standing}: {one.standing_reason}" if one else None


def _overclaimed(then: Side, now: Side, standing: Standing) -> bool:
    one = _evidence(now, standing)
    if one is None or one.standing != "confirmatory":
        return False
    first = recorded_in(then, now)
    told = {
        question: {each.decision_digest for each in found.hypotheses if each.verdict != "withdrawn"}
        for question, found in now.evidence.items()
    }
    drawn = redrawn(standing, first, kept_draws(now.standings.values(), standing.question, told))
    return judge(standing, first, drawn.objection if drawn else None).standing == "exploratory"
