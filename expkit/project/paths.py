"""Where things are: every file that expkit reads or writes in a project, named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QUESTIONS = "research_questions"
"""The folder of questions, relative to the root."""
EXPERIMENTS = "experiments"
"""The folder of experiments, relative to the root."""

ENVIRONMENTS = "environments"
"""The folder of transition tables, relative to the root."""
RESULTS = "results"
"""The folder of results that exist already, relative to the root."""
DECLARED = (QUESTIONS, EXPERIMENTS, ENVIRONMENTS)
"""The folders that hold everything which is declared."""


@dataclass(frozen=True)
class Paths:
    """The files of the project at `root`."""

    root: Path
    kept: Path | None = None
    """Where expkit keeps its state; None for the project's own folder."""

    @property
    def state(self) -> Path:
        """What expkit keeps for itself on this machine; never committed."""
        return self.kept or self.root / ".expkit"

    @property
    def ledger(self) -> Path:
        """Attempts, by arm key."""
        return self.state / "ledger"

    @property
    def receipts(self) -> Path:
        """What was published, and where."""
        return self.state / "receipts"

    @property
    def containers(self) -> Path:
        """What containers are handed and hand back, while they run."""
        return self.state / "containers"

    @property
    def trials(self) -> Path:
        """What programs are handed and leave, while they run."""
        return self.state / "trials"

    @property
    def wheels(self) -> Path:
        """Packages for images, as they were downloaded."""
        return self.state / "wheels"

    @property
    def schemas(self) -> Path:
        """JSON Schemas for editors, written by `expkit schema` and committed."""
        return self.root / "schemas"

    @property
    def questions(self) -> Path:
        """The folder that holds a folder for every question."""
        return self.root / QUESTIONS

    @property
    def experiments(self) -> Path:
        """The folder that holds a file for every experiment."""
        return self.root / EXPERIMENTS

    def question(self, question: str) -> Path:
        """The declaration of a question."""
        return self.questions / question / "question.yaml"

    def evidence(self, question: str) -> Path:
        """What the outputs say about a question, as data."""
        return self.questions / question / "evidence.json"

    def outcome(self, question: str) -> Path:
        """What a person reviews."""
        return self.questions / question / "outcome.md"

    def figures(self, question: str) -> Path:
        """The folder of a question's figures."""
        return self.questions / question / "figures"

    def experiment(self, experiment: str) -> Path:
        """The declaration of an experiment."""
        return self.experiments / f"{experiment}.yaml"

    def relative(self, path: Path) -> str:
        """A path as it is written in messages and in git: relative to the root, with `/`."""
        return path.relative_to(self.root).as_posix()
