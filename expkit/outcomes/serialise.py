"""Evidence as bytes: JSON in the order of the model, one thing a line, and back to the same record.

A list of numbers stays on one line however long it is, and a small mapping does too, so that a changed result is a
changed line.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue, ValidationError

from expkit.errors import CheckFailed
from expkit.records.evidence import Evidence

_LINE = 120
_MEND = "take it from git again (git checkout -- FILE), or delete it and run the question again"


def evidence_bytes(evidence: Evidence) -> bytes:
    """The content of `evidence.json`: UTF-8, a newline at its end, the same bytes for the same evidence."""
    return (_written(evidence.model_dump(mode="json"), "") + "\n").encode()


def parse_evidence(content: bytes, *, where: str = "evidence.json") -> Evidence:
    """The evidence in a file's content.

    Raises:
        CheckFailed: the content is no evidence that this version of expkit reads; `where` names it.
    """
    try:
        return Evidence.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CheckFailed(
            "this is not evidence that expkit reads",
            where=where,
            why=f"{place}: {first['msg']}" if place else first["msg"],
            mend=_MEND.replace("FILE", where),
        ) from error


def read_evidence(file: Path, *, where: str) -> Evidence | None:
    """The evidence in a file, None where there is no such file. `where` is its name for people.

    Raises:
        CheckFailed: as `parse_evidence`.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    return parse_evidence(content, where=where)


def _written(value: JsonValue, margin: str) -> str:
    """A JSON value; `margin` is the indent of the line it begins on."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, list | dict) or not value:
        return line
    parts = list(value.values()) if isinstance(value, dict) else value
    numbers = isinstance(value, list) and not any(isinstance(part, str | list | dict) for part in parts)
    scalars = not any(isinstance(part, list | dict) for part in parts)
    if numbers or (scalars and len(margin) + len(line) <= _LINE):
        return line
    inner = margin + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_written(part, inner)}" for key, part in value.items()]
    else:
        items = [_written(part, inner) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(inner + item for item in items) + "\n" + margin + closing
