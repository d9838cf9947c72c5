"""Broadcasting: what programs say while a question's or an experiment's trials run, to be watched in MLflow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit.completion import Listener, Observer
from expkit.execution.events import Point
from expkit.outcomes.freshness import parameters
from expkit.plan import PlannedArm
from expkit.project.read import Project
from expkit.records.attempt import Attempt
from expkit.specs.experiment import Experiment, ProgramArm
from expkit.specs.question import ResearchQuestion
from expkit.tracking.fields import params, settings
from expkit.tracking.keys import experiment_name
from expkit.tracking.live import LiveArm, LiveRuns
from expkit.tracking.place import tracking_uri
from expkit.tracking.publication import Family, Publication

if TYPE_CHECKING:
    from expkit.tracking.store import Store


@contextmanager
def broadcasting(project: Project, target: ResearchQuestion | Experiment, observer: Observer) -> Iterator[Listener]:
    """Yield a listener who brings the points of programs to the tracking store; mlflow is imported on the first one.

    In the end every run is ended, and `observer` is told, once, of what did not reach the store.
    """
    live = _Broadcast(project, target)
    try:
        yield live
    finally:
        if said := live.runs.close():
            observer.aside(said)


class _Broadcast:
    """Points to the runs of their arms, and the end of each arm by what became of its trials."""

    def __init__(self, project: Project, target: ResearchQuestion | Experiment) -> None:
        self._project, self._target = project, target
        self._open: dict[str, set[int]] = {}
        """Seeds that have not ended, by arm key."""
        self._usable: set[str] = set()
        self.runs = LiveRuns(_publication(project.id, target), self._connect)

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        """Those of programs may have something to say.

        Raises:
            InvalidUsage: there is no such store; better known before the programs run than after.
        """
        programs = [arm for arm in missing if isinstance(arm.arm, ProgramArm)]
        if not programs:
            return
        tracking_uri(self._project.root, os.environ)
        self._open |= {arm.key: {*arm.missing} for arm in programs}
        self.runs.starting([self._arm(arm) for arm in programs])

    def point(self, point: Point) -> None:
        """A program has printed a value."""
        self.runs.point(point)

    def kept(self, attempt: Attempt) -> None:
        """A batch has ended; with the last one of an arm ends its run, as FAILED if none has come to anything."""
        key, result = attempt.work.arm_key, attempt.result
        if key not in self._open:
            return
        if result is not None and len(result.failed) < len(attempt.work.seeds):
            self._usable.add(key)
        self._open[key] -= {*attempt.work.seeds}
        if not self._open[key]:
            self.runs.ended(key, "FINISHED" if key in self._usable else "FAILED")

    def _connect(self) -> Store:
        from expkit.tracking.store import connect  # mlflow: 1.4 s that only who has points to bring should wait for

        return connect(tracking_uri(self._project.root, os.environ), root=self._project.root)

    def _arm(self, arm: PlannedArm) -> LiveArm:
        question = self._target if isinstance(self._target, ResearchQuestion) else None
        several = question is not None and len(question.experiments) > 1
        told = settings(parameters(arm.arm), root=arm.root, count=len(arm.seeds), streams=arm.streams)
        return LiveArm(
            name=f"{arm.experiment}/{arm.name}" if several else arm.name,
            key=arm.key,
            family=Family(
                project=self._project.id,
                question=question.id if question else None,
                experiment=arm.experiment,
                arm=arm.name,
            ),
            params=params(told),
        )


def _publication(project: str, target: ResearchQuestion | Experiment) -> Publication:
    """The MLflow experiment before there is an outcome that would describe it."""
    is_question = isinstance(target, ResearchQuestion)
    named: Mapping[str, str] = {"question" if is_question else "experiment": target.id}
    return Publication(
        name=experiment_name(project, **named),
        tags={
            "expkit.project": project,
            "expkit.rq" if is_question else "expkit.experiment": target.id,
            "expkit.title": target.title,
        },
        description=f"## {target.title}\n\nTrials are running; results come when they have ended.",
        runs=(),
    )
