"""Explanation: a hypothesis in plain words before anything runs: what is compared, how, and what would decide it.

Plain text and pure: everything follows from the declared files. What the declared seeds can find is in `foresight`, and
where the hypothesis stands is in `situation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expkit.outcomes import numbers
from expkit.outcomes.freshness import parameters
from expkit.outcomes.meaning import measured_by
from expkit.outcomes.wording import estimand_phrase, metric_phrase, setting_text
from expkit.plan import PlannedArm
from expkit.project.crosscheck import FEWEST_SEEDS
from expkit.records.evidence import Interval
from expkit.specs.base import Setting
from expkit.specs.criterion import Value, arms_of, metric_of
from expkit.specs.experiment import Experiment, RecordedArm, TabularArm
from expkit.specs.metric import Metric
from expkit.specs.question import Hypothesis, ResearchQuestion


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One parameter in which the compared arms differ, with its value in each; None where an arm has none."""

    parameter: str
    values: tuple[Setting | None, ...]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a hypothesis holds against what."""

    experiment: str
    arms: tuple[str, ...]
    differences: tuple[Difference, ...]
    """Of two arms: the parameters in which they differ. Of one: all that it has of its own."""
    environment: str
    metric: Metric
    seeds: tuple[int, ...]
    """How many of each arm."""
    root: int
    streams: str


@dataclass(frozen=True, kw_only=True)
class Decided:
    """How a hypothesis is decided, and what would make it what; every condition ends a sentence."""

    test: str
    estimate: str
    """Such as `difference of the interquartile means, accountant minus drunkard`."""
    paired: bool
    binary: bool
    region: Interval
    levels: tuple[float, float]
    """The strictest and the mildest share of alpha that Holm's correction can leave it."""
    level: str
    """The same in words."""
    supported: str
    refuted: str
    inconclusive: str
    invalid: tuple[str, ...]


def compared(hypothesis: Hypothesis, experiment: Experiment, arms: Mapping[str, PlannedArm]) -> Compared:
    """What a hypothesis compares. `arms`: those of its experiment by name."""
    names = arms_of(hypothesis.criterion)
    chosen = [arms[name] for name in names]
    return Compared(
        experiment=experiment.id,
        arms=names,
        differences=_differences([parameters(arm.arm) for arm in chosen]),
        environment=_environment(chosen),
        metric=measured_by(chosen[0].arm, metric_of(hypothesis.criterion)),
        seeds=tuple(len(arm.seeds) for arm in chosen),
        root=chosen[0].root,
        streams=chosen[0].streams,
    )


def decided(question: ResearchQuestion, hypothesis: Hypothesis, experiment: Experiment, metric: Metric) -> Decided:
    """How a hypothesis is decided."""
    from expkit.statistics.compare import method_of  # scipy: 0.8 s

    criterion = hypothesis.criterion
    region = Interval(low=criterion.low, high=criterion.high)
    paired = experiment.seeds.streams == "common" and not isinstance(criterion, Value)
    estimate = _estimate(hypothesis, metric)
    return Decided(
        test=method_of(criterion.kind, estimand=criterion.estimand, binary=metric.binary, paired=paired),
        estimate=f"{estimate}{_formula(hypothesis)}",
        paired=paired,
        binary=metric.binary,
        region=region,
        levels=_levels(question),
        level=_level(question),
        supported=f"if the whole deciding interval of the {estimate} lies {_inside_phrase(region)}",
        refuted=f"if the whole of it lies {_outside_phrase(region)}",
        inconclusive=f"otherwise: the interval reaches across {_bound_phrase(region)}",
        invalid=tuple(_invalid(hypothesis, experiment, metric)),
    )


def _differences(told: Sequence[Mapping[str, Setting]]) -> tuple[Difference, ...]:
    keys = dict.fromkeys(key for one in told for key in one)
    if len(told) == 1:
        keys = {key: None for key in keys if key.startswith(("agent.", "parameters.", "representation."))}
        return tuple(Difference(parameter=key, values=(told[0][key],)) for key in keys)
    rows = ((key, tuple(one.get(key) for one in told)) for key in keys)
    return tuple(Difference(parameter=key, values=values) for key, values in rows if len({*map(repr, values)}) > 1)


