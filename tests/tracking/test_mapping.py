from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.errors import LedgerDamaged
from expkit.outcomes.evidence import arm_evidence
from expkit.records.provenance import Git, Image
from expkit.specs.inputs import Input
from expkit.tracking import trial_files
from expkit.tracking.mapping import experiment_publication
from expkit.tracking.publication import Family, RunContent
from tests import foreign
from tests.tracking.conftest import COMMIT, DISCUSSION, HEAD, PROJECT, Case, experiment, make_case, provenance


def run_of(case: Case, name: str) -> RunContent:
    """What the run of this name is to hold."""
    return next(run for run in case.publication().runs if run.name == name)


def artifacts(run: RunContent, folder: Path) -> dict[str, bytes]:
    """A run's files by path, as they are written."""
    for artifact in run.artifacts:
        artifact.write(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def points(run: RunContent, key: str) -> list[tuple[int, float]]:
    """A metric as (step, value)."""
    return [(point.step, point.value) for point in run.metrics if point.key == key]


def test_a_question_has_one_flat_run_per_arm_and_one_outcome(case: Case) -> None:
    """Runs are called as their arms; the experiment is called by ids, so that a new title breaks no link."""
    publication = case.publication()
    assert publication.name == f"{PROJECT}/rq01"
    assert [run.name for run in publication.runs] == ["drunkard", "gambler", "gambler[learning_rate=0.01]", "outcome"]
    assert publication.tags["expkit.title"] == "Strategies"
    assert "**The gambler earns more.**" in publication.description
    assert not any("mlflow.parentRunId" in run.tags for run in publication.runs)


def test_arms_of_several_experiments_carry_the_experiments_name(tmp_path: Path) -> None:
    """Two experiments may have an arm of the same name."""
    case = make_case(tmp_path, experiments=("strategies", "landing"))
    names = [run.name for run in case.publication().runs]
    assert names[0] == "strategies/drunkard"
    assert names[3] == "landing/drunkard"
    assert names[-1] == "outcome"
    assert len({run.key for run in case.publication().runs}) == 7


def test_an_arm_names_its_settings_as_flat_parameters(case: Case) -> None:
    """Numbers and booleans are written as in YAML, and the seeds are told."""
    params = run_of(case, "gambler[learning_rate=0.01]").params
    assert params["agent.kind"] == "gambler"
    assert params["agent.learning_rate"] == "0.01"
    assert params["agent.epsilon.start"] == "1.0"
    assert params["environment.slip"] == "0.1"
    assert params["trainer.steps"] == "10000"
    assert (params["seeds.root"], params["seeds.count"], params["seeds.streams"]) == ("20261120", "12", "independent")


def test_an_arm_has_its_statistics_its_seeds_and_its_curve(case: Case) -> None:
    """Every statistic that exists, a series over seed numbers for what is decided on, a curve over steps."""
    run, arm = run_of(case, "gambler"), case.arm("gambler")
    total = arm.summaries["total_reward"]
    assert points(run, "total_reward.iqm") == [(0, total.iqm)]
    assert points(run, "regret.mean") == [(0, arm.summaries["regret"].mean)]
    assert points(run, "total_reward.q05") == []  # does not exist under 20 seeds
    assert points(run, "seed.total_reward") == list(enumerate(arm.seeds["total_reward"]))
    assert points(run, "seed.regret") == []
    assert points(run, "curve.reward_per_step")[:2] == [(250, 0.0), (500, 1.0)]
    assert points(run, "curve.reward_per_step.lo")[-1] == (10_000, 38.5)
    assert points(run, "curve.reward_per_step.hi")[-1] == (10_000, 39.5)


def test_a_failed_seed_is_a_gap_in_the_series_and_nulls_in_the_table(tmp_path: Path) -> None:
    """Nothing that is missing is published as a number."""
    case = make_case(tmp_path / "ledger", failed=(3,))
    run = run_of(case, "drunkard")
    assert [step for step, _ in points(run, "seed.total_reward")] == [0, 1, 2, *range(4, 12)]
    table = json.loads(artifacts(run, tmp_path / "files")["seeds.json"])
    assert table["data"][3] == [3, None, None, None]
    assert "1 of them failed" in run.description


def test_an_arm_keeps_its_tables_and_the_files_it_came_from(case: Case, tmp_path: Path) -> None:
    """Q-tables of every seed, every metric of every seed, and the declarations byte for byte."""
    files = artifacts(run_of(case, "gambler"), tmp_path / "files")
    assert set(files) == {"q_tables.npz", "seeds.json", "provenance.json", "experiment.yaml", "question.yaml"}
    results = case.results["strategies", "gambler"]
    with np.load(io.BytesIO(files["q_tables.npz"]), allow_pickle=False) as tables:
        assert tables["q"].dtype == np.float64
        assert tables["q"].shape == (12, 5, 2)
        assert np.array_equal(tables["q"], results.q)
        assert tables["seeds"].tolist() == list(range(12))
    table = json.loads(files["seeds.json"])
    assert table["columns"] == ["seed", "total_reward", "regret", "optimal_policy"]
    assert [row[1] for row in table["data"]] == results.metrics["total_reward"].tolist()
    assert files["experiment.yaml"] == case.documents.experiments["strategies"]
    assert files["question.yaml"] == case.documents.question


def test_an_arm_of_a_program_keeps_what_its_trials_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs, series and files by seed; no Q-tables and no environment. What is too much is told."""
    declared = foreign.experiment(5)
    arm = foreign.planned(declared)[0]
    files = {"log.txt": b"hello", "points.jsonl": b"{}", "files/plots/a.png": b"png" * 10}
    found = foreign.results(arm, tmp_path / "ledger", files=files)

    def published() -> RunContent:
        return experiment_publication(
            project_id=PROJECT,
            experiment=declared,
            arms=[arm_evidence(arm, found, [])],
            results={arm.name: found},
            declaration=b"id: walker",
        ).runs[0]

    run = published()
    kept = artifacts(run, tmp_path / "files")
    assert {path for path in kept if not path.startswith("trials/")} == {
        "seeds.json",
        "provenance.json",
        "experiment.yaml",
    }
    assert kept["trials/3/log.txt"] == b"hello"
    assert len([path for path in kept if path.startswith("trials/")]) == 15
    assert run.datasets == ()
    assert points(run, "solved.mean") == [(0, 0.4)]
    assert len(points(run, "seed.return/mean")) == 5
    assert run.params["trainer.command"] == "python train.py --out={output} --seed={seed}"
    assert "Program: `python train.py --out={output} --seed={seed}`." in run.description
    assert "n/a" not in run.description.replace("| n/a |", "")
    monkeypatch.setattr(trial_files, "MOST_BYTES", 5 * 7 + 60)
    run = published()
    assert "trials/1/files/plots/a.png" in {one.path for one in run.artifacts}
    assert "trials/2/files/plots/a.png" not in {one.path for one in run.artifacts}
    assert "3 files of its trials" in run.description
    (tmp_path / "ledger" / found.attempts[0].id / "log.txt").write_bytes(b"other")
    with pytest.raises(LedgerDamaged, match=r"log\.txt"):
        artifacts(run, tmp_path / "again")


def test_the_environment_is_a_dataset_whose_short_digest_has_the_whole_one_beside_it(case: Case) -> None:
    """MLflow keeps 36 characters of a digest."""
    run = run_of(case, "gambler")
    [dataset] = run.datasets
    assert (dataset.name, dataset.context) == ("dungeon", "environment")
    whole = run.tags["expkit.environment.digest"]
    assert len(whole) == 64
    assert dataset.digest == whole[:36]
    source = json.loads(dataset.source)
    assert source["digest"] == whole
    assert source["environment"]["slip"] == 0.1


def test_tags_say_where_results_came_from(tmp_path: Path) -> None:
    """The newest attempt's commit and image; dirty as soon as one attempt was, since no commit explains those seeds."""
    other = "f" * 40
    image = Image(reference="caves:1", id="sha256:" + "1" * 64, digest="caves@sha256:" + "2" * 64)
    case = make_case(
        tmp_path,
        origins=(
            provenance(git=Git(state="dirty", commit=COMMIT, branch="main")),
            provenance(git=Git(state="clean", commit=other, branch="topic"), image=image),
        ),
    )
    run = run_of(case, "gambler")
    assert run.tags["expkit.git.commit"] == run.tags["mlflow.source.git.commit"] == other
    assert run.tags["expkit.git.branch"] == "topic"
    assert run.tags["expkit.git.dirty"] == "true"
    assert run.tags["expkit.image.id"] == image.id
    assert run.tags["expkit.image.digest"] == image.digest
    assert run.tags["mlflow.source.name"] == "expkit run rq01"
    written = json.loads(artifacts(run, tmp_path / "files")["provenance.json"])
    assert [entry["provenance"] for entry in written["attempts"]] == [0, 1]
    assert written["attempts"][0]["seeds"] == [0, 1, 2, 3, 4, 5]
    assert [entry["git"]["commit"] for entry in written["provenances"]] == [COMMIT, other]
    assert (run.started_ms, run.ended_ms) == (1795176000000, 1795176001500)


def test_every_run_is_tagged_with_its_branch_and_its_image(tmp_path: Path) -> None:
    """What an image is called, what it is, what it was built from and for what machine: each a tag to search by."""
    image = Image(
        reference="caves:1",
        id="sha256:" + "1" * 64,
        digest="caves@sha256:" + "2" * 64,
        platform="linux/amd64",
        store="classic",
        revision=COMMIT,
    )
    here = provenance(git=Git(state="clean", commit=COMMIT, branch="topic"), image=image)
    inside = here.model_copy(update={"executor": "docker"})
    case = make_case(tmp_path, origins=(inside,))
    ran = case.evidence.provenance.model_copy(update={"branch": "topic", "image": image, "executor": "docker"})
    case = replace(case, evidence=case.evidence.model_copy(update={"provenance": ran}))
    runs = case.publication().runs
    assert len(runs) == 4
    for run in runs:
        assert {
            name: tag for name, tag in run.tags.items() if name.startswith(("expkit.image", "expkit.executor"))
        } == {
            "expkit.executor": "docker",
            "expkit.image.digest": image.digest,
            "expkit.image.id": image.id,
            "expkit.image.mixed": "false",
            "expkit.image.platform": "linux/amd64",
            "expkit.image.reference": "caves:1",
            "expkit.image.revision": COMMIT,
        }
        assert run.tags["expkit.git.branch"] == "topic"


def test_results_from_several_places_are_tagged_as_mixed(tmp_path: Path) -> None:
    """The other tags speak of the newest attempt alone; whoever searches by an image can leave such runs out."""
    image = Image(reference="caves:1", id="sha256:" + "1" * 64)
    mixed = make_case(tmp_path / "mixed", origins=(provenance(), provenance(image=image)))
    assert run_of(mixed, "gambler").tags["expkit.image.mixed"] == "true"
    assert run_of(mixed, "outcome").tags["expkit.image.mixed"] == "true"
    alike = make_case(tmp_path / "alike", origins=(provenance(), provenance()))
    assert run_of(alike, "gambler").tags["expkit.image.mixed"] == "false"
    assert run_of(alike, "outcome").tags["expkit.image.mixed"] == "false"
    elsewhere = make_case(tmp_path / "elsewhere", origins=(provenance(image=image),))
    assert run_of(elsewhere, "gambler").tags["expkit.image.mixed"] == "false"
    assert run_of(elsewhere, "outcome").tags["expkit.image.mixed"] == "true"  # the evidence was first found on a host


def test_what_is_not_known_has_no_tag(tmp_path: Path) -> None:
    """Outside git there is no commit, nor a word on whether it was dirty; outside an image the image is the host."""
    case = make_case(tmp_path, origins=(provenance(git=Git(state="no_repository")),))
    tags = run_of(case, "gambler").tags
    assert tags["expkit.image.id"] == "host"
    unknown = ("expkit.git.commit", "expkit.git.branch", "expkit.git.dirty", "expkit.image.digest")
    assert not set(unknown) & set(tags)
    assert not {"expkit.image.reference", "expkit.image.revision", "expkit.image.platform"} & set(tags)


def test_the_outcome_holds_verdicts_documents_and_figures(case: Case, tmp_path: Path) -> None:
    """What a reviewer reads, byte for byte, and every number a hypothesis was decided by. An open end is no number."""
    run = run_of(case, "outcome")
    assert run.tags["verdict.h1"] == run.params["verdict.h1"] == "supported"
    assert run.tags["standing.h1"] == "confirmatory"
    assert run.params["claim.h1"] == "total_reward of gambler[learning_rate=0.01] / drunkard in [1.5, inf)"
    assert {point.key: point.value for point in run.metrics} == {"h1.estimate": 2.0, "h1.p": 0.002, "h1.low": 1.9}
    files = artifacts(run, tmp_path / "files")
    assert files["outcome.md"] == (HEAD + DISCUSSION).encode()
    assert files["evidence.json"] == case.documents.evidence
    assert files["figures/intervals.svg"] == case.documents.figures["intervals.svg"]
    assert files["experiments/strategies.yaml"] == case.documents.experiments["strategies"]
    assert json.loads(files["provenance.json"])["commit"] == COMMIT


def test_a_bare_experiment_has_its_arms_and_no_verdict(case: Case) -> None:
    """Its runs are not those of a question that has the same arms."""
    arms = [arm for arm in case.evidence.arms if arm.experiment == "strategies"]
    publication = experiment_publication(
        project_id=PROJECT,
        experiment=experiment(),
        arms=arms,
        results={arm.name: case.results["strategies", arm.name] for arm in arms},
        declaration=b"id: strategies\n",
    )
    assert publication.name == f"{PROJECT}/experiments/strategies"
    assert "Drunkard and gambler" in publication.description
    assert [run.name for run in publication.runs] == [arm.name for arm in arms]
    assert all("expkit.rq" not in run.tags for run in publication.runs)
    assert {run.key for run in publication.runs}.isdisjoint(run.key for run in case.publication().runs)
    assert [artifact.path for artifact in publication.runs[0].artifacts][-1] == "experiment.yaml"


def test_a_family_is_read_back_from_its_tags() -> None:
    """Also where parts are missing; a run without a project is nobody's."""
    families: list[Any] = [
        Family(project=PROJECT, question="rq01", experiment="strategies", arm="gambler"),
        Family(project=PROJECT, question=None, experiment="strategies", arm="gambler"),
        Family(project=PROJECT, question="rq01", experiment=None, arm=None),
    ]
    assert [Family.of(family.tags) for family in families] == families
    assert Family.of({"mlflow.runName": "mine"}) is None


def test_long_descriptions_and_parameters_fit_and_say_so(tmp_path: Path) -> None:
    """MLflow takes 8000 characters of a note and 6000 of a parameter, and would cut the rest without a word."""
    case = make_case(tmp_path)
    documents = case.documents.__class__(**{**vars(case.documents), "head": "A paragraph of some length.\n\n" * 600})
    case = Case(**{**vars(case), "documents": documents})
    description = case.publication().description
    assert 7000 < len(description) <= 8000
    assert description.endswith("*Cut here. All of it: the artifact outcome.md of the run outcome.*")


def test_every_input_is_a_dataset_beside_the_environment(case: Case) -> None:
    """By its name and digest; the source has the whole digest, and where the input is kept."""
    maps = Input(path="inputs/maps.npz", sha256="ab" * 32)
    declared = case.experiments["strategies"].model_copy(update={"inputs": {"maps": maps}})
    run = run_of(replace(case, experiments={"strategies": declared}), "gambler")
    _, given = run.datasets
    assert (given.name, given.context, given.digest) == ("maps", "input", "ab" * 18)
    assert json.loads(given.source) == maps.model_dump()
