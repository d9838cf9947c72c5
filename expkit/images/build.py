"""Building an image from a context, without a network."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve, said
from expkit.errors import BuildFailed, ServiceAbsent

_STEP = re.compile(r"Step (\d+/\d+) : (.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SHOWN = 20


def build(
    engine: Engine,
    context: BinaryIO,
    *,
    tags: tuple[str, ...],
    labels: Mapping[str, str],
    arguments: Mapping[str, str],
    on_line: Callable[[str], None],
) -> Inspected:
    """The image that a context (a tar file with a Dockerfile) makes, under its first tag; without any, by its id.

    Labels come last, so that a new commit with the same files makes a new image of the same layers.

    Raises:
        BuildFailed: a step failed; with its last lines.
        ServiceAbsent: the engine's disk is full, or it went away.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError  # what the SDK lets through while it reads a stream

    log = _Log(on_line)
    try:
        id = log.follow(
            engine.client.api.build(
                fileobj=context,
                custom_context=True,
                decode=True,
                rm=True,
                forcerm=True,
                network_mode="none",
                use_config_proxy=False,
                buildargs=dict(arguments),
                labels=dict(labels),
            )
        )
        for tag in tags:
            call(engine, id, tag)
    except DockerException as error:
        raise log.failure(said(error)) from error
    except (RequestException, HTTPError) as error:
        raise ServiceAbsent(
            "the container engine went away during the build", why=said(error), mend="see its log, and build again"
        ) from error
    return resolve(engine, tags[0] if tags else id, pull=False)


def call(engine: Engine, id: str, name: str) -> None:
    """Give an image a name, `repository:tag`, whichever image has had it until now.

    Raises:
        DockerException: the engine refuses.
    """
    repository, _, tag = name.rpartition(":")
    engine.client.api.tag(id, repository, tag, force=True)


class _Log:
    """What a build says: every line is passed on, those of the current step are kept."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._step: str | None = None
        self._lines: deque[str] = deque(maxlen=_SHOWN)

    def follow(self, events: Iterator[Mapping[str, object]]) -> str:
        """The id of the image that was made.

        Raises:
            BuildFailed, ServiceAbsent: as `build`.
        """
        id = ""
        for event in events:
            if "error" in event:
                raise self.failure(str(event["error"]))
            if isinstance(made := event.get("aux"), dict) and "ID" in made:
                id = made["ID"]
            for line in _COLOUR.sub("", str(event.get("stream", ""))).splitlines():
                self._add(line.rstrip())
        if not id:
            raise self.failure("the engine ended without an image")
        return id

    def failure(self, why: str) -> BuildFailed | ServiceAbsent:
        """The error of a build that ended with the engine's words `why`."""
        lines = [*self._lines, " ".join(why.split())]
        if any("no space left on device" in line.lower() for line in lines):
            return ServiceAbsent(
                "the container engine's disk is full: no space left on device",
                where=self._step,
                why=lines[-1],
                mend="see what takes it with: docker system df; remove images that nobody needs, and build again",
            )
        return BuildFailed(
            "the image cannot be built",
            where=f"Dockerfile, step {self._step}" if self._step else "Dockerfile",
            why="\n  ".join(lines),
            mend="mend that step, or what it copies: only files that git tracks are there, and there is no network",
        )

    def _add(self, line: str) -> None:
        if step := _STEP.match(line):
            self._step = f"{step[1]} ({step[2]})"
            self._lines.clear()
        elif line:
            self._lines.append(line)
        if line:
            self._on_line(line)
