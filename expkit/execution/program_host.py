"""Programs on this machine: started at the project's root, as a person who stands there would."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from expkit.execution.processes import CannotStart, End, run_process
from expkit.execution.program import CONFIG_FILE, Handed, arguments, config, program_arm, trial_seed, variables
from expkit.execution.program_version import Version
from expkit.execution.programs import OnLine
from expkit.ledger.durable import writing
from expkit.records.provenance import Image, Inside
from expkit.records.work import Work
from expkit.specs.experiment import ProgramArm

Inputs = Callable[[ProgramArm], Mapping[str, Path]]
"""Where the inputs of an arm are, by name."""


def no_inputs(arm: ProgramArm) -> Mapping[str, Path]:
    """The inputs of an arm that has none."""
    return {}


class HostPlace:
    """This machine. A trial's working directory is `root`, its environment that of this process and what it is handed.

    Programs are looked for on the PATH as it is, and then beside the Python that runs expkit: `python` is always some
    Python, and the one of an active virtual environment where there is one.
    """

    name = "local"
    where = "here"
    image: Image | None = None
    inside: Inside | None = None

    def __init__(self, root: Path, scratch: Path, inputs: Inputs = no_inputs, version: Version | None = None) -> None:
        self.scratch = scratch.absolute()
        self._version = version
        self._root = root
        self._inputs = inputs

    def run(self, work: Work, folder: Path, on_line: OnLine, stopping: Callable[[], bool]) -> End | None:
        """Run one trial; see `expkit.execution.programs.Place`.

        Raises:
            CannotStart: there is no such program, or the system cannot run it.
            ProgramChanged: its files are not those of its version, or were others when it had ended.
            NotWritable: the trial's folder cannot be written to.
        """
        arm = program_arm(work)
        with writing(folder):
            (folder / CONFIG_FILE).write_bytes(config(arm.parameters))
            (folder / "inputs").mkdir()
            for name, place in self._inputs(arm).items():
                (folder / "inputs" / name).symlink_to(place.absolute())
        handed = Handed(
            seed=trial_seed(work),
            output=str(folder / "output"),
            inputs=str(folder / "inputs"),
            config=str(folder / CONFIG_FILE),
        )
        try:
            vector = arguments(arm, handed)
        except ValueError as error:
            raise CannotStart(str(error)) from error
        self._check(arm)
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
        end = run_process(
            vector,
            folder=self._root,
            variables={"PATH": path, **variables(arm, handed)},
            time_limit_s=arm.trainer.time_limit_s,
            on_line=on_line,
            stopping=stopping,
        )
        if end is not None:
            self._check(arm)
        return end

    def _check(self, arm: ProgramArm) -> None:
        if self._version is not None:
            self._version.check(arm)
