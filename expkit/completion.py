"""Completing arms: their missing seeds, trained where their experiment says, recorded with where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from expkit.dossier import Dossier
from expkit.errors import Interrupted, ServiceAbsent, TrialFailed
from expkit.execution.complete import Circumstances, Tally, complete
from expkit.execution.events import Executor, Point, Progress
from expkit.execution.program_version import Version, must_be_known
from expkit.execution.recorded import RecordedExecutor
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder
from expkit.outcomes.registration import spoken_of
from expkit.plan import PlannedArm
from expkit.project.inputs import places as input_places
from expkit.project.inputs import verify
from expkit.project.mentioned import program_files
from expkit.project.paths import Paths
from expkit.project.read import Project, declared_files
from expkit.project.root import read_settings
from expkit.records.attempt import Attempt
from expkit.specs.experiment import PROJECT_IMAGE, ProgramArm

Where = Literal["local", "docker"]


class Observer(Protocol):
    """Whoever wants to know what a run is doing."""

    def placed(self, where: str) -> None:
        """Work is about to be done, and where; comes before anything else."""

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        """Trials are about to run."""

    def progress(self, event: Progress) -> None:
        """Some more steps were taken."""

    def point(self, event: Point) -> None:
        """A program printed a value."""

    def trained(self) -> None:
        """No trial runs any more, however that came."""

    def waiting(self, holder: Holder) -> None:
        """Another runner holds an arm."""

    def phase(self, text: str) -> AbstractContextManager[None]:
        """Something that takes a while, for as long as it does."""

    def aside(self, text: str) -> None:
        """Something went less well than it could have, and changes no result."""


class Listener(Protocol):
    """Whoever follows trials while they run, and may neither hold them up nor fail."""

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        """Trials of these arms are about to run; until they have, no other process runs any of them."""

    def point(self, point: Point) -> None:
        """A program has printed a value."""

    def kept(self, attempt: Attempt) -> None:
        """A batch has ended, and the ledger has it."""


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
    executor: Where | None = None
    """Where to run; None for where the experiment declares."""
    image: str | None = None
    """The image to run in, instead of the one that the experiment declares or the project's own."""
    retry_failed: bool = False
    """Whether trials of programs that failed are run again."""
    state: Path | None = None
    """Where attempts and scratch files are kept; None for the project's own folder."""

    @property
    def options(self) -> str:
        """What to type behind a command so that it does the same in the same place."""
        place = {"--executor": self.executor, "--image": self.image}
        chosen = "".join(f" {option} {value}" for option, value in place.items() if value)
        return f"{chosen} --retry-failed" if self.retry_failed else chosen


def train_missing(
    project: Project, planned: Iterable[PlannedArm], how: How, *, again: str, listener: Listener | None = None
) -> Tally:
    """What came of training the missing seeds of some arms, each experiment's where it is to run.

    `again` is what to type after `expkit` to resume; `listener` follows what programs say meanwhile.

    Raises:
        ServiceAbsent: an image is declared and no engine answers, or the image is not to be had.
        InvalidUsage: an input is not what is declared, or nothing says which program would run.
        Interrupted: a signal came while trials ran; finished batches are kept.
        TrialFailed: a batch failed as a whole; finished batches are kept.
        NotWritable, LedgerDamaged: see `expkit.errors`.
    """
    ledger = Ledger(_paths(project, how).ledger)
    if how.retry_failed:
        planned = [_with_failed(arm, ledger) for arm in planned]
    incomplete = [arm for arm in planned if arm.missing]
    if not incomplete:
        return Tally(attempts=(), stopped=False)
    names = dict.fromkeys(arm.experiment for arm in incomplete)
    places = {name: _place(project, name, how) for name in names}
    must_be_known(arm for arm in incomplete if places[arm.experiment] == (None, "command"))
    if any(arm.arm.inputs for arm in incomplete):
        with how.observer.phase("checking inputs"):
            verify(project.root, [arm.arm for arm in incomplete])
    ledger.prepare()
    tallies = []
    for image, kind in dict.fromkeys(places.values()):
        arms = [arm for arm in incomplete if places[arm.experiment] == (image, kind)]
        tallies.append(_train(project, arms, ledger, _executor(project, image, kind, how), how, listener))
        if tallies[-1].stopped:
            break
    return _without_fault(tallies, f"{again}{how.options}")


def _train(
    project: Project,
    arms: Sequence[PlannedArm],
    ledger: Ledger,
    executor: Executor,
    how: How,
    listener: Listener | None,
) -> Tally:
    def starting(missing: Sequence[PlannedArm]) -> None:
        if listener:
            listener.starting(missing)
        how.observer.starting(missing)

    def point(value: Point) -> None:
        if listener:
            listener.point(value)
        how.observer.point(value)

    how.observer.placed(executor.where + _other_code(project, executor))
    try:
        return complete(
            arms,
            ledger,
            executor,
            lambda: _circumstances(project, executor, how.command),
            on_start=starting,
            on_progress=how.observer.progress,
            on_point=point,
            on_kept=listener.kept if listener else lambda attempt: None,
            on_wait=how.observer.waiting,
            retry_failed=how.retry_failed,
        )
    finally:
        how.observer.trained()


