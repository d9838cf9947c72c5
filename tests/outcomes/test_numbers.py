# ruff: noqa: RUF001 - the minus sign is what a reader gets
from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from expkit.outcomes import numbers
from expkit.records.evidence import Interval

FINITE = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


def span(low: float | None, high: float | None) -> Interval:
    """An interval."""
    return Interval(low=low, high=high)


def read(text: str) -> float:
    """A printed number as a number again."""
    return float(text.replace(",", "").replace(numbers.MINUS, "-"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(3000.0, "3,000"), (1.8, "1.8"), (0.98, "0.98"), (-500.0, "−500"), (1e-7, "0.0000001"), (0.0, "0"), (-0.0, "0")],
)
def test_a_declared_number_prints_as_it_was_declared(value: float, text: str) -> None:
    """Thousands are separated, nothing is rounded, and there is no exponent."""
    assert numbers.declared(value) == text


@settings(max_examples=100, deadline=None)
@given(FINITE)
def test_a_declared_number_reads_back_as_itself(value: float) -> None:
    """No digit of a declaration is lost."""
    assert read(numbers.declared(value)) == value


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(27291.6, 0, "27,292"), (1234567.0, 0, "1,234,567"), (-0.2, 0, "0"), (-1.25, 1, "−1.2"), (-4000.0, 0, "−4,000")],
)
def test_a_number_is_rounded_but_never_abbreviated(value: float, places: int, text: str) -> None:
    """A total prints every digit before its point, and nothing prints as minus zero."""
    assert numbers.number(value, places) == text


@settings(max_examples=100, deadline=None)
@given(FINITE, st.integers(0, 6))
def test_a_printed_number_is_within_half_of_its_last_digit(value: float, places: int) -> None:
    """Rounding is all that printing does."""
    assert abs(read(numbers.number(value, places)) - value) <= 0.5 * 10**-places + abs(value) * 1e-15


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=1e-8, max_value=1e9))
def test_the_last_digit_is_small_beside_the_interval(width: float) -> None:
    """Between a thirtieth and a third of the width, and never coarser than a unit."""
    unit = 10.0 ** -numbers.places_for(width)
    assert unit <= 1
    assert unit <= width / 3 * (1 + 1e-9) or unit == 1 or numbers.places_for(width) == numbers.MOST_PLACES
    assert unit >= width / 30 * (1 - 1e-9) or unit == 1


@pytest.mark.parametrize(
    ("estimate", "low", "high", "text"),
    [
        (1.5213, 1.5021, 1.5404, "1.52 (1.50 to 1.54)"),
        (1.00312, 0.98401, 1.01973, "1.00 (0.98 to 1.02)"),
        (4283.21, 3998.6, 4567.9, "4,283 (3,999 to 4,568)"),
        (0.000123, 0.000101, 0.000149, "0.00012 (0.00010 to 0.00015)"),
    ],
)
def test_an_estimate_prints_with_the_digits_that_its_interval_earns(
    estimate: float, low: float, high: float, text: str
) -> None:
    """A wide interval leaves few digits, a narrow one many."""
    places = numbers.places_of(estimate, span(low, high))
    assert f"{numbers.number(estimate, places)} ({numbers.interval(span(low, high), places)})" == text


@settings(max_examples=100, deadline=None)
@given(FINITE, FINITE, FINITE)
def test_an_end_that_is_not_the_bound_never_prints_as_the_bound(low: float, high: float, bound: float) -> None:
    """1.7996 beside a bound of 1.8 keeps enough digits to be told from it."""
    assume(low < high)
    assume(all(end == bound or abs(end - bound) > 1e-9 for end in (low, high)))
    places = numbers.places_of((low + high) / 2, span(low, high), [bound])
    for end in (low, high):
        printed, of_bound = numbers.number(end, places), numbers.number(bound, places)
        assert printed != of_bound or end == bound


def test_digits_are_added_beside_a_bound() -> None:
    """An interval that ends just under 1.8 does not print as if it reached 1.8."""
    just_under = span(1.75, 1.7996)
    assert numbers.interval(just_under, numbers.places_of(1.775, just_under, [1.8])) == "1.7500 to 1.7996"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (3000.0, 5000.0, "3,000 to 5,000"),
        (1.8, None, "1.8 or more"),
        (None, -5.0, "−5 or less"),
        (None, None, "any value"),
    ],
)
def test_a_region_is_said_in_words(low: float | None, high: float | None, text: str) -> None:
    """An open end is `or more` or `or less`."""
    assert numbers.region(span(low, high)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0951, "9.5 %"), (0.1, "10 %"), (1.0, "100 %"), (0.9999, "over 99.9 %"), (0.0001, "under 0.1 %")],
)
def test_only_all_and_none_print_as_all_and_none(share: float, text: str) -> None:
    """A share that is nearly whole does not print as whole."""
    assert numbers.percent(share) == text


@pytest.mark.parametrize(
    ("level", "text"),
    [(0.05, "95 %"), (0.025, "97.5 %"), (0.05 / 3, "98.3 %"), (0.01, "99 %"), (0.005, "99.5 %"), (0.0005, "99.95 %")],
)
def test_a_confidence_keeps_what_tells_it_from_certainty(level: float, text: str) -> None:
    """However many hypotheses share alpha, an interval never claims 100 %."""
    assert numbers.confidence(level) == text


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=1e-9, max_value=0.5))
def test_no_confidence_is_certainty(level: float) -> None:
    """100 % is never printed."""
    assert not numbers.confidence(level).startswith("100")


@pytest.mark.parametrize(
    ("p", "level", "text"),
    [
        (0.0131, 0.05, "p = 0.013"),
        (0.000999, 0.05, "p < 0.001"),
        (0.48, 0.05, "p = 0.48"),
        (1.0, 0.05, "p = 1"),
        (0.0498, 0.05, "p = 0.0498"),
        (0.0502, 0.05, "p = 0.0502"),
        (0.05, 0.05, "p = 0.050"),
    ],
)
def test_a_p_value_never_reads_as_the_level_it_missed(p: float, level: float, text: str) -> None:
    """0.0498 held against 0.05 does not print as 0.050."""
    assert numbers.p_value(p, level) == text


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0.001, max_value=0.5))
def test_a_printed_p_lies_on_its_own_side_of_the_level(p: float, level: float) -> None:
    """Who reads p and level comes to the decision that was taken."""
    assume(abs(p - level) > 1e-6)
    text = numbers.p_value(p, level)
    printed = 0.0009 if text.startswith("p <") else float(text.removeprefix("p = "))
    assert (printed < level) == (p < level)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.016666, "0.0167"), (5.318, "5.32"), (1234.5, "1,234"), (0.0, "0"), (0.05, "0.05"), (6.104854, "6.1")],
)
def test_significant_digits_never_cost_a_digit_before_the_point(value: float, text: str) -> None:
    """Three digits of 0.016666, all four of 1234.5; zeros at the end say nothing."""
    assert numbers.significant(value) == text


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=1e-6, max_value=1e12))
def test_significant_digits_keep_a_thousandth(value: float) -> None:
    """Three significant digits are right to half of the third."""
    assert math.isclose(read(numbers.significant(value)), value, rel_tol=0.00501)


def test_a_noun_agrees_with_its_count() -> None:
    """One seed, two seeds, and thousands are separated."""
    assert [numbers.counted(count, "seed") for count in (1, 2, 12000)] == ["1 seed", "2 seeds", "12,000 seeds"]
