"""A container that works for a runner: least privilege, limits, one folder in and one out, its lines as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.containers.create import create, remove
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.orphans import remove_orphans
from expkit.containers.stream import Stream
from expkit.containers.usage import Written
from expkit.errors import ExecutorFailed, ServiceAbsent
from expkit.specs.settings import Limits

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.types import Mount

INPUTS = "/in"
OUTPUTS = "/out"

_POLL_S = 0.1
"""How soon Ctrl-C is noticed."""
_LAST_WORDS_S = 5
"""How long a container may take to be gone once its output has ended, or once it was killed."""
_UNSEEN = ("bind source path does not exist", "mounts denied", "not shared from the host", "statfs ")
"""What engines say of a folder that is not on their machine."""


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a container ended."""

    code: int
    why: str | None
    """None where it ended well; else in a few words: `OOM at 256 MB`, `no sign of life for 300 s`, `exit code 3`."""
    complaint: str
    """The last lines of its stderr."""
    limit: bool
    """Whether it met one of its limits, rather than an end of its own."""

    def __str__(self) -> str:
        own_words = () if self.limit else self.complaint.splitlines()
        return "\n  ".join([self.why or "it ended by itself", *own_words])


class Confined:
    """A running container."""

    def __init__(self, container: Container, stream: Stream, limits: Limits, written: Written | None = None) -> None:
        self._container = container
        self._stream = stream
        self._limits = limits
        self._written = written
        self._began = time.monotonic()
        self._met: str | None = None

    def lines(self, stopping: Callable[[], bool]) -> Iterator[str]:
        """Its lines on stdout as they come, until it ends, a limit is met, or `stopping` says so."""
        waiting = time.monotonic()
        while not stopping() and not self._met_a_limit():
            try:
                line = self._stream.line(_POLL_S)
            except TimeoutError:
                if time.monotonic() - waiting > self._limits.silence_s:
                    self._met = f"no sign of life for {self._limits.silence_s:g} s"
                    return
                continue
            if line is None:
                return
            yield line
            waiting = time.monotonic()  # what the reader did meanwhile is no silence of the container's
        yield from self._stream.waiting()

    def exit(self) -> Exit:
        """How it ended; stops it first if it has not.

        Raises:
            ServiceAbsent: the engine does not answer any more.
        """
        with asking():
            state = self._state(_LAST_WORDS_S if self._stream.ended else 0)
            stopped = bool(state["Running"])
            if stopped:
                self._stream.drain()
                _kill(self._container)
                state = self._state(_LAST_WORDS_S)
        code = int(state["ExitCode"])
        limit = self._met
        if limit is None and state["OOMKilled"] and code:
            limit = f"OOM at {self._limits.memory_mb} MB"
        own = "stopped" if stopped else f"exit code {code}" if code else None
        return Exit(code=code, why=limit or own, complaint=self._stream.complaint, limit=limit is not None)

    def _met_a_limit(self) -> bool:
        if self._written is not None and not self._stream.ended:
            self._met = self._written.too_much()
        most = self._limits.time_s
        if most is not None and time.monotonic() - self._began > most and not self._stream.ended:
            self._met = f"not done in {most:g} s"
        return self._met is not None

    def _state(self, patience_s: float) -> Any:
        """What the engine reports once it has ended, or when the patience is over."""
        until = time.monotonic() + patience_s
        while True:
            self._container.reload()
            state = self._container.attrs["State"]
            if not state["Running"] or time.monotonic() >= until:
                return state
            time.sleep(0.02)


@contextmanager
def confined(
    engine: Engine,
    image: Inspected,
    command: Sequence[str],
    *,
    inputs: Path,
    outputs: Path,
    outputs_bytes: int | None = None,
    limits: Limits,
    environment: Mapping[str, str],
    project: str,
    longest_line: int = 1 << 16,
) -> Iterator[Confined]:
    """Start a container by the image's id; it is stopped and removed at the end of the block, however that comes.

    `command` takes the place of the image's entrypoint. `outputs_bytes` is the most that may lie in `outputs` while it
    runs; None for anything. `environment` is all that it sees beside what its image sets; `project` is what the
    container is labelled with; lines are cut at `longest_line` bytes. Containers of dead runners are removed first.

    Raises:
        InvalidUsage: the limits are none on this engine.
        ExecutorFailed: the engine refuses the container.
        ServiceAbsent: the engine does not answer, has lost the image, or does not see this machine's folders.
    """
    from docker.types import Mount

    # mounts rather than binds: their paths may hold colons
    mounts = [
        Mount(INPUTS, str(inputs.resolve()), type="bind", read_only=True),
        Mount(OUTPUTS, str(outputs.resolve()), type="bind"),
    ]
    with running(
        engine,
        image,
        command,
        mounts=mounts,
        written=None if outputs_bytes is None else Written(outputs, outputs_bytes),
        limits=limits,
        environment=environment,
        project=project,
        longest_line=longest_line,
    ) as container:
        yield container


@contextmanager
def running(
    engine: Engine,
    image: Inspected,
    command: Sequence[str],
    *,
    own_entrypoint: bool = False,
    mounts: Sequence[Mount] = (),
    written: Written | None = None,
    limits: Limits,
    environment: Mapping[str, str],
    project: str | None,
    longest_line: int,
    folder: str | None = None,
) -> Iterator[Confined]:
    """What `confined` does, with any folders or none; see there, and `expkit.containers.create.create`."""
    with asking(image):
        remove_orphans(engine)
        container = create(
            engine,
            image,
            command,
            own_entrypoint=own_entrypoint,
            mounts=mounts,
            limits=limits,
            environment=environment,
            project=project,
            folder=folder,
        )
    stream = None
    try:
        with asking(image):
            stream = Stream(engine.client, str(container.id), longest_line=longest_line)
            container.start()
        yield Confined(container, stream, limits, written)
    finally:
        if stream is not None:
            stream.drain()
        remove(container)
        if stream is not None:
            stream.leave()


def _kill(container: Container) -> None:
    from docker.errors import APIError

    with suppress(APIError):  # it has just ended by itself
        container.kill()


@contextmanager
def asking(image: Inspected | None = None) -> Iterator[None]:
    """A block that asks the engine for something; its refusals and its silence become errors of ours.

    Raises:
        ExecutorFailed, ServiceAbsent: as `confined`.
    """
    from docker.errors import APIError, DockerException, ImageNotFound
    from requests.exceptions import RequestException

    where = image.reference if image else None
    try:
        yield
    except ImageNotFound as error:
        raise ServiceAbsent(
            "the image is gone from the engine",
            where=where,
            why=str(error.explanation),
            mend="build it (expkit image build) or pull it, then type the same command again",
        ) from error
    except APIError as error:
        why = str(error.explanation)
        if any(sign in why for sign in _UNSEEN):
            raise ServiceAbsent(
                "the container engine does not see the folders of this machine",
                why=why,
                mend="use an engine on this machine (does DOCKER_HOST name another one?), or run without: "
                "--executor local",
            ) from error
        raise ExecutorFailed(
            "the container engine refuses",
            where=where,
            why=why,
            mend="see [tool.expkit.container] in pyproject.toml, or run without: --executor local",
        ) from error
    except (DockerException, RequestException) as error:
        raise ServiceAbsent(
            "the container engine does not answer any more",
            why=str(error),
            mend="start it again, then type the same command again: every finished batch is kept",
        ) from error
