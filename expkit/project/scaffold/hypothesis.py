"""A hypothesis to be written: what it claims, a sentence that says so, and its lines in a question's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from expkit.project.scaffold.text import number, said
from expkit.specs.metric import Metric

Kind = Literal["difference", "ratio", "value"]
_MEANING = {"difference": "treatment minus control", "ratio": "treatment divided by control", "value": "one arm alone"}


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The region that is claimed: `at_least` or `at_most` one bound, or `within` two."""

    word: Literal["at_least", "at_most", "within"]
    bounds: tuple[float, ...]

    @property
    def as_words(self) -> str:
        """In a sentence: `at least 3`, `between 1 and 2`."""
        numbers = " and ".join(map(number, self.bounds))
        return f"between {numbers}" if self.word == "within" else f"{self.word.replace('_', ' ')} {numbers}"

    @property
    def as_yaml(self) -> str:
        """As a criterion has it: `at_least: 3`."""
        numbers = ", ".join(map(number, self.bounds))
        return f"within: [{numbers}]" if self.word == "within" else f"{self.word}: {numbers}"


@dataclass(frozen=True, kw_only=True)
class NewHypothesis:
    """Everything that a person says of a hypothesis. `arms` are treatment and control, or the one arm of a value."""

    id: str
    experiment: str
    metric: Metric
    kind: Kind
    arms: tuple[str, ...]
    claimed: Claimed
    statement: str | None = None
    """None for the sentence that its criterion makes."""
    estimand: Literal["iqm", "mean"] | None = None
    expected: float | None = None

    @property
    def sentence(self) -> str:
        """The claim in words, made from the criterion."""
        metric, region, one = self.metric.name, self.claimed.as_words, self.arms[0]
        if self.kind == "value":
            share = ", as a share of the seeds," if self.metric.binary else ""
            return f"The {metric} of {one}{share} is {region}."
        other = self.arms[1]
        if self.kind == "ratio":
            return f"The {metric} of {one} is {region} times that of {other}."
        if self.claimed.bounds == (0,):
            return f"The {metric} of {one} is {self.claimed.word.replace('_', ' ')} that of {other}."
        return f"The {metric} of {one} minus that of {other} is {region}."

    def lines(self, indent: int) -> list[str]:
        """Its lines, the dash of the list after so many blanks."""
        arms = zip(("arm",) if self.kind == "value" else ("treatment", "control"), self.arms, strict=True)
        written = [
            f"- id: {self.id}",
            f"  statement: {said(self.statement or self.sentence)}",
            "  # rationale: why should anybody believe it?",
            f"  experiment: {self.experiment}",
            "  criterion:",
            f"    kind: {self.kind}  # {_MEANING[self.kind]}",
            f"    metric: {said(self.metric.name)}  # {_read(self.metric)}",
            *([f"    estimand: {self.estimand}"] if self.estimand else []),
            *(f"    {key}: {said(arm)}" for key, arm in arms),
            f"    {self.claimed.as_yaml}  # the region that is claimed: at_least, at_most, or within: [low, high]",
        ]
        if self.expected is None:
            written.append("    # expected: the number you expect, for the power before the run; decides nothing")
        else:
            written.append(f"    expected: {number(self.expected)}  # for the power before the run; decides nothing")
        return [" " * indent + line for line in written]


def _read(metric: Metric) -> str:
    """How a metric is read: its unit, and which way is better."""
    if metric.binary:
        return "0 or 1 in every seed"
    better = f"{metric.better} is better"
    return better if metric.unit == "1" else f"in {metric.unit}, {better}"
