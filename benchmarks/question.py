"""What a whole question costs: against MLflow's own start, and per tracked trial."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import BIN, Row, interleaved, row, wall_time_s
from benchmarks.project import copy_of_project

_ONLY_MLFLOW = """
import os
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlflow.db")
experiment = client.create_experiment("only")
client.set_terminated(client.create_run(experiment).info.run_id)
"""


def measure(runs: int = 5) -> list[Row]:
    """A run of rq01 with empty ledger and store, against a program that only opens a store and creates one run."""

    def run_question() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return wall_time_s([str(BIN / "expkit"), "run", "rq01"], copy_of_project(Path(folder)))

    def only_mlflow() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return wall_time_s([str(BIN / "python"), "-c", _ONLY_MLFLOW], Path(folder))

    taken = interleaved({"question": run_question, "mlflow": only_mlflow}, runs)
    ratios = [question / mlflow for question, mlflow in zip(taken["question"], taken["mlflow"], strict=True)]
    return [row("question_vs_mlflow_alone", ratios, "ratio", ceiling=2)]
