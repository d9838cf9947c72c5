from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expkit.execution.events import Point
from expkit.outcomes.evidence import arm_evidence
from expkit.plan import PlannedArm
from expkit.tracking import live
from expkit.tracking.fields import params, settings
from expkit.tracking.live import LiveArm, LiveRuns
from expkit.tracking.mapping import experiment_publication
from expkit.tracking.publication import Family, Publication
from expkit.tracking.store import Store, connect
from tests import foreign

NAME = "caves/experiments/walker"
ROOM = Publication(name=NAME, tags={"expkit.project": "caves"}, description="Trials are running.", runs=())
PATIENCE_S = 60
Find = Callable[[], dict[str, Any]]


def arms(count: int = 5) -> tuple[PlannedArm, ...]:
    """The walker's two arms with every seed to do."""
    return foreign.planned(foreign.experiment(count), missing=True)


def live_arm(arm: PlannedArm) -> LiveArm:
    """An arm as a run follows it."""
    told = settings(
        arm_evidence(arm, foreign.results(arm, Path("nowhere")), []).parameters,
        root=arm.root,
        count=len(arm.seeds),
        streams=arm.streams,
    )
    family = Family(project="caves", question=None, experiment="walker", arm=arm.name)
    return LiveArm(name=arm.name, key=arm.key, family=family, params=params(told))


def say(runs: LiveRuns, arm: PlannedArm, seed: int, *values: float, metric: str = "loss", start: float = 0) -> None:
    """A program's lines, a hundred steps apart."""
    work = next(arm.batches()).model_copy(update={"seeds": (seed,)})
    for place, value in enumerate(values):
        runs.point(Point(work=work, metric=metric, axis=start + 100 * place, value=value))


def eventually(found: Callable[[], Any]) -> Any:
    """What the thread has brought, as soon as it has."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if result := found():
            return result
        time.sleep(0.05)
    pytest.fail("nothing came")


@pytest.fixture
def following(store: Store) -> Iterator[LiveRuns]:
    """Live runs of both arms."""
    runs = LiveRuns(ROOM, lambda: store, every_s=0.02)
    runs.starting([live_arm(arm) for arm in arms()])
    yield runs
    runs.close()


@pytest.fixture
def found(client: Any) -> Find:
    """Every run of the MLflow experiment by name; of one name the newest."""

    def runs() -> dict[str, Any]:
        experiment = client.get_experiment_by_name(NAME)
        order = ["attributes.start_time ASC"]
        listed = client.search_runs([experiment.experiment_id], order_by=order) if experiment else []
        return {run.info.run_name: run for run in listed}

    return runs


def history(client: Any, run: Any, metric: str) -> list[tuple[int, float]]:
    """A metric as (step, value)."""
    return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, metric)]


def publication(folder: Path, *, luck: float = 0.7) -> Publication:
    """The results of both arms, as they are published when all trials have ended."""
    declared = foreign.experiment(5)
    planned = foreign.planned(declared)
    results = {arm.name: foreign.results(arm, folder, foreign.drawn(arm, luck)) for arm in planned}
    return experiment_publication(
        project_id="caves",
        experiment=declared,
        arms=[arm_evidence(arm, results[arm.name], ["total_reward"]) for arm in planned],
        results=results,
        declaration=b"id: walker\n",
    )


def test_a_program_is_followed_while_it_runs(following: LiveRuns, found: Find, client: Any) -> None:
    """One run per arm that has said something: running, marked, with its settings, a series per metric and seed."""
    slow, fast = arms()
    say(following, fast, 0, 0.5, 0.25)
    say(following, fast, 3, 0.75, metric="return/mean")
    run = eventually(lambda: "fast" in found() and len(found()["fast"].data.metrics) == 2 and found()["fast"])
    assert set(found()) == {"fast"}
    assert run.info.status == "RUNNING"
    assert history(client, run, "live.loss.0") == [(0, 0.5), (100, 0.25)]
    assert history(client, run, "live.return/mean.3") == [(0, 0.75)]
    assert run.data.params["parameters.learning_rate"] == "0.1"
    tags = run.data.tags
    assert (tags["expkit.live"], tags["expkit.complete"], tags["expkit.arm"]) == ("true", "false", "fast")
    assert "expkit.key" not in tags
    say(following, slow, 0, 0.5)
    eventually(lambda: "slow" in found())


def test_a_run_ends_as_its_trials_did(following: LiveRuns, found: Find) -> None:
    """FINISHED or FAILED as soon as the last trial has ended; KILLED where trials were broken off."""
    slow, fast = arms()
    say(following, slow, 0, 0.5)
    following.ended(slow.key, "FAILED")
    eventually(lambda: "slow" in found() and found()["slow"].info.status == "FAILED")
    say(following, fast, 0, 0.5)
    assert following.close() is None
    assert found()["slow"].info.status == "FAILED"
    assert found()["fast"].info.status == "KILLED"


def test_a_step_is_the_axis_or_a_count_of_lines(following: LiveRuns, found: Find, client: Any) -> None:
    """MLflow's steps are whole numbers: seconds and shares of a training are counted."""
    fast = arms()[1]
    say(following, fast, 0, 1.0, 2.0, 3.0, start=0.5)
    say(following, fast, 1, 1.0, start=2.0**60)
    following.close()
    assert history(client, found()["fast"], "live.loss.0") == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert history(client, found()["fast"], "live.loss.1") == [(1, 1.0)]


