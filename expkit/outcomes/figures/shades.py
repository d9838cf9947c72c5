"""Shades: colours of cells, ordered from dark to light as the eye orders them, and text that can be read on each."""

from __future__ import annotations

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from expkit.outcomes.figures import canvas

Colour = tuple[float, float, float]

_DEEP = to_rgb("#0072B2")
"""Okabe and Ito's blue."""
_STEPS = 24


def ordered(share: float) -> Colour:
    """A colour for a share from 0 to 1 of a scale: cividis, whose lightness rises evenly for every colour vision."""
    red, green, blue, _ = colormaps["cividis"](min(max(share, 0.0), 1.0))
    return round(float(red), 4), round(float(green), 4), round(float(blue), 4)


def tint(share: float) -> Colour:
    """White at 0, a blue at 1: for shares of a whole."""
    red, green, blue = (round(1 + share * (channel - 1), 4) for channel in _DEEP)
    return red, green, blue


def ink_on(colour: Colour) -> str:
    """Black or white, whichever is easier to read there: one of them always has a contrast of 4.5 and more."""
    return max("black", "white", key=lambda ink: contrast(to_rgb(ink), colour))


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours as WCAG has it, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def scale(axes: Axes, low: str, high: str) -> None:
    """A strip of all colours of `ordered`, with what its two ends stand for."""
    axes.set(xlim=(0, _STEPS), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for step in range(_STEPS):
        axes.add_patch(Rectangle((step, 0), 1.02, 1, facecolor=ordered(step / (_STEPS - 1)), lw=0))
    for place, side, text in ((-0.6, "right", low), (_STEPS + 0.6, "left", high)):
        axes.text(place, 0.45, text, ha=side, va="center", fontsize=canvas.TINY, color=canvas.SOFT)


def _luminance(colour: Colour) -> float:
    """Relative luminance as WCAG has it."""
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
