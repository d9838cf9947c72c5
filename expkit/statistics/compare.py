"""Comparisons: the one test that fits a claim, with all that a verdict asks of it.

A comparison knows two one-sided p-values at any bound and the interval of any level. Every test of this room has both
from one distribution, so that for every bound c and level a

    above(c) <= a / 2   exactly where the interval of confidence 1 - a lies above c,
    below(c) <= a / 2   exactly where it lies below c.

Which test: proportions for a binary metric; a ratio through the difference test of A - r B; else Student's t on trimmed
moments (Yuen-Welch, paired, or of one arm). What cannot be tested honestly is refused with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from expkit.records.elsewhere import PlaceEstimate
from expkit.specs.criterion import Estimand
from expkit.statistics.binary import Proportion, ProportionDifference
from expkit.statistics.claim import Claim, Untestable, usable_seeds
from expkit.statistics.estimate import PLAIN_LEVEL
from expkit.statistics.moments import Floats, Trimmed, spreadless, trim_of, trimmed
from expkit.statistics.ratio import Fieller, residuals
from expkit.statistics.rounding import rounded, rounded_interval
from expkit.statistics.student import Student, one_arm, paired, unpaired

DEGENERATE = (
    "degenerate: {what} has no spread between its quarters, so its uncertainty cannot be estimated; use a binary metric"
)
CONTROL_NOT_POSITIVE = "the control's {confidence:.4g} % interval reaches zero or below, so a ratio to it means nothing"


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """A test that fits a claim."""

    method: str
    estimand: Estimand
    seeds: tuple[Floats, ...]
    """What is tested, treatment first; float64 [n] each."""
    estimate: float
    above: Callable[[float], float]
    """One-sided p of "the truth is at most this bound"."""
    below: Callable[[float], float]
    """One-sided p of "the truth is at least this bound"."""
    interval: Callable[[float], tuple[float, float]]
    """The ends of the interval of confidence 1 - level; infinite where the set is no interval."""
    standard_error: float | None
    degrees_of_freedom: float | None
    spreads: Callable[[float], tuple[float, ...]]
    """Winsorised standard deviations of the independent samples in the test at a bound; see `power.precision`."""
    counts: tuple[int, ...]
    """Seeds of each of these samples."""
    trim: float
    unit: float = 1.0
    """What one unit of the estimate is in the units of the spreads: the control of a ratio, else 1."""
    space: tuple[float, float] = (-math.inf, math.inf)
    """Where the truth can lie at all."""


def comparison(claim: Claim) -> Comparison:
    """The test that fits a claim.

    Raises:
        Untestable: seeds or a claim that no test of this room can decide honestly.
    """
    seeds, remarks = usable_seeds(claim)
    if claim.binary:
        return _of_proportions(claim, seeds, remarks)
    if claim.estimand == "mean" and claim.paired:
        raise Untestable("the mean is not tested in pairs; claim the iqm instead, or use independent streams")
    trim = trim_of(claim.estimand)
    arms = [trimmed(values, trim) for values in seeds]
    for name, values, arm in zip(("the treatment", "the control"), seeds, arms, strict=False):
        if spreadless(arm.winsorised, float(np.abs(values).max())):
            raise Untestable(DEGENERATE.format(what=name))
    method = _stamped(method_of(claim.kind, estimand=claim.estimand, binary=False, paired=claim.paired), remarks)
    if len(arms) == 1:
        return _of_student(claim, seeds, one_arm(arms[0]), arms, method)
    treatment, control = arms
    if claim.kind == "ratio":
        return _of_ratio(claim, seeds, treatment, control, method)
    if not claim.paired:
        return _of_student(claim, seeds, unpaired(treatment, control), arms, method)
    if spreadless(treatment.winsorised - control.winsorised, _magnitude(seeds)):
        raise Untestable(DEGENERATE.format(what="the paired difference"))
    return _of_student(claim, seeds, paired(treatment, control), arms, method)


def method_of(kind: Literal["difference", "ratio", "value"], *, estimand: Estimand, binary: bool, paired: bool) -> str:
    """What the test of a claim is called: known before any seed has run."""
    if binary and kind == "value":
        return "exact binomial test of the proportion, with Clopper and Pearson's interval"
    if binary:
        return f"exact unconditional test of the difference of {'paired ' if paired else ''}proportions"
    trimming = "25 % trimmed" if trim_of(estimand) else "untrimmed"
    if kind == "value":
        return f"one-sample t, {trimming}"
    if kind == "ratio":
        name = "paired t" if paired else ("Yuen-Welch" if estimand == "iqm" else "Welch's t")
        return f"{name} of treatment - r x control with Fieller's set, {trimming}"
    if paired:
        return f"paired t, {trimming}"
    return "Yuen-Welch, 25 % trimmed" if trim_of(estimand) else "Welch's t"


def shown(claim: Claim) -> PlaceEstimate | None:
    """What a claim's seeds come to, with a plain 95 % interval; None where they cannot be tested. Decides nothing."""
    try:
        found = comparison(claim)
    except Untestable:
        return None
    return PlaceEstimate(estimate=rounded(found.estimate), interval95=rounded_interval(*found.interval(PLAIN_LEVEL)))


