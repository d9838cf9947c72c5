"""A sound project, edited in one place, and what is said about it then."""

from __future__ import annotations

from pathlib import Path

from expkit.errors import InvalidDeclaration
from expkit.project.read import declared_files, parse_declarations

SOUND = Path(__file__).parent / "sound"
E = "experiments/strategies.yaml"
Q = "research_questions/rq01/question.yaml"
COMPARED = "kind: difference\n      metric: total_reward\n      estimand: mean"
COMPARED_BINARY = "kind: ratio\n      metric: optimal_policy"


def report(files: dict[str, bytes]) -> list[str]:
    """The lines of what is said about files; none if nothing is wrong with them."""
    try:
        parse_declarations(files)
    except InvalidDeclaration as invalid:
        return str(invalid).splitlines()
    return []


def edited(file: str, old: str, new: str) -> dict[str, bytes]:
    """The sound project with one edit."""
    files = declared_files(SOUND)
    text = files[file].decode()
    assert text.count(old) == 1, f"{old!r} must stand once in {file}"
    return files | {file: text.replace(old, new).encode()}
