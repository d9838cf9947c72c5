"""seeds.svg: the total reward, or what else is measured, of every seed by arm: a tail is seen, not averaged away."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from expkit.outcomes import numbers, wording
from expkit.outcomes.figures import canvas
from expkit.outcomes.figures.panels import Panel, panels, with_omitted
from expkit.records.evidence import ArmEvidence, Evidence

_ROW, _ABOVE, _BELOW, _LEGEND = 0.56, 0.36, 0.56, 0.34
"""Inches: one arm, the title of a panel above, its scale below, the legend at the foot."""
_LEFT, _PLOT = 0.275, 0.575
"""Shares of the width: names, then dots; interquartile means have the rest."""
_MOST_ARMS = 12
"""Arms drawn of one panel; those that hypotheses speak of come first."""
_MOST_DOTS = 250
"""Dots of one arm; more seeds than that are drawn as so many quantiles."""
_GOLDEN = (math.sqrt(5) - 1) / 2


def seeds(evidence: Evidence, styles: dict[str, canvas.Style]) -> Figure:
    """One panel per experiment and environment, one strip of dots per arm."""
    drawn, without_panel = panels(evidence)
    spoken_of = wording.arms_spoken_of(evidence)
    kept = [_kept(panel, spoken_of) for panel in drawn]
    heights = [_ABOVE + _ROW * max(1, len(arms)) + _BELOW for arms in kept]
    height = sum(heights) + _LEGEND
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    top = height
    for panel, arms, room in zip(drawn, kept, heights, strict=True):
        axes = figure.add_axes((_LEFT, (top - room + _BELOW) / height, _PLOT, (room - _ABOVE - _BELOW) / height))
        figure.text(0.012, (top - 0.2) / height, canvas.shortened(panel.title, 80), fontweight="bold", va="center")
        metric = wording.primary(evidence, panel.experiment)
        axes.set_xlabel(wording.metric_in(evidence, panel.experiment, metric) + _omitted(len(panel.arms) - len(arms)))
        _panel(axes, arms, styles, metric)
        top -= room
    with_omitted(figure, without_panel, "environments")
    figure.legend(
        handles=_legend(walk=any(arm.random_gain is not None for arms in kept for arm in arms)),
        loc="lower center",
        ncols=4,
        frameon=False,
        fontsize=canvas.SMALL,
        handlelength=1.2,
    )
    return figure


def _kept(panel: Panel, spoken_of: frozenset[tuple[str, str]]) -> list[ArmEvidence]:
    """The arms to draw, in order: those that hypotheses speak of, and of the rest as many as fit, evenly spaced."""
    named = [arm for arm in panel.arms if (arm.experiment, arm.name) in spoken_of][:_MOST_ARMS]
    rest = [arm for arm in panel.arms if arm not in named]
    room = min(_MOST_ARMS - len(named), len(rest))
    spaced = [rest[math.floor((place + 0.5) / room * len(rest))] for place in range(room)]
    return [arm for arm in panel.arms if arm in named or arm in spaced]


def _omitted(count: int) -> str:
    return " of a seed" + (f" ({numbers.counted(count, 'more arm')} not drawn)" if count else "")


def _panel(axes: Axes, arms: Sequence[ArmEvidence], styles: dict[str, canvas.Style], metric: str) -> None:
    count = len(arms)
    axes.set(ylim=(count - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=canvas.FAINT, lw=0.6)
    axes.set_axisbelow(True)
    for row, arm in enumerate(arms):
        _strip(axes, arm, row, styles.get(arm.name, canvas.CONTEXT), metric)
    axes.margins(x=0.04)
    _random_walk(axes, arms)
    axes.xaxis.set_major_locator(canvas.few_ticks(6))
    axes.xaxis.set_major_formatter(canvas.grouped())


def _strip(axes: Axes, arm: ArmEvidence, row: int, style: canvas.Style, metric: str) -> None:
    values = sorted(value for value in arm.seeds.get(metric, ()) if value is not None)
    if len(values) > _MOST_DOTS:
        values = [values[math.floor((k + 0.5) / _MOST_DOTS * len(values))] for k in range(_MOST_DOTS)]
    heights = [row + 0.62 * (((rank + 1) * _GOLDEN) % 1 - 0.5) for rank in range(len(values))]
    axes.plot(values, heights, ls="none", marker=style.marker, ms=3.2, mew=0, color=style.colour, alpha=0.55)
    across = axes.get_yaxis_transform()
    name, size = canvas.fitted(arm.name, canvas.NORMAL)
    axes.text(-0.02, row - 0.14, name, transform=across, ha="right", va="center", fontsize=size)
    failed = f", {len(arm.failed)} failed" if arm.failed else ""
    count = f"n = {wording.finished(arm):,}{failed}"
    axes.text(
        -0.02, row + 0.2, count, transform=across, ha="right", va="center", fontsize=canvas.TINY, color=canvas.SOFT
    )
    if summary := arm.summaries.get(metric):
        axes.plot(
            [summary.iqm] * 2, [row - 0.38, row + 0.38], color=canvas.INK, lw=2.2, solid_capstyle="butt", zorder=4
        )
        axes.plot([summary.mean], [row], ls="none", marker="D", ms=5.5, mfc="white", mec=canvas.INK, mew=1.2, zorder=5)
        places = numbers.places_for(4 * summary.sd / math.sqrt(summary.n)) if summary.sd else 0
        for offset, kind, value in ((-0.16, "IQM", summary.iqm), (0.18, "mean", summary.mean)):
            text = f"{kind} {numbers.number(value, places)}"
            axes.text(1.02, row + offset, text, transform=across, va="center", fontsize=canvas.SMALL, color=canvas.INK)


def _random_walk(axes: Axes, arms: Sequence[ArmEvidence]) -> None:
    """What a random walk earns, where all arms of a panel have one budget and the line lies among the dots."""
    totals = {
        arm.random_gain * steps
        for arm in arms
        if arm.random_gain is not None and isinstance(steps := arm.parameters.get("trainer.steps"), int)
    }
    low, high = axes.get_xlim()
    if len(totals) == 1 and low <= (total := totals.pop()) <= high:
        axes.axvline(total, color=canvas.SOFT, ls=(0, (1, 2)), lw=1.3, zorder=2)


def _legend(*, walk: bool) -> list[Line2D]:
    shown = [
        Line2D([], [], color=canvas.SOFT, ls="none", marker="o", ms=4, label="one seed"),
        Line2D([], [], color=canvas.INK, ls="none", marker="|", ms=11, mew=2.2, label="interquartile mean"),
        Line2D([], [], color=canvas.INK, ls="none", marker="D", ms=5.5, mfc="white", mew=1.2, label="mean"),
        Line2D([], [], color=canvas.SOFT, ls=(0, (1, 2)), lw=1.3, label="random walk"),
    ]
    return shown if walk else shown[:-1]
