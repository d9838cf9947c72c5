"""The project's images in a registry: named there, pushed, and what the engine then reports of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, look, resolve, said
from expkit.errors import ServiceAbsent
from expkit.images.build import call


def push(
    engine: Engine, image: Inspected, *, registry: str, tags: tuple[str, ...], on_line: Callable[[str], None]
) -> Inspected:
    """An image as it is after a push under each of its tags; its digest is read back from the engine.

    `tags` are local names, `name:tag`; in the registry they are `registry/name:tag`. A name that the registry does not
    take means what it meant before.

    Raises:
        ServiceAbsent: the registry refuses, or is not there; with the engine's own words.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError  # what the SDK lets through while it reads a stream

    names = [f"{registry}/{tag}" for tag in tags]
    for name in names:
        try:
            with _called(engine, image, name):
                _push(engine, name, on_line)
        except (DockerException, RequestException, HTTPError) as error:
            raise ServiceAbsent(
                f"the registry does not take {name}",
                why=said(error),
                mend=f"log in (docker login {registry.partition('/')[0]}), start it, or name another one: --registry",
            ) from error
    return resolve(engine, names[0], pull=False)


@contextmanager
def _called(engine: Engine, image: Inspected, name: str) -> Iterator[None]:
    """An image under one more name; where something goes wrong, the name is what it was before."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    before = look(engine, name)
    call(engine, image.id, name)
    try:
        yield
    except BaseException:
        with suppress(DockerException, RequestException):  # what went wrong first is what is told
            if before is None:
                engine.client.api.remove_image(name)
            else:
                call(engine, before.id, name)
        raise


def _push(engine: Engine, name: str, on_line: Callable[[str], None]) -> None:
    from docker.errors import DockerException

    repository, _, tag = name.rpartition(":")
    for event in engine.client.api.push(repository, tag=tag, stream=True, decode=True):
        if "error" in event:  # the SDK hands it on like any other line
            raise DockerException(event["error"])
        if (status := event.get("status")) and "progress" not in event:
            layer = f"{event['id']}: " if "id" in event else ""
            on_line(f"{layer}{status}")
