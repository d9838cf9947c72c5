from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.errors import PublishingPending
from expkit.tracking.live import LiveRuns
from expkit.tracking.store import connect
from tests.tracking.conftest import PROJECT, Case, make_case
from tests.tracking.test_live import NAME, ROOM, arms, eventually, live_arm, say

if TYPE_CHECKING:
    from mlflow.entities import Run

START_TIMEOUT_S = 120


@pytest.fixture
def server(tmp_path: Path, blank_store: bytes) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real `mlflow server` with its own store and artifacts, away from the project."""
    place = tmp_path / "server"
    place.mkdir()
    (place / "mlflow.db").write_bytes(blank_store)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # without the job queue, whose eight processes nobody here asks for anything
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    log = (tmp_path / "server.log").open("wb")
    process = subprocess.Popen(
        [*command, "--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", place / "files"],
        cwd=place,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait(uri, process, tmp_path / "server.log")
        yield uri, process
    finally:
        _stop(process)
        log.close()


def _wait(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=1)
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"mlflow server did not start:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def test_a_server_that_goes_away_amid_a_run_costs_points_and_nothing_else(
    server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """What it took is there when it is back; what came while it was away is counted, and nobody waited for it."""
    from mlflow import MlflowClient

    uri, process = server
    runs = LiveRuns(ROOM, lambda: connect(uri, root=tmp_path), every_s=0.02)
    runs.starting([live_arm(arm) for arm in arms()])
    fast = arms()[1]
    say(runs, fast, 0, 0.5, 0.25)
    client = MlflowClient(uri, registry_uri=uri)

    def followed() -> list[Run]:
        experiment = client.get_experiment_by_name(NAME)
        found = client.search_runs([experiment.experiment_id]) if experiment else []
        return [run for run in found if "live.loss.0" in run.data.metrics]

    (run,) = eventually(followed)
    assert (run.info.status, run.data.metrics["live.loss.0"]) == ("RUNNING", 0.25)
    _stop(process)
    say(runs, fast, 0, 0.125, start=200)
    said = runs.close()
    assert said is not None
    assert said.startswith("1 live point did not reach MLflow; results are not affected: ")
    assert "Connection refused" in said


def test_a_server_holds_what_a_local_store_holds(
    case: Case, server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Publish, publish again, publish other results; then the server goes away amid everything."""
    from mlflow import MlflowClient

    uri, process = server
    project = tmp_path / "project"
    store = connect(uri, root=project)
    first = store.publish(case.publication())
    assert store.publish(case.publication()).keys() == first.keys()
    client = MlflowClient(uri, registry_uri=uri)
    experiment = client.get_experiment_by_name(f"{PROJECT}/rq01")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {run.info.run_id for run in runs.values()} == {run.run_id for run in first.values()}
    gambler = runs["gambler"]
    assert gambler.info.artifact_uri.startswith("mlflow-artifacts:")
    assert (gambler.info.status, gambler.data.tags["expkit.complete"]) == ("FINISHED", "true")
    series = client.get_metric_history(gambler.info.run_id, "seed.total_reward")
    assert tuple(point.value for point in series) == case.arm("gambler").seeds["total_reward"]
    outcome = client.download_artifacts(runs["outcome"].info.run_id, "outcome.md", str(tmp_path))
    assert Path(outcome).read_bytes() == case.documents.outcome
    assert [given.dataset.name for given in gambler.inputs.dataset_inputs] == ["dungeon"]
    client.delete_experiment(experiment.experiment_id)
    newer = store.publish(make_case(tmp_path / "again", luck=1).publication())
    found = client.search_runs([experiment.experiment_id], "tags.`expkit.superseded` = 'false'")
    assert {run.info.run_id for run in found} == {run.run_id for run in newer.values()}
    assert not (project / "mlruns").exists()
    _stop(process)
    with pytest.raises(PublishingPending, match="Connection refused"):
        store.publish(make_case(tmp_path / "later", luck=2).publication())
    assert capfd.readouterr() == ("", "")
