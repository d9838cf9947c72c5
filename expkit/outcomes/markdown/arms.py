"""Arms: what every configuration yielded, as tables by experiment and metric, and the figures beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from expkit.outcomes import numbers, wording
from expkit.outcomes.markdown.origins import definition, origins
from expkit.outcomes.markdown.text import code, folded, plain, table
from expkit.outcomes.varied import parameter, sweeps
from expkit.records.evidence import ArmEvidence, Evidence

_MOST_OPEN = 15
"""Arms of an experiment shown at once; beyond that, those no hypothesis speaks of are folded away."""
_NONE = "–"  # noqa: RUF001
_IQM = "IQM is the interquartile mean: of the middle half of the seeds."
_OPTIMUM = """\
Optimum is the optimal gain times the steps, exact, which no training can be expected to exceed in the long run."""
_CURVES = "![Reward per step over the training, by arm, with pointwise 95 % bands](figures/curves.svg)"


def arms(evidence: Evidence) -> str:
    """The section: one table per experiment and metric, then the learning curves and the per-seed distributions."""
    exact = any(arm.environment_digest for arm in evidence.arms)
    parts = ["## Arms", f"{_IQM} {_OPTIMUM}" if exact else _IQM]
    for experiment, title in evidence.experiments.items():
        own = [arm for arm in evidence.arms if arm.experiment == experiment]
        if not own:
            continue
        if len(evidence.experiments) > 1:
            parts.append(f"### {plain(experiment)}: {plain(title)}")
        parts += origins(evidence, own)
        for metric in metrics_shown(evidence, experiment):
            parts.append(definition(evidence, experiment, metric))
            parts += _tables(evidence, own, metric)
        parts += _references(own)
    seeds = f"![{_capitalised(plain(wording.primary_phrase(evidence)))} of every seed, by arm](figures/seeds.svg)"
    curves = [_CURVES] if exact or not evidence.arms else []
    return "\n\n".join([*parts, *_sweep(evidence), *curves, seeds])


def _sweep(evidence: Evidence) -> list[str]:
    """The heat map, where two parameters are varied together; its alternative text tells where the best cells are."""
    varied = sweeps(evidence) if "sweep.svg" in evidence.figures else ()  # evidence from before there was one has none
    if not varied:
        return []
    told = []
    for one in varied:
        phrase = _capitalised(wording.metric_in(evidence, one.experiment, one.metric))
        pair = " and ".join(map(parameter, one.paths))
        best = [" and ".join(map(wording.setting_text, place)) for place in one.arms if place in one.best]
        told.append(f"{phrase} by {pair}, interquartile mean; best at {'; '.join(best) or 'none'}")
    return [f"![{plain('. '.join(told))}](figures/sweep.svg)"]


def metrics_shown(evidence: Evidence, experiment: str) -> list[str]:
    """The primary metric, then what hypotheses are decided on; a binary one of expkit's own has its column already."""
    decided = [one.metric for one in evidence.hypotheses if one.experiment == experiment]
    return [
        metric
        for metric in dict.fromkeys([wording.primary(evidence, experiment), *decided])
        if not wording.is_binary(evidence, experiment, metric) or wording.is_declared(evidence, experiment, metric)
    ]


def _tables(evidence: Evidence, own: Sequence[ArmEvidence], metric: str) -> list[str]:
    if own and wording.is_binary(evidence, own[0].experiment, metric):
        return _opened(evidence, own, lambda shown: _shares(shown, metric))
    return _opened(evidence, own, lambda shown: _table(shown, metric))


def _opened(evidence: Evidence, own: Sequence[ArmEvidence], table: Callable[[Sequence[ArmEvidence]], str]) -> list[str]:
    if len(own) <= _MOST_OPEN:
        return [table(own)]
    spoken_of = wording.arms_spoken_of(evidence)
    named = [arm for arm in own if (arm.experiment, arm.name) in spoken_of]
    rest = [arm for arm in own if (arm.experiment, arm.name) not in spoken_of]
    tables = [table(named)] if named else []
    return [*tables, folded(f"{len(rest)} {'more ' if named else ''}arms", table(rest))] if rest else tables


