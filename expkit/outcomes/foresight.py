"""Foresight: the power of the declared seeds for what the team expects, told before anything runs.

The spread that power needs is what the team declared (`expected_sd`); and where the same arms were recorded before, for
this question or another, it is theirs as well. Shares need none. Each is told apart, and none decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from expkit.outcomes import numbers
from expkit.outcomes.explanation import Compared, Decided
from expkit.plan import PlannedArm
from expkit.records.evidence import ArmEvidence, Evidence, Interval
from expkit.specs.criterion import Criterion, metric_of
from expkit.specs.metric import unplaced

if TYPE_CHECKING:
    from expkit.statistics.prospect import Basis, Prospect

WANTED = 0.8


class Foreseen(Protocol):
    """What tells what some seeds find: a `Basis`, or `Shares`."""

    def prospect(self, region: Interval, expected: float | None, *, level: float) -> Prospect:
        """What they find of a claim at a level."""
        ...


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What the declared seeds find, reckoned with one spread."""

    spread: Literal["declared", "share", "recorded"]
    source: str
    """Where the spread comes from, in words."""
    strictest: Prospect
    """At the smallest level that Holm's correction can leave."""
    mildest: Prospect
    """At the whole alpha."""

    @property
    def is_weak(self) -> bool:
        """Whether what is expected is missed in more than one case of five at the strictest level."""
        return self.strictest.power is not None and self.strictest.power < WANTED


def foresights(
    criterion: Criterion, what: Compared, how: Decided, arms: Sequence[PlannedArm], earlier: Iterable[Evidence]
) -> tuple[Foresight, ...]:
    """What the declared seeds find, by every spread that is known; nothing where none is.

    Args:
        criterion: the hypothesis's.
        what: what it compares; how: how it is decided.
        arms: the compared arms, treatment first.
        earlier: evidence that may tell of the same arms, the question's own first.
    """
    from expkit.statistics.prospect import declared_spread  # scipy: 0.8 s
    from expkit.statistics.shares import Shares

    if how.binary:
        # no seeds tell more: their number and what is expected are all that the power of an exact test needs
        said = "the exact test of a share"
        if len(what.arms) > 1:
            said = "the exact test of shares, with the largest spread that they can have"
        return (_foreseen("share", said, Shares(counts=what.seeds, paired=how.paired), criterion, how),)
    found: list[Foresight] = []
    if criterion.expected_sd is not None:
        declared = declared_spread(
            criterion.expected_sd, what.seeds, kind=criterion.kind, estimand=criterion.estimand, paired=how.paired
        )
        said = f"the declared expected_sd of {numbers.declared(criterion.expected_sd)}, as if seeds were normal"
        said += ", at worst: pairs that share less of their luck find more" if how.paired else ""
        found.append(_foreseen("declared", said, declared, criterion, how))
    for evidence in earlier:
        told = _told(evidence, arms, criterion, how)
        if told and (basis := _recorded(told, criterion, what, how)):
            counts = " and ".join(dict.fromkeys(numbers.counted(len(values), "seed") for values in told))
            said = f"the recorded results of {evidence.question} ({counts}), which promise nothing about other seeds"
            found.append(_foreseen("recorded", said, basis, criterion, how))
            break
    return tuple(found)


def lacking(criterion: Criterion, how: Decided, found: Sequence[Foresight]) -> str | None:
    """What to declare so that power can be told; None where nothing is lacking."""
    if criterion.expected is None:
        alone = how.binary or bool(found)
        sd = "" if alone else ", and expected_sd, the standard deviation over seeds"
        nothing = "it decides nothing" if alone else "neither decides anything"
        return f"declare expected, the {criterion.kind} you expect{sd}, in the criterion; {nothing}"
    if not found:
        return "declare expected_sd, the standard deviation over seeds that you expect, in the criterion"
    return None


