"""The data path, one way through the house:

files -> specs -> plan -> execution -> ledger -> evidence -> outcome.md -> tracking
"""

from __future__ import annotations

from dataclasses import dataclass

from expkit.broadcast import broadcasting
from expkit.completion import How, train_missing
from expkit.conclude import Conclusion, conclude
from expkit.dossier import Dossier
from expkit.execution.complete import Tally
from expkit.ledger.ledger import Ledger
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.publish import Publishing, publish_experiment, publish_question
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run came to. `conclusion` is None for a bare experiment, which has no verdict."""

    tally: Tally
    conclusion: Conclusion | None
    publishing: Publishing


def run_question(project: Project, question: ResearchQuestion, how: How) -> Answer:
    """Train what is missing, judge the hypotheses, write the outcome and publish it.

    Raises:
        Interrupted: a signal came while trials ran; finished batches are kept.
        CheckFailed: other results than the committed evidence has, and not `how.accept`.
        TrialFailed: a batch failed as a whole; finished batches are kept, the outcome stays as it was.
        ServiceAbsent: an image is declared and no engine answers, or the image is not to be had.
        NotWritable, LedgerDamaged: see `expkit.errors`.
    """
    arms = Dossier(project, question).arms
    with broadcasting(project, question, how.observer) as live:
        tally = train_missing(project, arms, how, again=f"run {question.id}", listener=live)
    dossier = Dossier(project, question)
    with how.observer.phase("judging hypotheses"):
        conclusion = conclude(dossier, accept=how.accept, anew=bool(tally.attempts))
    with how.observer.phase("publishing to MLflow"):
        publishing = publish_question(dossier, conclusion.evidence)
    return Answer(tally=tally, conclusion=conclusion, publishing=publishing)


def run_experiment(project: Project, experiment: Experiment, how: How) -> Answer:
    """Train what is missing of an experiment and publish its arms: records and runs, no verdict.

    Raises:
        Interrupted, TrialFailed, ServiceAbsent, NotWritable, LedgerDamaged: as `run_question`.
    """
    ledger = Ledger(Paths(project.root).ledger)
    with broadcasting(project, experiment, how.observer) as live:
        arms = plan(experiment, ledger.recorded)
        tally = train_missing(project, arms, how, again=f"run {experiment.id}", listener=live)
    with how.observer.phase("publishing to MLflow"):
        publishing = publish_experiment(project, experiment, ledger)
    return Answer(tally=tally, conclusion=None, publishing=publishing)
