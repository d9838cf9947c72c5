"""Timing of programs side by side: every figure is a median over interleaved repetitions of both sides."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
Row = dict[str, Any]

_AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Where a shell or an image forbids byte code, every start would compile expkit anew: a tenth of what `check` takes."""


def row(
    name: str, values: Sequence[float], unit: str, *, floor: float | None = None, ceiling: float | None = None
) -> Row:
    """One line of the table: the median of `values`, its spread, and the bound it is held against."""
    return {
        "name": name,
        "value": statistics.median(values),
        "unit": unit,
        "floor": floor,
        "ceiling": ceiling,
        "min": min(values),
        "max": max(values),
        "runs": len(values),
    }


def wall_time_s(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> float:
    """Seconds of wall time that a command takes; its output is shown when it fails.

    Raises:
        RuntimeError: the command did not exit with 0.
    """
    began = time.perf_counter()
    variables = {**os.environ, **_AS_INSTALLED, **(environment or {})}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def interleaved(sides: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """The measurements of every side, taken in turns so that a slow minute hits all of them; one warm-up each."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(runs + 1):
        for name, measure in sides.items():
            value = measure()
            if turn:
                taken[name].append(value)
    return taken
