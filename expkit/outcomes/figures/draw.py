"""The figures of an outcome by file name: pure functions of the evidence, the same bytes everywhere."""

from __future__ import annotations

from functools import partial

from expkit.outcomes.figures import canvas
from expkit.outcomes.figures.curves import curves
from expkit.outcomes.figures.intervals import intervals
from expkit.outcomes.figures.seeds import seeds
from expkit.records.evidence import Evidence


def draw(evidence: Evidence) -> dict[str, bytes]:
    """Every figure as SVG: `intervals.svg`, `curves.svg`, `seeds.svg`."""
    named = [name for one in evidence.hypotheses for name in (one.treatment, one.control) if name is not None]
    styles = canvas.styles(evidence, named)
    question = f"{evidence.question}: "
    return {
        "intervals.svg": canvas.svg(partial(intervals, evidence), f"{question}estimates against the claimed regions"),
        "curves.svg": canvas.svg(partial(curves, evidence, styles), f"{question}reward per step over the training"),
        "seeds.svg": canvas.svg(partial(seeds, evidence, styles), f"{question}total reward of every seed"),
    }
