"""Numbers as a reviewer reads them: totals in full, digits that the interval earns, p without false precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from expkit.records.evidence import Interval

MINUS = "\u2212"
"""A real minus sign: as wide as a plus, and no list bullet in markdown."""

MOST_PLACES = 10
"""Statistics are kept to 10 significant digits; more would print noise."""


def declared(value: float) -> str:
    """A number as somebody declared it: every digit, thousands separated, no exponent. `3000.0` is `3,000`."""
    text = f"{Decimal(repr(float(value))):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS) if float(text.replace(",", "")) else "0"


def number(value: float, places: int) -> str:
    """A number with `places` decimals, thousands separated and never abbreviated. `27291.6` to 0 places is `27,292`."""
    text = f"{value:,.{places}f}"
    negative = text.startswith("-") and text.strip("-0.,") != ""
    return (MINUS if negative else "") + text.lstrip("-")


def places_for(width: float) -> int:
    """Decimals that something known to within `width` deserves: the last digit is a thirtieth to a third of it.

    Never negative: a total prints every digit before the point.
    """
    if not math.isfinite(width) or width <= 0:
        return 0
    return min(MOST_PLACES, max(0, -math.floor(math.log10(width / 3))))


def places_of(estimate: float, interval: Interval, bounds: Iterable[float | None] = ()) -> int:
    """Decimals for an estimate and its interval, with enough of them that no end reads as a bound it is not.

    An interval from 1.75 to 1.7996 beside a bound of 1.8 would otherwise print as if it touched the bound.
    """
    ends = [end for end in (interval.low, interval.high) if end is not None]
    if len(ends) == 2 and ends[0] < ends[1]:
        places = places_for(ends[1] - ends[0])
    else:
        distances = [abs(end - estimate) for end in ends if end != estimate]
        places = places_for(2 * min(distances)) if distances else _places_of_value(estimate)
    for bound in bounds:
        for end in ends:
            while bound is not None and end != bound and places < MOST_PLACES and _reads_alike(end, bound, places):
                places += 1
    return places


def interval(span: Interval, places: int) -> str:
    """An interval in words: `1.50 to 1.54`, `1.50 or more`, `any value`."""
    return interval_as(span, lambda end: number(end, places))


def region(span: Interval) -> str:
    """A claimed region in words, its bounds as declared: `3,000 to 5,000`, `1.8 or more`."""
    return interval_as(span, declared)


def percent(share: float) -> str:
    """A share as a percentage with at most one decimal; only what is whole prints as `0 %` or `100 %`."""
    tenths = round(share * 1000)
    if tenths <= 0 < share:
        return "under 0.1 %"
    if tenths >= 1000 and share < 1:
        return "over 99.9 %"
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


def confidence(level: float) -> str:
    """The confidence of an interval decided at `level`: 0.05 is `95 %`, a third of it `98.3 %`."""
    places = max(1, 1 - math.floor(math.log10(level * 100))) if level < 0.01 else 1
    text = f"{100 * (1 - level):.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def p_value(p: float, level: float | None = None) -> str:
    """A p-value: `p = 0.013` or `p < 0.001`, with digits enough not to read as the level it was held against."""
    if p < 0.001:
        return "p < 0.001"
    if p >= 0.9995:
        return "p = 1"
    places = 3 if p < 0.1 else 2
    while level is not None and p != level and places < 6 and _reads_alike(p, level, places):
        places += 1
    return f"p = {p:.{places}f}"


def probability(share: float) -> str:
    """A probability to two decimals; only what is certain in these seeds prints as 0 or 1."""
    if share in (0, 1):
        return f"{share:.0f}"
    return f"{min(max(share, 0.001), 0.999):.3f}" if not 0.005 <= share < 0.995 else f"{share:.2f}"


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, never fewer than stand before its point: `0.0167`, `5.32`, `1,234`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = digits - 1 - math.floor(math.log10(abs(value)))
    text = number(value, min(MOST_PLACES + digits, max(0, places)))
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: `1 seed`, `200 seeds`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def interval_as(span: Interval, written: Callable[[float], str]) -> str:
    """An interval in words, its ends written as told."""
    if span.low is None:
        return "any value" if span.high is None else f"{written(span.high)} or less"
    return f"{written(span.low)} or more" if span.high is None else f"{written(span.low)} to {written(span.high)}"


def _reads_alike(value: float, other: float, places: int) -> bool:
    return round(value, places) == round(other, places)


def _places_of_value(value: float) -> int:
    """Decimals that four significant digits need: all there is to go by without an interval."""
    return min(MOST_PLACES, max(0, 3 - math.floor(math.log10(abs(value))))) if value else 0
