"""sweep.svg: what became of every pair of two varied parameters, as cells with their numbers in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from expkit.outcomes import numbers, wording
from expkit.outcomes.figures import canvas, shades
from expkit.outcomes.numbers import places_for
from expkit.outcomes.varied import Sweep, parameter, sweeps
from expkit.records.evidence import ArmEvidence, Evidence, Summary

_ABOVE, _BELOW, _LEGEND = 0.82, 0.42, 0.32
"""Inches: title, what columns mean and their names; the scale of a panel; the legend at the foot."""
_LEFT, _PLOT = 0.16, 0.82
"""Shares of the width: names of rows, then cells."""
_TALL, _LOW = 0.52, 0.27
"""Inches of a row: with space for a second line in its cells, and where there are many."""
_MOST_NUMBERED = 20
"""Rows or columns of which every cell bears its number."""
_SMALLEST = 5.5
"""Points of the smallest number that is written into a cell."""
_WIDTH_OF_DIGIT = 0.62
"""Of a character in DejaVu Sans, by its size."""


def sweep(evidence: Evidence) -> Figure:
    """One panel per experiment with a sweep over two parameters."""
    drawn = sweeps(evidence)
    rows = [_TALL if len(one.rows) <= 10 else _LOW for one in drawn]
    heights = [_ABOVE + room * len(one.rows) + _BELOW for one, room in zip(drawn, rows, strict=True)]
    height = sum(heights) + _LEGEND
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    top = height
    for one, row, room in zip(drawn, rows, heights, strict=True):
        axes = figure.add_axes((_LEFT, (top - room + _BELOW) / height, _PLOT, (room - _ABOVE - _BELOW) / height))
        title = canvas.shortened(evidence.experiments[one.experiment], 80)
        figure.text(0.012, (top - 0.17) / height, title, fontweight="bold", va="center")
        phrase = f"interquartile mean of {wording.metric_in(evidence, one.experiment, one.metric)}"
        named: dict[str, Any] = {"va": "center", "fontsize": canvas.TINY, "color": canvas.SOFT}
        figure.text(0.012, (top - 0.36) / height, f"{phrase}{_alike(one)}", **named)
        figure.text(0.012, (top - 0.7) / height, f"{parameter(one.paths[0])} ↓", **named)
        figure.text(_LEFT, (top - 0.55) / height, f"{parameter(one.paths[1])} →", **named)
        numbered = _panel(axes, one, _speaking(evidence, one), row)
        strip = figure.add_axes((_LEFT + 0.5 * _PLOT - 0.15, (top - room + 0.16) / height, 0.3, 0.11 / height))
        if ends := [summary.iqm for place in one.arms if (summary := one.summary(place))]:
            places = _places(one)
            shades.scale(strip, numbers.number(min(ends), places), numbers.number(max(ends), places))
        else:
            strip.set_axis_off()
        if not numbered:
            figure.text(0.012, (top - room + 0.21) / height, "numbers: see the table", **named)
        top -= room
    figure.legend(handles=_legend(), loc="lower center", ncols=4, frameon=False, fontsize=canvas.SMALL)
    return figure


def _alike(one: Sweep) -> str:
    """How many seeds each cell has where all have as many; cells with others say so."""
    counts = {wording.finished(arm) for arm in one.arms.values()}
    shared = f", n = {max(counts):,} in a cell" + (" unless it says otherwise" if len(counts) > 1 else "")
    whole = {(arm.environment_digest, arm.parameters.get("trainer.steps")) for arm in one.arms.values()}
    return shared + ("; environment or budget differs, so each has a best cell" if len(whole) > 1 else "")


def _speaking(evidence: Evidence, one: Sweep) -> dict[str, list[str]]:
    """The hypotheses that speak of each arm of an experiment, by its name."""
    spoken: dict[str, list[str]] = {}
    for hypothesis in evidence.hypotheses:
        if hypothesis.experiment == one.experiment:
            for name in dict.fromkeys(filter(None, (hypothesis.treatment, hypothesis.control))):
                spoken.setdefault(name, []).append(hypothesis.id)
    return spoken


def _panel(axes: Axes, one: Sweep, speaking: dict[str, list[str]], tall: float) -> bool:
    """Draw the cells; whether they bear their numbers."""
    rows, columns = one.rows, one.columns
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    width = canvas.WIDTH * 72 * _PLOT / len(columns)
    found = {place: summary for place in one.arms if (summary := one.summary(place))}
    places = _places(one)
    texts = {place: numbers.number(summary.iqm, places) for place, summary in found.items()}
    size = _size(width - 3, list(texts.values()), canvas.NORMAL)
    numbered = bool(size) and max(len(rows), len(columns)) <= _MOST_NUMBERED
    for values, along in ((columns, True), (rows, False)):
        names = [canvas.shortened(wording.setting_text(value), 14) for value in values]
        room = width - 3 if along else tall * 72
        font = _size(room, names, canvas.SMALL) if along else min(canvas.SMALL, tall * 50)
        for index, name in enumerate(names):
            if along and font:
                axes.text(index + 0.5, -5 / (72 * tall), name, ha="center", va="bottom", fontsize=font)
            elif not along:
                axes.text(-5 / width, index + 0.5, name, ha="right", va="center", fontsize=font)
    low, high = min(map(_iqm, found.values()), default=0.0), max(map(_iqm, found.values()), default=1.0)
    counts = max((wording.finished(arm) for arm in one.arms.values()), default=0)
    for row, first in enumerate(rows):
        for column, second in enumerate(columns):
            place = (first, second)
            summary = found.get(place)
            if summary is None:
                _empty(axes, column, row, declared=place in one.arms, size=size if numbered else 0)
                continue
            shade = shades.ordered((summary.iqm - low) / (high - low) if high > low else 0.5)
            ink = shades.ink_on(shade)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor="white", lw=1.5))
            arm = one.arms[place]
            count = _count(arm, counts)
            told = count if numbered and tall == _TALL and _fits(count, width) else ""
            if numbered:
                raised = 0.38 if told else 0.5
                axes.text(column + 0.5, row + raised, texts[place], ha="center", va="center", color=ink, fontsize=size)
            if told:
                small = canvas.TINY - 1
                axes.text(column + 0.5, row + 0.72, told, ha="center", va="center", color=ink, fontsize=small)
            if arm.failed:
                _strip(axes, column, row)
            if spoken := speaking.get(arm.name):
                _frame(axes, column, row, ink, spoken if numbered and tall == _TALL else [], width)
            if place in one.best:
                right = column + 1 - min(0.2, 8 / width)
                style: dict[str, Any] = {"mfc": ink, "mec": shade, "mew": 0.6, "ms": 7.5 if tall == _TALL else 5.5}
                axes.plot([right], [row + 8 / (72 * tall)], ls="none", marker="*", zorder=6, **style)
    return numbered


def _empty(axes: Axes, column: int, row: int, *, declared: bool, size: float) -> None:
    """A cell without a usable seed, or without an arm."""
    hatch = "////" if declared else None
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor="white", edgecolor=canvas.FAINT, hatch=hatch, lw=0.8))
    if size and declared:
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        small = min(size, canvas.TINY)
        axes.text(column + 0.5, row + 0.5, "none", ha="center", va="center", fontsize=small, bbox=behind)


def _strip(axes: Axes, column: int, row: int) -> None:
    """A hatched edge: some seeds of this cell failed."""
    axes.add_patch(
        Rectangle((column + 0.02, row + 0.86), 0.96, 0.12, facecolor="white", edgecolor="black", hatch="//////", lw=0)
    )


def _frame(axes: Axes, column: int, row: int, ink: str, hypotheses: Sequence[str], width: float) -> None:
    axes.add_patch(Rectangle((column + 0.05, row + 0.07), 0.9, 0.86, fill=False, edgecolor=ink, lw=1.4, zorder=5))
    told = canvas.shortened(", ".join(hypotheses), max(3, int(width / 7)))
    if told:
        small: dict[str, Any] = {"fontsize": canvas.TINY - 1.3, "color": ink, "ha": "left", "va": "top"}
        axes.text(column + 0.05 + 5 / width, row + 0.13, told, **small)


def _count(arm: ArmEvidence, most: int) -> str:
    if arm.failed:
        return f"{len(arm.failed)} of {arm.count:,} failed"
    return "" if wording.finished(arm) == most else f"n = {wording.finished(arm):,}"


def _fits(text: str, width: float) -> bool:
    return bool(text) and len(text) * (canvas.TINY - 1) * _WIDTH_OF_DIGIT <= width


def _size(room: float, texts: Sequence[str], most: float) -> float:
    """The font size in points at which the longest of some texts fits; 0 where none is large enough to be read."""
    longest = max((len(text) for text in texts), default=1)
    size = min(most, room / (_WIDTH_OF_DIGIT * longest))
    return round(size, 1) if size >= _SMALLEST else 0


def _places(one: Sweep) -> int:
    """Decimals that the numbers of a sweep share."""
    errors = [4 * found.sd / found.n**0.5 for place in one.arms if (found := one.summary(place)) and found.sd]
    return max(map(places_for, errors), default=0)


def _iqm(summary: Summary) -> float:
    return summary.iqm


def _legend() -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=canvas.INK, ls="none", marker="*", ms=8, label="best cell"),
        Patch(facecolor="white", edgecolor=canvas.INK, lw=1.4, label="a hypothesis speaks of it"),
        Patch(facecolor="white", edgecolor=canvas.SOFT, hatch="////", lw=0.6, label="seeds failed, or all of them"),
    ]
