"""The dossier: a question with everything that stands about it on this machine. Reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults
from expkit.outcomes.freshness import ArmId
from expkit.outcomes.registration import standings
from expkit.outcomes.serialise import read_evidence
from expkit.plan import PlannedArm, plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing
from expkit.specs.experiment import Experiment, RecordedArm
from expkit.specs.question import ResearchQuestion


@dataclass(frozen=True)
class Dossier:
    """A question, its experiments, its arms with what is missing of each, its results and its evidence.

    What was read stays as it was read: a dossier opened before a run does not know of the run.
    """

    project: Project
    question: ResearchQuestion

    @cached_property
    def paths(self) -> Paths:
        """The project's files."""
        return Paths(self.project.root)

    @cached_property
    def ledger(self) -> Ledger:
        """The project's ledger."""
        return Ledger(self.paths.ledger)

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """The question's experiments by id, in its order."""
        return {name: self.project.experiments[name] for name in self.question.experiments}

    @cached_property
    def planned(self) -> dict[str, tuple[PlannedArm, ...]]:
        """The arms of each experiment, with the seeds that the ledger does not have."""
        return {name: plan(experiment, self.ledger.recorded) for name, experiment in self.experiments.items()}

    @property
    def arms(self) -> tuple[PlannedArm, ...]:
        """The arms of all experiments, in order."""
        return tuple(arm for arms in self.planned.values() for arm in arms)

    @property
    def unwitnessed(self) -> tuple[PlannedArm, ...]:
        """Those of the arms whose results existed before."""
        return tuple(arm for arm in self.arms if isinstance(arm.arm, RecordedArm))

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """The hypotheses as they stand now, in the question's order."""
        return standings(self.question, self.planned, self.experiments)

    @cached_property
    def results(self) -> dict[ArmId, ArmResults]:
        """What the ledger holds of every arm, whatever is missing."""
        return {
            (arm.experiment, arm.name): self.ledger.results(arm.key, arm.root, arm.streams, arm.seeds)
            for arm in self.arms
        }

    @cached_property
    def evidence(self) -> Evidence | None:
        """The evidence in the work tree; None where there is none yet.

        Raises:
            CheckFailed: the file is there and is no evidence.
        """
        file = self.paths.evidence(self.question.id)
        return read_evidence(file, where=self.paths.relative(file))
