from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from expkit.statistics.rounding import rounded, rounded_interval


@given(st.floats(-1e300, 1e300))
def test_rounding_keeps_ten_digits_and_stays_put(number):
    """Ten significant digits remain, and rounding again changes nothing."""
    assert abs(rounded(number) - number) <= 0.5000001e-9 * abs(number) + 1e-320
    assert rounded(rounded(number)) == rounded(number)


def test_machines_that_differ_in_the_last_bit_agree():
    """0.1 + 0.2 is 0.3, and minus zero is zero."""
    assert rounded(0.1 + 0.2) == 0.3
    assert math.copysign(1, rounded(-0.0)) == 1
    assert rounded(12345.678901234) == 12345.67890


def test_infinite_ends_are_open():
    """JSON has no infinity: the end is None."""
    interval = rounded_interval(-math.inf, 1 / 3)
    assert (interval.low, interval.high) == (None, 0.3333333333)
