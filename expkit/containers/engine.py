"""A container engine that answers: the connection to it, and what it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expkit.errors import ServiceAbsent
from expkit.records.provenance import Store

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST_API = (1, 41)
"""Of Docker 20.10. Older engines report images and stop containers otherwise."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Docker engine that answered."""

    client: DockerClient
    version: str
    """Such as `20.10.24`."""
    platform: str
    """What it runs: operating system and architecture, such as `linux/amd64`."""
    store: Store
    """Where it keeps images."""


def connect() -> Engine:
    """The engine that DOCKER_HOST or the current context names, or else the one of this machine.

    Raises:
        ServiceAbsent: none answers, or it is too old.
    """
    import docker  # 0.1 s that a run on this machine does not pay
    from docker.errors import DockerException, InvalidVersion
    from requests.exceptions import RequestException

    try:
        _check_context(os.environ)
        client = docker.from_env()
        about = client.version()
        driver = client.info().get("DriverStatus") or []
    except InvalidVersion as error:  # older than what the SDK itself can talk to
        raise _too_old(str(error)) from error
    # the SDK passes on what sockets, certificates and its own parsing of DOCKER_HOST raise
    except (DockerException, RequestException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise _absent(error) from error
    api = str(about["ApiVersion"])
    if tuple(int(part) for part in api.split(".")) < OLDEST_API:
        raise _too_old(f"it is Docker {about['Version']} with API {api}")
    return Engine(
        client=client,
        version=str(about["Version"]),
        platform=f"{about['Os']}/{about['Arch']}",
        store="containerd" if ["driver-type", "io.containerd.snapshotter.v1"] in driver else "classic",
    )


def _check_context(environment: Mapping[str, str]) -> None:
    """The SDK takes this machine's own engine where a context that is asked for does not exist."""
    from docker import ContextAPI
    from docker.errors import DockerException

    name = environment.get("DOCKER_CONTEXT")
    if name and not environment.get("DOCKER_HOST") and ContextAPI.get_context(name) is None:
        raise DockerException(f"DOCKER_CONTEXT names a context that does not exist: {name}")


def _too_old(why: str) -> ServiceAbsent:
    return ServiceAbsent(
        "the container engine is too old",
        why=why,
        mend=f"upgrade to Docker 20.10 or newer (API {'.'.join(map(str, OLDEST_API))})",
    )


def _absent(error: BaseException) -> ServiceAbsent:
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return ServiceAbsent(
            "this user may not talk to the container engine",
            why="its socket refuses: permission denied",
            mend="add yourself to the group docker (sudo usermod -aG docker $USER) and log in again",
        )
    return ServiceAbsent(
        "no container engine answers",
        where=f"DOCKER_HOST={host}" if (host := os.environ.get("DOCKER_HOST")) else None,
        why=_plain(causes),
        mend="start Docker, or name its address in DOCKER_HOST",
    )


def _causes(error: object) -> Iterator[BaseException]:
    """An error and those it came from, outermost first; requests and urllib3 hand them on as arguments."""
    if isinstance(error, BaseException):
        yield error
        for cause in (error.__cause__ or error.__context__, *error.args):
            yield from _causes(cause)


def _plain(causes: list[BaseException]) -> str:
    """The innermost cause that says something: those around it repeat it with their own names."""
    system = [cause for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return str(system[-1].strerror) if system else " ".join(str(causes[0]).split())
