"""What was recorded against what came out now: every digest, and the first seed, state and action that differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.checkpoint.policy import action_names
from expkit.digests import digest
from expkit.ledger.results import ArmResults
from expkit.outcomes.meaning import places_in
from expkit.outcomes.numbers import MINUS, significant
from expkit.records.evidence import ArmEvidence
from expkit.reproduction.execute import Executed
from expkit.specs.environment import Environment
from expkit.training.train import trial_digests

_DIGITS = range(5, 16)
"""Of numbers that are set beside each other: as few as tell them apart; beyond these, all that a double has."""

_TINY, _HUGE = 1e-6, 1e15
"""Beyond these a number is written with an exponent."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first thing that differs."""

    seed: int | None
    """None where evidence cannot tell."""
    what: str
    """`Q-table`, `visits`, `curve`, the name of a metric, or what cannot be compared further, in words."""
    place: str | None = None
    """Where in it: `state 3, FORWARD`, `window 7`."""
    state: int | None = None
    action: str | None = None
    recorded: float | None = None
    here: float | None = None
    measured: bool = False
    """Whether the two numbers are known; a trial that failed has None for a number."""

    @property
    def by(self) -> float | None:
        """How much more it is here; None where that is no finite number."""
        if self.recorded is None or self.here is None or not math.isfinite(self.here - self.recorded):
            return None
        return self.here - self.recorded

    def __str__(self) -> str:
        places = [f"seed {self.seed}" if self.seed is not None else None, self.place]
        if self.what != "Q-table" or not self.place:
            places.insert(1, self.what)
        text = ", ".join(place for place in places if place)
        if not self.measured:
            return text
        recorded, here = _apart(self.recorded, self.here)
        return f"{text}: {recorded} recorded, {here} here{_signed(self.by)}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """An arm's trials held against what was recorded of them."""

    seeds: tuple[int, ...]
    """Those that were compared."""
    differing: tuple[int, ...]
    """Those known to differ; evidence may know that some do, and not which."""
    first: Difference | None
    """None where they match."""
    by_digest: bool = True
    """Whether digests were compared; False for a sample of what only evidence holds."""


def against_results(
    results: ArmResults, executed: Mapping[int, Executed], environment: Environment | None, seeds: Sequence[int]
) -> Compared:
    """Trials against those that the ledger has, digest by digest.

    The recorded digests must be those of the recorded arrays, too: else the record is what differs. Without an
    environment they are a program's, which has no arrays.

    Raises:
        LedgerDamaged: the recorded arrays cannot be read.
    """
    row = {seed: number for number, seed in enumerate(results.seeds)}
    rehashed = results.trial_digests
    if environment is not None:
        rehashed = trial_digests(results.q, results.visits, results.curve, results.metrics)
    differing = [
        seed for seed in seeds if not executed[seed].digest == results.trial_digests[row[seed]] == rehashed[row[seed]]
    ]
    first = None
    if differing:
        first = _first(results, row[differing[0]], executed[differing[0]], environment)
    return Compared(seeds=tuple(seeds), differing=tuple(differing), first=first)


def against_evidence(arm: ArmEvidence, executed: Mapping[int, Executed], seeds: Sequence[int]) -> Compared:
    """Trials against what evidence holds: some metrics of every seed, and one digest of all trials.

    What tables are worth in other environments follows from them, and no trial comes out with it.
    A seed that the evidence lacks and that comes out well now was not run then: there is nothing to hold it against.
    """
    compared = tuple(seed for seed in seeds if seed not in arm.failed or executed[seed].failed)
    differing, first = [], None
    for seed in compared:
        for metric in (metric for metric in arm.seeds if not places_in(arm, metric)):
            recorded, here = arm.seeds[metric][seed], executed[seed].metric(metric)
            if recorded != here:
                differing.append(seed)
                first = first or Difference(seed=seed, what=metric, recorded=recorded, here=here, measured=True)
                break
    whole = len(seeds) == arm.count
    if whole and not differing and digest([executed[seed].digest for seed in compared]) != arm.results_digest:
        first = Difference(
            seed=None, what="Q-tables, visits, curves or other metrics differ; the evidence does not hold them"
        )
    return Compared(seeds=compared, differing=tuple(differing), first=first, by_digest=whole)


def _first(results: ArmResults, row: int, here: Executed, environment: Environment | None) -> Difference:
    """The first thing in which a trial differs: in the Q-table, else in visits, else in the curve, else in a metric."""
    seed, arrays = results.seeds[row], here.arrays() if environment is not None else {}
    for name, array in (("Q-table", "q"), ("visits", "visits"), ("curve", "curve")):
        if environment is None:
            break
        recorded, now = getattr(results, array)[row], arrays[array]
        if recorded.shape != now.shape:
            return Difference(seed=seed, what=f"{name} of shape {recorded.shape} recorded, {now.shape} here")
        index = _first_index(recorded, now)
        if index is not None:
            return Difference(
                seed=seed,
                what=name,
                recorded=float(recorded[index]),
                here=float(now[index]),
                measured=True,
                **_named(index, environment),
            )
    for metric, values in results.metrics.items():
        then, now_value = float(values[row]), here.metric(metric)
        recorded_value = None if math.isnan(then) else then
        if recorded_value != now_value:
            return Difference(seed=seed, what=metric, recorded=recorded_value, here=now_value, measured=True)
    if environment is None:
        return Difference(seed=seed, what="what the program printed on its way; the last values are the same")
    return Difference(seed=seed, what="the recorded digest is not that of the recorded arrays, which match")


def _first_index(recorded: NDArray[Any], now: NDArray[Any]) -> tuple[int, ...] | None:
    unequal = (recorded != now) & ~(np.isnan(recorded) & np.isnan(now))
    # bytes are compared in the end: two zeros of different sign differ as well
    unequal |= (recorded == 0) & (now == 0) & (np.signbit(recorded) != np.signbit(now))
    found = np.argwhere(unequal)
    return tuple(int(part) for part in found[0]) if len(found) else None


def _named(index: tuple[int, ...], environment: Environment) -> dict[str, Any]:
    if len(index) == 1:
        return {"place": f"window {index[0]}"}
    state, action = index
    name = action_names(environment)[action]
    return {"place": f"state {state}, {name}", "state": state, "action": name}


def _apart(recorded: float | None, here: float | None) -> tuple[str, str]:
    """Two numbers with as many digits as tell them apart."""
    if recorded is None or here is None:
        return _written(recorded, _DIGITS[0]), _written(here, _DIGITS[0])
    for digits in _DIGITS:
        texts = _written(recorded, digits), _written(here, digits)
        if texts[0] != texts[1]:
            return texts
    return repr(recorded), repr(here)


def _signed(by: float | None) -> str:
    if not by:
        return ""
    return f" ({'+' if by > 0 else MINUS}{_written(abs(by), 2)})"


def _written(value: float | None, digits: int) -> str:
    if value is None:
        return "no value"
    if value == 0 or _TINY <= abs(value) < _HUGE:
        return significant(value, digits)
    return f"{value:.{digits}g}"
