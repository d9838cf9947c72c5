"""The project's images that an engine has."""

from __future__ import annotations

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, look, repository_of


def images_of(engine: Engine, repository: str) -> tuple[Inspected, ...]:
    """Every image that is called `repository`, or `repository` in some registry; the newest first.

    An image's reference is the shortest of its names.
    """
    names = [
        [tag for tag in row["RepoTags"] or () if _is(repository_of(tag), repository)]
        for row in engine.client.api.images()
    ]
    found = [look(engine, min(each, key=lambda name: (len(name), name))) for each in names if each]
    here = [image for image in found if image is not None]  # else removed while this looked
    return tuple(sorted(here, key=lambda image: (image.created or "", image.id), reverse=True))


def _is(name: str, repository: str) -> bool:
    return name == repository or name.endswith(f"/{repository}")
