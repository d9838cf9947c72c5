"""The container executor: batches in one confined container that is started by the immutable id of its image."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from expkit.containers.confined import INPUTS, OUTPUTS, Confined, asking, confined
from expkit.containers.create import NOBODY, TEMPORARY, allotted_cores
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.orphans import remove_folder, remove_leftovers, this_runner
from expkit.execution.conversation import Conversation
from expkit.execution.events import Event, Stage
from expkit.execution.protocol import WORK_FILE, Order, longest_line
from expkit.execution.received import most_bytes
from expkit.ledger.durable import writing
from expkit.provenance.image import DIGEST_VARIABLE, ID_VARIABLE, REFERENCE_VARIABLE
from expkit.records.provenance import Image
from expkit.records.work import Work
from expkit.specs.agent import OwnAgent
from expkit.specs.environment import Environment
from expkit.specs.settings import Limits
from expkit.training.compile import compile_environment
from expkit.training.kernel_cache import NUMBA_VARIABLE
from expkit.training.maps import MAP_SUFFIX, kept_map, map_to_bytes
from expkit.training.sources import SOURCES_SUFFIX, kept_sources, sources_to_bytes
from expkit.training.tables import TABLE_SUFFIX, to_bytes, travels

WORKER = ("python", "-m", "expkit.execution.serve", INPUTS, OUTPUTS)
"""What runs in a container."""
_SLACK_BYTES = 64 << 20
"""What a folder of outputs may take beside twice its numbers: file systems allot space ahead of what is written."""


class ContainerExecutor:
    """Runs batches in a container. `scratch` is a folder below which inputs and outputs are mounted from.

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
        workers: int | None,
        scratch: Path,
        command: Sequence[str] = WORKER,
    ) -> None:
        self.image: Image | None = image.record
        self._engine = engine
        self._inspected = image
        self._limits = limits
        with asking(image):
            cores = allotted_cores(engine, limits)
        self._workers = workers or math.ceil(cores)
        self._scratch = scratch
        self._command = tuple(command)
        short = image.id[:19]
        named = f"image {short}" if image.reference == image.id else f"{image.reference} ({short})"
        self.where = f"in {named}, on {self._workers} core{'' if self._workers == 1 else 's'}"

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        """Yield progress and every batch that ended; after `stopping` says so, yield what had finished, and return.

        When a container dies, the batches in it fail with the reason, and those it had not begun go on in a fresh one.
        A container that ended no batch is not followed by another: what it had not begun is not reported.

        Raises:
            ExecutorFailed: the image holds no worker, or its worker speaks another language.
            ServiceAbsent: the engine or the image is gone, or the engine does not see this machine's folders.
            NotWritable: scratch files or results cannot be written.
        """
        remaining = list(batches)
        while remaining and not stopping():
            with self._folders() as (inputs, outputs):
                worker = Conversation(remaining, outputs, stage, image=self._inspected.reference)
                yield from self._converse(worker, inputs, outputs, stopping)
            if not worker.ended:
                return
            remaining = worker.untouched

    def _converse(
        self, worker: Conversation, inputs: Path, outputs: Path, stopping: Callable[[], bool]
    ) -> Iterator[Event]:
        """What one container does of the batches it is handed."""
        order = Order(workers=self._workers, batches=tuple(worker.batches))
        with writing(inputs):
            (inputs / WORK_FILE).write_text(order.model_dump_json())
            (inputs / WORK_FILE).chmod(0o644)
            for mdp in {compile_environment(one) for one in _travelling(worker.batches)}:
                table = inputs / f"{mdp.digest}{TABLE_SUFFIX}"
                table.write_bytes(to_bytes(mdp))
                table.chmod(0o644)
            for shown in {one.digest for work in worker.batches if (one := work.tabular.representation) and one.digest}:
                (inputs / f"{shown}{MAP_SUFFIX}").write_bytes(map_to_bytes(kept_map(shown)))
                (inputs / f"{shown}{MAP_SUFFIX}").chmod(0o644)
            for agent in _own_agents(worker.batches):
                modules = inputs / f"{agent.digest}{SOURCES_SUFFIX}"
                modules.write_bytes(sources_to_bytes(kept_sources(agent.digest, agent.make)))
                modules.chmod(0o644)
        with self._confined(order, inputs, outputs) as container:
            for line in container.lines(stopping):
                yield from worker.said(line)
                if worker.done:
                    return  # its last breath takes a tenth of a second, and nobody needs it
            if not stopping():
                yield from worker.left(container.exit())

    @contextmanager
    def _folders(self) -> Iterator[tuple[Path, Path]]:
        """A folder for inputs and one for outputs; nobody else on this machine can enter the one around them."""
        folder = this_runner().folder(self._scratch)
        remove_leftovers(self._scratch)
        inputs, outputs = folder / "in", folder / "out"
        try:
            with writing(self._scratch):
                self._scratch.mkdir(parents=True, exist_ok=True)
                folder.mkdir(mode=0o700)
                inputs.mkdir()
                outputs.mkdir()
                inputs.chmod(0o755)  # whatever the umask
                outputs.chmod(0o700)
                if os.getuid() == 0:
                    os.chown(outputs, NOBODY, NOBODY)
            yield inputs, outputs
        finally:
            remove_folder(folder)

    def _confined(self, order: Order, inputs: Path, outputs: Path) -> AbstractContextManager[Confined]:
        return confined(
            self._engine,
            self._inspected,
            self._command,
            inputs=inputs,
            outputs=outputs,
            outputs_bytes=_SLACK_BYTES + 2 * sum(most_bytes(work) for work in order.batches),
            limits=self._limits,
            environment={
                "HOME": TEMPORARY,
                NUMBA_VARIABLE: f"{TEMPORARY}/numba",
                REFERENCE_VARIABLE: self._inspected.reference,
                ID_VARIABLE: self._inspected.id,
                DIGEST_VARIABLE: self._inspected.digest or "",
            },
            project=str(self._scratch.resolve()),
            longest_line=longest_line(order),
        )


def _own_agents(batches: Sequence[Work]) -> Iterator[OwnAgent]:
    """The agents whose modules a worker does not have."""
    yield from (work.tabular.agent for work in batches if isinstance(work.tabular.agent, OwnAgent))


def _travelling(batches: Sequence[Work]) -> list[Environment]:
    """The environments that a worker cannot compile from their declaration."""
    return [work.tabular.environment for work in batches if travels(work.tabular.environment)]
