"""Where recorded trials are executed again: in their image, in a rebuild of it, or on this host; and why there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.execution.events import Executor
from expkit.project.paths import Paths
from expkit.project.root import read_settings
from expkit.provenance.machine import read_machine
from expkit.provenance.worktree import Worktree
from expkit.reproduction.rebuild import Rebuilds, named, short
from expkit.reproduction.recorded import Origin, Recording
from expkit.specs.experiment import ProgramArm
from expkit.training.engine import ENGINE_VERSION

if TYPE_CHECKING:
    from expkit.containers.engine import Engine
    from expkit.containers.image import Inspected

On = Literal["image", "host"]

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What engines and some systems call an architecture, as Linux calls it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where trials are executed."""

    image: Inspected | None
    """None for this host."""
    said: str
    """Which image it is or why none, in words."""
    program: Path | None = None
    """Where the files of the recorded commit are, for trials of a program; expkit's own loop has no use for them."""

    @property
    def name(self) -> str:
        """What tells it from other places."""
        here = "host" if self.image is None else self.image.id
        return f"{here} {self.program}" if self.program else here


class Surroundings:
    """What there is to execute in: this host, and the images of an engine that is asked only when it is needed.

    `phase` shows what takes a while.
    """

    def __init__(
        self,
        root: Path,
        *,
        on: On | None,
        image: str | None,
        workers: int | None,
        phase: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._root = root
        self._on: On | None = "image" if image else on
        self._image = image
        self._workers = workers
        self._phase = phase
        self._engine: Engine | None = None
        self._rebuilds = Rebuilds(root, phase)

    def place(self, recording: Recording, tree: Worktree, *, patched: bool) -> Place:
        """Where a recording is executed; `tree` is its commit, `patched` whether with what the tree differed by.

        Raises:
            ServiceAbsent: no engine, no image, or an architecture or engine version that cannot give these numbers.
            BuildFailed: the image had to be rebuilt, and a step failed.
        """
        origin = recording.origin
        if self._on == "host" or (self._on is None and origin.image.id is None):
            self._must_be_able(recording)
            if origin.image.id is None:
                return Place(image=None, said="on this host, as it was recorded outside of any image")
            return Place(
                image=None, said=f"on this host, as --on host says; it was recorded in {short(origin.image.id)}"
            )
        engine = self._connected(origin)
        _same_architecture(origin, engine.platform.rpartition("/")[2], "the container engine")
        found, said = self._found(engine, origin, tree, patched=patched)
        name = short(found.id) if found.reference == found.id else f"{found.reference} ({short(found.id)})"
        return Place(image=found, said=f"in image {name}, {said}")

    def leave(self) -> None:
        """Remove the images that were built for this."""
        self._rebuilds.remove()

    def executor(self, place: Place) -> Executor:
        """Whoever does work in a place.

        Raises:
            ServiceAbsent: nobody here does.
        """
        if place.program is not None:
            return self._executor_of_programs(place, place.program)
        if place.image is None:
            from expkit.execution.local import LocalExecutor  # numba: 0.3 s

            return LocalExecutor(self._workers)
        from expkit.execution.container import ContainerExecutor

        assert self._engine is not None
        return ContainerExecutor(
            self._engine,
            place.image,
            limits=read_settings(self._root).container,
            workers=self._workers,
            scratch=Paths(self._root).containers,
        )

    def _executor_of_programs(self, place: Place, root: Path) -> Executor:
        from expkit.execution.program_container import ContainerPlace
        from expkit.execution.program_host import HostPlace
        from expkit.execution.programs import ProgramExecutor
        from expkit.project.inputs import places as input_places
        from expkit.project.mentioned import program_files

        def inputs(arm: ProgramArm) -> dict[str, Path]:
            return input_places(self._root, arm.inputs)

        paths = Paths(self._root)
        if place.image is None:
            return ProgramExecutor(HostPlace(root, paths.trials, inputs), self._workers)
        assert self._engine is not None
        limits = read_settings(self._root).container
        there = ContainerPlace(
            self._engine,
            place.image,
            limits=limits,
            root=root,
            scratch=paths.containers,
            sources=lambda arm: program_files(root, arm.trainer),
            inputs=inputs,
        )
        return ProgramExecutor(there, self._workers)

    def _must_be_able(self, recording: Recording) -> None:
        """Refuse what this host could only compute otherwise."""
        _same_architecture(recording.origin, read_machine().architecture, "this host")
        recorded = recording.engine_version
        if recorded not in (None, ENGINE_VERSION):
            then = dict(recording.origin.versions)["expkit"]
            raise ServiceAbsent(
                f"{recording.arm} was recorded with engine version {recorded}, this expkit has {ENGINE_VERSION}",
                why="another engine version yields other numbers for the same declaration",
                mend=f"execute it in its image (--on image), install expkit {then}, or test the hypotheses on new "
                "seeds: expkit replicate",
            )

    def _connected(self, origin: Origin) -> Engine:
        from expkit.containers.engine import connect

        if self._engine is None:
            try:
                self._engine = connect()
            except ServiceAbsent as absent:
                what = f"this was recorded in image {short(origin.image.id)}, and " if origin.image.id else ""
                raise ServiceAbsent(
                    f"{what}{absent.what}",
                    why=absent.why,
                    mend="start Docker, or execute it on this host: --on host",
                ) from absent
        return self._engine

    def _found(self, engine: Engine, origin: Origin, tree: Worktree, *, patched: bool) -> tuple[Inspected, str]:
        """The image, and which one it is in words."""
        from expkit.containers.image import resolve

        if self._image:
            with self._phase(f"finding image {self._image}"):
                found = resolve(engine, self._image)
            if origin.image.id is None:
                return found, "as --image says; it was recorded outside of any image"
            same = "the recorded one" if found.id == origin.image.id else f"not the recorded one ({named(origin)})"
            return found, f"as --image says; it is {same}"
        if origin.image.id is None:
            return self._rebuild(engine, origin, tree, patched, "the project's own, as --on image says")
        misses = []
        if origin.image.digest:
            for pull, how in ((False, "which is here"), (True, "pulled")):
                with self._phase(f"finding image {origin.image.digest}"):
                    try:
                        found = resolve(engine, origin.image.digest, pull=pull)
                        return found, f"the recorded one by its repository digest, {how}"
                    except (ServiceAbsent, InvalidUsage) as miss:
                        why = miss.why or miss.what
            misses.append(f"{origin.image.digest}: {why}")
        try:
            found = resolve(engine, origin.image.id, pull=False)
            pushed = "; it was never pushed" if origin.image.digest is None else ""
            return found, f"the recorded one by its Id{pushed}"
        except (ServiceAbsent, InvalidUsage) as miss:
            misses.append(f"{short(origin.image.id)}: {miss.why or miss.what}")
        return self._rebuild(engine, origin, tree, patched, "rebuilt, since the recorded one is gone", misses)

    def _rebuild(
        self, engine: Engine, origin: Origin, tree: Worktree, patched: bool, why: str, misses: list[str] | None = None
    ) -> tuple[Inspected, str]:
        found, source = self._rebuilds.image(engine, origin, tree, patched=patched, misses=misses or [])
        if origin.image.id is None:
            return found, why
        same = "it has the recorded Id" if found.id == origin.image.id else f"its Id is not {short(origin.image.id)}"
        return found, f"{why}: {source} on the base that is here now, {same}"


def _same_architecture(origin: Origin, here: str, who: str) -> None:
    there, here = (_ARCHITECTURES.get(one, one) for one in (origin.architecture, here))
    if there != here:
        raise ServiceAbsent(
            f"this was recorded on {there}, and {who} runs {here}",
            why="the same bytes are promised on one architecture only",
            mend=f"reproduce it on {there}, or test the hypotheses on new seeds: expkit replicate",
        )
