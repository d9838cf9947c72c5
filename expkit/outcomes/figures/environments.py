"""environments.svg: every hypothesis that spans environments as a forest, each environment alone and their mean."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from expkit.outcomes import numbers, wording
from expkit.outcomes.figures import canvas
from expkit.records.evidence import Evidence, HypothesisEvidence, Interval
from expkit.specs.metric import unplaced

_ROW, _ABOVE, _BELOW, _FOOT = 0.3, 0.34, 0.5, 0.26
"""Inches: one environment, the title of a hypothesis above, its scale below, the line at the foot."""
_LEFT, _PLOT = 0.275, 0.5
"""Shares of the width: names, then the scale; numbers have the rest."""
_MEAN_OF_ALL = "mean of each seed"
_LEGEND = "dots: one environment, plain 95 % interval · diamond: the mean that decides, deciding interval"


def is_drawn(evidence: Evidence) -> bool:
    """Whether any hypothesis spans environments."""
    return any(one.places for one in evidence.hypotheses)


def environments(evidence: Evidence) -> Figure:
    """One panel per hypothesis that spans environments, in the evidence's order."""
    spanning = [one for one in evidence.hypotheses if one.places]
    heights = [_ABOVE + _ROW * (len(one.places) + 1) + _BELOW for one in spanning]
    height = sum(heights) + _FOOT
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    top = height
    for hypothesis, room in zip(spanning, heights, strict=True):
        axes = figure.add_axes((_LEFT, (top - room + _BELOW) / height, _PLOT, (room - _ABOVE - _BELOW) / height))
        title = canvas.shortened(f"{hypothesis.id}: {wording.comparison(hypothesis)}", 90)
        figure.text(0.012, (top - 0.17) / height, title, fontweight="bold", va="center")
        _panel(axes, hypothesis)
        top -= room
    figure.text(0.012, 0.12 / height, _LEGEND, fontsize=canvas.TINY, color=canvas.SOFT, va="center")
    return figure


def _panel(axes: Axes, hypothesis: HypothesisEvidence) -> None:
    rows = len(hypothesis.places) + 1
    axes.set(ylim=(rows - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(wording.metric_phrase(unplaced(hypothesis.metric)[0]))
    for bound in (hypothesis.region.low, hypothesis.region.high):
        if bound is not None:
            axes.axvline(bound, color="#0072B2", lw=1.2, zorder=1)
    for row, (place, found) in enumerate(hypothesis.places.items()):
        if found is None:
            _row(axes, row, place, "no spread")
            continue
        low, high = _ends(found.interval95)
        axes.plot([low, high], [row, row], color=canvas.SOFT, lw=1.6, solid_capstyle="butt", zorder=2)
        axes.plot([found.estimate], [row], ls="none", marker="o", ms=5, mew=0, color=canvas.INK, zorder=3)
        _row(axes, row, place, _said(found.estimate, found.interval95))
    if hypothesis.test is None:
        _row(axes, rows - 1, _MEAN_OF_ALL, hypothesis.verdict)
    else:
        test = hypothesis.test
        low, high = _ends(test.interval)
        corners = [(low, rows - 1), (test.estimate, rows - 1.32), (high, rows - 1), (test.estimate, rows - 0.68)]
        axes.add_patch(Polygon(corners, closed=True, facecolor=canvas.INK, lw=0, zorder=3))
        _row(axes, rows - 1, _MEAN_OF_ALL, _said(test.estimate, test.interval))
    axes.autoscale_view(scaley=False)
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(canvas.few_ticks(5))
    axes.xaxis.set_major_formatter(canvas.grouped())


def _row(axes: Axes, row: int, name: str, said: str) -> None:
    across = axes.get_yaxis_transform()
    shown, size = canvas.fitted(name, canvas.SMALL)
    axes.text(-0.02, row, shown, transform=across, ha="right", va="center", fontsize=size)
    axes.text(1.02, row, said, transform=across, va="center", fontsize=canvas.TINY, color=canvas.INK)


def _said(estimate: float, interval: Interval) -> str:
    places = numbers.places_of(estimate, interval)
    return f"{numbers.number(estimate, places)} ({numbers.interval(interval, places)})"


def _ends(interval: Interval) -> tuple[float, float]:
    return (math.nan if interval.low is None else interval.low), (math.nan if interval.high is None else interval.high)
