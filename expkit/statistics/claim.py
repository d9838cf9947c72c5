"""Claims: a hypothesis with the seeds it speaks of, and whether these seeds can be tested at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from expkit.records.evidence import Interval
from expkit.specs.criterion import Estimand
from expkit.statistics.estimate import FEWEST_SEEDS
from expkit.statistics.moments import Floats

FEWEST_FOR_MEAN = 50
"""Under so many seeds a heavy tail makes every interval of the mean too short."""
LOW_N = 10
"""Tests of fewer seeds are stamped "low n"."""


class Untestable(Exception):
    """Why a claim cannot be decided by these seeds, in one sentence; it becomes the reason of an invalid verdict."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A hypothesis: a region for the difference, ratio or value of one or two arms, and their seeds.

    treatment, control: float64 [n] in seed order, NaN for a seed that is missing or failed; control is None exactly
    where `kind` is `value`. `paired` says that both arms met the same luck seed by seed; they then have equal
    lengths.

    Raises:
        ValueError: fields that contradict each other, which a parsed declaration never does.
    """

    kind: Literal["difference", "ratio", "value"]
    region: Interval
    treatment: Floats
    control: Floats | None = None
    estimand: Estimand = "iqm"
    binary: bool = False
    """Whether seeds are 0 or 1; the estimand is then their proportion, whatever `estimand` says."""
    paired: bool = False
    failed_seed: Literal["invalid", "worst"] = "invalid"
    better: Literal["higher", "lower"] = "higher"
    withdrawn: str | None = None
    expected: float | None = None
    """The difference, ratio or value the team declared to expect; decides nothing."""

    def __post_init__(self) -> None:
        if (self.control is None) != (self.kind == "value"):
            raise ValueError(f"a {self.kind} {'has no' if self.kind == 'value' else 'needs a'} control")
        if self.region.low is None and self.region.high is None:
            raise ValueError("a claim needs a bound: a region without one is true whatever the seeds say")
        if self.paired and self.control is None:
            raise ValueError("one arm has nothing to be paired with")
        if self.paired and self.control is not None and self.treatment.shape != self.control.shape:
            raise ValueError(f"pairs need equal lengths, not {len(self.treatment)} and {len(self.control)}")


def usable_seeds(claim: Claim) -> tuple[tuple[Floats, ...], str]:
    """The seeds to test with, treatment first, and what has to be said of them ("" if nothing).

    A failed seed makes the claim untestable, or counts as the worst value that any seed of its arm reached, as
    declared.

    Raises:
        Untestable: a failed seed, or fewer than 5 finished ones.
    """
    arms = {"treatment": claim.treatment} | ({} if claim.control is None else {"control": claim.control})
    usable = []
    remarks = []
    for name, values in arms.items():
        finished = values[np.isfinite(values)]
        failed = len(values) - len(finished)
        if failed and claim.failed_seed == "invalid":
            raise Untestable(f"{failed} of {len(values)} seeds of the {name} are missing or failed")
        if len(finished) < FEWEST_SEEDS:
            raise Untestable(
                f"the {name} has {len(finished)} finished seed{'' if len(finished) == 1 else 's'}; "
                f"a test needs {FEWEST_SEEDS}"
            )
        if claim.estimand == "mean" and not claim.binary and len(finished) < FEWEST_FOR_MEAN:
            raise Untestable(
                f"the mean needs {FEWEST_FOR_MEAN} seeds and the {name} has {len(finished)}; claim the iqm instead"
            )
        if failed:
            worst = finished.min() if claim.better == "higher" else finished.max()
            values = np.where(np.isfinite(values), values, worst)
            remarks.append(f"{failed} failed seed{'' if failed == 1 else 's'} of the {name} counted as its worst")
        usable.append(values)
    if (fewest := min(len(values) for values in usable)) < LOW_N:
        remarks.append(f"low n ({fewest} seeds)")
    return tuple(usable), "; ".join(remarks)
