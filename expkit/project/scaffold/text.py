"""Values as a declaration's text has them: what is written is what the reader reads back."""

from __future__ import annotations

import json
import secrets

from expkit.errors import InvalidUsage
from expkit.project.yaml import read_yaml

_ROOT_BITS = 48  # fifteen digits at most, which people still compare


def said(text: str) -> str:
    """A string on one line: plain where YAML reads it so, in quotes otherwise.

    Raises:
        InvalidUsage: it holds a character that YAML has no word for.
    """
    text = " ".join(text.split())
    for candidate in (text, json.dumps(text, ensure_ascii=False), json.dumps(text)):
        read = read_yaml("", f"key: {candidate}\n".encode(errors="replace"))
        if read.readable and not read.mistakes and read.value == {"key": text}:
            return candidate
    raise InvalidUsage(f"{text!r} cannot be written as YAML", mend="leave the characters out that no keyboard has")


def number(value: float) -> str:
    """A number, shortest: `100`, `0.05`, `1e-05`."""
    value = float(value)  # 1 may be written for 1.0
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def fresh_root() -> int:
    """Where the randomness of a new experiment comes from: a root that nobody chose and no other project has."""
    return secrets.randbits(_ROOT_BITS)


def schema_line(kind: str, *, depth: int) -> str:
    """The first line of a declared file, by which editors find its schema; `depth` folders above it is the root."""
    return f"# yaml-language-server: $schema={'../' * depth}schemas/{kind}.schema.json"
