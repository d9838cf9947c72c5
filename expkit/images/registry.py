"""The project's images in a registry: named there, pushed, and what the engine then reports of them."""

from __future__ import annotations

from collections.abc import Callable

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve, said
from expkit.errors import ServiceAbsent


def push(
    engine: Engine, image: Inspected, *, registry: str, tags: tuple[str, ...], on_line: Callable[[str], None]
) -> Inspected:
    """An image as it is after a push under each of its tags; its digest is read back from the engine.

    `tags` are local names, `name:tag`; in the registry they are `registry/name:tag`.

    Raises:
        ServiceAbsent: the registry refuses, or is not there; with the engine's own words.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    names = [f"{registry}/{tag}" for tag in tags]
    for name in names:
        repository, _, tag = name.rpartition(":")
        try:
            engine.client.api.tag(image.id, repository, tag, force=True)
            _push(engine, repository, tag, on_line)
        except (DockerException, RequestException) as error:
            raise ServiceAbsent(
                f"the registry does not take {name}",
                why=said(error),
                mend=f"log in (docker login {registry.partition('/')[0]}), start it, or name another one: --registry",
            ) from error
    return resolve(engine, names[0], pull=False)


def _push(engine: Engine, repository: str, tag: str, on_line: Callable[[str], None]) -> None:
    from docker.errors import DockerException

    for event in engine.client.api.push(repository, tag=tag, stream=True, decode=True):
        if "error" in event:  # the SDK hands it on like any other line
            raise DockerException(event["error"])
        if (status := event.get("status")) and "progress" not in event:
            layer = f"{event['id']}: " if "id" in event else ""
            on_line(f"{layer}{status}")
