"""Recomputed: decisions computed once more from results, held against those in evidence. Light: they are handed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from expkit.outcomes.closeness import unlike
from expkit.records.evidence import Evidence

if TYPE_CHECKING:
    from expkit.statistics.verdict import Decision


def decided_otherwise(evidence: Evidence, decisions: Mapping[str, Decision]) -> Iterator[str]:
    """Which hypotheses evidence decides otherwise than their results do, one clause each.

    Args:
        evidence: of the question as it is declared.
        decisions: those of its hypotheses, by id.
    """
    for told in evidence.hypotheses:
        found = decisions[told.id]
        here = {"verdict": found.verdict, "reason": found.reason, "test": found.test and found.test.model_dump()}
        if other := unlike(told.model_dump(include={*here}), here):
            yield f"hypothesis {told.id}: {other}"
