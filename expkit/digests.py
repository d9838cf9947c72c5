"""Digests: sha256 of canonical JSON (RFC 8785), of arrays and of files.

Two values have one digest exactly when they mean the same; a value without stable bytes is refused, with its place in
the value.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    import numpy as np

_LARGEST_EXACT_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises:
        TypeError: a value that JSON does not know, or a key that is no string; the message names its place.
        ValueError: a NaN, an infinity, an integer that a double cannot hold exactly, or half a surrogate pair.
    """
    _refuse_unstable(value, "$")
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # _refuse_unstable has looked at every part


def digest(value: object) -> str:
    """sha256 of `canonical(value)`, as 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def array_digest(array: np.ndarray[Any, Any]) -> str:
    """sha256 of an array's type, shape and little-endian C-order bytes, as 64 hex digits.

    Raises:
        TypeError: an array of objects, whose bytes are addresses.
    """
    if array.dtype.hasobject:
        raise TypeError(f"an array of dtype {array.dtype} has no stable bytes; convert it to numbers first")
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    head = f"{little.dtype.str}{list(little.shape)}".encode()
    return hashlib.sha256(head + little.tobytes(order="C")).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_unstable(value: object, place: str) -> None:
    match value:
        case None | bool():
            return
        case str():
            _refuse_half_a_pair(value, place)
        case int():
            if abs(value) > _LARGEST_EXACT_INTEGER:
                raise ValueError(
                    f"{place}: {value} is beyond 2**53 - 1, where JSON numbers stop being exact; write it as a string"
                )
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{place}: {value} has no JSON form; use null for a missing number")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"{place}: the key {key!r} is {type(key).__name__}, not a string")
                _refuse_half_a_pair(key, place)
                _refuse_unstable(item, f"{place}.{key}")
        case list() | tuple():
            for index, item in enumerate(value):
                _refuse_unstable(item, f"{place}[{index}]")
        case _:
            raise TypeError(
                f"{place}: {type(value).__name__} has no stable bytes; convert it to plain JSON values first"
            )


def _refuse_half_a_pair(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{place}: {text!r} holds half a surrogate pair, which has no UTF-8 bytes") from None
