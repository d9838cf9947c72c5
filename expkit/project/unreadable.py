"""The error of a project's file that is there and cannot be read."""

from __future__ import annotations

from pathlib import Path

from expkit.errors import InvalidUsage


def unreadable(file: Path, error: OSError) -> InvalidUsage:
    """What is raised of it."""
    mend = "mend the file, or delete it"
    return InvalidUsage("the file cannot be read", where=str(file), why=error.strerror, mend=mend)
