from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.tracking.publication import Point
from expkit.tracking.store import Store, connect
from expkit.tracking.view import ORDER_TAG
from tests.tracking.conftest import COMMIT, DISCUSSION, HEAD, PROJECT, Case, make_case, provenance

Runs = Callable[..., dict[str, Any]]
ODD = "gambler[learning_rate=0.01]"


def history(client: Any, run: Any, key: str) -> list[tuple[int, float]]:
    """A metric as (step, value)."""
    return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, key)]


def snapshot(client: Any, runs: dict[str, Any]) -> dict[str, Any]:
    """Everything a client can read of some runs."""
    return {
        name: (
            run.to_dictionary(),
            {key: history(client, run, key) for key in run.data.metrics},
            sorted(file.path for file in client.list_artifacts(run.info.run_id)),
        )
        for name, run in runs.items()
    }


def test_a_client_reads_back_what_an_arm_holds(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """Names, values, steps and tags, as users and scripts rely on them, also for an arm whose name mlflow finds odd."""
    published = store.publish(case.publication())
    run = runs_of()[ODD]
    arm = case.arm(ODD)
    assert run.info.status == "FINISHED"
    assert run.info.run_id == published[run.data.tags["expkit.key"]].run_id
    assert run.data.params["agent.learning_rate"] == "0.01"
    assert run.data.metrics["total_reward.iqm"] == arm.summaries["total_reward"].iqm
    assert run.data.metrics["regret.min"] == arm.summaries["regret"].min
    assert history(client, run, "seed.total_reward") == list(enumerate(arm.seeds["total_reward"]))
    for key, levels in (("", arm.curve.value), (".lo", arm.curve.low), (".hi", arm.curve.high)):
        series = history(client, run, f"curve.reward_per_step{key}")
        assert series == list(zip(arm.curve.steps, levels, strict=True))
    tags = run.data.tags
    assert {name: tags.get(f"expkit.{name}") for name in ("rq", "experiment", "arm", "complete", "superseded")} == {
        "rq": "rq01",
        "experiment": "strategies",
        "arm": ODD,
        "complete": "true",
        "superseded": "false",
    }
    assert {name: tags.get(f"expkit.git.{name}") for name in ("commit", "branch", "dirty")} == {
        "commit": COMMIT,
        "branch": "main",
        "dirty": "false",
    }
    assert tags["expkit.image.id"] == "host"
    assert tags["expkit.environment.digest"] == arm.environment_digest
    assert "12 seeds of root 20261120" in tags["mlflow.note.content"]


def test_a_client_reads_back_tables_files_and_the_environment(
    case: Case, store: Store, client: Any, runs_of: Runs, local_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artifacts at the root, byte for byte; `seeds.json` is a table that mlflow loads; the environment is an input."""
    store.publish(case.publication())
    run = runs_of()["gambler"]
    results = case.results["strategies", "gambler"]
    with np.load(client.download_artifacts(run.info.run_id, "q_tables.npz")) as tables:
        assert np.array_equal(tables["q"], results.q)
    kept = client.download_artifacts(run.info.run_id, "experiment.yaml")
    assert Path(kept).read_bytes() == case.documents.experiments["strategies"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", local_uri)  # load_table asks the store of the process, not the client's
    table = client.load_table(run.info.experiment_id, "seeds.json", [run.info.run_id])
    assert table["seed"].tolist() == list(range(12))
    assert table["regret"].tolist() == results.metrics["regret"].tolist()
    [given] = run.inputs.dataset_inputs
    assert given.dataset.name == "dungeon"
    assert given.dataset.digest == case.arm("gambler").environment_digest[:36]
    assert json.loads(given.dataset.profile)["optimal_gain"] == 6.1049


def test_a_client_reads_back_the_outcome(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """Verdicts, the numbers behind them, the documents; and the outcome describes run and experiment."""
    store.publish(case.publication())
    run = runs_of()["outcome"]
    experiment = client.get_experiment_by_name(f"{PROJECT}/rq01")
    assert run.data.tags["verdict.h1"] == "supported"
    assert run.data.metrics == {"h1.estimate": 2.0, "h1.p": 0.002, "h1.low": 1.9}
    assert run.data.tags["mlflow.note.content"] == experiment.tags["mlflow.note.content"] == HEAD.strip()
    assert Path(client.download_artifacts(run.info.run_id, "outcome.md")).read_bytes() == case.documents.outcome
    assert [file.path for file in client.list_artifacts(run.info.run_id, "figures")] == ["figures/intervals.svg"]
    assert experiment.tags["expkit.rq"] == "rq01"


def test_publishing_twice_changes_nothing(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """The second time finds every run by its key and leaves all of it alone."""
    first = store.publish(case.publication())
    before = snapshot(client, runs_of())
    second = store.publish(case.publication())
    assert snapshot(client, runs_of()) == before
    assert [(run.run_id, run.created) for run in second.values()] == [(run.run_id, False) for run in first.values()]
    assert all(run.created for run in first.values())


def test_new_results_make_a_new_run_and_the_old_one_is_superseded(
    case: Case, store: Store, client: Any, runs_of: Runs, tmp_path: Path
) -> None:
    """Charts can be filtered to what is current; nothing is overwritten."""
    old = store.publish(case.publication())
    new = store.publish(make_case(tmp_path / "again", luck=1).publication())
    current = {run.info.run_id for run in runs_of().values()}
    superseded = {run.info.run_id for run in runs_of(where="tags.`expkit.superseded` = 'true'").values()}
    assert current == {run.run_id for run in new.values()}
    assert superseded == {run.run_id for run in old.values()}
    assert len(current | superseded) == 8


def test_runs_of_an_arm_that_is_gone_are_superseded(case: Case, store: Store, runs_of: Runs, tmp_path: Path) -> None:
    """A renamed or removed arm must not stand in the charts beside those that are declared."""
    store.publish(case.publication())
    whole = make_case(tmp_path / "again", luck=1).publication()
    kept = store.publish(replace(whole, runs=whole.runs[1:]))
    assert {run.info.run_id for run in runs_of().values()} == {run.run_id for run in kept.values()}


def test_results_that_come_back_are_current_again(case: Case, store: Store, runs_of: Runs, tmp_path: Path) -> None:
    """Who publishes an older state again gets its runs, not copies of them."""
    old = store.publish(case.publication())
    store.publish(make_case(tmp_path / "again", luck=1).publication())
    again = store.publish(case.publication())
    assert {key: run.run_id for key, run in again.items()} == {key: run.run_id for key, run in old.items()}
    assert {run.info.run_id for run in runs_of().values()} == {run.run_id for run in old.values()}


def test_other_words_publish_another_outcome_and_leave_the_arms_alone(
    case: Case, store: Store, client: Any, runs_of: Runs
) -> None:
    """The outcome in MLflow is the one in the repository."""
    first = store.publish(case.publication())
    second = store.publish(case.discussed(DISCUSSION + "\nOr did it?\n").publication())
    assert [run.created for run in second.values()] == [False, False, False, True]
    assert len(first.keys() & second.keys()) == 3
    text = Path(client.download_artifacts(runs_of()["outcome"].info.run_id, "outcome.md")).read_text()
    assert text.endswith("Or did it?\n")


def test_another_order_moves_runs_and_makes_none(case: Case, store: Store, runs_of: Runs) -> None:
    """A hypothesis that speaks of another arm brings it to the top of the list."""
    published = case.publication()
    first = store.publish(published)
    turned = [run.tags[ORDER_TAG] for run in published.runs][::-1]
    runs = tuple(
        replace(run, tags={**run.tags, ORDER_TAG: place}) for run, place in zip(published.runs, turned, strict=True)
    )
    again = store.publish(replace(published, runs=runs))
    assert {run.run_id for run in again.values()} == {run.run_id for run in first.values()}
    assert [runs_of()[run.name].data.tags[ORDER_TAG] for run in runs] == turned


def test_a_half_published_run_is_completed_in_place(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """Points that were logged before the crash are there once, and the run ends as if nothing had happened."""
    publication = case.publication()
    with pytest.MonkeyPatch.context() as patch:
        # a crash between the batch and the completion tag cannot be timed from outside
        patch.setattr(type(client), "set_tag", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.publish(publication)
    [half] = client.search_runs([client.get_experiment_by_name(publication.name).experiment_id])
    assert half.info.status == "KILLED"
    assert half.data.tags["expkit.complete"] == "false"
    points = history(client, half, "seed.total_reward")
    assert len(points) == 12
    store.publish(publication)
    run = runs_of()[publication.runs[0].name]
    assert run.info.run_id == half.info.run_id
    assert (run.info.status, run.data.tags["expkit.complete"]) == ("FINISHED", "true")
    assert history(client, run, "seed.total_reward") == points
    assert len(runs_of()) == 4


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_copies_of_a_run_become_one(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """A request that timed out may have created a run: the complete copy stays, others are deleted."""
    publication = case.publication()
    published = store.publish(publication)
    content = publication.runs[0]
    tags = {**content.tags, "expkit.key": content.key, "expkit.superseded": "false", "expkit.complete": "false"}
    experiment_id = client.get_experiment_by_name(publication.name).experiment_id
    copy = client.create_run(experiment_id, tags=tags, run_name=content.name, start_time=1)
    again = store.publish(publication)
    assert again[content.key].run_id == published[content.key].run_id
    assert client.get_run(copy.info.run_id).info.lifecycle_stage == "deleted"
    assert len(runs_of()) == 4


def test_a_half_written_run_with_other_parameters_is_no_beginning(
    case: Case, store: Store, client: Any, runs_of: Runs
) -> None:
    """A parameter cannot be changed in MLflow, so such a run would be pending for ever."""
    publication = case.publication()
    store.publish(publication)
    content = publication.runs[0]
    run_id = runs_of()[content.name].info.run_id
    client.set_tag(run_id, "expkit.complete", "false")
    client.log_param(run_id, "agent.older_setting", "1")
    again = store.publish(publication)
    assert again[content.key].created
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert runs_of()[content.name].data.params == content.params


def test_a_deleted_run_is_restored(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """Who deletes a run and publishes again wants it back: the same run, not a second one."""
    published = store.publish(case.publication())
    deleted = runs_of()["gambler"].info.run_id
    client.delete_run(deleted)
    assert {key: run.run_id for key, run in store.publish(case.publication()).items()} == {
        key: run.run_id for key, run in published.items()
    }
    assert runs_of()["gambler"].info.run_id == deleted


def test_a_deleted_experiment_is_restored(case: Case, store: Store, client: Any, runs_of: Runs) -> None:
    """Its name is taken as long as it lies in the bin, so that is where it comes from."""
    published = store.publish(case.publication())
    experiment_id = client.get_experiment_by_name(f"{PROJECT}/rq01").experiment_id
    client.delete_experiment(experiment_id)
    again = store.publish(case.publication())
    assert {run.experiment_id for run in again.values()} == {experiment_id}
    assert {run.info.run_id for run in runs_of().values()} == {run.run_id for run in published.values()}


def test_many_points_and_long_texts_are_published_whole(
    tmp_path: Path, store: Store, client: Any, runs_of: Runs
) -> None:
    """More than a thousand points in one run, a command line of ten thousand characters: nothing is cut silently."""
    long = provenance().model_copy(update={"command": ("expkit", "run", "x" * 10_000)})
    case = make_case(tmp_path / "ledger", seeds=1200, origins=(long,))
    store.publish(case.publication())
    run = runs_of()["drunkard"]
    assert history(client, run, "seed.total_reward") == list(enumerate(case.arm("drunkard").seeds["total_reward"]))
    assert "q05" in {key.rpartition(".")[2] for key in run.data.metrics}
    assert run.data.tags["mlflow.source.name"].endswith("characters, all of them: provenance.json]")
    written = json.loads(Path(client.download_artifacts(run.info.run_id, "provenance.json")).read_text())
    assert written["provenances"][0]["command"][2] == "x" * 10_000


def test_artifacts_lie_beside_the_store_whatever_the_working_folder(
    case: Case, local_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Any, runs_of: Runs
) -> None:
    """mlflow's own default is `mlruns` in the folder the command happens to be typed in."""
    elsewhere = tmp_path / "deep" / "folder"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    connect(local_uri, root=tmp_path).publish(case.publication())
    assert list(elsewhere.iterdir()) == []
    run_id = runs_of()["gambler"].info.run_id
    assert (tmp_path / "mlruns" / PROJECT / "rq01" / run_id / "artifacts" / "seeds.json").is_file()


def test_a_project_may_lie_in_a_folder_with_an_odd_name(case: Case, tmp_path: Path, blank_store: bytes) -> None:
    """Spaces, percent signs, question marks, hashes and accents in the path."""
    from mlflow import MlflowClient

    from expkit.tracking.place import tracking_uri

    root = tmp_path / "a b%20c#d?é"
    root.mkdir()
    (root / "mlflow.db").write_bytes(blank_store)
    uri = tracking_uri(root, {})
    [first, *_] = connect(uri, root=root).publish(case.publication()).values()
    files = MlflowClient(uri, registry_uri=uri).list_artifacts(first.run_id)
    assert "seeds.json" in [file.path for file in files]
    assert (root / "mlruns" / PROJECT / "rq01" / first.run_id / "artifacts" / "seeds.json").is_file()


def test_a_run_that_was_never_completed_ends_when_newer_results_come(
    case: Case, store: Store, client: Any, runs_of: Runs, tmp_path: Path
) -> None:
    """A killed publisher leaves RUNNING behind, which nobody else would ever end."""
    publication = case.publication()
    content = publication.runs[0]
    experiment_id = client.create_experiment(publication.name)
    tags = {**content.tags, "expkit.key": content.key, "expkit.superseded": "false", "expkit.complete": "false"}
    run_id = client.create_run(experiment_id, tags=tags, run_name=content.name).info.run_id
    store.publish(make_case(tmp_path / "again", luck=1).publication())
    left = client.get_run(run_id)
    assert (left.info.status, left.data.tags["expkit.superseded"]) == ("KILLED", "true")
    assert len(runs_of()) == 4


def test_every_point_is_finite(case: Case) -> None:
    """An infinity would be stored as 1.8e308."""
    points: list[Point] = [point for run in case.publication().runs for point in run.metrics]
    assert np.isfinite([point.value for point in points]).all()