def _of_student(claim: Claim, seeds: tuple[Floats, ...], test: Student, arms: list[Trimmed], method: str) -> Comparison:
    def interval(level: float) -> tuple[float, float]:
        low, high = test.interval(level)
        return float(low), float(high)

    if claim.paired:
        spreads: tuple[float, ...] = (_spread(arms[0].winsorised - arms[1].winsorised),)
    else:
        spreads = tuple(float(arm.spread) for arm in arms)
    return Comparison(
        method=method,
        estimand=claim.estimand,
        seeds=seeds,
        estimate=float(test.estimate),
        above=lambda bound: float(test.above(bound)),
        below=lambda bound: float(test.below(bound)),
        interval=interval,
        standard_error=float(test.standard_error),
        degrees_of_freedom=float(test.degrees_of_freedom),
        spreads=lambda bound: spreads,
        counts=tuple(len(values) for values in seeds[: len(spreads)]),
        trim=trim_of(claim.estimand),
    )


def _of_ratio(claim: Claim, seeds: tuple[Floats, ...], treatment: Trimmed, control: Trimmed, method: str) -> Comparison:
    if float(one_arm(control).interval(PLAIN_LEVEL)[0]) <= 0:
        raise Untestable(CONTROL_NOT_POSITIVE.format(confidence=100 * (1 - PLAIN_LEVEL)))
    if claim.paired and spreadless(residuals(treatment, control), _magnitude(seeds)):
        raise Untestable(
            DEGENERATE.format(what="the treatment's remainder, once a multiple of the control is taken off,")
        )
    ratio = Fieller(treatment=treatment, control=control, in_pairs=claim.paired)
    at_estimate = ratio.difference(ratio.estimate)

    def spreads(bound: float) -> tuple[float, ...]:
        if claim.paired:
            return (_spread(treatment.winsorised - bound * control.winsorised),)
        return float(treatment.spread), abs(bound) * float(control.spread)

    return Comparison(
        method=method,
        estimand=claim.estimand,
        seeds=seeds,
        estimate=ratio.estimate,
        above=ratio.above,
        below=ratio.below,
        interval=ratio.interval,
        standard_error=float(at_estimate.standard_error) / float(control.location),
        degrees_of_freedom=float(at_estimate.degrees_of_freedom),
        spreads=spreads,
        counts=(treatment.n,) if claim.paired else (treatment.n, control.n),
        trim=trim_of(claim.estimand),
        unit=float(control.location),
    )


def _of_proportions(claim: Claim, seeds: tuple[Floats, ...], remarks: str) -> Comparison:
    if any(((values != 0) & (values != 1)).any() for values in seeds):
        raise Untestable("a binary metric has a value other than 0 and 1")
    if claim.kind == "ratio":
        raise Untestable("a ratio of proportions is not tested; claim their difference instead")
    n = len(seeds[0])
    method = method_of(claim.kind, estimand=claim.estimand, binary=True, paired=claim.paired)
    if claim.control is None:
        test: Proportion | ProportionDifference = Proportion(successes=int(seeds[0].sum()), n=n)
        space = (0.0, 1.0)
    else:
        successes = seeds if not claim.paired else (seeds[0] * (1 - seeds[1]), seeds[1] * (1 - seeds[0]))
        treatment, control = (Proportion(successes=int(values.sum()), n=len(values)) for values in successes)
        test = ProportionDifference(treatment=treatment, control=control, in_pairs=claim.paired)
        method += f" ({'McNemar' if claim.paired else 'Fisher'}'s exact p of no difference: {test.conditional_p():.3g})"
        space = (-1.0, 1.0)
    # the spread that power is reckoned with: half a success and half a failure more keep it off zero
    smoothed = tuple((values.sum() + 0.5) / (len(values) + 1) for values in seeds)
    if claim.paired:
        only = [(values.sum() + 0.5) / (n + 2) for values in (seeds[0] > seeds[1], seeds[0] < seeds[1])]
        spreads: tuple[float, ...] = (math.sqrt(only[0] + only[1] - (only[0] - only[1]) ** 2),)
    else:
        spreads = tuple(math.sqrt(share * (1 - share)) for share in smoothed)
    return Comparison(
        method=_stamped(method, remarks),
        estimand="mean",
        seeds=seeds,
        estimate=test.estimate,
        above=test.above,
        below=test.below,
        interval=test.interval,
        standard_error=None,
        degrees_of_freedom=None,
        spreads=lambda bound: spreads,
        counts=tuple(len(values) for values in seeds[: len(spreads)]),
        trim=0.0,
        space=space,
    )


def _stamped(method: str, remarks: str) -> str:
    return f"{method}; {remarks}" if remarks else method


def _spread(values: Floats) -> float:
    return float(values.std(ddof=1))


def _magnitude(seeds: tuple[Floats, ...]) -> float:
    return max(float(np.abs(values).max()) for values in seeds)
