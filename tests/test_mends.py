"""Every error ends with the next thing to type or to change: read off the source, so that a new one is held to it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from expkit import errors

HOUSE = Path(__file__).resolve().parent.parent / "expkit"
NAMES = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.ExpkitError) and one is not errors.ExpkitError
}
EXEMPT = {"InvalidDeclaration": "each of its mistakes says what would be valid"}


@pytest.mark.parametrize("room", sorted({file.relative_to(HOUSE).parts[0] for file in HOUSE.rglob("*.py")}))
def test_every_error_says_what_to_do_next(room: str) -> None:
    """Whatever is raised is made with `mend`, and not with nothing."""
    files = [HOUSE / room] if room.endswith(".py") else sorted((HOUSE / room).rglob("*.py"))
    silent = [f"{file.relative_to(HOUSE)}:{line}" for file in files for line in _silent(file.read_text())]
    assert silent == []


def test_a_silent_error_would_be_found() -> None:
    """The rule sees what it is to see, under every name that an error is made by."""
    assert _silent("raise InvalidUsage('no')\nraise errors.NotWritable('no', why='x')\n") == [1, 2]
    assert _silent("raise InvalidUsage('no', mend=None)\nraise InvalidUsage('no', mend='')\n") == [1, 2]
    assert _silent("raise InvalidUsage('no', mend='type this')\nraise ValueError('no')\n") == []


def _silent(source: str) -> list[int]:
    """The lines on which an error is made that ends in nothing to do."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    made = [
        (call, call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", ""))
        for call in calls
    ]
    return [call.lineno for call, name in made if name in NAMES - EXEMPT.keys() and not _says(call)]


def _says(call: ast.Call) -> bool:
    mends = [keyword.value for keyword in call.keywords if keyword.arg == "mend"]
    if any(keyword.arg is None for keyword in call.keywords):
        return True  # unpacked from a function of its own, as in `outcomes/snapshot.py`
    return bool(mends) and not (isinstance(mends[0], ast.Constant) and not mends[0].value)
