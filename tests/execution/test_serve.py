from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from expkit.execution.protocol import LINE, BatchBegan, BatchEnded, Line, Order, Ready, StepsTaken, longest_line
from expkit.execution.worker import perform
from expkit.plan import PlannedArm, plan
from expkit.project.read import declared_files, parse_declarations
from expkit.records.work import Work
from expkit.specs.recording import Trajectories
from expkit.specs.representation import Aggregation
from expkit.training.compile import compile_environment
from expkit.training.maps import keep_map, map_to_bytes
from expkit.training.tables import to_bytes


@pytest.fixture
def batches(planned: Sequence[PlannedArm]) -> tuple[Work, ...]:
    """One batch of each arm, and one that cannot be done."""
    batches = [work for arm in planned for work in arm.batches()]
    return (*batches, batches[0].model_copy(update={"environment_digest": "0" * 64}))


@pytest.fixture
def served(batches: tuple[Work, ...], tmp_path: Path) -> list[Line]:
    """What the process says of them, in a process of its own as in a container."""
    inputs, outputs = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    outputs.mkdir()
    (inputs / "work.json").write_text(Order(workers=2, batches=batches).model_dump_json())
    command = [sys.executable, "-m", "expkit.execution.serve", str(inputs), str(outputs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [LINE.validate_json(line) for line in done.stdout.splitlines()]


def test_it_first_says_what_it_runs_in(served: list[Line]) -> None:
    """Once, before any work."""
    assert isinstance(served[0], Ready)
    assert served[0].inside.packages["expkit"] == served[0].inside.expkit
    assert [line for line in served[1:] if isinstance(line, Ready)] == []


def test_every_batch_begins_and_ends_with_what_a_worker_finds(
    served: list[Line], batches: tuple[Work, ...], tmp_path: Path
) -> None:
    """Its folder holds the same bytes, and its line the same result, as in any other process."""
    assert sorted(line.batch for line in served if isinstance(line, BatchBegan)) == [0, 1, 2, 3]
    ended = {line.batch: line for line in served if isinstance(line, BatchEnded)}
    assert sorted(ended) == [0, 1, 2, 3]
    for number in range(3):
        own = tmp_path / f"own-{number}"
        own.mkdir()
        assert ended[number].result == perform(batches[number], own)
        assert ended[number].error is None
        files = {path.name: path.read_bytes() for path in (tmp_path / "out" / str(number)).iterdir()}
        assert files == {"trials.npz": (own / "trials.npz").read_bytes()}


def test_a_batch_that_fails_says_why_and_takes_no_other_with_it(served: list[Line]) -> None:
    """The process goes on to its end."""
    (failed,) = [line for line in served if isinstance(line, BatchEnded) and line.error]
    assert failed.batch == 3
    assert failed.result is None
    assert str(failed.error).startswith("ExecutorFailed: ")


def test_progress_adds_up(served: list[Line]) -> None:
    """Every step of every trial is told."""
    assert sum(line.steps for line in served if isinstance(line, StepsTaken)) == 18 * 400


def test_no_line_is_longer_than_the_reader_takes(served: list[Line], batches: tuple[Work, ...]) -> None:
    """What a result takes, and what a machine has installed."""
    order = Order(workers=1, batches=batches)
    longest = max(len(line.model_dump_json()) for line in served)
    assert 1000 < longest < longest_line(order)
    assert longest_line(order) < 2**20


def test_work_that_is_none_is_refused(tmp_path: Path) -> None:
    """An order of another version of the protocol ends the process before its first line."""
    (tmp_path / "work.json").write_text(json.dumps({"format": 2, "workers": 1, "batches": []}))
    command = [sys.executable, "-m", "expkit.execution.serve", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "format" in done.stderr


def test_it_imports_neither_a_tracker_nor_git_nor_an_engine() -> None:
    """It runs where none of them is installed."""
    code = "import sys; import expkit.execution.serve; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numba", "expkit"} <= set(loaded)
    assert set(loaded).isdisjoint({"mlflow", "git", "docker", "ruamel", "click", "rich", "matplotlib"})


def test_a_table_that_no_declaration_tells_comes_along(tmp_path: Path) -> None:
    """Named by its digest, beside the work; without it the batch fails, and says of what."""
    files = declared_files(Path(__file__).parents[2])
    [arm, *_] = plan(parse_declarations(files).experiments["random_walk"], lambda *_: frozenset())
    [work] = arm.batches()
    results = []
    for with_table in (True, False):
        inputs, outputs = tmp_path / f"in-{with_table}", tmp_path / f"out-{with_table}"
        inputs.mkdir()
        outputs.mkdir()
        (inputs / "work.json").write_text(Order(workers=1, batches=(work,)).model_dump_json())
        if with_table:
            (inputs / f"{work.environment_digest}.npz").write_bytes(to_bytes(compile_environment(work.arm.environment)))
        command = [sys.executable, "-m", "expkit.execution.serve", str(inputs), str(outputs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append(LINE.validate_json(done.stdout.splitlines()[-1]))
    there, absent = results
    assert isinstance(there, BatchEnded)
    assert isinstance(absent, BatchEnded)
    assert there.result == perform(work, tmp_path)
    assert absent.result is None
    assert "the table of the environment is not here" in str(absent.error)


def test_a_map_of_states_comes_along_and_recorded_steps_come_back(tmp_path: Path) -> None:
    """By its digest, too; the files are the ones that a worker here writes."""
    indices = np.array([0, 0, 0, 1, 1])
    seen = Aggregation(kind="aggregation", file="environments/halves.csv", digest=keep_map(indices))
    [arm, *_] = plan(parse_declarations(declared_files(Path(__file__).parents[2])).experiments["strategies"], _nothing)
    shown = arm.arm.model_copy(update={"representation": seen})
    asked = Trajectories(seeds=(1,), last_steps=20)
    work = next(replace(arm, arm=shown, missing=(0, 1), record=asked).batches())
    inputs, outputs, own = (tmp_path / name for name in ("in", "out", "own"))
    for folder in (inputs, outputs, own):
        folder.mkdir()
    (inputs / "work.json").write_text(Order(workers=1, batches=(work,)).model_dump_json())
    (inputs / f"{seen.digest}.npy").write_bytes(map_to_bytes(indices))
    command = [sys.executable, "-m", "expkit.execution.serve", str(inputs), str(outputs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ended = LINE.validate_json(done.stdout.splitlines()[-1])
    assert isinstance(ended, BatchEnded)
    assert ended.result == perform(work, own)
    files = [{file.name: file.read_bytes() for file in folder.iterdir()} for folder in (outputs / "0", own)]
    assert files[0] == files[1]
    assert files[0].keys() == {"trials.npz", "trajectories.npz"}


def _nothing(*_: object) -> frozenset[int]:
    return frozenset()
