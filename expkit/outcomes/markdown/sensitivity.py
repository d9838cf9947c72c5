"""Sensitivity: how far a verdict hangs on the bound that was claimed, and on what was estimated."""

from __future__ import annotations

from expkit.outcomes import numbers, sentences, wording
from expkit.records.evidence import Evidence, HypothesisEvidence, Test
from expkit.specs.criterion import Estimand


def of_bound(hypothesis: HypothesisEvidence) -> str | None:
    """For which bounds the verdict would be the same or another one, at the same level; None without a test."""
    test = hypothesis.test
    if test is None:
        return None
    low, high = hypothesis.region.low, hypothesis.region.high
    if low is not None and high is not None:
        return _of_band(hypothesis, test, low, high)
    if low is not None:
        return _of_one(hypothesis, test, low, near=test.interval.low, far=test.interval.high, up=True)
    if high is not None:
        return _of_one(hypothesis, test, high, near=test.interval.high, far=test.interval.low, up=False)
    return None


def of_estimand(evidence: Evidence, hypothesis: HypothesisEvidence) -> str | None:
    """Where the estimate would lie on the other estimand, mean or interquartile mean; None where there is no other."""
    test = hypothesis.test
    if test is None or wording.is_binary(evidence, hypothesis.experiment, hypothesis.metric):
        return None
    other: Estimand = "mean" if test.estimand == "iqm" else "iqm"
    value = _point(evidence, hypothesis, other)
    if value is None:
        return None
    here, there = (sentences.side(one, hypothesis.region) for one in (test.estimate, value))
    bounds = (hypothesis.region.low, hypothesis.region.high)
    text = numbers.number(value, numbers.places_of(value, test.interval, bounds))
    hangs = "" if here == there else f", while the declared estimate is {here if here == 'inside' else f'{here} it'}"
    where = f"{there} the claimed region{' as well' if here == there else hangs}"
    return f"The {wording.measure(evidence, hypothesis, other)} would be {text}, {where}."


def _of_one(
    hypothesis: HypothesisEvidence, test: Test, bound: float, *, near: float | None, far: float | None, up: bool
) -> str | None:
    """One-sided claims. `near` is the interval's end that must clear the bound, `far` the other; `up` for at_least."""
    digits = sentences.places(hypothesis, test)
    claimed = numbers.declared(bound)
    towards, beyond = ("up to", "above") if up else ("down to", "below")
    if hypothesis.verdict == "supported" and near is not None:
        return f"holds for any bound {towards} {numbers.number(near, digits)}; claimed was {claimed}."
    if hypothesis.verdict == "refuted" and far is not None:
        stays = f"stays refuted for any bound {beyond} {numbers.number(far, digits)}"
        return f"{stays}; the claimed {claimed} would have to {_move(bound, far, digits)}."
    if hypothesis.verdict == "inconclusive" and near is not None and far is not None:
        return (
            f"would hold for a bound {towards} {numbers.number(near, digits)} and be refuted for one {beyond} "
            f"{numbers.number(far, digits)}; claimed was {claimed}."
        )
    return None


def _of_band(hypothesis: HypothesisEvidence, test: Test, low: float, high: float) -> str | None:
    digits, span, band = sentences.places(hypothesis, test), test.interval, numbers.region(hypothesis.region)
    if hypothesis.verdict == "refuted" and span.high is not None and span.high < low:
        return f"stays refuted unless the lower bound of the claimed {band} should {_move(low, span.high, digits)}."
    if hypothesis.verdict == "refuted" and span.low is not None and span.low > high:
        return f"stays refuted unless the upper bound of the claimed {band} should {_move(high, span.low, digits)}."
    if hypothesis.verdict in ("supported", "inconclusive") and span.low is not None and span.high is not None:
        holds = "holds" if hypothesis.verdict == "supported" else "would hold"
        return f"{holds} for any band that contains {numbers.interval(span, digits)}; claimed was {band}."
    return None


def _move(bound: float, end: float, digits: int) -> str:
    """How a bound would have to move to reach an interval's end: `come down by 0.26 (14 %)`."""
    distance = abs(bound - end)
    share = f" ({numbers.percent(round(distance / abs(bound), 2))})" if bound and distance >= 0.005 * abs(bound) else ""
    return f"{'come down' if end < bound else 'go up'} by {numbers.number(distance, digits)}{share}"


def _point(evidence: Evidence, hypothesis: HypothesisEvidence, estimand: Estimand) -> float | None:
    values = []
    for name in (hypothesis.treatment, hypothesis.control):
        if name is None:
            continue
        arm = wording.find_arm(evidence, hypothesis.experiment, name)
        summary = arm.summaries.get(hypothesis.metric) if arm else None
        if summary is None:
            return None
        values.append(summary.iqm if estimand == "iqm" else summary.mean)
    match values:
        case [value]:
            return value
        case [treatment, control] if hypothesis.kind == "difference":
            return treatment - control
        case [treatment, control] if control > 0:
            return treatment / control
    return None
