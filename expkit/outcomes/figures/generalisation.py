"""generalisation.svg: the score of every arm's policies in every environment, as cells with their numbers in them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from expkit.outcomes import numbers, wording
from expkit.outcomes.figures import canvas
from expkit.outcomes.markdown.generalisation import SCORE
from expkit.records.evidence import ArmEvidence, Evidence, Summary

_ROW, _ABOVE, _BELOW, _LEGEND = 0.5, 0.62, 0.16, 0.3
"""Inches: one arm, title and names of a panel above, the space below it, the line at the foot."""
_LEFT, _PLOT = 0.275, 0.71
"""Shares of the width: names, then cells."""
_MOST_ARMS, _MOST_PLACES = 16, 8
_BEST, _WORST = to_rgb("#0072B2"), to_rgb("#D55E00")
"""Okabe and Ito's blue and vermilion: 1 or more, and -1 or less. White is a random walk."""
_FOOT = "0, white: a random walk there · 1, blue: the best policy there · below 0, orange · framed: trained there"


def is_drawn(evidence: Evidence) -> bool:
    """Whether any arm is evaluated anywhere else."""
    return any(arm.evaluated_on for arm in evidence.arms)


def generalisation(evidence: Evidence) -> Figure:
    """One panel per experiment that evaluates elsewhere: a row for each arm, a column for each environment."""
    groups = {
        experiment: [arm for arm in evidence.arms if arm.experiment == experiment and arm.evaluated_on]
        for experiment in evidence.experiments
    }
    shown = {experiment: _kept(evidence, arms) for experiment, arms in groups.items() if arms}
    heights = {experiment: _ABOVE + _ROW * len(arms) + _BELOW for experiment, arms in shown.items()}
    height = sum(heights.values()) + _LEGEND
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    top = height
    for experiment, arms in shown.items():
        room = heights[experiment]
        axes = figure.add_axes((_LEFT, (top - room + _BELOW) / height, _PLOT, (room - _ABOVE - _BELOW) / height))
        title = canvas.shortened(evidence.experiments[experiment], 80)
        figure.text(0.012, (top - 0.2) / height, title, fontweight="bold", va="center")
        _panel(axes, arms, omitted=len(groups[experiment]) - len(arms))
        top -= room
    figure.text(0.012, 0.13 / height, _FOOT, fontsize=canvas.TINY, color=canvas.SOFT, va="center")
    return figure


def _kept(evidence: Evidence, arms: Sequence[ArmEvidence]) -> list[ArmEvidence]:
    """The arms to draw, in order: those that no hypothesis speaks of are left out first."""
    spoken_of = wording.arms_spoken_of(evidence)
    order = sorted(arms, key=lambda arm: (arm.experiment, arm.name) not in spoken_of)[:_MOST_ARMS]
    return [arm for arm in arms if arm in order]


def _panel(axes: Axes, arms: Sequence[ArmEvidence], *, omitted: int) -> None:
    places = list(arms[0].evaluated_on)
    drawn = places[: _MOST_PLACES - 1]
    left_out = [
        f"{numbers.counted(count, noun)} not drawn"
        for count, noun in ((omitted, "more arm"), (len(places) - len(drawn), "more environment"))
        if count
    ]
    axes.set(xlim=(0, len(drawn) + 1), ylim=(len(arms), 0), xticks=[], yticks=[], xlabel=", ".join(left_out))
    axes.spines[:].set_visible(False)
    for column, name in enumerate(["as trained", *drawn]):
        text = canvas.shortened(name, max(10, 84 // (len(drawn) + 1)))
        axes.text(column + 0.5, -0.14, text, ha="center", va="bottom", fontsize=canvas.SMALL, color=canvas.SOFT)
    for row, arm in enumerate(arms):
        name, size = canvas.fitted(arm.name, canvas.NORMAL)
        axes.text(-0.03, row + 0.5, name, transform=axes.transData, ha="right", va="center", fontsize=size)
        _cell(axes, 0, row, arm.summaries.get(SCORE), framed=False)
        for column, place in enumerate(drawn, start=1):
            trained = arm.evaluated_on[place].environment_digest == arm.environment_digest
            _cell(axes, column, row, arm.summaries.get(f"{SCORE}/{place}"), framed=trained)


def _cell(axes: Axes, column: int, row: int, summary: Summary | None, *, framed: bool) -> None:
    shade = _shade(summary.iqm) if summary else to_rgb("white")
    edge, width = (canvas.INK, 1.8) if framed else ("white", 2.0)
    inset = 0.03
    side = 1 - 2 * inset
    corner = (column + inset, row + inset)
    axes.add_patch(Rectangle(corner, side, side, facecolor=shade, edgecolor=edge, lw=width))
    ink = canvas.INK if _luminance(shade) > 0.3 else "white"
    value = numbers.number(summary.iqm, 2) if summary else "none"
    raised = 0.4 if summary and summary.iqm_interval else 0.5
    axes.text(column + 0.5, row + raised, value, ha="center", va="center", color=ink, fontsize=canvas.NORMAL)
    if summary and summary.iqm_interval:
        span = numbers.interval(summary.iqm_interval, 2)
        axes.text(column + 0.5, row + 0.74, span, ha="center", va="center", color=ink, fontsize=canvas.TINY - 1)


def _shade(score: float) -> tuple[float, float, float]:
    """White at 0, the colour of its side at 1 and beyond."""
    end, share = (_BEST, min(score, 1.0)) if score > 0 else (_WORST, min(-score, 1.0))
    red, green, blue = (round(1 + share * (channel - 1), 4) for channel in end)
    return red, green, blue


def _luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance as WCAG has it; on 0.3 and less, white text has the larger contrast that is needed."""
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
