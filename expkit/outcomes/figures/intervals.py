"""intervals.svg: every hypothesis on its own scale, its estimate and intervals against the region it claims."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from expkit.outcomes import numbers, sentences, wording
from expkit.outcomes.figures import canvas
from expkit.records.evidence import Evidence, HypothesisEvidence, Test

_ROW, _TOP, _BOTTOM = 0.92, 0.1, 0.4
"""Inches: one hypothesis, the margin above all, the legend below."""
_LEFT, _PLOT = 0.275, 0.5
"""Shares of the width: labels, then scales; verdicts have the rest."""
_COLOUR = {"supported": canvas.SUPPORTED, "refuted": canvas.REFUTED}
_MARKER = {"supported": "o", "refuted": "X", "inconclusive": "D"}


def intervals(evidence: Evidence) -> Figure:
    """One row per hypothesis, in the evidence's order."""
    count = len(evidence.hypotheses)
    height = _TOP + _ROW * count + _BOTTOM
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    for index, hypothesis in enumerate(evidence.hypotheses):
        top = height - _TOP - _ROW * index
        axes = figure.add_axes((_LEFT, (top - 0.62) / height, _PLOT, 0.42 / height))
        _row(axes, hypothesis)
        _labels(figure, evidence, hypothesis, (top - 0.41) / height, 1 / height)
    figure.legend(
        handles=_legend(), loc="lower center", ncols=4, frameon=False, fontsize=canvas.SMALL, handlelength=2.2
    )
    return figure


def _row(axes: Axes, hypothesis: HypothesisEvidence) -> None:
    low, high = _limits(hypothesis)
    axes.set(xlim=(low, high), ylim=(-1, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(canvas.few_ticks(5))
    axes.xaxis.set_major_formatter(canvas.grouped())
    axes.tick_params(axis="x", length=3, color=canvas.FAINT)
    region = hypothesis.region
    axes.axvspan(
        low if region.low is None else region.low,
        high if region.high is None else region.high,
        color=canvas.REGION,
        lw=0,
    )
    for bound in (region.low, region.high):
        if bound is not None:
            axes.axvline(bound, color=_COLOUR_OF_BOUND, lw=1.2)
    if hypothesis.test is None:
        axes.text(
            0.5,
            0.5,
            "no test",
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=canvas.SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
        )
    else:
        _intervals(axes, hypothesis, hypothesis.test, low, high)


_COLOUR_OF_BOUND = "#0072B2"


def _intervals(axes: Axes, hypothesis: HypothesisEvidence, test: Test, low: float, high: float) -> None:
    colour = _COLOUR.get(hypothesis.verdict, canvas.INK)
    ends = (
        low if test.interval.low is None else test.interval.low,
        high if test.interval.high is None else test.interval.high,
    )
    axes.plot(ends, (0, 0), color=colour, lw=5, solid_capstyle="butt", alpha=0.45)
    plain = [end for end in (test.interval95.low, test.interval95.high) if end is not None]
    axes.plot(plain, [0] * len(plain), color=colour, lw=1.4)
    axes.plot(plain, [0] * len(plain), color=colour, ls="none", marker="|", ms=9, mew=1.4)
    axes.plot(
        [test.estimate],
        [0],
        color=colour,
        marker=_MARKER.get(hypothesis.verdict, "D"),
        ms=7,
        mec="white",
        mew=0.8,
        zorder=5,
    )
    text = numbers.number(test.estimate, sentences.places(hypothesis, test))
    share = (test.estimate - low) / (high - low)
    axes.annotate(
        text,
        (test.estimate, 0),
        xytext=(0, 8),
        textcoords="offset points",
        ha="left" if share < 0.06 else "right" if share > 0.94 else "center",
        va="bottom",
        fontsize=canvas.SMALL,
        fontweight="bold",
        color=colour,
        annotation_clip=False,
    )


def _labels(figure: Figure, evidence: Evidence, hypothesis: HypothesisEvidence, middle: float, inch: float) -> None:
    """Left: what is compared. Right: the verdict, and whether it was registered."""
    sign = "/" if hypothesis.kind == "ratio" else numbers.MINUS
    arms = (
        [hypothesis.treatment] if hypothesis.control is None else [hypothesis.treatment, f"{sign} {hypothesis.control}"]
    )
    joined = " ".join(arms)
    lines = [joined] if len(joined) <= canvas.WIDE else arms
    caption = wording.metric_in(evidence, hypothesis.experiment, hypothesis.metric)
    if hypothesis.test and not wording.is_binary(evidence, hypothesis.experiment, hypothesis.metric):
        caption = f"{'mean' if hypothesis.test.estimand == 'mean' else 'IQM of'} {caption}"
    if len(evidence.experiments) > 1:
        caption = f"{hypothesis.experiment}: {caption}"
    rows = [(*canvas.fitted(line, canvas.NORMAL), canvas.INK, "normal") for line in lines]
    rows = [
        (hypothesis.id, canvas.NORMAL, canvas.INK, "bold"),
        *rows,
        (canvas.shortened(caption, 32), canvas.TINY, canvas.SOFT, "normal"),
    ]
    for index, (text, size, colour, weight) in enumerate(rows):
        offset = (len(rows) - 1) / 2 - index
        figure.text(
            0.012, middle + offset * 0.175 * inch, text, fontsize=size, color=colour, weight=weight, va="center"
        )
    colour = _COLOUR.get(hypothesis.verdict, canvas.INK)
    word = f"{wording.SYMBOLS[hypothesis.verdict]} {hypothesis.verdict}"
    figure.text(_LEFT + _PLOT + 0.03, middle + 0.09 * inch, word, color=colour, weight="bold", va="center")
    figure.text(
        _LEFT + _PLOT + 0.03,
        middle - 0.09 * inch,
        hypothesis.standing,
        fontsize=canvas.TINY,
        color=canvas.SOFT,
        va="center",
    )


def _limits(hypothesis: HypothesisEvidence) -> tuple[float, float]:
    """The scale: everything that matters for the verdict, with room on both sides, more where a region is open."""
    region, test = hypothesis.region, hypothesis.test
    shown = [bound for bound in (region.low, region.high) if bound is not None]
    if test is not None:
        ends = (test.interval.low, test.interval.high, test.interval95.low, test.interval95.high, test.estimate)
        shown += [end for end in ends if end is not None]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    width = (high - low) or abs(high) or 1.0
    return low - 0.18 * width, high + 0.18 * width


def _legend() -> list[Line2D | Patch]:
    return [
        Patch(facecolor=canvas.REGION, edgecolor=_COLOUR_OF_BOUND, label="claimed region"),
        Line2D([], [], color=canvas.INK, lw=5, alpha=0.45, solid_capstyle="butt", label="deciding interval"),
        Line2D([], [], color=canvas.INK, lw=1.4, marker="|", ms=9, mew=1.4, label="plain 95 % interval"),
        Line2D([], [], color=canvas.INK, ls="none", marker="o", ms=6, label="estimate"),
    ]
