"""What a terminal shows of figures: hypotheses against their regions, learning curves and seeds, a line each."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from expkit.cli.console import results, table
from expkit.cli.interval_bar import interval_bar, scale_of
from expkit.cli.sparkline import histogram, sparkline
from expkit.outcomes import numbers
from expkit.records.evidence import ArmEvidence, Evidence

WIDTH = 28
_SCALE = 24
"""Characters beside a bar: its name, the ends of its scale, the estimate."""


def print_intervals(evidence: Evidence | None) -> None:
    """Each tested hypothesis of a question as a bar, between the ends of its own scale."""
    tested = [(one, one.test) for one in evidence.hypotheses if one.test] if evidence else []
    if not tested or not _has_room(WIDTH + _SCALE):
        return
    unicode = shows_unicode(results())
    made = table("", ">", escape("claimed [░░], found ├─●─┤" if unicode else "claimed [==], found |-o-|"), "", "")
    for one, test in tested:
        scale = scale_of(one.region, test.interval, test.estimate)
        bar = interval_bar(one.region, test.interval, test.estimate, scale, width=WIDTH, unicode=unicode)
        low, high = (numbers.significant(end, 3) for end in scale)
        found = numbers.significant(test.estimate, 4)
        made.add_row(f"[bold]{one.id}[/]", f"[dim]{low}[/]", escape(bar), f"[dim]{high}[/]", found)
    results().print(made)


def print_arms(arms: Sequence[ArmEvidence], names: Sequence[str], metric: str) -> None:
    """Each arm's learning curve and where its seeds lie, all on one scale that is named."""
    curves = [one for arm in arms for one in arm.curve.value]
    seeds = [value for arm in arms for value in arm.seeds.get(metric, ()) if value is not None]
    longest = max(map(len, names), default=0)
    if not _has_room(longest + 2 * (WIDTH + 4)):
        seeds = []
    if not (curves or seeds) or not _has_room(longest + WIDTH + 4):
        return
    unicode = shows_unicode(results())
    heads = [*([f"reward per step, {_ends(curves)}"] if curves else []), *([f"seeds, {_ends(seeds)}"] if seeds else [])]
    made = table("", *heads)
    for arm, name in zip(arms, names, strict=True):
        cells = []
        if curves:
            cells.append(sparkline(arm.curve.value, min(curves), max(curves), width=WIDTH, unicode=unicode))
        if seeds:
            own = [value for value in arm.seeds.get(metric, ()) if value is not None]
            cells.append(histogram(own, min(seeds), max(seeds), width=WIDTH, unicode=unicode))
        made.add_row(name, *(escape(cell) for cell in cells))
    results().print()
    results().print(made)


def shows_unicode(console: Console) -> bool:
    """Whether bars can be written as they are: in UTF-8, and unless the locale is C."""
    told = {name: os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")}
    if told["LC_CTYPE"] == "C.UTF-8":  # Python's own doing, where it finds the locale C (PEP 538)
        del told["LC_CTYPE"]
    locale = next((one for one in told.values() if one), "")
    return console.encoding.startswith("utf") and locale not in ("C", "POSIX")


def _has_room(width: int) -> bool:
    """Whether lines of so many characters stay whole: what goes to a file or a pipe always does."""
    return not results().is_terminal or results().width >= width


def _ends(values: Sequence[float]) -> str:
    return f"{numbers.significant(min(values), 3)} to {numbers.significant(max(values), 3)}"
