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
from expkit.execution.local import LocalExecutor
from expkit.project.read import read_project
from expkit.run import How, run_experiment, run_question
from expkit.tracking.place import tracking_uri
from expkit.tracking.store import connect


class Silent:
    def starting(self, missing, where): self.trials = sum(len(arm.missing) for arm in missing)
    def progress(self, event): pass
    def trained(self): pass
    def waiting(self, holder): pass
    def phase(self, text): return nullcontext()


root = Path.cwd()
project, observer = read_project(root), Silent()
import git, expkit.statistics.verdict, expkit.outcomes.figures.draw
from expkit.plan import plan
from expkit.training.train import train
gc.set_threshold(200_000)  # as the command line does
work = next(plan(project.experiments["strategies"], lambda *_: frozenset())[0].batches())
train(work.model_copy(update={"seeds": (0,)}))  # loads the compiled kernel
connect(tracking_uri(root, {}), root=root)
how = How(command=("bench",), observer=observer)
began = time.perf_counter()
if sys.argv[1] == "experiment":
    run_experiment(project, project.experiments["strategies"], how)
else:
    run_question(project, project.questions["rq01"], how)
print(json.dumps([time.perf_counter() - began, observer.trials]))
"""


def measure(runs: int = 7) -> list[Row]:
    """Milliseconds per trial of three arms of 200 seeds; imports are done, the kernel is loaded, the store is open."""
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
