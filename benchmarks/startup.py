"""How long a person waits before anything happens: `--help`, `check`, and a run with nothing to do."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import BIN, Row, interleaved, row, wall_time_s
from benchmarks.project import copy_of_project


def measure(runs: int = 15) -> list[Row]:
    """Start-up against a bare interpreter, and what `check` and an idle run add to `--help`."""
    with tempfile.TemporaryDirectory() as temporary:
        project = copy_of_project(Path(temporary))
        expkit, python = str(BIN / "expkit"), str(BIN / "python")
        wall_time_s([expkit, "run", "rq01"], project)
        sides = {
            "python": lambda: wall_time_s([python, "-c", "pass"], project),
            "help": lambda: wall_time_s([expkit, "--help"], project),
            "check": lambda: wall_time_s([expkit, "check"], project),
            "idle": lambda: wall_time_s([expkit, "run", "rq01"], project),
        }
        taken = interleaved(sides, runs)
    pairs = list(zip(taken["python"], taken["help"], taken["check"], taken["idle"], strict=True))
    return [
        row("help_vs_bare_python", [shown / bare for bare, shown, _, _ in pairs], "ratio", ceiling=6),
        row("check_minus_help", [check - shown for _, shown, check, _ in pairs], "s", ceiling=0.5),
        row("idle_run_minus_help", [idle - shown for _, shown, _, idle in pairs], "s", ceiling=0.5),
    ]
