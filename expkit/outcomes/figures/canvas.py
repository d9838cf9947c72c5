"""The canvas: one visual language for all figures, and the same SVG bytes whatever a machine's matplotlib is set to.

A figure is a white card, so that it reads on light and on dark pages; colours are Okabe and Ito's, which people with
any colour vision tell apart, and nothing is said by colour alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter, MaxNLocator

from expkit.outcomes import numbers
from expkit.records.evidence import Evidence

WIDTH = 600 / 72
"""Inches; 800 pixels on a page, as wide as a pull request shows a picture."""
INK, SOFT, FAINT = "#1b1f24", "#57606a", "#d0d7de"
"""Text and data, annotations, grid and frames."""
SUPPORTED, REFUTED, REGION = "#007a5a", "#b84a00", "#cfe6f5"
"""Okabe and Ito's green and vermilion, dark enough for text on white; a light tint of their sky blue."""
TINY, SMALL, NORMAL = 7.8, 8.5, 9.5
"""Font sizes in points."""
WIDE, WIDEST = 26, 31
"""Characters of a name that its column holds in its own size, and in the smallest."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D00", "#1b1f24")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
_SETTINGS = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "axes.labelsize": SMALL,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": NORMAL,
    "axes.unicode_minus": True,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": NORMAL,
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "expkit",
    "text.color": INK,
    "text.parse_math": False,  # a `$` in a name is a `$`
    "xtick.color": SOFT,
    "xtick.labelsize": SMALL,
    "ytick.color": SOFT,
    "ytick.labelsize": SMALL,
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one arm is drawn in every figure."""

    colour: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]
    phase: int = 0
    """Which point of a line bears its first marker: lines that coincide show each other's markers."""


CONTEXT = Style(colour="#8c959f", marker="o", dash="-")
"""An arm that is there for comparison, among more than the palette can name."""
MARKED = 8
"""One point in so many of a line bears a marker."""
MOST_STYLES = len(_COLOURS)


def svg(draw: Callable[[], Figure], title: str) -> bytes:
    """A figure as SVG with a title for screen readers, and without date and creator: equal figures are equal bytes.

    Drawn under matplotlib's own defaults, whatever a `matplotlibrc` says; the process keeps its settings.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)  # type: ignore[arg-type]  # its keys are a Literal of 300 names
        figure = draw()
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    # trailing blanks would trip `git diff --check` in the projects that commit these
    return b"\n".join(line.rstrip() for line in file.getvalue().splitlines()) + b"\n"


def styles(evidence: Evidence, named: Iterable[str]) -> dict[str, Style]:
    """A style for each arm name: arms that hypotheses speak of first, then the rest while the palette lasts."""
    order = list(dict.fromkeys([*named, *(arm.name for arm in evidence.arms)]))
    if len(order) > MOST_STYLES:
        order = list(dict.fromkeys(named))[:MOST_STYLES]
    return {
        name: Style(
            colour=_COLOURS[index],
            marker=_MARKERS[index],
            dash=_DASHES[index % len(_DASHES)],
            phase=(4 + 3 * index) % MARKED,
        )
        for index, name in enumerate(order)
    }


def grouped() -> Formatter:
    """A formatter of axis numbers: thousands separated, never an offset or an exponent."""
    return FuncFormatter(lambda value, _: numbers.declared(float(f"{value:.10g}")))


def few_ticks(most: int) -> MaxNLocator:
    """A locator of at most so many round ticks."""
    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])


def fitted(name: str, size: float) -> tuple[str, float]:
    """A name for a column of labels, and the font size in points at which it fits."""
    return (name, size) if len(name) <= WIDE else (shortened(name, WIDEST), TINY)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, its middle left out."""
    folded = " ".join(text.split())
    if len(folded) <= most:
        return folded
    front = (most - 1) // 2
    return f"{folded[:front]}…{folded[len(folded) - (most - 1 - front) :]}"
