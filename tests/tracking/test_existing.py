"""Runs that exist already, as a table: real runs in a real store, which stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expkit.errors import InvalidUsage
from expkit.tracking import existing
from expkit.tracking.existing import Meant, export

MEANT = Meant(arm="params.agent", seed="seed", metrics=("return",))
Run = Callable[..., str]


@pytest.fixture
def run(client: Any) -> Run:
    """Makes a run of the experiment `sweep`, finished unless said; None leaves something out."""
    experiment_id = client.create_experiment("sweep")

    def made(agent: str, seed: int | None, value: float | None, *, status: str = "FINISHED", at: int = 1) -> str:
        run_id = str(client.create_run(experiment_id, start_time=at).info.run_id)
        client.log_param(run_id, "agent", agent)
        if seed is not None:
            client.log_param(run_id, "seed", seed)
        if value is not None:
            client.log_metric(run_id, "return", 0.0, step=0)
            client.log_metric(run_id, "return", value, step=9)
        client.set_terminated(run_id, status=status, end_time=at + 1)
        return run_id

    return made


def test_finished_runs_are_rows_by_arm_and_seed_with_their_last_value(
    run: Run, local_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page; what is left out or lacks something is counted and named."""
    monkeypatch.setattr(existing, "_PAGE", 2)
    ids = {place: run(*place, value) for place, value in {("b", 0): 3.5, ("a", 1): 2.0, ("a", 0): float("inf")}.items()}
    odd, empty = run("a", None, 1.0), run("c", 0, None)
    run("a", 2, 1.0, status="FAILED")
    found = export(local_uri, "sweep", MEANT)
    rows = [("a", 0, "inf"), ("a", 1, "2.0"), ("b", 0, "3.5")]
    lines = ["run_id,arm,seed,return", *(f"{ids[arm, seed]},{arm},{seed},{value}" for arm, seed, value in rows)]
    assert found.content.decode() == "\n".join([*lines, f"{empty},c,0,", ""])
    assert export(local_uri, "sweep", MEANT) == found
    assert found.remarks == (
        "1 failed runs are left out",
        f"1 finished runs lack params.agent or params.seed and are left out: {odd}",
        f"1 finished runs lack return and count as failed trials: {empty}",
    )
    guessed = export(local_uri, "sweep", Meant(arm=None, seed=None, metrics=()))
    assert guessed.content == found.content
    assert guessed.remarks[0] == "params.agent was taken for the arm; another one: --arm KEY"


def test_several_runs_of_one_arm_and_seed_are_named_and_the_newest_can_be_picked(run: Run, local_uri: str) -> None:
    """Which one counts is not for a program to guess."""
    newer, older = run("a", 0, 2.0, at=2000), run("a", 0, 1.0, at=1000)
    with pytest.raises(InvalidUsage, match=f"a, seed 0: {older}, {newer}"):
        export(local_uri, "sweep", MEANT)
    picked = export(local_uri, "sweep", Meant(arm="agent", seed="seed", metrics=("return",), pick="last"))
    assert picked.content.decode().splitlines()[1:] == [f"{newer},a,0,2.0"]


def test_what_is_not_there_is_said_with_what_is(run: Run, local_uri: str, tmp_path: Path) -> None:
    """Experiment, key, metric, store; and no store is made by looking."""
    run("a", 0, 1.0)
    for name, meant, said in (
        ("swep", MEANT, "there is no MLflow experiment 'swep'"),
        ("sweep", Meant(arm="agnet", seed=None, metrics=()), "no finished run has 'agnet'"),
        ("sweep", Meant(arm=None, seed=None, metrics=("retrun",)), "no finished run has a metric 'retrun'"),
    ):
        with pytest.raises(InvalidUsage, match=said):
            export(local_uri, name, meant)
    with pytest.raises(InvalidUsage, match="there is no such store"):
        export(f"sqlite:///{tmp_path}/none.db", "sweep", MEANT)
    assert not (tmp_path / "none.db").exists()
