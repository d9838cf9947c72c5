"""Recomputed: decisions computed once more from results, held against those in evidence. Light: they are handed in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from expkit.records.evidence import Evidence, Test

if TYPE_CHECKING:
    from expkit.statistics.verdict import Decision

_RELATIVE = 1e-6
"""Far more than two machines can be apart in ten digits, and far less than anybody would forge."""


def decided_otherwise(evidence: Evidence, decisions: Sequence[Decision]) -> Iterator[str]:
    """Which hypotheses evidence decides otherwise than their results do, one clause each.

    Args:
        evidence: of the question as it is declared.
        decisions: those of its hypotheses, in order.
    """
    for told, found in zip(evidence.hypotheses, decisions, strict=True):
        if told.verdict != found.verdict:
            yield f"{told.id} is called {told.verdict}, and is {found.verdict}"
        elif told.test and found.test:
            for name, there, here in _numbers(told.test, found.test):
                if not _close(there, here):
                    yield f"{told.id}: its {name} is said to be {there}, and is {here}"


def _numbers(there: Test, here: Test) -> Iterator[tuple[str, float | None, float | None]]:
    yield "estimate", there.estimate, here.estimate
    for name in ("interval", "interval95"):
        for end in ("low", "high"):
            yield f"{name}'s {end} end", getattr(getattr(there, name), end), getattr(getattr(here, name), end)
    for name in ("p", "level", "standard_error", "minimum_detectable_effect"):
        yield name.replace("_", " "), getattr(there, name), getattr(here, name)


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-9)
