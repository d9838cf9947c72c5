"""The data path, one way through the house:

files -> specs -> plan -> execution -> ledger -> evidence -> outcome.md -> tracking
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from expkit.conclude import Conclusion, conclude
from expkit.dossier import Dossier
from expkit.errors import Interrupted, TrialFailed
from expkit.execution.complete import Circumstances, Tally, complete
from expkit.execution.events import Progress
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder
from expkit.outcomes.registration import spoken_of
from expkit.plan import PlannedArm, plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.publish import Publishing, publish_experiment, publish_question
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


class Observer(Protocol):
    """Whoever wants to know what a run is doing."""

    def starting(self, missing: Sequence[PlannedArm], where: str) -> None:
        """Trials are about to run; `where` says on what."""

    def progress(self, event: Progress) -> None:
        """Some more steps were taken."""

    def trained(self) -> None:
        """No trial runs any more, however that came."""

    def waiting(self, holder: Holder) -> None:
        """Another runner holds an arm."""

    def phase(self, text: str) -> AbstractContextManager[None]:
        """Something that takes a while, for as long as it does."""


@dataclass(frozen=True, kw_only=True)
class How:
    """Everything about a run that is not science."""

    command: tuple[str, ...]
    """The command line, for the record."""
    observer: Observer
    workers: int | None = None
    """Cores to use; None for all."""
    accept: bool = False
    """Whether results that differ from the committed evidence may replace it."""


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
        NotWritable, LedgerDamaged: see `expkit.errors`.
    """
    tally = _train(project, Dossier(project, question).arms, how, again=question.id)
    dossier = Dossier(project, question)
    with how.observer.phase("judging hypotheses"):
        conclusion = conclude(dossier, accept=how.accept)
    with how.observer.phase("publishing to MLflow"):
        publishing = publish_question(dossier, conclusion.evidence)
    return Answer(tally=tally, conclusion=conclusion, publishing=publishing)


def run_experiment(project: Project, experiment: Experiment, how: How) -> Answer:
    """Train what is missing of an experiment and publish its arms: records and runs, no verdict.

    Raises:
        Interrupted, TrialFailed, NotWritable, LedgerDamaged: as `run_question`.
    """
    ledger = Ledger(Paths(project.root).ledger)
    tally = _train(project, plan(experiment, ledger.recorded), how, again=experiment.id)
    with how.observer.phase("publishing to MLflow"):
        publishing = publish_experiment(project, experiment, ledger)
    return Answer(tally=tally, conclusion=None, publishing=publishing)


def _train(project: Project, planned: Iterable[PlannedArm], how: How, *, again: str) -> Tally:
    planned = tuple(planned)
    if not any(arm.missing for arm in planned):
        return Tally(attempts=(), stopped=False)
    from expkit.execution.local import LocalExecutor  # numba: 0.3 s that an idle run does not pay

    ledger = Ledger(Paths(project.root).ledger)
    ledger.prepare()
    executor = LocalExecutor(how.workers)
    try:
        tally = complete(
            planned,
            ledger,
            executor,
            lambda: _circumstances(project, executor.name, how.command),
            on_start=lambda missing: how.observer.starting(missing, executor.where),
            on_progress=how.observer.progress,
            on_wait=how.observer.waiting,
        )
    finally:
        how.observer.trained()
    finished = sum(len(attempt.work.seeds) for attempt in tally.attempts if attempt.result)
    if tally.stopped:
        raise Interrupted(
            f"interrupted; {finished:,} finished trials are kept", mend=f"resume with: expkit run {again}"
        )
    if tally.errors:
        raise TrialFailed(
            f"{len(tally.errors)} of {len(tally.attempts)} batches failed; {finished:,} finished trials are kept",
            why="\n  ".join(dict.fromkeys(tally.errors)),
            mend=f"the outcome stays as it was; run what is missing again with: expkit run {again}",
        )
    return tally


def _circumstances(project: Project, executor: str, command: tuple[str, ...]) -> Circumstances:
    from expkit.provenance.capture import capture  # reads git, which an idle run has no need of

    provenance, patch = capture(project.root, executor=executor, command=command)
    standing = [one for question in project.questions.values() for one in Dossier(project, question).standings]
    return Circumstances(
        provenance=provenance,
        patch=patch,
        standing=lambda work: spoken_of(standing, arm_key=work.arm_key, root=work.root, streams=work.streams),
    )
