"""curves.svg: reward per step over the training, arm by arm, between a random walk and the exact optimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from expkit.outcomes import numbers
from expkit.outcomes.figures import canvas
from expkit.outcomes.figures.panels import Panel, panels, with_omitted
from expkit.records.evidence import ArmEvidence, Evidence

_PANEL, _ABOVE, _BELOW = 2.8, 0.52, 0.52
"""Inches: the axes of one panel, its title above, its scale below."""
_LEFT, _PLOT = 0.075, 0.64
"""Shares of the width; the labels at the ends of the lines have the rest."""
_GAP = 0.062
"""Share of a panel's height between two labels."""


_CAPTION = "interquartile mean over the seeds, with its pointwise 95 % band"


class _Label(NamedTuple):
    height: float
    text: str
    colour: str
    style: canvas.Style | None


def curves(evidence: Evidence, styles: dict[str, canvas.Style]) -> Figure:
    """One panel per experiment and environment, each arm labelled where its line ends."""
    drawn, omitted = panels(evidence, tabular=True)
    row = _ABOVE + _PANEL + _BELOW
    height = row * max(1, len(drawn)) + 0.05
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    for index, panel in enumerate(drawn):
        bottom = height - row * (index + 1) + _BELOW
        axes = figure.add_axes((_LEFT, bottom / height, _PLOT, _PANEL / height))
        axes.set_title(canvas.shortened(panel.title, 70), loc="left", fontweight="bold", color=canvas.INK, pad=16)
        _panel(axes, panel, styles)
    with_omitted(figure, omitted, "environments")
    return figure


def _panel(axes: Axes, panel: Panel, styles: dict[str, canvas.Style]) -> None:
    axes.grid(axis="y", color=canvas.FAINT, lw=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(canvas.few_ticks(6))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(canvas.grouped())
    axes.set_xlabel("environment steps")
    axes.set_ylabel("reward per step")
    labels = []
    others = 0
    for arm in panel.arms:
        if not arm.curve.steps:
            continue
        style = styles.get(arm.name, canvas.CONTEXT)
        _line(axes, arm, style)
        if style is canvas.CONTEXT:
            others += 1
        else:
            labels.append(_Label(arm.curve.value[-1], arm.name, canvas.INK, style))
    labels += _references(axes, panel.arms)
    caption = f"{_CAPTION}; grey: {numbers.counted(others, 'more arm')}" if others else _CAPTION
    axes.text(0, 1.02, caption, transform=axes.transAxes, fontsize=canvas.TINY, color=canvas.SOFT)
    steps = max((arm.curve.steps[-1] for arm in panel.arms if arm.curve.steps), default=1)
    axes.set_xlim(0, steps)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    _write(axes, labels)


def _line(axes: Axes, arm: ArmEvidence, style: canvas.Style) -> None:
    curve, context = arm.curve, style is canvas.CONTEXT
    if not context:
        axes.fill_between(curve.steps, curve.low, curve.high, color=style.colour, alpha=0.22, lw=0)
    axes.plot(
        curve.steps,
        curve.value,
        color=style.colour,
        ls=style.dash,
        lw=0.8 if context else 1.8,
        marker=None if context else style.marker,
        markevery=(style.phase, canvas.MARKED),
        ms=5.5,
        mec="white",
        mew=0.7,
        zorder=1.5 if context else 3,
    )


def _references(axes: Axes, arms: Sequence[ArmEvidence]) -> list[_Label]:
    """Exact gains of the environment that all arms of a panel share."""
    if not arms:
        return []
    labels = []
    for gain, name, dash in (
        (arms[0].optimal_gain, "optimal gain", (0, (5, 3))),
        (arms[0].random_gain, "random walk", (0, (1, 2))),
    ):
        if gain is None:
            continue
        axes.axhline(gain, color=canvas.SOFT, ls=dash, lw=1.1, zorder=2)
        labels.append(_Label(gain, f"{name} {numbers.significant(gain, 5)}, exact", canvas.SOFT, None))
    return labels


def _write(axes: Axes, labels: Sequence[_Label]) -> None:
    """Labels right of the lines' ends, kept apart, each with a thin line to its own height."""
    low, high = axes.get_ylim()
    ordered = sorted(labels, key=lambda label: (label.height, label.text))
    wanted = [(label.height - low) / (high - low) for label in ordered]
    for label, start, end in zip(ordered, wanted, kept_apart(wanted, _GAP), strict=True):
        axes.plot((1.004, 1.026), (start, end), transform=axes.transAxes, color=canvas.FAINT, lw=0.9, clip_on=False)
        if label.style is not None:
            axes.plot(
                [1.042],
                [end],
                transform=axes.transAxes,
                ls="none",
                marker=label.style.marker,
                ms=6,
                mew=0,
                color=label.style.colour,
                clip_on=False,
            )
        text, size = canvas.fitted(label.text, canvas.SMALL)
        left = 1.062 if label.style else 1.034
        axes.text(left, end, text, transform=axes.transAxes, va="center", fontsize=size, color=label.colour)


def kept_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights in [0, 1], moved to lie `gap` apart; closer together only when there are too many."""
    if not heights:
        return []
    gap = min(gap, 1 / max(1, len(heights) - 1))
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed
