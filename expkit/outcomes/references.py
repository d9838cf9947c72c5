"""References: what a tied number may name in the evidence, and how it reads there. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, get_args

from expkit.outcomes import numbers, sentences, wording
from expkit.outcomes.markdown.arms import metrics_shown, places_among
from expkit.project.names import listed, suggestion
from expkit.records.evidence import ArmEvidence, Evidence, Grade, HypothesisEvidence, Interval, Summary, Test, Verdict

ABSENT = "–"  # noqa: RUF001
"""What is written where the evidence has no such value: nothing was decided, or too few seeds for it."""
_FORMAT = re.compile(r"(?P<size>abs)? ?(?P<spec>\+?,?(?:\.\d{1,2})?[fg%]|)")
_FORMATS = "a format is one of Python's, such as .1f ,.0f .3g or .1%; abs before it, or alone, leaves out the sign"


_NUMBER = rf"(?:under |over )?[-+{numbers.MINUS}]?(?:\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)(?: ?%)?"
_FILLED_IN = re.compile(rf"(?:p [=<] )?{_NUMBER}(?: to {_NUMBER}| or more| or less)?|any value|[\W_]*")


class Unknown(Exception):
    """A reference that names nothing, or a format that nothing can be written in; with what would be valid."""

    def __init__(self, why: str, valid: str) -> None:
        super().__init__(why)
        self.why = why
        self.valid = valid


class Quantity(NamedTuple):
    """A value of the evidence, and how it reads where nobody says how."""

    value: float | Interval | None
    """None where there is no number: a word, or nothing at all."""
    text: str


def text_of(evidence: Evidence, reference: str, form: str = "") -> str:
    """How what a reference names is written.

    Args:
        evidence: the evidence.
        reference: such as `h1.estimate`, `gambler.total_reward.iqm` or `supported`.
        form: a format such as `,.0f`; nothing for how the generated part writes it.

    Raises:
        Unknown: there is no such thing, or it has no such format.
    """
    quantity = _quantity(evidence, reference)
    if not form or quantity.text == ABSENT:
        return quantity.text
    matched = _FORMAT.fullmatch(form)
    if not matched:
        raise Unknown(f"there is no format {form!r}", _FORMATS)
    size, spec, value = matched["size"] is not None, matched["spec"], quantity.value
    if value is None:
        raise Unknown(f"{reference} is no number, and takes no format", "leave the format out")
    if isinstance(value, Interval):
        if size:
            raise Unknown(f"{reference} has two ends, and no size", "tie its two ends one by one, low and high")
        return numbers.interval_as(value, lambda end: _written(end, spec))
    if size and not spec:  # as the generated part writes it, but for the sign
        return quantity.text.removeprefix(numbers.MINUS)
    return _written(abs(value) if size else value, spec)


def is_filled_in(says: str, *, instead_of: str) -> bool:
    """Whether a text could stand where `text_of` is written: a number, an interval, one of its words, or none."""
    said = " ".join(says.split())
    return said in (*_WORDS, instead_of) or _FILLED_IN.fullmatch(said) is not None


def _written(value: float, spec: str) -> str:
    """A number as the generated part would: a minus sign that is one, and a space before %."""
    text = format(value, spec).replace("%", " %")
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0., %") else numbers.MINUS + text[1:]
    return text


def _quantity(evidence: Evidence, reference: str) -> Quantity:
    if reference in _COUNTS:
        count = _COUNTS[reference](evidence)
        return Quantity(count, f"{count:,}")
    head, dot, field = reference.partition(".")
    hypotheses = {one.id: one for one in evidence.hypotheses}
    if head in hypotheses and (field in _FIELDS or not any(_of_arms(evidence, reference))):
        if field not in _FIELDS:
            what = repr(field) if field else "value of its own"
            raise Unknown(f"hypothesis {head} has no {what}", suggestion(field, _FIELDS))
        return _FIELDS[field](hypotheses[head])
    named = list(_of_arms(evidence, reference))
    if not named:
        arms = [_called(evidence, arm) for arm in evidence.arms]
        typed = head if not dot or "[" not in reference else reference.partition("]")[0] + "]"
        why = f"nothing is called {typed!r}" if typed else "the marker names nothing"
        raise Unknown(why, suggestion(typed, [*hypotheses, *arms, *_COUNTS]))
    longest = max(len(name) for name, _ in named)
    found = [(name, arm) for name, arm in named if len(name) == longest]
    if len(found) > 1:
        names = listed(f"{arm.experiment}/{arm.name}" for _, arm in found)
        raise Unknown(f"{len(found)} experiments have an arm {found[0][1].name!r}", f"write one of {names}")
    name, arm = found[0]
    return _of_arm(evidence, arm, reference[len(name) + 1 :])


def _of_arms(evidence: Evidence, reference: str) -> Iterator[tuple[str, ArmEvidence]]:
    """Arms whose name, with that of their experiment or without, a reference begins with. Both may hold dots."""
    for arm in evidence.arms:
        for name in (arm.name, f"{arm.experiment}/{arm.name}"):
            if reference == name or reference.startswith(f"{name}."):
                yield name, arm


def _called(evidence: Evidence, arm: ArmEvidence) -> str:
    alike = sum(other.name == arm.name for other in evidence.arms)
    return arm.name if alike == 1 else f"{arm.experiment}/{arm.name}"


def _of_arm(evidence: Evidence, arm: ArmEvidence, field: str) -> Quantity:
    if field in _OF_ARM:
        return _OF_ARM[field](arm)
    metric, _, statistic = field.rpartition(".")
    if field in arm.summaries:
        metric, statistic = field, ""
    if metric not in arm.summaries:
        typed = metric or field
        what = repr(typed) if typed else "value of its own"
        raise Unknown(f"arm {arm.name} has no {what}", suggestion(typed, [*arm.summaries, *_OF_ARM]))
    if statistic not in _STATISTICS:
        what = repr(statistic) if statistic else "value of its own"
        raise Unknown(f"{metric} of arm {arm.name} has no {what}", suggestion(statistic, _STATISTICS))
    summary = arm.summaries[metric]
    value = _STATISTICS[statistic](summary)
    if value is None:
        return Quantity(None, ABSENT)
    if statistic == "n":
        return Quantity(summary.n, f"{summary.n:,}")
    if statistic == "mean" and wording.is_binary(evidence, arm.experiment, metric):
        return Quantity(value, numbers.percent(value))
    if metric not in metrics_shown(evidence, arm.experiment):  # no table says with how many decimals
        return Quantity(value, numbers.significant(value, 4))
    beside = [other for other in evidence.arms if other.experiment == arm.experiment]
    return Quantity(value, numbers.number(value, places_among(beside, metric)))


def _tested(read: Callable[[HypothesisEvidence, Test], Quantity | None]) -> Callable[[HypothesisEvidence], Quantity]:
    """A field of the test, for a hypothesis that may have none."""

    def field(hypothesis: HypothesisEvidence) -> Quantity:
        found = read(hypothesis, hypothesis.test) if hypothesis.test else None
        return found or Quantity(None, ABSENT)

    return field


def _on_scale(hypothesis: HypothesisEvidence, test: Test, value: float | None) -> Quantity | None:
    """A value on the scale of the estimate, with its decimals."""
    return None if value is None else Quantity(value, numbers.number(value, sentences.places(hypothesis, test)))


def _span(hypothesis: HypothesisEvidence, test: Test, span: Interval) -> Quantity:
    return Quantity(span, numbers.interval(span, sentences.places(hypothesis, test)))


def _as(write: Callable[[float], str], value: float | None) -> Quantity | None:
    return None if value is None else Quantity(value, write(value))


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _with_verdict(verdict: Verdict) -> Callable[[Evidence], int]:
    return lambda evidence: sum(one.verdict == verdict for one in evidence.hypotheses)


def _standing(standing: str) -> Callable[[Evidence], int]:
    return lambda evidence: sum(one.standing == standing for one in evidence.hypotheses)


_WORDS = frozenset({*get_args(Verdict), *get_args(Grade), "confirmatory", "exploratory"})
_COUNTS: Mapping[str, Callable[[Evidence], int]] = MappingProxyType(
    {
        "hypotheses": lambda evidence: len(evidence.hypotheses),
        **{verdict: _with_verdict(verdict) for verdict in wording.VERDICTS},
        **{standing: _standing(standing) for standing in ("confirmatory", "exploratory")},
    }
)
_FIELDS: Mapping[str, Callable[[HypothesisEvidence], Quantity]] = MappingProxyType(
    {
        "estimate": _tested(lambda one, test: _on_scale(one, test, test.estimate)),
        "low": _tested(lambda one, test: _on_scale(one, test, test.interval.low)),
        "high": _tested(lambda one, test: _on_scale(one, test, test.interval.high)),
        "interval": _tested(lambda one, test: _span(one, test, test.interval)),
        "interval95": _tested(lambda one, test: _span(one, test, test.interval95)),
        "p": _tested(lambda one, test: Quantity(test.p, numbers.p_value(test.p, test.level))),
        "level": _tested(lambda one, test: _as(numbers.significant, test.level)),
        "confidence": _tested(lambda one, test: Quantity(1 - test.level, numbers.confidence(test.level))),
        "n": _tested(lambda one, test: _as(_whole, test.n_treatment)),
        "n_control": _tested(lambda one, test: _as(_whole, test.n_control)),
        "minimum_detectable_effect": _tested(
            lambda one, test: _as(numbers.significant, test.minimum_detectable_effect)
        ),
        "seeds_needed": _tested(lambda one, test: _as(_whole, test.seeds_needed)),
        "probability_of_superiority": _tested(
            lambda one, test: _as(numbers.probability, test.effects.probability_of_superiority)
        ),
        "hedges_g": _tested(lambda one, test: _as(lambda g: numbers.number(g, 2), test.effects.hedges_g)),
        "verdict": lambda one: Quantity(None, one.verdict),
        "standing": lambda one: Quantity(None, one.standing),
        "grade": lambda one: Quantity(None, one.grade or ABSENT),
    }
)
_OF_ARM: Mapping[str, Callable[[ArmEvidence], Quantity]] = MappingProxyType(
    {
        "n": lambda arm: Quantity(arm.count - len(arm.failed), f"{arm.count - len(arm.failed):,}"),
        "optimal_gain": lambda arm: _as(_exact, arm.optimal_gain) or Quantity(None, ABSENT),
        "random_gain": lambda arm: _as(_exact, arm.random_gain) or Quantity(None, ABSENT),
    }
)
_STATISTICS: Mapping[str, Callable[[Summary], float | None]] = MappingProxyType(
    {
        "iqm": lambda summary: summary.iqm,
        "mean": lambda summary: summary.mean,
        "sd": lambda summary: summary.sd,
        "min": lambda summary: summary.min,
        "q05": lambda summary: summary.q05,
        "median": lambda summary: summary.median,
        "max": lambda summary: summary.max,
        "cvar10": lambda summary: summary.cvar10,
        "n": lambda summary: summary.n,
    }
)


def _exact(gain: float) -> str:
    return numbers.significant(gain, 5)
