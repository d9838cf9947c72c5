"""A bench: a question in a real repository, small enough to be attacked fifty times, and the cases that are tried."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from expkit.completion import How, train_missing
from expkit.conclude import conclude
from expkit.dossier import Dossier
from expkit.errors import TrialFailed
from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults
from expkit.outcomes.archive import read_records
from expkit.outcomes.check import check_outcome
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.freshness import ArmId
from expkit.outcomes.registration import all_standings
from expkit.outcomes.write import write_outcome
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import read_project
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing
from tests.conftest import Desk
from tests.replicate.acts import Bystander

BOUND = ("at_least: 0.5", "at_least: 0.6")
"""The claim of h2, and one that somebody liked better."""
RQ01, STRATEGIES = "research_questions/rq01/question.yaml", "experiments/strategies.yaml"
EVIDENCE = "research_questions/rq01/evidence.json"

Start = Literal["declared", "answered"]
Seen = Literal["exploratory", "check fails", "run fails"]


@dataclass(frozen=True)
class Bench(Desk):
    """A project in a folder, and what an honest or a dishonest person does with it. In this process, but for git."""

    def change(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace texts in a file."""
        for old, new in changes:
            self.edit(self.root / path, old, new)

    def write(self, path: str, content: str) -> None:
        """Write a file, with its folders."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def head(self) -> str:
        """The commit."""
        return self.git("rev-parse", "HEAD")

    def forget(self, *, ledger: bool = True) -> None:
        """Delete what a run of rq01 wrote, and what this machine remembers of it."""
        for file in self.question.parent.iterdir():
            if file != self.question:
                file.unlink()
        if ledger:
            shutil.rmtree(self.root / ".expkit", ignore_errors=True)

    def clone_of(self, name: str, *options: str) -> Bench:
        """A clone beside this project."""
        folder = self.root.parent / name
        self.git("clone", "--quiet", *options, self.root.as_uri(), str(folder))
        return replace(self, root=folder)

    def become_clone(self, *options: str) -> None:
        """Put a clone in the project's place: what is committed, and nothing else."""
        origin = self.root.parent / "origin"
        self.root.rename(origin)
        replace(self, root=origin).git("clone", "--quiet", *options, origin.as_uri(), str(self.root))

    def train(self, experiment: str = "strategies", *, retry_failed: bool = False) -> bool:
        """What `expkit run EXPERIMENT` does, but for publishing, and whether anything ran; failed trials are data."""
        project = read_project(self.root)
        how = How(command=("expkit", "run"), observer=Bystander(), workers=1, retry_failed=retry_failed)
        arms = plan(project.experiments[experiment], Ledger(Paths(self.root).ledger).recorded)
        try:
            return bool(train_missing(project, arms, how, again="run").attempts)
        except TrialFailed:
            return True

    def run(self, question: str = "rq01", *, accept: bool = False, retry_failed: bool = False) -> Evidence:
        """What `expkit run QUESTION` does, but for publishing."""
        experiments = read_project(self.root).questions[question].experiments
        ran = [self.train(experiment, retry_failed=retry_failed) for experiment in experiments]
        project = read_project(self.root)
        return conclude(Dossier(project, project.questions[question]), accept=accept, anew=any(ran)).evidence

    def failures(self, question: str = "rq01") -> list[str]:
        """What `expkit check` fails for."""
        project = read_project(self.root)
        dossier = Dossier(project, project.questions[question])
        found = check_outcome(
            Paths(self.root),
            History(self.root),
            question=dossier.question,
            experiments=dossier.experiments,
            planned=dossier.planned,
            standing=all_standings(project.questions, project.experiments),
        )
        return [str(one) for one in found if one.severity == "failure"]

    def questions(self) -> Sequence[str]:
        """Every question that is declared."""
        return sorted(read_project(self.root).questions)

    def forge(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the evidence by hand."""
        content = json.loads(self.evidence.read_text())
        edit(content)
        self.evidence.write_text(json.dumps(content))

    def forge_records(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change what the ledger of this machine says of every attempt."""
        for file in self.records():
            record = json.loads(file.read_text())
            edit(record)
            file.write_text(json.dumps(record))

    def stands(self, question: str = "rq01") -> tuple[Standing, ...]:
        """Its hypotheses as they are declared now."""
        project = read_project(self.root)
        return Dossier(project, project.questions[question]).standings

    def write_again(self, results: Mapping[ArmId, ArmResults] | None = None) -> None:
        """Write the outcome that follows from the evidence; with results, the evidence that follows from them, too."""
        project = read_project(self.root)
        dossier = Dossier(project, project.questions["rq01"])
        evidence = dossier.evidence
        assert evidence is not None
        if results is not None:
            standing, keys = all_standings(project.questions, project.experiments), [arm.key for arm in dossier.arms]
            evidence = build_evidence(
                question=dossier.question,
                experiments=dossier.experiments,
                planned=dossier.planned,
                results=results,
                records=read_records(dossier.paths, History(self.root), "rq01", keys, standing),
                previous=evidence,
            )
        write_outcome(dossier.paths, dossier.question, evidence)

    def results(self) -> dict[ArmId, ArmResults]:
        """What the ledger has of rq01."""
        project = read_project(self.root)
        return Dossier(project, project.questions["rq01"]).results

    def move(self, folder: Path) -> Bench:
        """A copy of the project, ledger and all, in another folder."""
        return replace(self, root=Path(shutil.copytree(self.root, folder / "project", symlinks=True)))


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something that is done to a project.

    `act` may name the questions it is about; else it is about all of them.
    """

    act: Callable[[Bench], tuple[str, ...] | None]
    start: Start
    seen: Seen | None = None
    """Where an attack is told of; None for what is no attack."""
    says: str = ""
    """What is said of it: in a verdict's reason, a failure of the check, or the error of the run."""

    @property
    def what(self) -> str:
        """The sentence that the page has for it."""
        return (self.act.__doc__ or "").strip().splitlines()[0].removesuffix(".")

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.act.__name__


ATTACKS: list[Case] = []
REWRITES: list[Case] = []


Act = Callable[[Bench], tuple[str, ...] | None]


def attack(says: str, *, seen: Seen = "exploratory", start: Start = "answered") -> Callable[[Act], Act]:
    """An attack, as a function that does it, with what expkit says of it."""

    def kept(act: Act) -> Act:
        ATTACKS.append(Case(act=act, start=start, seen=seen, says=says))
        return act

    return kept


def rewrite(act: Act) -> Act:
    """A change that means nothing, as a function that makes it in an answered question and commits it."""
    REWRITES.append(Case(act=act, start="answered"))
    return act