def _shares(shown: Sequence[ArmEvidence], metric: str) -> str:
    """A metric of zeros and ones: how many of the seeds have a one."""
    measured = [(arm, arm.summaries.get(metric)) for arm in shown]
    rows = [
        [code(arm.name), numbers.percent(summary.mean), f"{summary.n:,}"]
        if summary
        else [code(arm.name), _NONE, f"{wording.finished(arm):,}"]
        for arm, summary in measured
    ]
    return table(["arm", "share", "n"], rows, right=(1, 2))


def _table(shown: Sequence[ArmEvidence], metric: str) -> str:
    with_share = any(arm.environment_digest for arm in shown)
    head = ["arm", "mean", "IQM", "sd", "5 % quantile", *(["share optimal"] if with_share else []), "n"]
    with_optimum = any(_optimum(arm, metric) is not None for arm in shown)
    places = places_among(shown, metric)
    rows = [
        _row(arm, metric, places, with_share) + ([_optimum_cell(arm, metric, places)] if with_optimum else [])
        for arm in shown
    ]
    head += ["optimum"] if with_optimum else []
    return table(head, rows, right=range(1, len(head)))


def _row(arm: ArmEvidence, metric: str, places: int, with_share: bool) -> list[str]:
    summary = arm.summaries.get(metric)
    if summary is None:
        return [code(arm.name), *[_NONE] * (4 + with_share), f"{wording.finished(arm):,}"]
    # where returns are measured, all of a table's paths may earn the same average a step
    optimal = arm.summaries.get("optimal_return") or arm.summaries.get("optimal_policy")
    return [
        code(arm.name),
        numbers.number(summary.mean, places),
        numbers.number(summary.iqm, places),
        _NONE if summary.sd is None else numbers.number(summary.sd, places),
        _NONE if summary.q05 is None else numbers.number(summary.q05, places),
        *([_NONE if optimal is None else numbers.percent(optimal.mean)] if with_share else []),
        f"{summary.n:,}",
    ]


def _optimum_cell(arm: ArmEvidence, metric: str, places: int) -> str:
    best = _optimum(arm, metric)
    return _NONE if best is None else numbers.number(best, places)


def _optimum(arm: ArmEvidence, metric: str) -> float | None:
    """The best that the long-run average of this metric can be in an arm's environment; None where there is no such."""
    steps = arm.parameters.get("trainer.steps")
    if metric == wording.PRIMARY and isinstance(steps, int) and arm.optimal_gain is not None:
        return arm.optimal_gain * steps
    return arm.optimal_gain if metric in ("final_reward_rate", "greedy_gain") else None


def places_among(shown: Sequence[ArmEvidence], metric: str) -> int:
    """Decimals that a metric of some arms is printed with, so that they can be compared."""
    return max((_places(arm, metric) for arm in shown), default=0)


def _places(arm: ArmEvidence, metric: str) -> int:
    summary = arm.summaries.get(metric)
    return numbers.places_for(4 * summary.sd / math.sqrt(summary.n)) if summary and summary.sd else 0


def _references(own: Sequence[ArmEvidence]) -> list[str]:
    """What is exactly known of the environment, where all arms of an experiment share one and its budget."""
    gains = {(arm.optimal_gain, arm.random_gain, arm.parameters.get("trainer.steps")) for arm in own}
    if len(gains) != 1:
        return []
    ((optimal, random, steps),) = gains
    if optimal is None or random is None:
        return []
    total = f", {numbers.number(random * steps, 0)} in {steps:,} steps" if isinstance(steps, int) else ""
    return [f"Exact: the optimal gain is {_gain(optimal)} a step; a random walk earns {_gain(random)} a step{total}."]


def _gain(gain: float) -> str:
    return numbers.significant(gain, 5)


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
