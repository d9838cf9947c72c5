"""A finding: one thing that a run needs or may use, whether it is here, and the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one thing."""

    name: str
    state: Literal["ok", "missing", "note"]
    """`missing` keeps a run from what it was asked for; a `note` is good to know."""
    said: str
    """One sentence, without a full stop."""
    mend: str | None = None
    """What to type."""


Probe = Callable[[], Finding]
"""Looks at one thing, and changes nothing."""
