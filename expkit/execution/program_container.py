"""Programs in containers of any image, with or without expkit in it: one container for each start of a trial."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path

from expkit.containers.confined import INPUTS, OUTPUTS, Exit, asking, running
from expkit.containers.create import NOBODY, TEMPORARY, allotted_cores
from expkit.containers.engine import Engine
from expkit.containers.gather import MOST_BYTES
from expkit.containers.image import Inspected
from expkit.containers.usage import Written
from expkit.errors import ExecutorFailed
from expkit.execution.lines import LONGEST_LINE
from expkit.execution.processes import CannotStart, End, with_last_words
from expkit.execution.program import CONFIG_FILE, Handed, arguments, config, program_arm, trial_seed, variables
from expkit.execution.program_host import Inputs, no_inputs
from expkit.execution.program_version import ProgramChanged, Sources, Version
from expkit.execution.programs import OnLine
from expkit.ledger.durable import writing
from expkit.provenance.machine import read_machine
from expkit.provenance.packages import read_packages
from expkit.records.provenance import Image, Inside
from expkit.records.work import Work
from expkit.specs.experiment import ProgramArm
from expkit.specs.settings import Limits

_PROGRAM = "program"
_NOT_STARTED = 127
"""What the init process of a container ends with when there is no such program; 126 when it is none."""
_INIT_SAYS = "[FATAL tini"


class ContainerPlace:
    """Containers of one image: no network, no rights, the limits of the settings.

    The program's sources are copied to `/in/program`, which is the working directory; without any, that is the
    image's own. Inputs are mounted for reading at `/inputs/<name>`, outputs go to `/out`.

    Raises:
        InvalidUsage: the limits are none on this engine.
        ServiceAbsent: the engine does not answer.
    """

    name = "docker"

    def __init__(
        self,
        engine: Engine,
        image: Inspected,
        *,
        limits: Limits,
        root: Path,
        scratch: Path,
        sources: Sources,
        inputs: Inputs = no_inputs,
        version: Version | None = None,
    ) -> None:
        self.image: Image | None = image.record
        self.scratch = scratch
        # nobody asks a stranger's image what is installed in it
        expkit = read_packages().get("expkit", "unknown")
        self.inside: Inside | None = Inside(machine=read_machine(), packages={}, expkit=expkit)
        short = image.id[:19]
        self.where = f"in image {short}" if image.reference == image.id else f"in {image.reference} ({short})"
        with asking(image):
            allotted_cores(engine, limits)
        self._engine = engine
        self._inspected = image
        self._limits = limits
        self._root = root
        self._sources = sources
        self._version = version
        self._inputs = inputs

    def run(self, work: Work, folder: Path, on_line: OnLine, stopping: Callable[[], bool]) -> End | None:
        """Run one trial; see `expkit.execution.programs.Place`.

        Raises:
            CannotStart: the image does not hold the program.
            ProgramChanged: the sources are not those of its version. What has been handed in stays as it is.
            ServiceAbsent: the engine or the image is gone, or the engine does not see this machine's folders.
            NotWritable: the trial's folder cannot be written to.
        """
        from docker.types import Mount

        arm = program_arm(work)
        inputs, outputs = folder / "in", folder / "output"
        with writing(folder):
            has_sources = self._hand_in(arm, inputs)
            if os.getuid() == 0:
                os.chown(outputs, NOBODY, NOBODY)
        handed = Handed(seed=trial_seed(work), output=OUTPUTS, inputs="/inputs", config=f"{INPUTS}/{CONFIG_FILE}")
        mounts = [
            Mount(INPUTS, str(inputs.resolve()), type="bind", read_only=True),
            Mount(OUTPUTS, str(outputs.resolve()), type="bind"),
            *(
                Mount(f"{handed.inputs}/{name}", str(place.resolve()), type="bind", read_only=True)
                for name, place in self._inputs(arm).items()
            ),
        ]
        try:
            with running(
                self._engine,
                self._inspected,
                arguments(arm, handed),
                mounts=mounts,
                written=Written(outputs, MOST_BYTES),
                # a program owes nobody a sign of life
                limits=self._limits.model_copy(update={"silence_s": math.inf, "time_s": self._time_s(arm)}),
                environment={"HOME": TEMPORARY, **variables(arm, handed)},
                project=str(self.scratch.resolve()),
                longest_line=LONGEST_LINE + 1,  # one more, so that a cut is seen
                folder=f"{INPUTS}/{_PROGRAM}" if has_sources else None,
            ) as container:
                for line in container.lines(stopping):
                    on_line(line)
                return None if stopping() else _end(container.exit())
        except (ExecutorFailed, ValueError) as error:
            raise CannotStart(" ".join(str(error).split())) from error

    def _hand_in(self, arm: ProgramArm, inputs: Path) -> bool:
        """Fill the folder of inputs; whether the program's sources are in it."""
        inputs.mkdir()
        inputs.chmod(0o755)  # whatever the umask
        (inputs / CONFIG_FILE).write_bytes(config(arm.parameters))
        (inputs / CONFIG_FILE).chmod(0o644)
        found: dict[str, str] = {}
        for name in self._sources(arm):
            copy = inputs / _PROGRAM / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                content = (self._root / name).read_bytes()
            except FileNotFoundError as gone:
                raise ProgramChanged(f"the program changed while it ran: {name}") from gone
            found[name] = hashlib.sha256(content).hexdigest()
            copy.write_bytes(content)
            copy.chmod(0o755 if os.access(self._root / name, os.X_OK) else 0o644)
        for place, _, _ in os.walk(inputs):
            Path(place).chmod(0o755)
        if self._version is not None:
            self._version.compare(arm, found)
        return bool(found)

    def _time_s(self, arm: ProgramArm) -> float | None:
        limits = [limit for limit in (arm.trainer.time_limit_s, self._limits.time_s) if limit is not None]
        return min(limits, default=None)


def _end(found: Exit) -> End:
    """How the program ended.

    Raises:
        CannotStart: it never began.
    """
    if found.code in (_NOT_STARTED, _NOT_STARTED - 1) and _INIT_SAYS in found.complaint:
        raise CannotStart(with_last_words("the image cannot start the program", found.complaint))
    why = found.why
    if why and not found.limit:
        signal = found.code - 128
        why = with_last_words(f"killed by signal {signal}" if 0 < signal < 65 else why, found.complaint)
    return End(why=why, complaint=found.complaint)
