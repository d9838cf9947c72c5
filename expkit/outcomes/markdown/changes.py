"""Changes: what differs from the iteration before, and whether any verdict moved."""

from __future__ import annotations

from collections.abc import Iterator

from expkit.outcomes import numbers, sentences, wording
from expkit.outcomes.markdown.text import bullets, code, plain, table
from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence, Iteration, PastArm, PastHypothesis
from expkit.specs.base import Setting
from expkit.specs.question import ResearchQuestion

_MOST_ARMS = 12
"""Changed arms named before the rest is only counted."""
_SHORT = 12
"""Hex digits of a digest that tell it from any other here; `evidence.json` has them all."""


def changes(question: ResearchQuestion, evidence: Evidence) -> str:
    """The section: moved verdicts first, then estimates, parameters, arms and results."""
    past = evidence.previous
    if past is None:
        return "## Since the last iteration\n\nThis is the first iteration."
    last = f" The last iteration was run from {past.commit[:7]}." if past.commit else ""
    head = f"## Since the last iteration\n\n{_moves(evidence, past)}{last}"
    points = [*_texts(question, past), *_arms(evidence, past)]
    return "\n\n".join(part for part in (head, _table(evidence, past), bullets(points)) if part)


def _moves(evidence: Evidence, past: Iteration) -> str:
    moved = [
        f"{plain(one.id)} from {past.hypotheses[one.id].verdict} to {one.verdict}"
        for one in evidence.hypotheses
        if one.id in past.hypotheses and past.hypotheses[one.id].verdict != one.verdict
    ]
    if not moved:
        return "**No verdict moved.**"
    return f"**{numbers.counted(len(moved), 'verdict')} moved: {'; '.join(moved)}.**"


def _table(evidence: Evidence, past: Iteration) -> str:
    rows = []
    now = {one.id: one for one in evidence.hypotheses}
    for name in dict.fromkeys([*now, *past.hypotheses]):
        then, here = past.hypotheses.get(name), now.get(name)
        row = [plain(name), _then(then) if then else "not asked", _now(here) if here else "no longer asked"]
        if row[1] != row[2]:
            rows.append(row)
    return table(["", "then", "now"], rows) if rows else ""


def _then(past: PastHypothesis) -> str:
    if past.estimate is None:
        return _verdict(past.verdict, past.standing)
    if past.interval is None:
        return f"{_verdict(past.verdict, past.standing)}, {numbers.significant(past.estimate, 4)}"
    places = numbers.places_of(past.estimate, past.interval)
    span = numbers.interval(past.interval, places)
    return f"{_verdict(past.verdict, past.standing)}, {numbers.number(past.estimate, places)} ({span})"


def _now(hypothesis: HypothesisEvidence) -> str:
    verdict, test = _verdict(hypothesis.verdict, hypothesis.standing), hypothesis.test
    if test is None:
        return verdict
    places = sentences.places(hypothesis, test)
    return f"{verdict}, {numbers.number(test.estimate, places)} ({numbers.interval(test.interval, places)})"


def _verdict(verdict: str, standing: str) -> str:
    return f"{wording.SYMBOLS[verdict]} {verdict}" + ("" if standing == "confirmatory" else ", exploratory")


def _texts(question: ResearchQuestion, past: Iteration) -> Iterator[str]:
    for hypothesis in question.hypotheses:
        then = past.hypotheses.get(hypothesis.id)
        if then and " ".join(then.statement.split()) != " ".join(hypothesis.statement.split()):
            yield f"{plain(hypothesis.id)} then read \u201c{plain(then.statement)}\u201d"


def _arms(evidence: Evidence, past: Iteration) -> Iterator[str]:
    here = {f"{arm.experiment}/{arm.name}": arm for arm in evidence.arms}
    lines = [
        line
        for name, arm in here.items()
        if name in past.arms and (line := _of_arm(evidence, name, arm, past.arms[name]))
    ]
    new = [code(name) for name in here if name not in past.arms]
    gone = [code(name) for name in past.arms if name not in here]
    yield from lines[:_MOST_ARMS]
    if len(lines) > _MOST_ARMS:
        yield f"and {len(lines) - _MOST_ARMS} more arms with other parameters or results"
    for word, names in (("new", new), ("gone", gone)):
        if names:
            more = f" and {len(names) - _MOST_ARMS} more" if len(names) > _MOST_ARMS else ""
            yield f"{word}: {', '.join(names[:_MOST_ARMS])}{more}"


def _of_arm(evidence: Evidence, name: str, arm: ArmEvidence, past: PastArm) -> str:
    then: dict[str, Setting] = {**past.parameters, "root": past.root, "seeds": past.count}
    now: dict[str, Setting] = {**arm.parameters, "root": arm.root, "seeds": arm.count}
    parts = [
        f"{plain(key)} {_setting(key, then.get(key))} → {_setting(key, now.get(key))}"
        for key in dict.fromkeys([*now, *then])
        if then.get(key) != now.get(key)
    ]
    metric = wording.primary(evidence, arm.experiment)
    summary, iqm = arm.summaries.get(metric), past.iqm.get(metric)
    if summary is not None and iqm is not None and summary.iqm != iqm:
        ours = metric == wording.PRIMARY and not arm.metrics
        change = " → ".join(
            numbers.number(one, 0) if ours else numbers.significant(one, 4) for one in (iqm, summary.iqm)
        )
        parts.append(f"interquartile mean of {wording.metric_in(evidence, arm.experiment, metric)} {change}")
    return f"{code(name)}: {'; '.join(parts)}" if parts else ""


def _setting(key: str, value: Setting | None) -> str:
    if value is None:
        return "none"
    if key == "trainer.digest":
        return code(str(value)[:_SHORT])
    # a root is a name, not a quantity: its digits are not grouped
    return str(value) if key == "root" else plain(wording.setting_text(value))