def _paths(project: Project, how: How) -> Paths:
    return Paths(project.root, how.state)


def _with_failed(arm: PlannedArm, ledger: Ledger) -> PlannedArm:
    """An arm of a program, missing what failed as well. A trial of expkit's own fails again however often it runs."""
    if not isinstance(arm.arm, ProgramArm):
        return arm
    failed = ledger.failed(arm.key, arm.root, arm.streams)
    return replace(arm, missing=tuple(seed for seed in arm.seeds if seed in failed or seed in arm.missing))


def _place(project: Project, experiment: str, how: How) -> tuple[str | None, str]:
    """The image an experiment is to run in, if any, and the kind of its trainer."""
    kind = project.experiments[experiment].trainer.kind
    return None if kind == "recorded" else _image(project, experiment, how), kind


def _image(project: Project, experiment: str, how: How) -> str | None:
    """The image an experiment is to run in, `project` for the commit's own; None for this process."""
    declared = project.experiments[experiment].image
    if how.executor == "local":
        return None
    return how.image or declared or (PROJECT_IMAGE if how.executor == "docker" else None)


def _executor(project: Project, image: str | None, kind: str, how: How) -> Executor:
    if kind == "recorded":
        return RecordedExecutor(project.root)

    def inputs(arm: ProgramArm) -> dict[str, Path]:
        return input_places(project.root, arm.inputs)

    def sources(arm: ProgramArm) -> tuple[str, ...]:
        return program_files(project.root, arm.trainer)

    if image is None and kind == "command":
        from expkit.execution.program_host import HostPlace
        from expkit.execution.programs import ProgramExecutor

        version = Version(project.root, sources)
        return ProgramExecutor(HostPlace(project.root, _paths(project, how).trials, inputs, version), how.workers)
    if image is None:
        from expkit.execution.local import LocalExecutor  # numba: 0.3 s that an idle run does not pay

        return LocalExecutor(how.workers)
    from expkit.containers.engine import connect
    from expkit.containers.image import resolve
    from expkit.execution.container import ContainerExecutor
    from expkit.images.names import project_reference

    try:
        engine = connect()
    except ServiceAbsent as absent:  # whoever comes here has the option; most who need an engine have not
        mend = f"{absent.mend}, or run without it: --executor local"
        raise ServiceAbsent(absent.what, where=absent.where, why=absent.why, mend=mend) from absent
    reference = project_reference(project.root) if image == PROJECT_IMAGE else image
    with how.observer.phase(f"finding image {reference}"):
        found = resolve(engine, reference)
    if kind == "command":
        from expkit.execution.program_container import ContainerPlace
        from expkit.execution.programs import ProgramExecutor

        place = ContainerPlace(
            engine,
            found,
            limits=read_settings(project.root).container,
            root=project.root,
            scratch=_paths(project, how).containers,
            sources=sources,
            inputs=inputs,
            version=Version(project.root, sources),
        )
        return ProgramExecutor(place, how.workers)
    return ContainerExecutor(
        engine,
        found,
        limits=read_settings(project.root).container,
        workers=how.workers,
        scratch=_paths(project, how).containers,
    )


def _other_code(project: Project, executor: Executor) -> str:
    """What there is to say of an image that was built from another commit than the one that is run."""
    built = executor.image.revision if executor.image else None
    if built is None:
        return ""
    from expkit.provenance.history import History

    commit, _, changed = built.partition("-")
    if commit == History(project.root).head:
        return ""
    return f", whose code is of {commit[:12]}{' with changes' if changed else ''}, not of this commit"


def _circumstances(project: Project, executor: Executor, command: tuple[str, ...]) -> Circumstances:
    from expkit.provenance.capture import capture  # reads git, which an idle run has no need of

    provenance, patch = capture(
        project.root, executor=executor.name, command=command, image=executor.image, read=declared_files(project.root)
    )
    standing = [one for question in project.questions.values() for one in Dossier(project, question).standings]
    return Circumstances(
        provenance=provenance,
        patch=patch,
        standing=lambda work: spoken_of(standing, arm_key=work.arm_key, root=work.root, streams=work.streams),
    )


def _without_fault(tallies: Sequence[Tally], again: str) -> Tally:
    tally = Tally(
        attempts=tuple(attempt for one in tallies for attempt in one.attempts),
        stopped=any(one.stopped for one in tallies),
    )
    finished = sum(len(attempt.work.seeds) for attempt in tally.attempts if attempt.result)
    if tally.stopped:
        raise Interrupted(f"interrupted; {finished:,} finished trials are kept", mend=f"resume with: expkit {again}")
    if tally.errors:
        raise TrialFailed(
            f"{len(tally.errors)} of {len(tally.attempts)} batches failed; {finished:,} finished trials are kept",
            why="\n  ".join(dict.fromkeys(tally.errors)),
            mend=f"the outcome stays as it was; run what is missing again with: expkit {again}",
        )
    return tally
