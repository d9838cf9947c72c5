"""The policy of an arm: each state's actions with their Q-values and the share of seeds that would choose them.

A short dungeon is drawn as its row of tiles with arrows; any other small table has a row for each state.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from expkit.outcomes import numbers
from expkit.outcomes.figures import canvas, shades
from expkit.outcomes.figures.learned import Learned

MOST_STATES, MOST_ACTIONS = 60, 8
_MOST_TILES = 12
"""Of a dungeon that is drawn as a row."""
_ABOVE, _LEGEND = 0.72, 0.36
"""Inches: title and caption; the legend at the foot."""
_ROW, _NAMES = 0.27, 0.26
"""Inches: one state of a table, the names of its actions."""
_TILE, _LANE, _SUMS = 0.82, 0.5, 0.34
"""Inches: the tiles of a dungeon, one action of them, the line below."""
_EDGE = 0.012


def is_small(table: Learned) -> bool:
    """Whether a table can be drawn so that it is read."""
    return len(_shown(table)) <= MOST_STATES and len(table.actions) <= MOST_ACTIONS


def policy(table: Learned) -> Figure:
    """Tiles with arrows for a short dungeon, a row for each state of anything else."""
    in_a_row = table.is_dungeon and len(table.states) <= _MOST_TILES
    body = _TILE + 2 * _LANE + _SUMS if in_a_row else _NAMES + _ROW * len(_shown(table)) + 0.08
    height = _ABOVE + body + _LEGEND
    figure = Figure(figsize=(canvas.WIDTH, height), facecolor="white")
    count = numbers.counted(table.seeds, "seed")
    title = f"{table.arm}: the policy of {count}"
    caption = "share of seeds whose greedy action it is, and mean Q"
    if table.best is not None:
        caption += f"; framed: exactly best, by {table.measure}"
    if hidden := len(table.states) - len(_shown(table)):
        caption += f"; {numbers.counted(hidden, 'state')} that nothing leads to left out"
    figure.text(_EDGE, 1 - 0.2 / height, canvas.shortened(title, 80), fontweight="bold", va="center")
    figure.text(_EDGE, 1 - 0.42 / height, caption, fontsize=canvas.TINY, color=canvas.SOFT, va="center")
    (_tiles if in_a_row else _table)(figure, table, height, body)
    figure.legend(handles=_legend(table), loc="lower center", ncols=5, frameon=False, fontsize=canvas.SMALL)
    return figure


def right(table: Learned) -> list[float | None]:
    """By state, the share of seeds whose greedy action is a best one; None where no action is known to be best."""
    if table.best is None:
        return [None] * len(table.states)
    shares = (table.greedy * table.best).sum(axis=1)
    return [float(share) if best.any() else None for share, best in zip(shares, table.best, strict=True)]


def _shown(table: Learned) -> list[int]:
    """The states that some policy can reach, as far as that is known."""
    known = [state for state, share in enumerate(right(table)) if share is not None]
    return known or list(range(len(table.states)))


def _tiles(figure: Figure, table: Learned, height: float, body: float) -> None:
    """A dungeon: the tiles with the arrow of most seeds, then a lane for each action."""
    count = len(table.states)
    axes = figure.add_axes((0.135, _LEGEND / height, 0.853, body / height))
    axes.set(xlim=(0, count), ylim=(body, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for action, sign in enumerate("→←"):
        middle = _TILE + _LANE * (action + 0.5)
        axes.text(-0.04, middle, f"{sign} {table.actions[action]}", ha="right", va="center", fontsize=canvas.SMALL)
    foot = _TILE + 2 * _LANE + 0.17
    shares, start = right(table), ["start" if begins else "" for begins in table.start]
    if any(share is not None for share in shares):
        axes.text(-0.04, foot, "seeds right", ha="right", va="center", fontsize=canvas.TINY, color=canvas.SOFT)
    for tile, name in enumerate(table.states):
        axes.add_patch(Rectangle((tile + 0.04, 0.06), 0.92, _TILE - 0.14, fc="#f6f8fa", ec=canvas.FAINT, lw=1))
        tie = f"{numbers.percent(float(table.ties[tile]))} tie" if table.ties[tile] else ""
        for y, text, colour in ((0.17, name, canvas.INK), (0.31, start[tile], canvas.SOFT), (0.66, tie, canvas.SOFT)):
            size = canvas.SMALL if y < 0.2 else canvas.TINY if count <= 8 else canvas.TINY - 1.5
            axes.text(tile + 0.5, y, text, ha="center", va="center", fontsize=size, color=colour)
        _arrow(axes, table, tile, shares[tile])
        for action in range(2):
            box = (tile + 0.04, _TILE + _LANE * action + 0.03, 0.92, _LANE - 0.06)
            _cell(axes, box, table, tile, action, stacked=True)
        if (share := shares[tile]) is not None:
            told = numbers.percent(share)
            axes.text(tile + 0.5, foot, told, ha="center", va="center", fontsize=canvas.SMALL, color=_of(share))


def _arrow(axes: Axes, table: Learned, tile: int, share: float | None) -> None:
    """Where most seeds go from a tile; both ways where there is no majority."""
    forward, backward = table.greedy[tile]
    ends = (tile + 0.2, tile + 0.8) if forward >= backward else (tile + 0.8, tile + 0.2)
    style = "<|-|>" if forward == backward else "-|>"
    colour = canvas.SOFT if share is None else _of(share)
    y = 0.49
    arrow = FancyArrowPatch((ends[0], y), (ends[1], y), arrowstyle=style, mutation_scale=16, lw=2.4, color=colour)
    axes.add_patch(arrow)
    if share is not None and share < 0.5:
        axes.plot([tile + 0.5], [y], ls="none", marker="X", ms=9, color=colour, mec="white", mew=0.8, zorder=5)


def _table(figure: Figure, table: Learned, height: float, body: float) -> None:
    """A row for each state, a column for each action, and at the right how many seeds are right."""
    axes = figure.add_axes((0.2, _LEGEND / height, 0.66, body / height))
    axes.set(xlim=(0, len(table.actions)), ylim=(body, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    edge, shares = len(table.actions) + 0.03 * len(table.actions), right(table)
    for action, name in enumerate(table.actions):
        short = canvas.shortened(name, max(6, 60 // len(table.actions)))
        axes.text(action + 0.5, 0.12, short, ha="center", va="center", fontsize=canvas.SMALL, color=canvas.SOFT)
    if any(share is not None for share in shares):
        axes.text(edge, 0.12, "seeds right", va="center", fontsize=canvas.TINY, color=canvas.SOFT)
    for row, state in enumerate(_shown(table)):
        name, top = table.states[state], _NAMES + _ROW * row
        middle = top + _ROW / 2
        edge_left = -0.02 * len(table.actions)
        axes.text(edge_left, middle, _named(table, state, name), ha="right", va="center", fontsize=canvas.SMALL)
        for action in range(len(table.actions)):
            _cell(axes, (action + 0.02, top + 0.015, 0.96, _ROW - 0.03), table, state, action, stacked=False)
        if (share := shares[state]) is not None:
            told = numbers.percent(share)
            axes.text(edge, middle, told, va="center", fontsize=canvas.SMALL, color=_of(share))
            if share < 0.5:
                aside = edge + 0.11 * len(table.actions)
                axes.plot([aside], [middle], ls="none", marker="X", ms=6, color=_of(share), mew=0, clip_on=False)


def _cell(
    axes: Axes, box: tuple[float, float, float, float], table: Learned, state: int, action: int, *, stacked: bool
) -> None:
    """One action in one state. box: left, top, width, height in the units of the axes."""
    left, top, width, height = box
    share = float(table.greedy[state, action])
    shade = shades.tint(share)
    ink = shades.ink_on(shade)
    axes.add_patch(Rectangle((left, top), width, height, facecolor=shade, edgecolor=canvas.FAINT, lw=0.6))
    if table.best is not None and table.best[state, action]:
        inner = (left + 0.025 * width, top + 0.03)
        axes.add_patch(Rectangle(inner, 0.95 * width, height - 0.06, fill=False, edgecolor=ink, lw=1.6, zorder=3))
    value = f"Q {numbers.number(float(table.q[state, action]), _places(table))}"
    chosen = numbers.percent(share)
    middle = left + width / 2
    if stacked:
        crowd = len(table.states) > 8
        for part, text in ((0.34, chosen), (0.7, value)):
            size = canvas.TINY - 1 if crowd else canvas.SMALL
            axes.text(middle, top + part * height, text, ha="center", va="center", fontsize=size, color=ink)
    else:
        size = canvas.SMALL if len(table.actions) <= 4 else canvas.TINY - 1.5
        text = f"{chosen} · {value}"
        axes.text(middle, top + height / 2, text, ha="center", va="center", fontsize=size, color=ink)


def _places(table: Learned) -> int:
    """Decimals that tell the actions of a state apart, and that there is room for."""
    largest = float(np.abs(table.q).max())
    crowded = table.is_dungeon and 8 < len(table.states) <= _MOST_TILES
    return 0 if largest >= 1000 else 1 if largest >= 100 or crowded else 2


def _named(table: Learned, state: int, name: str) -> str:
    """A state with what sets it apart: where training starts, and seeds in which actions tie."""
    parts = [name, *(["start"] if table.start[state] else [])]
    if table.ties[state]:
        parts.append(f"{numbers.percent(float(table.ties[state]))} tie")
    return ", ".join(parts)


def _of(share: float) -> str:
    """The colour of a state: whether most seeds are right there."""
    return canvas.SUPPORTED if share > 0.5 else canvas.REFUTED if share < 0.5 else canvas.SOFT


def _legend(table: Learned) -> list[Line2D | Patch]:
    shown: list[Line2D | Patch] = [
        Patch(facecolor=shades.tint(share), edgecolor=canvas.FAINT, label=label)
        for share, label in ((1.0, "every seed"), (0.5, "half"), (0.0, "no seed"))
    ]
    if table.best is None:
        return shown
    shown.append(Patch(facecolor="white", edgecolor=canvas.INK, lw=1.6, label="exactly best"))
    cross = Line2D([], [], color=canvas.REFUTED, ls="none", marker="X", ms=8, mew=0, label="most seeds are wrong")
    return [*shown, cross]