def sentences(one: Foresight, criterion: Criterion, how: Decided) -> list[str]:
    """A foresight in words: power where an effect is expected, and what is found in any case."""
    strict, mild = one.strictest, one.mildest
    at_strict = f"level {numbers.significant(strict.level)}"
    said = [f"From {one.source}:"]
    if _on_bound(criterion):
        said.append(f"{_expected(criterion)} lies on a bound of the claim, where hardly any run decides.")
    elif criterion.expected is not None and strict.power is not None and mild.power is not None:
        same = strict.level == mild.level
        also = "" if same else f", {numbers.percent(mild.power)} at {mild.level:g}"
        would = "supported" if how.region.holds(criterion.expected) else "refuted"
        said.append(
            f"if {_expected(criterion)} is true, it is {would} with a probability of {numbers.percent(strict.power)} "
            f"at {at_strict}{also}."
        )
    if strict.minimum_detectable_effect is None:
        said.append(f"Nothing that a share can be lies far enough beyond a bound to be found with 80 % at {at_strict}.")
    else:
        reach = numbers.significant(strict.minimum_detectable_effect)
        said.append(f"What lies {reach} or more beyond a bound is found with 80 % at {at_strict}.")
    return said


def warning(one: Foresight, criterion: Criterion, what: Compared) -> str | None:
    """What to say where the declared seeds are too few; None where they are enough."""
    if _on_bound(criterion):
        return "what is expected lies on a bound of the claim: no number of seeds decides it; claim another region"
    if not one.is_weak:
        return None
    seeds = numbers.counted(min(what.seeds), "seed")
    few = f"{seeds}{' of each arm' if len(what.arms) > 1 else ''} are too few"
    needed = one.strictest.seeds_needed
    if needed is None:
        return f"{few}, and no number below ten million is enough: claim another region"
    return f"{few}: 80 % takes {needed:,}; write count: {needed} in experiments/{what.experiment}.yaml before the run"


def _on_bound(criterion: Criterion) -> bool:
    return criterion.expected is not None and criterion.expected in (criterion.low, criterion.high)


def _expected(criterion: Criterion) -> str:
    return f"the expected {criterion.kind} of {numbers.declared(criterion.expected or 0)}"


def _foreseen(
    spread: Literal["declared", "share", "recorded"], source: str, basis: Foreseen, criterion: Criterion, how: Decided
) -> Foresight:
    strictest, mildest = (basis.prospect(how.region, criterion.expected, level=level) for level in how.levels)
    return Foresight(spread=spread, source=source, strictest=strictest, mildest=mildest)


def _told(
    evidence: Evidence, arms: Sequence[PlannedArm], criterion: Criterion, how: Decided
) -> list[NDArray[np.float64]]:
    """The values of each arm's earlier seeds, float64 [n]; nothing where not all are told of. Pairs stay pairs."""
    metric = metric_of(criterion)
    if unplaced(metric)[1]:
        return []  # another question may call another environment so
    by_key = {arm.key: arm for arm in evidence.arms if metric in arm.seeds}
    if not all(arm.key in by_key for arm in arms):
        return []
    found = [by_key[arm.key] for arm in arms]
    values = [np.array([np.nan if one is None else one for one in arm.seeds[metric]]) for arm in found]
    if not how.paired:
        return [one[np.isfinite(one)] for one in values]
    if not _are_pairs(found) or len(values[0]) != len(values[1]):
        return []
    whole = np.isfinite(values[0]) & np.isfinite(values[1])
    return [one[whole] for one in values]


def _are_pairs(arms: Sequence[ArmEvidence]) -> bool:
    return len({arm.root for arm in arms}) == 1 and all(arm.streams == "common" for arm in arms)


def _recorded(
    values: Sequence[NDArray[np.float64]], criterion: Criterion, what: Compared, how: Decided
) -> Basis | None:
    from expkit.statistics.claim import Claim
    from expkit.statistics.prospect import recorded_spread

    claim = Claim(
        kind=criterion.kind,
        region=how.region,
        treatment=values[0],
        control=values[1] if len(values) > 1 else None,
        estimand=criterion.estimand,
        binary=how.binary,
        paired=how.paired,
    )
    return recorded_spread(claim, what.seeds)
