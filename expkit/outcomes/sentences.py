"""Sentences: a verdict as one plain sentence with its numbers in it, for an outcome's head and for a terminal.

What comes out is plain text; whoever puts it into markdown escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from expkit.outcomes import numbers, wording
from expkit.outcomes.replication import agreed, within_registered
from expkit.records.evidence import Evidence, HypothesisEvidence, Interval, ReplicatedHypothesis, Replication, Test


class Predicate(NamedTuple):
    """A claim as a predicate, and its denial: `reaches 1.8 times the accountant's`, `does not reach ...`."""

    claimed: str
    denied: str


def finding(evidence: Evidence, hypothesis: HypothesisEvidence) -> str:
    """What was found about one hypothesis: claim or denial, estimate, deciding interval, where it lies, verdict."""
    subject, predicate = _subject(evidence, hypothesis), _predicate(evidence, hypothesis)
    test = hypothesis.test
    if test is None:
        why = _clause(hypothesis.reason or "no reason was recorded")
        done = (
            f"was not decided: withdrawn, {why}" if hypothesis.verdict == "withdrawn" else f"cannot be decided: {why}"
        )
        sentence = f"whether {subject} {predicate.claimed} {done}; {hypothesis.verdict}."
    else:
        head = {
            "supported": f"{subject} {predicate.claimed}",
            "refuted": f"{subject} {predicate.denied}",
        }.get(hypothesis.verdict, f"whether {subject} {predicate.claimed} is undecided")
        sentence = (
            f"{head}: {_numbers(evidence, hypothesis, test)}, {_relation(hypothesis, test)}; {hypothesis.verdict}."
        )
    if len(evidence.experiments) > 1:
        sentence = (
            f"in \u201c{evidence.experiments.get(hypothesis.experiment, hypothesis.experiment)}\u201d, {sentence}"
        )
    return sentence[0].upper() + sentence[1:]


def places(hypothesis: HypothesisEvidence, test: Test) -> int:
    """Decimals that the estimate of a hypothesis and its intervals are printed with, everywhere."""
    return numbers.places_of(test.estimate, test.interval, (hypothesis.region.low, hypothesis.region.high))


def estimate_with_interval(hypothesis: HypothesisEvidence, test: Test) -> str:
    """An estimate with its deciding interval: `1.52 (98.3 % interval 1.50 to 1.54)`."""
    return _estimate(test.estimate, test.interval, test.level, places(hypothesis, test))


def replicated_estimate(one: ReplicatedHypothesis) -> str:
    """What a replication estimates, with its deciding interval; a dash where nothing was decided."""
    if one.estimate is None or one.interval is None or one.level is None:
        return "–"  # noqa: RUF001
    digits = numbers.places_of(one.estimate, one.interval, (one.region.low, one.region.high))
    return _estimate(one.estimate, one.interval, one.level, digits)


def agreement_count(*replications: Replication) -> str:
    """How many verdicts some replications found again, all told: `3 of 3 verdicts agree`."""
    agreeing, told = (sum(counts) for counts in zip(*map(agreed, replications), strict=True))
    return f"{agreeing} of {numbers.counted(told, 'verdict')} {'agrees' if told == 1 else 'agree'}"


def estimates_within(hypotheses: Sequence[HypothesisEvidence], replication: Replication) -> str | None:
    """How many of a replication's estimates lie in the registered 95 % intervals; None where there is none to tell."""
    found = {one.decision_digest: one for one in replication.hypotheses}
    pairs = [(one, found[one.decision_digest]) for one in hypotheses if one.decision_digest in found]
    told = [within for pair in pairs if (within := within_registered(*pair)) is not None]
    if not told:
        return None
    lie = "estimate lies in its" if len(told) == 1 else "estimates lie in their"
    return (
        f"{sum(told)} of {len(told)} {lie} registered 95 % interval{'' if len(told) == 1 else 's'}; if all that "
        "differs is luck, about five in six do."
    )


def side(value: float, region: Interval) -> str:
    """Where a value lies: `inside`, `below` or `above` the claimed region."""
    if region.low is not None and value < region.low:
        return "below"
    return "above" if region.high is not None and value > region.high else "inside"


def _estimate(estimate: float, interval: Interval, level: float, digits: int) -> str:
    span = numbers.interval(interval, digits)
    return f"{numbers.number(estimate, digits)} ({numbers.confidence(level)} interval {span})"


def _numbers(evidence: Evidence, hypothesis: HypothesisEvidence, test: Test) -> str:
    return f"the {wording.measure(evidence, hypothesis, test.estimand)} is {estimate_with_interval(hypothesis, test)}"


