"""A question with real records behind it, an open local store, and a client that reads back what was published."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.digests import digest, file_digest
from expkit.ledger.results import ArmResults, join
from expkit.records.attempt import TRIALS_FILE, Attempt, FailedTrial, File, Result
from expkit.records.evidence import (
    ArmEvidence,
    Curve,
    EffectSizes,
    Evidence,
    HypothesisEvidence,
    Interval,
    RunProvenance,
    Summary,
    Test,
)
from expkit.records.provenance import Git, Image, Machine, Provenance
from expkit.records.work import Work
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion
from expkit.specs.resolve import resolve
from expkit.tracking.mapping import question_publication
from expkit.tracking.outcome_run import Documents
from expkit.tracking.publication import Publication
from expkit.tracking.store import Store, connect

PROJECT = "caves"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DISCUSSION = "## Discussion\n\nIt surprised nobody.\n"
HEAD = "# Strategies\n\n**The gambler earns more.**\n\n| id | verdict |\n|---|---|\n| h1 | supported |\n"
MACHINE = Machine(
    system="Linux 6.1", architecture="x86_64", cpu="a processor", cores=2, python="3.11.7", implementation="CPython"
)
METRICS = ("total_reward", "regret", "optimal_policy")
STATES, ACTIONS = 5, 2


def provenance(*, git: Git | None = None, image: Image | None = None) -> Provenance:
    """Where an attempt came from: a clean commit on a bare host, unless said."""
    return Provenance(
        git=git or Git(state="clean", commit=COMMIT, branch="main"),
        image=image or Image(),
        machine=MACHINE,
        packages={"numpy": "2.4.0"},
        expkit="0.1.0",
        command=("expkit", "run", "rq01"),
        executor="local",
    )


def question(*experiments: str) -> ResearchQuestion:
    """A question with one hypothesis about the first of its experiments."""
    return ResearchQuestion.model_validate_json(
        f"""{{"id": "rq01", "title": "Strategies", "question": "Does the gambler earn more?", "scope": "One dungeon.",
        "experiments": ["{'", "'.join(experiments or ("strategies",))}"],
        "hypotheses": [{{"id": "h1", "statement": "It does.", "experiment": "{(experiments or ("strategies",))[0]}",
          "criterion": {{"kind": "ratio", "metric": "total_reward", "treatment": "gambler[learning_rate=0.01]",
                        "control": "drunkard", "at_least": 1.5}}}}]}}"""
    )


def experiment(name: str = "strategies") -> Experiment:
    """Three arms, one of them of a sweep."""
    return Experiment.model_validate_json(
        f"""{{"id": "{name}", "title": "Drunkard and gambler", "scope": "Small.",
        "environment": {{"kind": "dungeon", "slip": 0.1}}, "trainer": {{"kind": "tabular", "steps": 10000}},
        "arms": {{"drunkard": {{"agent": {{"kind": "drunkard"}}}}, "gambler": {{"agent": {{"kind": "gambler"}}}}}},
        "sweep": {{"arm": "gambler", "vary": {{"agent.learning_rate": [0.01]}}}},
        "seeds": {{"root": 20261120, "count": 12}}}}"""
    )


def flattened(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as `agent.epsilon.start`."""
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat |= flattened(item, f"{prefix}{key}.") if isinstance(item, dict) else {f"{prefix}{key}": item}
    return flat


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question, its experiments, and results of every arm; `publication()` is what has to be published."""

    question: ResearchQuestion
    experiments: dict[str, Experiment]
    evidence: Evidence
    results: dict[tuple[str, str], ArmResults]
    documents: Documents

    def publication(self) -> Publication:
        return question_publication(
            project_id=PROJECT,
            question=self.question,
            experiments=self.experiments,
            evidence=self.evidence,
            results=self.results,
            documents=self.documents,
        )

    def arm(self, name: str) -> ArmEvidence:
        return next(arm for arm in self.evidence.arms if arm.name == name)

    def discussed(self, words: str) -> Case:
        """The same with other words below the marker."""
        return replace(self, documents=replace(self.documents, outcome=(HEAD + words).encode()))


def make_case(
    folder: Path,
    *,
    luck: int = 0,
    seeds: int = 12,
    failed: tuple[int, ...] = (),
    origins: tuple[Provenance, ...] = (),
    experiments: tuple[str, ...] = ("strategies",),
) -> Case:
    """Records as a run leaves them; `luck` draws the results, `origins` are the provenances of successive attempts."""
    declared = {name: experiment(name) for name in experiments}
    arms, results = [], {}
    for declaration in declared.values():
        for position, resolved in enumerate(resolve(declaration)):
            key = digest([declaration.id, position])
            random = np.random.default_rng([luck, position])
            batches = np.array_split(np.arange(seeds), max(1, len(origins)))
            attempts = tuple(
                _attempt(folder / key, resolved, key, tuple(map(int, batch)), failed, origin, number, random)
                for number, (batch, origin) in enumerate(zip(batches, origins or (provenance(),), strict=True))
            )
            found = join(
                attempts, arm_key=key, root=20261120, streams="independent", seeds=range(seeds), folder=folder / key
            )
            results[declaration.id, resolved.name] = found
            settings = resolved.model_dump(mode="json", include={"agent", "environment", "trainer"})
            arms.append(_arm_evidence(declaration.id, resolved.name, resolved.varied, flattened(settings), found))
    asked = question(*experiments)
    evidence = Evidence(
        question="rq01",
        question_digest=digest("rq01"),
        family_digest=digest("family"),
        alpha=0.05,
        correction="holm",
        statistics_version=1,
        experiments=dict.fromkeys(experiments, "Drunkard and gambler"),
        arms=tuple(arms),
        hypotheses=(_hypothesis(experiments[0]),),
        registrations=(),
        provenance=RunProvenance(
            commit=COMMIT,
            branch="main",
            dirty=False,
            image=Image(),
            machine=MACHINE,
            packages={"numpy": "2.4.0"},
            command=("expkit", "run", "rq01"),
            executor="local",
            started="2026-11-20T12:00:00Z",
            ended="2026-11-20T12:00:05Z",
            trials=3 * seeds,
        ),
    )
    documents = Documents(
        question=b"# the question\nid: rq01\n",
        experiments={name: f"# as declared\nid: {name}\n".encode() for name in experiments},
        evidence=evidence.model_dump_json().encode(),
        outcome=(HEAD + DISCUSSION).encode(),
        head=HEAD,
        figures={"intervals.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
    )
    return Case(question=asked, experiments=declared, evidence=evidence, results=results, documents=documents)


def _attempt(
    folder: Path,
    arm: Any,
    key: str,
    seeds: tuple[int, ...],
    failed: tuple[int, ...],
    origin: Provenance,
    number: int,
    random: np.random.Generator,
) -> Attempt:
    id = f"20261120T12000{number}.000000Z-{number:08x}"
    place = folder / id
    place.mkdir(parents=True)
    n = len(seeds)
    np.savez(
        place / TRIALS_FILE,
        seeds=np.array(seeds),
        q=random.normal(size=(n, STATES, ACTIONS)),
        visits=np.ones((n, STATES, ACTIONS), dtype=np.int64),
        curve=random.normal(size=(n, 40)),
    )
    values = {metric: random.normal(27_000, 500, size=n) for metric in METRICS}
    return Attempt(
        id=id,
        work=Work(
            arm=arm,
            arm_key=key,
            environment_digest=digest("dungeon"),
            engine_version=1,
            root=20261120,
            streams="independent",
            seeds=seeds,
        ),
        status="finished",
        result=Result(
            metrics={
                metric: tuple(None if seed in failed else float(v) for seed, v in zip(seeds, drawn, strict=True))
                for metric, drawn in values.items()
            },
            trial_digests=tuple(
                digest([key, seed, float(v)]) for seed, v in zip(seeds, values["total_reward"], strict=True)
            ),
            failed=tuple(FailedTrial(seed=seed, why="it burst") for seed in seeds if seed in failed),
            steps=10_000 * n,
        ),
        started=f"2026-11-20T12:00:0{number}Z",
        ended=f"2026-11-20T12:00:0{number}.5Z",
        provenance=origin,
        files={TRIALS_FILE: File(sha256=file_digest(place / TRIALS_FILE), bytes=(place / TRIALS_FILE).stat().st_size)},
    )


def _arm_evidence(
    experiment_id: str, name: str, varied: dict[str, Any], parameters: dict[str, Any], results: ArmResults
) -> ArmEvidence:
    finished = {metric: values[np.isfinite(values)] for metric, values in results.metrics.items()}
    return ArmEvidence(
        experiment=experiment_id,
        name=name,
        key=results.arm_key,
        environment_digest=digest("dungeon"),
        parameters=parameters,
        varied=varied,
        root=20261120,
        streams="independent",
        count=len(results.seeds),
        failed=tuple(results.failed),
        results_digest=results.results_digest,
        optimal_gain=6.1049,
        random_gain=1.3125,
        summaries={
            metric: Summary(
                n=len(values),
                mean=float(values.mean()),
                iqm=float(np.median(values)),
                sd=float(values.std(ddof=1)),
                min=float(values.min()),
                q05=None if len(values) < 20 else float(np.quantile(values, 0.05)),
                median=float(np.median(values)),
                max=float(values.max()),
                cvar10=float(values.min()),
            )
            for metric, values in finished.items()
        },
        seeds={
            "total_reward": tuple(
                None if math.isnan(value) else value for value in results.metrics["total_reward"].tolist()
            )
        },
        curve=Curve(
            steps=tuple(range(250, 10_001, 250)),
            value=tuple(float(k) for k in range(40)),
            low=tuple(k - 0.5 for k in range(40)),
            high=tuple(k + 0.5 for k in range(40)),
        ),
    )


def _hypothesis(experiment_id: str) -> HypothesisEvidence:
    return HypothesisEvidence(
        id="h1",
        experiment=experiment_id,
        metric="total_reward",
        kind="ratio",
        treatment="gambler[learning_rate=0.01]",
        control="drunkard",
        region=Interval(low=1.5, high=None),
        decision_digest=digest("decision"),
        wording_digest=digest("wording"),
        verdict="supported",
        test=Test(
            method="Yuen-Welch, 25 % trimmed",
            paired=False,
            estimand="iqm",
            n_treatment=12,
            n_control=12,
            estimate=2.0,
            interval=Interval(low=1.9, high=None),
            level=0.05,
            interval95=Interval(low=1.9, high=None),
            p_for=0.001,
            p_against=0.999,
            p=0.002,
            degrees_of_freedom=8.5,
            standard_error=0.05,
            minimum_detectable_effect=0.1,
            effects=EffectSizes(),
        ),
        standing="confirmatory",
        standing_reason="It stood, clean, when all its data were first recorded.",
        grade="self-registered",
    )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A question with one experiment and finished results."""
    return make_case(tmp_path / "ledger")


