"""The cores this process may use, which in a container or under `taskset` are fewer than the machine has."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Their number, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
