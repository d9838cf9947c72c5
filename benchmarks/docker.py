"""What a container costs: a question run in the project's image against the same question on the bare machine.

    python -m benchmarks docker

Both sides train and record rq01 from an empty ledger, in turns: once as it is committed, once with seeds enough for
20 000 trials. What a run does afterwards (judge, write, publish) is the same wherever trials ran, and only adds noise.
The image is built before the clock starts. Without an engine, or a base image, nothing is measured.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import BIN, Row, interleaved, row, wall_time_s
from benchmarks.project import copy_of_project

_PROGRAM = """
import gc, sys
from contextlib import nullcontext
from pathlib import Path
from expkit.completion import How, train_missing
from expkit.dossier import Dossier
from expkit.project.read import read_project


class Silent:
    def placed(self, where): pass
    def starting(self, missing): pass
    def progress(self, event): pass
    def trained(self): pass
    def waiting(self, holder): pass
    def phase(self, text): return nullcontext()


gc.set_threshold(200_000)  # as the command line does
project = read_project(Path.cwd())
how = How(command=("bench",), observer=Silent(), executor=sys.argv[1])
train_missing(project, Dossier(project, project.questions["rq01"]).arms, how, again="")
"""
ARMS = 3
LARGE = 20_000
"""Trials of the large question, about."""
SERVICE_ABSENT = 5


def measure(runs: int = 5, large_runs: int = 3) -> list[Row]:
    """Seconds that training takes longer in a container, of a small question and of a large one."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        project = copy_of_project(Path(folder))
        for trials, times in ((None, runs), (LARGE, large_runs)):
            if trials:
                _enlarge(project, trials // ARMS)
            if reason := _without_image(project):
                print(f"docker is not measured: {reason}", file=sys.stderr)
                return rows
            sides = {side: partial(_train, project, side) for side in ("local", "docker")}
            taken = interleaved(sides, times)
            name = f"{trials or 600}_trials"
            more = [inside - outside for outside, inside in zip(taken["local"], taken["docker"], strict=True)]
            rows += [row(f"docker_minus_local_{name}", more, "s", ceiling=2), row(f"local_{name}", taken["local"], "s")]
    return rows


def _train(project: Path, executor: str) -> float:
    """Seconds until every trial is recorded, from the start of the process and with nothing recorded before."""
    shutil.rmtree(project / ".expkit" / "ledger", ignore_errors=True)
    return wall_time_s([str(BIN / "python"), "-c", _PROGRAM, executor], project)


def _enlarge(project: Path, seeds: int) -> None:
    """Declare and commit so many seeds an arm."""
    experiment = project / "experiments" / "strategies.yaml"
    text, count = re.subn(r"(?m)^  count: \d+$", f"  count: {seeds}", experiment.read_text())
    assert count == 1
    experiment.write_text(text)
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run(["git", *who, "commit", "--quiet", "--all", "--message", "more seeds"], cwd=project, check=True)


def _without_image(project: Path) -> str | None:
    """Why there is no image of the project; None once it is built.

    Raises:
        RuntimeError: a service is there, and the build failed.
    """
    done = subprocess.run(
        [str(BIN / "expkit"), "image", "build"], cwd=project, capture_output=True, text=True, check=False
    )
    if done.returncode == SERVICE_ABSENT:
        return done.stderr.rpartition("error: ")[2].strip()
    if done.returncode:
        raise RuntimeError(f"expkit image build exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return None
