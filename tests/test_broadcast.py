"""Programs followed in MLflow while they run, through the whole data path; what runs them is played."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from expkit import completion
from expkit.digests import digest
from expkit.errors import Interrupted, InvalidUsage, TrialFailed
from expkit.execution.events import Ended, Event, Point, Stage
from expkit.ledger.clock import now
from expkit.project.read import read_project
from expkit.records.attempt import FailedTrial, Result
from expkit.records.work import Work
from expkit.run import How, run_experiment
from tests.test_run import Diary

if TYPE_CHECKING:
    from tests.conftest import Desk

WALKER = """\
id: NAME
title: A walker
trainer:
  kind: command
  command: [python, walk.py, "--seed={seed}"]
  sources: [walk.py]
  metrics: {score: {definition: what it scores in the end}}
arms: {slow: {parameters: {rate: 0.01}}, fast: {parameters: {rate: 0.1}}}
seeds: {root: 7, count: 2}
"""


class Played:
    """An executor whose programs print two lines each, and end as they are told to."""

    name = "local"
    where = "here, as a play"
    image = None

    def __init__(self) -> None:
        self.fails: dict[str, str] = {}
        """How trials of an arm fail, by arm name: `trial` or `batch`."""
        self.after: Callable[[Work], None] = lambda work: None

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        for work in batches:
            started, folder = now(), stage(work)
            for step in (0, 100):
                yield Point(work=work, metric="score", axis=float(step), value=step / 100 + work.seeds[0])
            self.after(work)
            if stopping():
                return
            fails = self.fails.get(work.arm.name)
            failed = tuple(FailedTrial(seed=seed, why="exit code 2") for seed in work.seeds if fails == "trial")
            score = None if failed else 1.0 + work.seeds[0]
            result = Result(
                metrics={"score": (score,)},
                trial_digests=(digest([work.arm_key, work.seeds[0]]),),
                failed=failed,
                steps=0,
            )
            yield Ended(
                work=work,
                folder=folder,
                started=started,
                ended=now(),
                result=None if fails == "batch" else result,
                error="it could not be started" if fails == "batch" else None,
            )


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """What runs the programs."""
    executor = Played()
    monkeypatch.setattr(completion, "_executor", lambda *_: executor)
    return executor


@pytest.fixture
def uri(shared_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store that is published to."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared_store)
    return shared_store


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The experiment's id: the tests share a store, and the projects in it have one name."""
    return request.node.name[-40:].strip("_")


@pytest.fixture
def walk(desk: Desk, name: str) -> Callable[[], list[str]]:
    """Run the experiment; what the observer was told."""
    (desk.root / "experiments" / f"{name}.yaml").write_text(WALKER.replace("NAME", name))
    (desk.root / "walk.py").write_text("print('{}')\n")
    desk.commit()

    def run() -> list[str]:
        project, diary = read_project(desk.root), Diary()
        how = How(command=("expkit", "run", name), observer=diary)
        run_experiment(project, project.experiments[name], how)
        return diary.lines

    return run


@pytest.fixture
def runs(uri: str, desk: Desk, name: str) -> Callable[[], dict[str, Any]]:
    """The runs of the experiment that are not superseded, by name."""
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)

    def found() -> dict[str, Any]:
        experiment = client.get_experiment_by_name(f"{read_project(desk.root).id}/experiments/{name}")
        listed = client.search_runs([experiment.experiment_id], "tags.`expkit.superseded` = 'false'")
        assert len({run.info.run_name for run in listed}) == len(listed)
        return {run.info.run_name: run for run in listed}

    return found


def test_what_programs_say_and_what_they_come_to_are_in_one_run(
    walk: Callable[[], list[str]], played: Played, runs: Callable[[], dict[str, Any]]
) -> None:
    """Series of every seed beside the results; an arm whose trials all failed is FAILED, and has no results."""
    played.fails["slow"] = "trial"
    walk()
    found = runs()
    assert set(found) == {"slow", "fast"}
    fast = found["fast"]
    assert {"live.score.0", "live.score.1", "seed.score", "score.mean"} <= fast.data.metrics.keys()
    assert fast.data.params["trainer.command"] == "python walk.py --seed={seed}"
    assert (fast.info.status, fast.data.tags["expkit.complete"]) == ("FINISHED", "true")
    assert found["slow"].info.status == "FAILED"
    assert "score.mean" not in found["slow"].data.metrics
    walk()
    assert runs()["fast"].info.run_id == fast.info.run_id


def test_ctrl_c_ends_runs_as_killed_and_the_next_one_goes_on(
    walk: Callable[[], list[str]], played: Played, runs: Callable[[], dict[str, Any]]
) -> None:
    """The arm that was under way is KILLED; resumed, it is followed anew, and only that is published."""
    played.after = lambda work: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Interrupted):
        walk()
    assert {name: run.info.status for name, run in runs().items()} == {"slow": "KILLED"}
    played.after = lambda work: None
    walk()
    assert {name: run.info.status for name, run in runs().items()} == dict.fromkeys(("slow", "fast"), "FINISHED")


def test_batches_that_fail_end_their_run_as_failed(
    walk: Callable[[], list[str]], played: Played, runs: Callable[[], dict[str, Any]]
) -> None:
    """Nothing is published then, and the run says so all the same."""
    played.fails["slow"] = "batch"
    with pytest.raises(TrialFailed):
        walk()
    found = runs()
    assert (found["slow"].info.status, found["fast"].info.status) == ("FAILED", "FINISHED")
    assert found["fast"].data.tags["expkit.live"] == "true"


def test_a_store_that_is_down_is_told_once_and_stops_nothing(
    walk: Callable[[], list[str]], played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every trial is recorded; `expkit sync` brings the results later."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store")
    lines = walk()
    assert [line for line in lines if "live points did not reach MLflow" in line] == [lines[-2]]
    assert lines[-2].startswith("8 live points did not reach MLflow; results are not affected: ")


def test_a_tracking_uri_that_means_nothing_is_refused_before_programs_run(
    walk: Callable[[], list[str]], played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may run for days."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite://")
    played.after = lambda work: pytest.fail("it ran")
    with pytest.raises(InvalidUsage):
        walk()
