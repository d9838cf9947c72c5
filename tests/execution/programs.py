"""Work for small programs in Python, and what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

from expkit.execution.events import Ended, Event
from expkit.execution.program_host import HostPlace
from expkit.execution.programs import ProgramExecutor
from expkit.plan import arm_key
from expkit.records.work import Work
from expkit.specs.experiment import ProgramArm, Streams
from expkit.specs.program import Command
from expkit.training.engine import ENGINE_VERSION


def program(code: str | Sequence[str], **settings: Any) -> Command:
    """A program, as Python code or as a command, that takes no seed unless told otherwise."""
    command = (sys.executable, "-c", dedent(code)) if isinstance(code, str) else tuple(code)
    declared = {"kind": "command", "command": command, "seed": "unseeded", "metrics": {"gain": {"definition": "gain"}}}
    return Command.model_validate({**declared, **settings}, strict=False)


def arm_of(command: Command, **parameters: Any) -> ProgramArm:
    """An arm of a program, with these parameters."""
    return ProgramArm(name="arm", parameters=parameters, trainer=command)


def work_of(arm: ProgramArm, *, seed: int = 0, root: int = 1, streams: Streams = "independent") -> Work:
    """One trial."""
    return Work(
        arm=arm,
        arm_key=arm_key(arm, None),
        environment_digest=None,
        engine_version=ENGINE_VERSION,
        root=root,
        streams=streams,
        seeds=(seed,),
    )


class Bench:
    """A folder to run programs in, on this machine."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.scratch = folder / "scratch"
        self._staged = folder / "staged"
        for place in (self.root, self._staged):
            place.mkdir()

    def stage(self, work: Work) -> Path:
        """A folder for a batch."""
        folder = self._staged / f"{len(list(self._staged.iterdir()))}-{work.seeds[0]}"
        folder.mkdir()
        return folder

    def executor(self, workers: int = 1) -> ProgramExecutor:
        """Runs trials on this machine."""
        return ProgramExecutor(HostPlace(self.root, self.scratch), workers)

    def events(self, code: str | Sequence[str], **settings: Any) -> list[Event]:
        """What running one trial tells."""
        work = work_of(arm_of(program(code, **settings)))
        return list(self.executor().execute([work], self.stage, lambda: False))

    def run(self, code: str | Sequence[str], **settings: Any) -> Ended:
        """One trial, ended."""
        (ended,) = (event for event in self.events(code, **settings) if isinstance(event, Ended))
        assert list(self.scratch.iterdir()) == []
        return ended


def why(ended: Ended) -> str | None:
    """Why a trial failed, where it did."""
    assert ended.result is not None, ended.error
    return ended.result.failed[0].why if ended.result.failed else None


def gone(mark: str) -> bool:
    """Whether no process has a text in its arguments any more; one that was killed just now may take a moment."""
    until = time.monotonic() + 10
    while running := list(alive(mark)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02 * len(running))
    return True


def alive(mark: str) -> Iterator[int]:
    """The processes that have a text in their arguments."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError):
                state = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
                if state != "Z" and mark in (place / "cmdline").read_text(errors="replace"):
                    yield int(place.name)
