"""Wording: what metrics, arms, estimands and verdicts are called in sentences, tables and figures. Plain text."""

from __future__ import annotations

from types import MappingProxyType

from expkit.outcomes import numbers
from expkit.outcomes.meaning import in_order, meant
from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence, Replication, Verdict
from expkit.specs.criterion import Estimand
from expkit.specs.metric import unplaced

PRIMARY = "total_reward"
"""The metric that tables and figures show of every arm that expkit trains, whatever is decided on."""

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
    """A metric in words: `total reward`, `share of optimal policies`, `normalised score in windy`."""
    base, places = unplaced(metric)
    phrase = _METRIC_PHRASES.get(base, base.replace("_", " "))
    if len(places) > 1:
        return f"mean {phrase} over {', '.join(places[:-1])} and {places[-1]}"
    return f"{phrase} in {places[0]}" if places else phrase


def metric_in(evidence: Evidence, experiment: str, metric: str) -> str:
    """A metric of an experiment in words; one that the experiment defines has no phrase of expkit's."""
    if not is_declared(evidence, experiment, metric):
        return metric_phrase(metric)
    return f"{'share of ' * is_binary(evidence, experiment, metric)}{metric.replace('_', ' ')}"


def is_declared(evidence: Evidence, experiment: str, metric: str) -> bool:
    """Whether an experiment defines this metric itself, whatever expkit means by its name."""
    return any(arm.experiment == experiment and metric in arm.metrics for arm in evidence.arms)


def is_binary(evidence: Evidence, experiment: str, metric: str) -> bool:
    """Whether a trial yields 0 or 1 in this metric."""
    meaning = meant(evidence, experiment, metric)
    return meaning is not None and meaning.binary


def primary(evidence: Evidence, experiment: str) -> str:
    """The metric that tables and figures show of every arm of an experiment.

    Where expkit does not train, the first that a hypothesis is decided on, if it has more than two values; else the
    first that was declared.
    """
    own = [arm for arm in evidence.arms if arm.experiment == experiment]
    if not own or any(arm.environment_digest is not None for arm in own):
        return PRIMARY
    decided = dict.fromkeys(one.metric for one in evidence.hypotheses if one.experiment == experiment)
    kept = dict.fromkeys(metric for arm in own for metric in in_order(arm.seeds, arm.metrics))
    found = [*decided, *(metric for metric in kept if metric not in decided)]
    spread = (metric for metric in found if not is_binary(evidence, experiment, metric))
    return next(spread, found[0] if found else PRIMARY)


def primary_phrase(evidence: Evidence) -> str:
    """The primary metrics of all experiments in words."""
    pairs = dict.fromkeys((experiment, primary(evidence, experiment)) for experiment in evidence.experiments)
    return " and ".join(dict.fromkeys(metric_in(evidence, *pair) for pair in pairs))


def estimand_phrase(estimand: Estimand, *, binary: bool, plural: bool = False) -> str:
    """What is estimated of an arm: `interquartile mean`, `mean`, or `share` of a binary metric."""
    phrase = "share" if binary else {"iqm": "interquartile mean", "mean": "mean"}[estimand]
    return phrase + "s" if plural else phrase


def measure(evidence: Evidence, hypothesis: HypothesisEvidence, estimand: Estimand) -> str:
    """What a test estimates: `ratio of the interquartile means`, or `mean` where one arm meets a constant."""
    binary = is_binary(evidence, hypothesis.experiment, hypothesis.metric)
    if hypothesis.kind == "value":
        return estimand_phrase(estimand, binary=binary)
    return f"{hypothesis.kind} of the {estimand_phrase(estimand, binary=binary, plural=True)}"


def arm_phrase(evidence: Evidence, experiment: str, name: str) -> str:
    """An arm in a sentence: `the gambler`, `the gambler with learning rate 0.01`; its bare name if that is nobody.

    Arms of programs are named after their settings, not after who acts.
    """
    arm = find_arm(evidence, experiment, name)
    noun = _noun if arm is None or arm.environment_digest is not None else str
    if arm is not None and arm.varied:
        settings = [f"{' '.join(path.split('.')[1:])} {setting_text(value)}" for path, value in arm.varied.items()]
        return f"{noun(name.split('[', 1)[0])} with {' and '.join(settings).replace('_', ' ')}"
    return noun(name)


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
