from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.cli.interval_bar import column, interval_bar, scale_of
from expkit.cli.sparkline import ASCII_BARS, BARS, histogram, sparkline
from expkit.records.interval import Interval

finite = st.floats(allow_nan=False, allow_infinity=False)
widths = st.integers(1, 60)


@st.composite
def intervals(draw: st.DrawFn, *, around: float | None = None) -> Interval:
    """Open on either side or not, around a value where one is given; a single point as well."""
    low = draw(st.none() | (finite if around is None else st.floats(max_value=around, allow_infinity=False)))
    floor = low if around is None else around
    high = draw(st.none() | st.floats(min_value=floor, allow_nan=False, allow_infinity=False))
    return Interval(low=low, high=high)


@given(st.data(), finite, widths, st.booleans())
def test_a_bar_has_exactly_its_width_and_shows_its_estimate(
    drawn: st.DataObject, estimate: float, width: int, unicode: bool
) -> None:
    """Whatever the region, the interval and the scale; and in ASCII every character is one."""
    region, interval = drawn.draw(intervals()), drawn.draw(intervals(around=estimate))
    scale = scale_of(region, interval, estimate)
    bar = interval_bar(region, interval, estimate, scale, width=width, unicode=unicode)
    assert len(bar) == width
    assert bar.count("●" if unicode else "o") == 1
    assert unicode or bar.isascii()


@given(finite, finite, finite, finite, widths)
def test_larger_values_never_lie_further_left(one: float, other: float, low: float, high: float, width: int) -> None:
    """Ends of intervals keep their order on any scale, and stay on the bar."""
    low, high = sorted((low, high))
    first, second = (column(value, (low, high), width, 0) for value in sorted((one, other)))
    assert 0 <= first <= second < width


def test_a_bar_reads_as_what_was_decided() -> None:
    """Region shaded between brackets, the interval over it; an open end runs to the edge."""
    region, interval = Interval(low=0.0, high=10.0), Interval(low=12.0, high=16.0)
    assert interval_bar(region, interval, 14.0, (-2.0, 18.0), width=20) == "  [░░░░░░░░░] ├─●─┤ "
    assert interval_bar(region, interval, 14.0, (-2.0, 18.0), width=20, unicode=False) == "  [=========] |-o-| "
    open_ended, half = Interval(low=5.0, high=None), Interval(low=None, high=4.0)
    assert interval_bar(open_ended, half, 2.0, (0.0, 10.0), width=10) == "──●─┤[░░░░"


def test_a_region_of_one_point_is_still_seen() -> None:
    """Its two bounds fall on one character, which says so."""
    point, interval = Interval(low=1.0, high=1.0), Interval(low=2.0, high=4.0)
    assert interval_bar(point, interval, 3.0, (0.0, 5.0), width=10) == "  ‖ ├─●─┤ "
    alone = Interval(low=1.0, high=1.0)
    assert interval_bar(point, alone, 1.0, scale_of(point, alone, 1.0), width=9) == "    ●    "


@given(st.lists(finite, max_size=80), widths, st.booleans())
def test_sparklines_have_exactly_their_width(values: list[float], width: int, unicode: bool) -> None:
    """With more numbers than characters, with fewer, and with none."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    for line in (
        sparkline(values, low, high, width=width, unicode=unicode),
        histogram(values, low, high, width=width, unicode=unicode),
    ):
        assert len(line) == width
        assert set(line) <= set(BARS if unicode else ASCII_BARS) | {" "}
    assert any(sign != " " for sign in histogram(values, low, high, width=width)) == bool(values)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.data())
def test_a_higher_number_has_no_lower_bar(values: list[float], drawn: st.DataObject) -> None:
    """One bar a number: order among numbers is order among bars."""
    line = sparkline(values, min(values), max(values), width=len(values))
    one, other = (drawn.draw(st.integers(0, len(values) - 1)) for _ in range(2))
    if values[one] <= values[other]:
        assert BARS.index(line[one]) <= BARS.index(line[other])


@pytest.mark.parametrize(("values", "expected"), [([0, 1, 2, 3, 4, 5, 6, 7], BARS), ([3, 3], "▅▅"), ([], "  ")])
def test_sparklines_span_their_scale(values: list[float], expected: str) -> None:
    """The lowest number is the lowest bar, the highest the highest; equal ones stand half high; none are blank."""
    scale = (min(values), max(values)) if values else (0.0, 1.0)
    assert sparkline(values, *scale, width=len(expected)) == expected


def test_one_seed_in_a_tail_is_seen() -> None:
    """A place with a single seed bears the lowest bar, not a blank."""
    assert histogram([0.0] + [9.0] * 100, 0.0, 10.0, width=10) == "▁        █"
