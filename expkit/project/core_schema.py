"""The core schema of YAML 1.2: what a scalar means, and which of its meanings JSON cannot say."""

from __future__ import annotations

import math
import re

LARGEST_INTEGER = 2**53 - 1
"""JSON numbers are exact up to here."""

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def scalar(text: str, *, plain: bool) -> str | int | float | bool | None:
    """What a scalar without a tag means.

    Args:
        text: its content, without quotes and with escapes replaced.
        plain: whether it stood there without quotes and not as a block of text.

    Raises:
        ValueError: what it means cannot be said in JSON; the arguments are why, and what would be valid.
    """
    if not plain:
        if bad := _NOT_TEXT.search(text):
            raise ValueError(f"the text holds the character U+{ord(bad.group()):04X}", "delete it")
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        # Python refuses to convert thousands of digits; a hundred are already too many
        number = int(text[2:] if base != 10 else text, base) if len(text) < 100 else LARGEST_INTEGER + 1
        if abs(number) > LARGEST_INTEGER:
            raise ValueError(
                "the whole number is beyond 2**53 - 1, where numbers stop being exact", "take a smaller one"
            )
        return number
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise ValueError(f"{text} is too large for a number", "write a finite number")
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number", "write a finite number")
    return text
