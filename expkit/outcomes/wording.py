"""Wording: what metrics, arms, estimands and verdicts are called in sentences, tables and figures. Plain text."""

from __future__ import annotations

from types import MappingProxyType

from expkit.outcomes import numbers
from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence, Replication, Verdict
from expkit.specs.criterion import Estimand
from expkit.specs.metric import TABULAR_METRICS

PRIMARY = "total_reward"
"""The metric that tables and figures show of every arm, whatever is decided on."""

VERDICTS: tuple[Verdict, ...] = ("supported", "refuted", "inconclusive", "invalid", "withdrawn")
"""In the order they are counted."""

SYMBOLS = MappingProxyType(
    {"supported": "✓", "refuted": "✗", "inconclusive": "?", "invalid": "!", "withdrawn": "–"}  # noqa: RUF001
)
"""A sign beside the word of a verdict, so that a table can be scanned; the word always stands beside it."""

_METRIC_PHRASES = {
    "optimal_policy": "share of optimal policies",
    "optimal_return": "share of policies with the optimal return",
    "normalized_score": "normalised score",
    "gain_gap": "gap to the optimal gain",
}
_PERSONS = frozenset({"drunkard", "accountant", "gambler"})


def unwitnessed(evidence: Evidence, hypothesis: HypothesisEvidence | None = None) -> tuple[ArmEvidence, ...]:
    """The arms, of a hypothesis or of all, whose results expkit did not see being made."""
    return tuple(
        arm
        for arm in evidence.arms
        if arm.unwitnessed
        and (
            hypothesis is None
            or (arm.experiment == hypothesis.experiment and arm.name in (hypothesis.treatment, hypothesis.control))
        )
    )


def metric_phrase(metric: str) -> str:
    """A metric in words: `total_reward` is `total reward`, the binary `optimal_policy` a `share`."""
    return _METRIC_PHRASES.get(metric, metric.replace("_", " "))


def is_binary(metric: str) -> bool:
    """Whether a trial yields 0 or 1 in this metric."""
    return metric in TABULAR_METRICS and TABULAR_METRICS[metric].binary


def is_lower_better(metric: str) -> bool:
    """Whether less of this metric is better, as of regret."""
    return metric in TABULAR_METRICS and TABULAR_METRICS[metric].better == "lower"


def estimand_phrase(estimand: Estimand, metric: str, *, plural: bool = False) -> str:
    """What is estimated of an arm: `interquartile mean`, `mean`, or `share` of a binary metric."""
    phrase = "share" if is_binary(metric) else {"iqm": "interquartile mean", "mean": "mean"}[estimand]
    return phrase + "s" if plural else phrase


def measure(hypothesis: HypothesisEvidence, estimand: Estimand) -> str:
    """What a test estimates: `ratio of the interquartile means`, or `mean` where one arm meets a constant."""
    if hypothesis.kind == "value":
        return estimand_phrase(estimand, hypothesis.metric)
    return f"{hypothesis.kind} of the {estimand_phrase(estimand, hypothesis.metric, plural=True)}"


def arm_phrase(evidence: Evidence, experiment: str, name: str) -> str:
    """An arm in a sentence: `the gambler`, `the gambler with learning rate 0.01`; its bare name if that is nobody."""
    arm = find_arm(evidence, experiment, name)
    if arm is not None and arm.varied:
        settings = [f"{' '.join(path.split('.')[1:])} {setting_text(value)}" for path, value in arm.varied.items()]
        return f"{_noun(name.split('[', 1)[0])} with {' and '.join(settings).replace('_', ' ')}"
    return _noun(name)


def of_arm(phrase: str, metric: str) -> str:
    """A metric with its owner: `the gambler's total reward`, `the total reward of gambler-0.1`."""
    return f"{phrase}'s {metric}" if _is_noun(phrase) else f"the {metric} of {phrase}"


def that_of(phrase: str) -> str:
    """The same metric of another arm: `the gambler's`, `that of gambler-0.1`."""
    return f"{phrase}'s" if _is_noun(phrase) else f"that of {phrase}"


def find_arm(evidence: Evidence, experiment: str, name: str) -> ArmEvidence | None:
    """The evidence of an arm by its experiment and name, None if there is none."""
    return next((arm for arm in evidence.arms if (arm.experiment, arm.name) == (experiment, name)), None)


def finished(arm: ArmEvidence) -> int:
    """How many of an arm's declared seeds have a usable result."""
    return arm.count - len(arm.failed)


def setting_text(value: str | int | float | bool) -> str:
    """One value of a parameter, as a declaration writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else numbers.declared(value)


def comparison(hypothesis: HypothesisEvidence) -> str:
    """The arms of a hypothesis as a formula: `gambler / accountant`, `gambler − accountant`, `gambler`."""  # noqa: RUF002
    if hypothesis.control is None:
        return hypothesis.treatment
    sign = "/" if hypothesis.kind == "ratio" else numbers.MINUS
    return f"{hypothesis.treatment} {sign} {hypothesis.control}"


def roots_phrase(replication: Replication) -> str:
    """Where a replication ran: `root 123, drawn from 4f1c9f0`, `roots drawn from 4f1c9f0`, `root 123, as given`."""
    roots, commit = dict.fromkeys(arm.root for arm in replication.arms), replication.draw.commit
    origin = f"drawn from {commit[:7]}" if commit else "as given"
    return f"root {next(iter(roots))}, {origin}" if len(roots) == 1 else f"roots {origin}"


def arms_spoken_of(evidence: Evidence) -> frozenset[tuple[str, str]]:
    """(experiment, arm) of every arm that a hypothesis is about."""
    return frozenset(
        (hypothesis.experiment, name)
        for hypothesis in evidence.hypotheses
        for name in (hypothesis.treatment, hypothesis.control)
        if name is not None
    )


def _is_noun(phrase: str) -> bool:
    return phrase.startswith("the ") and " with " not in phrase


def _noun(name: str) -> str:
    return f"the {name}" if name in _PERSONS else name
