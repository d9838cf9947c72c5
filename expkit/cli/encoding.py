"""Encodings of terminals that are not UTF-8: a sign that they lack gives way to a plain one, and nothing breaks."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

_PLAIN = {"\u2212": "-", "\u2013": "-", "\u00b7": "-", "\u2026": "...", "\u2192": "->", "\u2190": "<-"}
"""Minus, dash, dot, ellipsis and arrows; anything else is a question mark."""


def write_in_any_encoding(*streams: TextIO) -> None:
    """Let streams write what their encoding lacks as plain characters, where Python would raise an error."""
    codecs.register_error("expkit.plain", _plain)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="expkit.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end
