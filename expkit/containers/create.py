"""Creating containers with least privilege: whatever runs in one, a trial or a question, it may do nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.orphans import PROJECT_LABEL, this_runner
from expkit.cores import usable_cores
from expkit.errors import InvalidUsage
from expkit.specs.settings import Limits

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.types import Mount

TEMPORARY = "/tmp"
"""The one place that can be written to beside what is mounted: in memory, and gone with the container."""
NOBODY = 65534
"""Whom a container's process runs as where the caller is root."""


def create(
    engine: Engine,
    image: Inspected,
    command: Sequence[str],
    *,
    own_entrypoint: bool = False,
    mounts: Sequence[Mount] = (),
    limits: Limits,
    environment: Mapping[str, str],
    project: str | None,
    folder: str | None = None,
) -> Container:
    """A container by its image's id, not started yet.

    `command` takes the place of the image's entrypoint, or else is what its own entrypoint is told. It starts in
    `folder`, or else where the image says.

    Raises:
        InvalidUsage: the limits are none on this engine.
        docker.errors.DockerException, requests.RequestException: the engine refuses, or does not answer.
    """
    from docker.types import LogConfig

    memory = limits.memory_mb * 2**20
    return engine.client.containers.create(
        image.id,
        list(command) if own_entrypoint else None,
        entrypoint=None if own_entrypoint else list(command),
        environment=dict(environment),
        use_config_proxy=False,  # a proxy's address can hold a password
        labels={**this_runner().labels, **({PROJECT_LABEL: project} if project else {})},
        mounts=list(mounts),
        tmpfs={TEMPORARY: ""},
        user=_user(),
        working_dir=folder,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        init=True,
        pids_limit=limits.pids,
        mem_limit=memory,
        memswap_limit=memory,  # memory and swap together: none of it is swap
        nano_cpus=round(allotted_cores(engine, limits) * 1e9),
        log_config=LogConfig(type="none"),  # its lines are read as they come; a flood of them fills no disk
        healthcheck={"test": ["NONE"]},
    )


def remove(container: Container) -> None:
    """Remove a container, running or not. Where the engine is gone, the next runner finds it by its labels."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with suppress(DockerException, RequestException):
        container.remove(force=True, v=True)


def allotted_cores(engine: Engine, limits: Limits) -> float:
    """The cores that a container gets: as the settings say, or else all that this process and the engine have.

    Raises:
        InvalidUsage: the settings ask for more than the engine has.
        docker.errors.DockerException, requests.RequestException: the engine does not answer.
    """
    there = int(engine.client.info()["NCPU"])
    if limits.cpus is None:
        return min(usable_cores(), there)
    if limits.cpus > there:
        raise InvalidUsage(
            f"a container is to have {limits.cpus:g} cores, and the engine has {there}",
            where="pyproject.toml, [tool.expkit.container] cpus",
            mend=f"set cpus to {there} or less, or leave it out for all that there are",
        )
    return limits.cpus


def _user() -> str:
    """Whoever calls, so that what the container writes is theirs; but never root."""
    user, group = os.getuid(), os.getgid()
    return f"{user}:{group}" if user else f"{NOBODY}:{NOBODY}"
