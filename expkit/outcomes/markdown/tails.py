"""Tails: arms whose mean and interquartile mean tell different stories, and how many seeds make the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence

from expkit.outcomes import numbers, wording
from expkit.records.evidence import ArmEvidence, Evidence, Summary

_LEAST_SHIFT = 0.1
"""Mean and interquartile mean this many standard deviations apart are worth a reader's time."""
_SAMPLING_SHIFT = 1.3
"""Three standard errors of their distance over n normal seeds, in standard deviations, times sqrt(n)."""
_WIDE = 2.5
"""A standard deviation this many times what the middle half suggests: tails on both sides can hide in equal means."""
_ENOUGH_SEEDS = 20
"""Fewer say too little about their middle half."""
_NORMAL_RANGE = 1.349
"""Interquartile range of a normal distribution, in standard deviations."""


def heavy_tail(evidence: Evidence, arm: ArmEvidence, metric: str) -> str | None:
    """One sentence on a heavy tail of an arm in a metric; None if mean, middle half and spread agree."""
    summary = arm.summaries.get(metric)
    if summary is None or not summary.sd or wording.is_binary(evidence, arm.experiment, metric):
        return None
    shift = summary.mean - summary.iqm
    values = sorted(value for value in arm.seeds.get(metric, ()) if value is not None)
    width = _width(values, summary.sd)
    shifted = abs(shift) > max(_LEAST_SHIFT, _SAMPLING_SHIFT / math.sqrt(summary.n)) * summary.sd
    if not shifted and (width is None or width < _WIDE):
        return None
    places = numbers.places_for(4 * summary.sd / math.sqrt(summary.n))
    owner, measured = (
        wording.arm_phrase(evidence, arm.experiment, arm.name),
        wording.metric_in(evidence, arm.experiment, metric),
    )
    parts = [
        f"{owner}, {measured}: "
        f"mean {numbers.number(summary.mean, places)}, interquartile mean {numbers.number(summary.iqm, places)}"
    ]
    downwards = shift < 0
    if values and (line := _line(evidence, arm, metric, summary, downwards=downwards)):
        height, name = line
        beyond = sum(value < height if downwards else value > height for value in values)
        share = numbers.percent(beyond / len(values))
        parts.append(
            f"{beyond} of {numbers.counted(len(values), 'seed')} ({share}) end {'below' if downwards else 'above'} "
            f"{name} ({numbers.number(height, places)})"
        )
    if downwards and summary.q05 is not None:
        parts.append(f"one seed in twenty ends below {numbers.number(summary.q05, places)}")
    else:
        end, extreme = ("lowest", summary.min) if downwards else ("highest", summary.max)
        parts.append(f"the {end} seed is {numbers.number(extreme, places)}")
    if width is not None and width >= _WIDE:
        spread = numbers.number(summary.sd, places)
        parts.append(f"the standard deviation of {spread} is {width:.0f} times what the middle half suggests")
    return "; ".join(parts)


def _width(values: Sequence[float], sd: float) -> float | None:
    """A standard deviation in units of the one that the interquartile range of ascending values suggests."""
    if len(values) < _ENOUGH_SEEDS:
        return None
    spread = (values[-1 - len(values) // 4] - values[len(values) // 4]) / _NORMAL_RANGE
    return sd / spread if spread > 0 else None


def _line(
    evidence: Evidence, arm: ArmEvidence, metric: str, summary: Summary, *, downwards: bool
) -> tuple[float, str] | None:
    """A height a reader knows: the nearest median of an arm in question, else what a random walk earns."""
    spoken_of = wording.arms_spoken_of(evidence)
    lines = [
        (theirs.median, f"the median of {wording.arm_phrase(evidence, other.experiment, other.name)}")
        for other in evidence.arms
        if (other.experiment, other.name) in spoken_of
        and (other.experiment, other.environment_digest) == (arm.experiment, arm.environment_digest)
        and (theirs := other.summaries.get(metric)) is not None
    ]
    beyond = [line for line in lines if _is_beyond(line[0], summary.median, downwards=downwards)]
    if beyond:
        return min(beyond, key=lambda line: (abs(line[0] - summary.median), line[1]))
    steps = arm.parameters.get("trainer.steps")
    if metric != wording.PRIMARY or not isinstance(steps, int) or arm.random_gain is None:
        return None
    total = arm.random_gain * steps
    return (total, "what a random walk earns") if _is_beyond(total, summary.median, downwards=downwards) else None


def _is_beyond(height: float, median: float, *, downwards: bool) -> bool:
    return height < median if downwards else height > median
