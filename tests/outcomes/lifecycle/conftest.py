"""A project small enough to run in a test, with everything real: git, training, ledger, statistics, files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from expkit.execution.worker import perform
from expkit.ledger.clock import now
from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults
from expkit.outcomes.archive import read_records, with_ledger
from expkit.outcomes.check import check_outcome
from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.document import SECTIONS, generated_part
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.registration import all_standings, spoken_of
from expkit.outcomes.serialise import evidence_bytes, read_evidence
from expkit.outcomes.write import Written, write_outcome
from expkit.plan import PlannedArm, plan
from expkit.project.paths import Paths
from expkit.project.read import Project, read_project
from expkit.provenance.capture import capture
from expkit.provenance.history import History
from expkit.records.attempt import Attempt
from expkit.records.evidence import Evidence, HypothesisEvidence

QUESTION = """\
id: rq01
title: Strategies in the dungeon
question: Does bookkeeping pay?
scope: Six seeds of a short run.
experiments: [strategies]
hypotheses:
  - id: h1
    statement: The accountant earns more than the drunkard.
    experiment: strategies
    criterion: {kind: difference, metric: total_reward, treatment: accountant, control: drunkard, at_least: 0}
  - id: h2
    statement: The gambler earns at least half of what the accountant does.
    experiment: strategies
    criterion: {kind: ratio, metric: total_reward, treatment: gambler, control: accountant, at_least: 0.5}
"""

EXPERIMENT = """\
id: strategies
title: Drunkard, accountant and gambler
environment: {kind: dungeon}
trainer: {kind: tabular, steps: 400}
arms:
  drunkard: {agent: {kind: drunkard}}
  accountant: {agent: {kind: accountant}}
  gambler: {agent: {kind: gambler}}