def test_publishing_adopts_the_run_that_trials_were_followed_in(
    following: LiveRuns, store: Store, found: Find, client: Any, tmp_path: Path
) -> None:
    """The same run then has the key and the results beside the series; nothing is published twice."""
    slow, fast = arms()
    say(following, slow, 0, 0.5)
    say(following, fast, 0, 0.5, 0.25)
    following.ended(fast.key, "FINISHED")
    following.ended(slow.key, "FINISHED")
    following.close()
    followed = {name: run.info.run_id for name, run in found().items()}
    content = publication(tmp_path)
    published = store.publish(content)
    assert {run.name: published[run.key].run_id for run in content.runs} == followed
    assert all(one.created for one in published.values())
    run = found()["fast"]
    assert history(client, run, "live.loss.0") == [(0, 0.5), (100, 0.25)]
    assert len(history(client, run, "seed.return/mean")) == 5
    assert (run.info.status, run.data.tags["expkit.live"], run.data.tags["expkit.complete"]) == (
        "FINISHED",
        "false",
        "true",
    )
    assert run.data.tags["expkit.git.commit"] == foreign.COMMIT
    assert run.data.tags["expkit.superseded"] == "false"
    again = store.publish(content)
    assert {one.run_id for one in again.values()} == set(followed.values())
    assert not any(one.created for one in again.values())
    other = store.publish(publication(tmp_path / "other", luck=0.3))
    assert not {one.run_id for one in other.values()} & set(followed.values())


def test_an_adoption_that_is_interrupted_is_completed(
    following: LiveRuns, store: Store, found: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has its key from then on, so the next publishing finds it."""
    say(following, arms()[0], 0, 0.5)
    following.close()
    followed = found()["slow"].info.run_id
    content = publication(tmp_path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_fill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.publish(content)
    assert found()["slow"].data.tags["expkit.key"] == content.runs[0].key
    assert store.publish(content)[content.runs[0].key].run_id == followed
    assert found()["slow"].data.tags["expkit.complete"] == "true"


def test_results_of_another_configuration_adopt_nothing(
    following: LiveRuns, store: Store, found: Find, tmp_path: Path
) -> None:
    """Parameters of a run cannot be changed; the run that was followed is superseded."""
    say(following, arms(5)[0], 0, 0.5)
    following.close()
    followed = found()["slow"].info.run_id
    declared = foreign.experiment(6)
    planned = foreign.planned(declared)
    results = {arm.name: foreign.results(arm, tmp_path) for arm in planned}
    content = experiment_publication(
        project_id="caves",
        experiment=declared,
        arms=[arm_evidence(arm, results[arm.name], []) for arm in planned],
        results=results,
        declaration=b"",
    )
    assert followed not in {one.run_id for one in store.publish(content).values()}


def test_a_run_whose_process_died_is_ended_by_the_next_one(
    store: Store, found: Find, tmp_path: Path, local_uri: str
) -> None:
    """It was left RUNNING; whoever follows the same arm in the same project knows that nobody runs it any more."""
    script = f"""
import os, signal, time
from pathlib import Path
from tests.tracking.test_live import ROOM, arms, live_arm, say
from expkit.tracking.live import LiveRuns
from expkit.tracking.store import connect
runs = LiveRuns(ROOM, lambda: connect({local_uri!r}, root=Path({str(tmp_path)!r})), every_s=0.02)
runs.starting([live_arm(arm) for arm in arms()])
say(runs, arms()[0], 0, 0.5)
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    died = eventually(lambda: found().get("slow"))
    process.kill()
    process.wait()
    assert found()["slow"].info.status == "RUNNING"
    runs = LiveRuns(ROOM, lambda: store, every_s=0.02)
    runs.starting([live_arm(arm) for arm in arms()])
    say(runs, arms()[0], 1, 0.5)
    runs.ended(arms()[0].key, "FINISHED")
    runs.close()
    assert found()["slow"].info.run_id != died.info.run_id
    assert found()["slow"].info.status == "FINISHED"
    assert store._client.get_run(died.info.run_id).info.status == "KILLED"


def test_somebody_elses_run_is_left_alone(following: LiveRuns, found: Find, store: Store, tmp_path: Path) -> None:
    """A copy of the project that publishes to the same store ends nothing and adopts nothing of ours."""
    say(following, arms()[0], 0, 0.5)
    ours = eventually(lambda: found().get("slow")).info.run_id
    elsewhere = connect(store.uri, root=tmp_path / "elsewhere")
    published = elsewhere.publish(publication(tmp_path / "there"))
    assert ours not in {one.run_id for one in published.values()}


def test_a_store_that_is_down_costs_points_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hears a point never waits and never fails; what was lost is said once, with why."""
    monkeypatch.setattr(live, "MOST_WAITING", 10)
    (tmp_path / "store").mkdir()
    runs = LiveRuns(ROOM, lambda: connect(f"sqlite:///{tmp_path}/store", root=tmp_path), every_s=0.02)
    runs.starting([live_arm(arm) for arm in arms()])
    say(runs, arms()[0], 0, *[0.5] * 25)
    said = runs.close()
    assert said is not None
    assert said.startswith("25 live points did not reach MLflow; results are not affected: ")
    assert "unable to open database file" in said


def test_a_name_that_mlflow_takes_for_a_path_is_left_out(following: LiveRuns, found: Find) -> None:
    """It would keep every other point from being written."""
    fast = arms()[1]
    for metric in ("../loss", "a//b", "loss of the critic!", "loss"):
        say(following, fast, 0, 0.5, metric=metric)
    said = following.close()
    assert said is not None
    assert said.startswith("no live points of '../loss', 'a//b', 'loss of the critic!' are brought to MLflow, where a ")
    assert said.endswith("; results are not affected")
    assert set(found()["fast"].data.metrics) == {"live.loss.0"}
