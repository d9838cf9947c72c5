"""One question to an image: a program in it that runs confined, has a minute, and whose answer fits on some pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from expkit.containers.confined import Exit, running
from expkit.containers.create import TEMPORARY
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.specs.settings import Limits

MOST_BYTES = 1 << 20
"""What is read of an answer."""
_LIMITS = Limits(memory_mb=1024, pids=64, silence_s=60, time_s=60)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a question."""

    said: str
    """What it wrote to stdout."""
    exit: Exit


def ask(
    engine: Engine, image: Inspected, command: Sequence[str], *, own_entrypoint: bool = False, limits: Limits = _LIMITS
) -> Answer:
    """Run a program of an image in a container as confined as a worker's, with nothing mounted.

    `command` takes the place of the image's entrypoint, or else is what its own entrypoint is told.

    Raises:
        ExecutorFailed, ServiceAbsent: as `expkit.containers.confined.confined`.
    """
    said: list[str] = []
    size = 0
    with running(
        engine,
        image,
        command,
        own_entrypoint=own_entrypoint,
        limits=limits,
        environment={"HOME": TEMPORARY},
        project=None,
        longest_line=MOST_BYTES,
    ) as container:
        for line in container.lines(lambda: False):
            size += len(line) + 1
            if size > MOST_BYTES:
                break
            said.append(line)
        end = container.exit()
    if size > MOST_BYTES:
        end = replace(end, why=f"it said more than {MOST_BYTES:,} bytes", limit=True)
    return Answer(said="\n".join(said), exit=end)