def _environment(arms: Sequence[PlannedArm]) -> str:
    if not all(isinstance(arm.arm, TabularArm) for arm in arms):
        recorded = isinstance(arms[0].arm, RecordedArm)
        return "not told: the results were recorded elsewhere" if recorded else "the program brings its own"
    digests = dict.fromkeys(arm.environment_digest for arm in arms)
    if len(digests) > 1:
        versions = (f"{(arm.environment_digest or '')[:12]} of {arm.name}" for arm in arms)
        return f"another one for each arm, versions {' and '.join(versions)}"
    told = parameters(arms[0].arm)
    settings = {
        key.removeprefix("environment."): value for key, value in told.items() if key.startswith("environment.")
    }
    kind = settings.pop("kind")
    listed = ", ".join(f"{key} {setting_text(value)}" for key, value in settings.items() if value is not None)
    return f"{kind}{f' ({listed})' if listed else ''}, version {(arms[0].environment_digest or '')[:12]}"


def _estimate(hypothesis: Hypothesis, metric: Metric) -> str:
    criterion = hypothesis.criterion
    plural = estimand_phrase(criterion.estimand, binary=metric.binary, plural=True)
    if isinstance(criterion, Value):
        return estimand_phrase(criterion.estimand, binary=metric.binary)
    return f"{criterion.kind} of the {plural}"


def _formula(hypothesis: Hypothesis) -> str:
    criterion = hypothesis.criterion
    name = metric_phrase(metric_of(criterion)).removeprefix("share of ")
    if isinstance(criterion, Value):
        return f" of {name} of {criterion.arm}"
    sign = "divided by" if criterion.kind == "ratio" else "minus"
    return f" of {name}, {criterion.treatment} {sign} {criterion.control}"


def _levels(question: ResearchQuestion) -> tuple[float, float]:
    """The strictest and the mildest level: what is withdrawn counts with p = 1, and never leaves the next its share."""
    alpha, withdrawn = question.family.alpha, sum(one.withdrawn is not None for one in question.hypotheses)
    return alpha / len(question.hypotheses), alpha / (min(withdrawn, len(question.hypotheses) - 1) + 1)


def _level(question: ResearchQuestion) -> str:
    alpha, k = question.family.alpha, len(question.hypotheses)
    if k == 1:
        return f"{alpha:g}, the whole alpha: it is the question's only hypothesis"
    strictest, mildest = (numbers.significant(level) for level in _levels(question))
    shared = f"Holm shares alpha {alpha:g} among the question's {k} hypotheses"
    if strictest == mildest:
        return f"{strictest}: {shared}, and those that are withdrawn keep their share"
    kept = "" if mildest == numbers.significant(alpha) else "; what is withdrawn keeps its share"
    return (
        f"between {strictest} and {mildest}: {shared}; "
        f"the clearest is decided at {strictest}, and each decision leaves the next a larger share{kept}"
    )


def _inside_phrase(region: Interval) -> str:
    if region.low is not None and region.high is not None:
        return f"within {numbers.region(region)}"
    return f"at {numbers.region(region)}"


def _outside_phrase(region: Interval) -> str:
    low, high = (None if end is None else numbers.declared(end) for end in (region.low, region.high))
    if low is not None and high is not None:
        return f"outside: below {low}, or above {high}"
    return f"below {low}" if low is not None else f"above {high}"


def _bound_phrase(region: Interval) -> str:
    ends = [numbers.declared(end) for end in (region.low, region.high) if end is not None]
    return f"a bound, {' or '.join(ends)}" if len(ends) > 1 else ends[0]


def _invalid(hypothesis: Hypothesis, experiment: Experiment, metric: Metric) -> list[str]:
    """What would leave it without a test."""
    criterion = hypothesis.criterion
    each = "the arm" if isinstance(criterion, Value) else "either arm"
    if experiment.failed_seed == "worst":
        reasons = [
            f"if fewer than {FEWEST_SEEDS} seeds of {each} finish; a failed one counts as the worst value of its arm"
        ]
    else:
        reasons = [f"if a single seed of {each} fails, is missing or has no number (failed_seed: invalid)"]
    if metric.binary:
        reasons.append("if a seed has a value other than 0 and 1")
    else:
        reasons.append(f"if the seeds of {each} have no spread between their quarters")
    if criterion.kind == "ratio":
        reasons.append("if the interval of the control reaches zero, where a ratio to it means nothing")
    return reasons
