"""What a whole question costs: against MLflow's own start, and per tracked trial."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import BIN, Row, interleaved, row, wall_time_s
from benchmarks.project import copy_of_project, forget_outcome

_ONLY_MLFLOW = """
import os
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlflow.db")
experiment = client.create_experiment("only")
client.set_terminated(client.create_run(experiment).info.run_id)
"""


def measure(runs: int = 5) -> list[Row]:
    """A run of rq01 with empty ledger and store, against a program that only opens a store and creates one run.

    `answered` has no outcome either: statistics, figures and document are made. `reproduced` is a fresh clone.
    """

    def run_question(*, answered: bool) -> float:
        with tempfile.TemporaryDirectory() as folder:
            project = copy_of_project(Path(folder))
            if not answered:
                forget_outcome(project, "rq01")
            return wall_time_s([str(BIN / "expkit"), "run", "rq01"], project)

    def only_mlflow() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return wall_time_s([str(BIN / "python"), "-c", _ONLY_MLFLOW], Path(folder))

    sides = {
        "answered": partial(run_question, answered=False),
        "reproduced": partial(run_question, answered=True),
        "mlflow": only_mlflow,
    }
    taken = interleaved(sides, runs)
    return [
        row(
            f"question_{side}_vs_mlflow_alone",
            [question / mlflow for question, mlflow in zip(taken[side], taken["mlflow"], strict=True)],
            "ratio",
            ceiling=2,
        )
        for side in ("answered", "reproduced")
    ]
