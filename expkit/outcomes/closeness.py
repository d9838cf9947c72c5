"""Closeness: whether two statistics are one and the same, whatever machine rounded their last digits."""

from __future__ import annotations

from math import isclose

_RELATIVE = 1e-8
"""Statistics are kept to 10 significant digits: more than two machines can be apart, less than anybody would forge."""
_ABSOLUTE = 1e-9
"""Where a difference cancels out, its digits are noise."""


def close(one: float | None, other: float | None) -> bool:
    """Whether two statistics are the same but for rounding; none is only like none."""
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)


def unlike(there: object, here: object, at: str = "") -> str | None:
    """The first thing in which two values as JSON has them differ by more than rounding, in words.

    Args:
        there: what evidence has.
        here: what was found.
        at: where in them we are.
    """
    if isinstance(there, dict) and isinstance(here, dict):
        names = dict.fromkeys([*there, *here])
        found = (unlike(there.get(name), here.get(name), f"{at}.{name}" if at else name) for name in names)
        return next((one for one in found if one), None)
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = enumerate(zip(there, here, strict=True))
        return next((one for k, pair in pairs if (one := unlike(*pair, f"{at}[{k}]"))), None)
    if there == here or (isinstance(there, float) and isinstance(here, float) and close(there, here)):
        return None
    return f"{at} is {here!r} here and {there!r} in evidence.json"
