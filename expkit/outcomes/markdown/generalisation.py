"""Generalisation: what every arm's final policy is worth in environments that it was not trained in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from expkit.outcomes import numbers, wording
from expkit.outcomes.markdown.text import bullets, code, plain, table
from expkit.records.elsewhere import Elsewhere
from expkit.records.evidence import ArmEvidence, Evidence, Summary

SCORE = "normalized_score"
"""What has one scale in every environment: 0 for a random walk there, 1 for the best policy there."""

_NONE = "–"  # noqa: RUF001
_PLACES = 2
_INTRODUCTION = """\
The final greedy policy of every seed, evaluated exactly in each environment; nothing is trained again. Interquartile \
mean of the normalised score, 0 for what a random walk earns there and 1 for the best policy there, with its plain \
95 % interval. There is none where the middle half of the seeds agrees to the last digit."""
_UNSEEN = {
    "random": "In states that its table does not have, a policy acts uniformly at random.",
    "last": "In states that its table does not have, a policy acts as in the table's last state.",
}
_HEAT_MAP = "![Normalised score by arm and environment](figures/generalisation.svg)"
_FOREST = "![Differences by environment and their mean](figures/environments.svg)"


def generalisation(evidence: Evidence) -> tuple[str, ...]:
    """The section, where an experiment evaluates anywhere else: a table per experiment, then the figures."""
    parts = []
    for experiment, title in evidence.experiments.items():
        own = [arm for arm in evidence.arms if arm.experiment == experiment and arm.evaluated_on]
        if own:
            parts += [f"### {plain(experiment)}: {plain(title)}"] if len(evidence.experiments) > 1 else []
            parts += [_matrix(own), _environments(own)]
    if not parts:
        return ()
    figures = [_HEAT_MAP, *([_FOREST] if any(one.places for one in evidence.hypotheses) else [])]
    return ("\n\n".join(["## Generalisation", _INTRODUCTION, *parts, *figures]),)


def _matrix(own: Sequence[ArmEvidence]) -> str:
    head = ["arm", "as trained", *(code(name) for name in own[0].evaluated_on)]
    rows = [
        [
            code(arm.name),
            _cell(arm.summaries.get(SCORE)),
            *(_cell(arm.summaries.get(f"{SCORE}/{name}")) for name in arm.evaluated_on),
        ]
        for arm in own
    ]
    return table(head, rows, right=range(1, len(head)))


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return _NONE
    interval = f" ({numbers.interval(summary.iqm_interval, _PLACES)})" if summary.iqm_interval else ""
    return f"{numbers.number(summary.iqm, _PLACES)}{interval}"


def _environments(own: Sequence[ArmEvidence]) -> str:
    """What each environment is: the settings that tell them apart, and what is exactly known there."""
    targets = own[0].evaluated_on
    lines = []
    for name, target in targets.items():
        settings = plain(", ".join(_apart(target, targets, own)))
        lines.append(
            f"{code(name)}{': ' if settings else ''}{settings}; the optimal gain is "
            f"{numbers.significant(target.optimal_gain, 5)} a step, a random walk's "
            f"{numbers.significant(target.random_gain, 5)}"
        )
    rules = {one.unseen for arm in own for one in arm.evaluated_on.values() if one.unseen}
    return "\n\n".join([bullets(lines), *(_UNSEEN[rule] for rule in sorted(rules))])


def _apart(target: Elsewhere, targets: Mapping[str, Elsewhere], own: Sequence[ArmEvidence]) -> list[str]:
    """The settings of an environment that some other one, or one trained in, does not share."""
    others = [one.parameters for one in targets.values()]
    prefix = "environment."
    for arm in own:
        others.append(
            {key.removeprefix(prefix): value for key, value in arm.parameters.items() if key.startswith(prefix)}
        )
    return [
        f"{key.replace('_', ' ')} {wording.setting_text(value)}"
        for key, value in target.parameters.items()
        if key != "digest" and any(other.get(key) != value for other in others)
    ]
