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
        if status == "RUNNING":
            return run_id
        client.set_terminated(run_id, status=status, end_time=at + 1)
        return run_id

    return made


def test_runs_that_ended_are_rows_by_arm_and_seed_with_their_last_value(
    run: Run, local_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page; what is left out or lacks something is counted and named."""
    monkeypatch.setattr(existing, "_PAGE", 2)
    ids = {place: run(*place, value) for place, value in {("b", 0): 3.5, ("a", 1): 2.0, ("a", 0): float("inf")}.items()}
    odd, empty = run("a", None, 1.0), run("c", 0, None)
    failed, killed = run("a", 2, 1.0, status="FAILED"), run("b", 1, None, status="KILLED")
    going = [run("a", 3, 1.0, status="RUNNING") for _ in range(6)]
    found = export(local_uri, "sweep", MEANT)
    ids |= {("a", 2): failed, ("b", 1): killed}
    rows = [("a", 0, "inf"), ("a", 1, "2.0"), ("a", 2, ""), ("b", 0, "3.5"), ("b", 1, "")]
    lines = ["run_id,arm,seed,return", *(f"{ids[arm, seed]},{arm},{seed},{value}" for arm, seed, value in rows)]
    assert found.content.decode() == "\n".join([*lines, f"{empty},c,0,", ""])
    assert export(local_uri, "sweep", MEANT) == found
    ended, lacking, left, without = found.remarks
    assert ended.startswith("runs that failed or were killed count as failed trials: ")
    assert f"({failed}, failed)" in ended
    assert f"({killed}, killed)" in ended
    assert lacking.startswith("runs without return count as failed trials: ")
    assert f"({empty})" in lacking
    assert left.startswith("runs that have not ended are left out: ")
    assert left.endswith(", running) and 1 more")
    assert sum(one in left for one in going) == 5
    assert without.startswith("runs without params.agent or params.seed are left out: ")
    assert f"({odd})" in without
    assert found.chosen == (
        "runs that failed or were killed count as failed trials: 2; runs without return count as failed trials: 1; "
        "runs that have not ended are left out: 6; runs without params.agent or params.seed are left out: 1"
    )
    guessed = export(local_uri, "sweep", Meant(arm=None, seed=None, metrics=()))
    assert guessed.content == found.content
    assert guessed.remarks[0] == "params.agent was taken for the arm; another one: --arm KEY"


def test_several_runs_of_one_arm_and_seed_are_named_and_the_newest_can_be_picked(run: Run, local_uri: str) -> None:
    """Which one counts is not for a program to guess."""
    newer, older = run("a", 0, 2.0, at=2000), run("a", 0, 1.0, at=1000, status="FAILED")
    with pytest.raises(InvalidUsage, match=rf"1 pair of arm and seed has(.|\n)*a, seed 0: {older} \(failed\), {newer}"):
        export(local_uri, "sweep", MEANT)
    picked = export(local_uri, "sweep", Meant(arm="agent", seed="seed", metrics=("return",), pick="last"))
    assert picked.content.decode().splitlines()[1:] == [f"{newer},a,0,2.0"]
    assert picked.chosen == "runs with a newer one of the same arm and seed are left out (--pick last): 1"


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
