"""What a tracked trial costs, once a process has started: trained, recorded, published; and judged besides."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import BIN, Row, interleaved, row
from benchmarks.project import copy_of_project, forget_outcome

_PROGRAM = """
import gc, json, sys, time
from contextlib import nullcontext
from pathlib import Path
from expkit.project.read import read_project
from expkit.completion import How
from expkit.run import run_experiment, run_question


class Silent:
    def placed(self, where): pass
    def starting(self, missing): self.trials = sum(len(arm.missing) for arm in missing)
    def progress(self, event): pass
    def trained(self): pass
    def waiting(self, holder): pass
    def phase(self, text): return nullcontext()


gc.set_threshold(200_000)  # as the command line does
project, observer = read_project(Path.cwd()), Silent()
how = How(command=("bench",), observer=observer)


def run(kind, experiment, question):
    if kind == "experiment":
        run_experiment(project, project.experiments[experiment], how)
    else:
        run_question(project, project.questions[question], how)


run(sys.argv[1], "learning_rates", "rq02")
began = time.perf_counter()
run(sys.argv[1], "strategies", "rq01")
print(json.dumps([time.perf_counter() - began, observer.trials]))
"""


def measure(runs: int = 7) -> list[Row]:
    """Milliseconds per trial of three arms of 200 seeds, run after another experiment in the same process.

    What a first run pays on top (imports, a new store, loading the kernel) is measured in `benchmarks.question`.
    """
    taken = interleaved({what: partial(_per_trial, what) for what in ("experiment", "question")}, runs)
    return [
        row("tracked_trial", taken["experiment"], "ms", ceiling=0.6),
        row("judged_trial", taken["question"], "ms"),
    ]


def _per_trial(what: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        project = copy_of_project(Path(folder))
        forget_outcome(project, "rq01")
        done = subprocess.run(
            [str(BIN / "python"), "-c", _PROGRAM, what], cwd=project, capture_output=True, text=True, check=True
        )
    seconds, trials = json.loads(done.stdout)
    return float(1000 * seconds / trials)
