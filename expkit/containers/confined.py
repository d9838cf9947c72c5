"""A container that works for a runner: least privilege, limits, one folder in and one out, its lines as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.orphans import PROJECT_LABEL, remove_orphans, this_runner
from expkit.containers.stream import Stream
from expkit.cores import usable_cores
from expkit.errors import ExecutorFailed, ServiceAbsent
from expkit.specs.settings import Limits

if TYPE_CHECKING:
    from docker.models.containers import Container

INPUTS = "/in"
OUTPUTS = "/out"
TEMPORARY = "/tmp"
"""The one other place that can be written to: in memory, and gone with the container."""
NOBODY = 65534
"""Whom a container's process runs as where the caller is root."""

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

    def __init__(self, container: Container, stream: Stream, limits: Limits) -> None:
        self._container = container
        self._stream = stream
        self._limits = limits
        self._began = time.monotonic()
        self._met: str | None = None

    def lines(self, stopping: Callable[[], bool]) -> Iterator[str]:
        """Its lines on stdout as they come, until it ends, a limit is met, or `stopping` says so."""
        waiting = time.monotonic()
        while not stopping() and not self._out_of_time():
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
                _kill(self._container)
                state = self._state(_LAST_WORDS_S)
        code = int(state["ExitCode"])
        limit = self._met
        if limit is None and state["OOMKilled"] and code:
            limit = f"OOM at {self._limits.memory_mb} MB"
        own = "stopped" if stopped else f"exit code {code}" if code else None
        return Exit(code=code, why=limit or own, complaint=self._stream.complaint, limit=limit is not None)

    def _out_of_time(self) -> bool:
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
    limits: Limits,
    environment: Mapping[str, str],
    project: str,
    longest_line: int = 1 << 16,
) -> Iterator[Confined]:
    """Start a container by the image's id; it is stopped and removed at the end of the block, however that comes.

    `command` takes the place of the image's entrypoint. `environment` is all that it sees beside what its image sets;
    `project` is what the container is labelled with; lines are cut at `longest_line` bytes. Containers of dead runners
    are removed first.

    Raises:
        ExecutorFailed: the engine refuses the container.
        ServiceAbsent: the engine does not answer, has lost the image, or does not see this machine's folders.
    """
    with asking(image):
        remove_orphans(engine)
        container = _create(engine, image, command, inputs, outputs, limits, environment, project)
    stream = None
    try:
        with asking(image):
            stream = Stream(engine.client, str(container.id), longest_line=longest_line)
            container.start()
        yield Confined(container, stream, limits)
    finally:
        _remove(container)
        if stream is not None:
            stream.leave()


def _create(
    engine: Engine,
    image: Inspected,
    command: Sequence[str],
    inputs: Path,
    outputs: Path,
    limits: Limits,
    environment: Mapping[str, str],
    project: str,
) -> Container:
    from docker.types import LogConfig, Mount

    memory = limits.memory_mb * 2**20
    return engine.client.containers.create(
        image.id,
        entrypoint=list(command),
        environment=dict(environment),
        use_config_proxy=False,  # a proxy's address can hold a password
        labels={PROJECT_LABEL: project, **this_runner().labels},
        # mounts rather than binds: their paths may hold colons
        mounts=[
            Mount(INPUTS, str(inputs.resolve()), type="bind", read_only=True),
            Mount(OUTPUTS, str(outputs.resolve()), type="bind"),
        ],
        tmpfs={TEMPORARY: ""},
        user=_user(),
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        init=True,
        pids_limit=limits.pids,
        mem_limit=memory,
        memswap_limit=memory,  # memory and swap together: none of it is swap
        nano_cpus=round(_cpus(engine, limits) * 1e9),
        log_config=LogConfig(type="none"),  # its lines are read as they come; a flood of them fills no disk
        healthcheck={"test": ["NONE"]},
    )


def _user() -> str:
    """Whoever calls, so that what the container writes is theirs; but never root."""
    user, group = os.getuid(), os.getgid()
    return f"{user}:{group}" if user else f"{NOBODY}:{NOBODY}"


def _cpus(engine: Engine, limits: Limits) -> float:
    return limits.cpus or min(usable_cores(), int(engine.client.info()["NCPU"]))


def _kill(container: Container) -> None:
    from docker.errors import APIError

    with suppress(APIError):  # it has just ended by itself
        container.kill()


def _remove(container: Container) -> None:
    """Remove a container, running or not. Where the engine is gone, the next runner finds it by its labels."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with suppress(DockerException, RequestException):
        container.remove(force=True, v=True)


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