def _relation(hypothesis: HypothesisEvidence, test: Test) -> str:
    region, span = hypothesis.region, test.interval
    if hypothesis.verdict == "supported":
        return f"inside the claimed {numbers.region(region)}"
    if hypothesis.verdict == "refuted":
        where = side(test.estimate, region)
        return f"{'outside' if where == 'inside' else where} the claimed {numbers.region(region)}"
    low, high = (bound is not None and _crosses(span, bound) for bound in (region.low, region.high))
    band = region.low is not None and region.high is not None
    if low and high:
        return f"which reaches across both bounds of the claimed {numbers.region(region)}"
    if low or high:
        name = ("lower bound" if low else "upper bound") if band else "bound"
        return f"which reaches across the {name} of the claimed {numbers.region(region)}"
    return f"which does not settle the claimed {numbers.region(region)}"


def _crosses(span: Interval, bound: float) -> bool:
    return (span.low is None or span.low <= bound) and (span.high is None or bound <= span.high)


def _subject(evidence: Evidence, hypothesis: HypothesisEvidence) -> str:
    owner = wording.arm_phrase(evidence, hypothesis.experiment, hypothesis.treatment)
    return wording.of_arm(owner, wording.metric_in(evidence, hypothesis.experiment, hypothesis.metric))


def _predicate(evidence: Evidence, hypothesis: HypothesisEvidence) -> Predicate:
    if hypothesis.control is None:
        return _of_value(hypothesis.region)
    of_control = wording.that_of(wording.arm_phrase(evidence, hypothesis.experiment, hypothesis.control))
    of_pair = _of_ratio if hypothesis.kind == "ratio" else _of_difference
    return of_pair(hypothesis.region, of_control)


def _of_value(region: Interval) -> Predicate:
    match region.low, region.high:
        case float() as low, float() as high:
            band = f"between {numbers.declared(low)} and {numbers.declared(high)}"
            return Predicate(f"lies {band}", f"does not lie {band}")
        case float() as low, _:
            return Predicate(f"is at least {numbers.declared(low)}", f"is below {numbers.declared(low)}")
        case _, float() as high:
            return Predicate(f"is at most {numbers.declared(high)}", f"is above {numbers.declared(high)}")
    return Predicate("has any value", "has no value")


def _of_ratio(region: Interval, control: str) -> Predicate:
    match region.low, region.high:
        case float() as low, float() as high:
            band = f"{numbers.declared(low)} to {numbers.declared(high)} times {control}"
            return Predicate(f"is {band}", f"is not {band}")
        case 1.0, _:
            return Predicate(f"is no lower than {control}", f"is lower than {control}")
        case float() as low, _:
            times = f"{numbers.declared(low)} times {control}"
            return Predicate(f"reaches {times}", f"does not reach {times}")
        case _, 1.0:
            return Predicate(f"is no higher than {control}", f"is higher than {control}")
        case _, float() as high:
            times = f"{numbers.declared(high)} times {control}"
            return Predicate(f"is at most {times}", f"is more than {times}")
    return Predicate(f"is any multiple of {control}", f"is no multiple of {control}")


def _of_difference(region: Interval, control: str) -> Predicate:
    match region.low, region.high:
        case float() as low, float() as high:
            return _of_band(low, high, control)
        case float() as low, _:
            by = numbers.declared(abs(low))
            if low > 0:
                return Predicate(f"exceeds {control} by at least {by}", f"does not exceed {control} by {by} or more")
            if low < 0:
                return Predicate(f"is at most {by} below {control}", f"is more than {by} below {control}")
            return Predicate(f"is no lower than {control}", f"is lower than {control}")
        case _, float() as high:
            by = numbers.declared(abs(high))
            if high > 0:
                return Predicate(f"is at most {by} above {control}", f"is more than {by} above {control}")
            if high < 0:
                short = f"fall short of {control} by {by} or more"
                return Predicate(f"falls short of {control} by at least {by}", f"does not {short}")
            return Predicate(f"is no higher than {control}", f"is higher than {control}")
    return Predicate(f"differs from {control} by anything", f"differs from {control} by nothing")


def _of_band(low: float, high: float, control: str) -> Predicate:
    if low >= 0:
        by = f"{control} by {numbers.declared(low)} to {numbers.declared(high)}"
        return Predicate(f"exceeds {by}", f"does not exceed {by}")
    if high <= 0:
        by = f"{control} by {numbers.declared(-high)} to {numbers.declared(-low)}"
        return Predicate(f"falls short of {by}", f"does not fall short of {by}")
    if low == -high:
        within = f"within {numbers.declared(high)} of {control}"
        return Predicate(f"is {within}", f"is not {within}")
    between = f"between {numbers.declared(-low)} below and {numbers.declared(high)} above {control}"
    return Predicate(f"lies {between}", f"does not lie {between}")


def _clause(reason: str) -> str:
    """A reason as the end of a sentence: one line, no full stop of its own."""
    return " ".join(reason.split()).rstrip(".")