seeds: {root: 7, count: 6}
"""

DISCUSSED = "".join(f"\n## {title}\n\nWords on h1 and h2.\n" for title in SECTIONS)


@dataclass(frozen=True)
class Laboratory:
    """A project in a folder, and what a person does with it."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.root)

    @property
    def history(self) -> History:
        return History(self.root)

    @property
    def project(self) -> Project:
        return read_project(self.root)

    def git(self, *arguments: str) -> str:
        """git with a known user and nothing of this machine's settings."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.org", *arguments],
            cwd=self.root,
            env=environment | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        return self.git("rev-parse", "HEAD")

    def write(self, path: str, content: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        text = (self.root / path).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.root / path).write_text(text)

    def edit_question(self, *changes: tuple[str, str], question: str = "rq01") -> None:
        self.edit(f"research_questions/{question}/question.yaml", *changes)

    def edit_experiment(self, *changes: tuple[str, str]) -> None:
        self.edit("experiments/strategies.yaml", *changes)

    def lose_ledger(self) -> None:
        shutil.rmtree(self.paths.state)

    def clone(self, name: str, *options: str) -> Laboratory:
        folder = self.root.parent / name
        self.git("clone", "--quiet", *options, self.root.as_uri(), str(folder))
        return Laboratory(folder)

    def planned(self) -> dict[str, tuple[PlannedArm, ...]]:
        ledger = Ledger(self.paths.ledger)
        return {name: plan(experiment, ledger.recorded) for name, experiment in self.project.experiments.items()}

    def train(self, experiment: str = "strategies", *, batches: int | None = None) -> None:
        """What `run EXPERIMENT` does, for the first so many batches of every arm, with what stood at that time."""
        project, ledger = self.project, Ledger(self.paths.ledger)
        standing = all_standings(project.questions, project.experiments)
        for arm in plan(project.experiments[experiment], ledger.recorded):
            for work in list(arm.batches())[:batches]:
                with ledger.lock(work.arm_key):
                    provenance, _ = capture(self.root, executor="local", command=["/usr/bin/expkit", "run", experiment])
                    staged, started = ledger.stage(work.arm_key), now()
                    attempt = Attempt(
                        id=staged.name,
                        work=work,
                        status="finished",
                        result=perform(work, staged),
                        started=started,
                        ended=now(),
                        provenance=provenance,
                        standing=spoken_of(standing, arm_key=work.arm_key, root=work.root, streams=work.streams),
                    )
                    ledger.keep(attempt, staged)

    def results(self) -> dict[tuple[str, str], ArmResults]:
        ledger = Ledger(self.paths.ledger)
        return {
            (arm.experiment, arm.name): ledger.results(arm.key, arm.root, arm.streams, arm.seeds)
            for arms in self.planned().values()
            for arm in arms
        }

    def evidence_on_disk(self, question: str = "rq01") -> Evidence | None:
        return read_evidence(self.paths.evidence(question), where="evidence.json")

    def build(self, question: str = "rq01", results: Mapping[tuple[str, str], ArmResults] | None = None) -> Evidence:
        """The evidence of a question from what the ledger has now; nothing is written."""
        project, planned = self.project, self.planned()
        asked = project.questions[question]
        arms = [arm for experiment in asked.experiments for arm in planned[experiment]]
        standing = all_standings(project.questions, project.experiments)
        records = read_records(self.paths, self.history, question, {arm.key for arm in arms}, standing)
        return build_evidence(
            question=asked,
            experiments=project.experiments,
            planned=planned,
            results=results or self.results(),
            records=with_ledger(records, Ledger(self.paths.ledger), question, arms, standing),
            previous=self.evidence_on_disk(question),
        )

    def run(self, question: str = "rq01") -> Evidence:
        """What `run QUESTION` does, but for document and figures."""
        for experiment in self.project.questions[question].experiments:
            self.train(experiment)
        evidence = self.build(question)
        self.paths.evidence(question).write_bytes(evidence_bytes(evidence))
        return evidence

    def judged(self, question: str = "rq01") -> dict[str, HypothesisEvidence]:
        """Every hypothesis by id, after a run."""
        return {one.id: one for one in self.run(question).hypotheses}

    def run_and_write(self, question: str = "rq01") -> Written:
        """What `run QUESTION` does, but for publishing."""
        for experiment in self.project.questions[question].experiments:
            self.train(experiment)
        return write_outcome(self.paths, self.project.questions[question], self.build(question))

    def check(self, question: str = "rq01") -> tuple[Finding, ...]:
        project = self.project
        return check_outcome(
            self.paths,
            self.history,
            question=project.questions[question],
            experiments=project.experiments,
            planned=self.planned(),
            standing=all_standings(project.questions, project.experiments),
        )

    def failures(self, question: str = "rq01") -> list[str]:
        return [str(finding) for finding in self.check(question) if finding.severity == "failure"]


@pytest.fixture(autouse=True)
def no_git_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What expkit itself asks git is answered without the developer's settings, too."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def empty_template(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """What `empty_laboratory` is copied from."""
    laboratory = Laboratory(tmp_path_factory.mktemp("empty") / "project")
    laboratory.write(".gitignore", ".expkit/\n")
    laboratory.write("experiments/strategies.yaml", EXPERIMENT)
    laboratory.git("init", "--quiet", "--initial-branch=main")
    laboratory.commit()
    return laboratory


@pytest.fixture(scope="session")
def answered_template(empty_template: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """What `answered` is copied from."""
    laboratory = _copy(empty_template, tmp_path_factory.mktemp("answered"))
    laboratory.write("research_questions/rq01/question.yaml", QUESTION)
    laboratory.commit()
    laboratory.run_and_write()
    outcome = laboratory.paths.outcome("rq01")
    outcome.write_text((generated_part(outcome.read_text()) or "") + DISCUSSED)
    laboratory.commit()
    return laboratory


@pytest.fixture
def empty_laboratory(empty_template: Laboratory, tmp_path: Path) -> Laboratory:
    """A repository with an experiment in its first commit, and no question."""
    return _copy(empty_template, tmp_path)


@pytest.fixture
def laboratory(empty_laboratory: Laboratory) -> Laboratory:
    """A repository with an experiment and a question on it, both committed; nothing was run."""
    empty_laboratory.write("research_questions/rq01/question.yaml", QUESTION)
    empty_laboratory.commit()
    return empty_laboratory


@pytest.fixture
def answered(answered_template: Laboratory, tmp_path: Path) -> Laboratory:
    """A question that was run, written about, and committed."""
    return _copy(answered_template, tmp_path)


@pytest.fixture
def declared() -> SimpleNamespace:
    """The texts that tests begin with: the question's file and the words below the marker."""
    return SimpleNamespace(question=QUESTION, discussed=DISCUSSED)


def _copy(laboratory: Laboratory, folder: Path) -> Laboratory:
    return Laboratory(Path(shutil.copytree(laboratory.root, folder / "project", symlinks=True)))