@pytest.fixture(scope="session")
def blank_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an SQLite store as mlflow has just made it, since making one takes seconds."""
    root = tmp_path_factory.mktemp("blank")
    connect(f"sqlite:///{root}/mlflow.db", root=root)
    return (root / "mlflow.db").read_bytes()


@pytest.fixture
def local_uri(tmp_path: Path, blank_store: bytes) -> str:
    """The URI of an empty local store."""
    (tmp_path / "mlflow.db").write_bytes(blank_store)
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def store(tmp_path: Path, local_uri: str) -> Store:
    """An open, empty local store."""
    return connect(local_uri, root=tmp_path)


@pytest.fixture
def client(local_uri: str) -> Any:
    """mlflow's own client on the local store."""
    from mlflow import MlflowClient

    return MlflowClient(local_uri, registry_uri=local_uri)


@pytest.fixture
def runs_of(client: Any) -> Callable[..., dict[str, Any]]:
    """The active runs of an MLflow experiment by run name; fails where two have one name."""

    def runs(name: str = f"{PROJECT}/rq01", *, where: str = "tags.`expkit.superseded` = 'false'") -> dict[str, Any]:
        found = client.search_runs([client.get_experiment_by_name(name).experiment_id], where)
        assert len({run.info.run_name for run in found}) == len(found)
        return {run.info.run_name: run for run in found}

    return runs


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name, raising=False)
