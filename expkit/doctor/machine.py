"""What this machine is: its Python, its cores, and whether the kernel is compiled on it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from expkit import training
from expkit.cores import usable_cores
from expkit.doctor.finding import Finding
from expkit.training.kernel_cache import NUMBA_VARIABLE

OLDEST_PYTHON = (3, 11)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether this Python is new enough."""
    said = f"Python {'.'.join(map(str, version))} in {sys.prefix}"
    if version < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return Finding(
            name="python",
            state="missing",
            said=f"{said}; expkit needs {oldest} or newer",
            mend=f"python{oldest} -m venv .venv",
        )
    return Finding(name="python", state="ok", said=said)


def cores() -> Finding:
    """How many cores a run would use."""
    usable, there = usable_cores(), os.cpu_count() or 1
    said = f"{usable} of {there} cores are usable, {platform.machine()}"
    return Finding(name="cores", state="ok", said=said)


def kernel(environment: Mapping[str, str] = os.environ) -> Finding:
    """Whether the first run has to compile the kernel."""
    named = environment.get(NUMBA_VARIABLE)
    # beside the module, or, where the package cannot be written to, in the user's own cache
    places = [Path(named)] if named else [Path(training.__path__[0]) / "__pycache__", _users_cache(environment)]
    if any(next(place.rglob("kernel.*.nbi"), None) for place in places if place.is_dir()):
        return Finding(name="kernel", state="ok", said="the kernel is compiled")
    return Finding(
        name="kernel",
        state="note",
        said="the kernel is not compiled yet; the first run does it, in some ten seconds",
        mend="python -m expkit.training.kernel_cache",
    )


def _users_cache(environment: Mapping[str, str]) -> Path:
    home = Path(environment.get("HOME") or "/nonexistent")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "numba"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "numba"
