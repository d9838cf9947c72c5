"""An image as an engine reports it: reference, id, repository digest, platform and store, each apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from expkit.containers.engine import Engine
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.records.provenance import Image, Store

REVISION_LABEL = "org.opencontainers.image.revision"
"""The full commit an image was built from."""
PATCH_LABEL = "expkit.patch"
"""sha256 of what the tree differed by from that commit; absent where it was clean."""

_NOWHERE_ELSE = re.compile(r"sha256:[0-9a-f]+|[0-9a-f]{12}|[0-9a-f]{64}|[^/]+:[0-9a-f]{12}(-dirty-[0-9a-f]{8})?")
"""Ids, and what `expkit image build` calls its images: a public registry's image of that name is somebody else's."""


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """What an engine reports of one image."""

    reference: str
    """What it was asked for by."""
    id: str
    """Start containers by this: it cannot be moved to another image."""
    digest: str | None
    """`name@sha256:...` in a registry, of the reference's own repository where it has one; None: never pushed."""
    tags: tuple[str, ...]
    platform: str
    store: Store
    created: str | None
    """When it was made, as the engine tells it; None where the image does not say."""
    bytes: int
    labels: Mapping[str, str]

    @property
    def record(self) -> Image:
        """The image as provenance keeps it."""
        commit = self.labels.get(REVISION_LABEL)
        return Image(
            reference=self.reference,
            id=self.id,
            digest=self.digest,
            platform=self.platform,
            store=self.store,
            revision=f"{commit}-dirty" if commit and PATCH_LABEL in self.labels else commit,
        )


def inspected(document: Mapping[str, Any], *, reference: str, store: Store) -> Inspected:
    """An image from the engine's inspect document, with a digest only where the document proves one. Pure.

    In the classic store a repository digest is there only after a push or a pull. The containerd store lists one for
    every name as soon as an image is built: it says what the digest would be, and only a pull leaves a trace (from
    Docker 29 on).
    """
    proven = _digests(document)
    if store == "containerd":
        pulls = (document.get("Identity") or {}).get("Pull") or ()
        pulled = {repository_of(pull["Repository"]) for pull in pulls}
        proven = [one for one in proven if repository_of(one) in pulled]
    own = [one for one in proven if repository_of(one) == repository_of(reference)]
    return Inspected(
        reference=reference,
        id=document["Id"],
        digest=next(iter([*own, *proven]), None),
        tags=tuple(document.get("RepoTags") or ()),
        platform=f"{document['Os']}/{document['Architecture']}",
        store=store,
        created=document.get("Created") or None,
        bytes=document["Size"],
        labels=(document.get("Config") or {}).get("Labels") or {},
    )


def resolve(engine: Engine, reference: str, *, pull: bool = True) -> Inspected:
    """The image to run that a reference names now: the engine's own, or else pulled.

    With `pull=False`, and for an id or a name by commit without a registry, only the engine's own.

    Raises:
        InvalidUsage: nothing can be called that.
        ServiceAbsent: it is not here and cannot be pulled, or it is of another platform than the engine's.
    """
    image = look(engine, reference)
    if image is None and pull and not _NOWHERE_ELSE.fullmatch(reference):
        _pull(engine, reference)
        image = look(engine, reference)
    if image is None:
        raise ServiceAbsent(
            f"there is no image {reference}",
            why="the engine does not have it",
            mend="build it: expkit image build; what is there: expkit image list",
        )
    if image.platform != engine.platform:
        raise ServiceAbsent(
            f"image {reference} is for {image.platform}, the engine runs {engine.platform}",
            mend=f"name an image for {engine.platform}",
        )
    return image


def look(engine: Engine, reference: str) -> Inspected | None:
    """The engine's own image that a reference names, whatever its platform; None where it has none.

    Raises:
        InvalidUsage: nothing can be called that.
        ServiceAbsent: the engine went away.
    """
    from docker.errors import APIError, ImageNotFound, NullResource
    from requests.exceptions import RequestException

    try:
        document = engine.client.api.inspect_image(reference)
    except ImageNotFound:
        return None
    except (APIError, NullResource) as error:
        raise InvalidUsage(
            f"no image can be called {reference!r}", why=said(error), mend="name an image such as name:tag"
        ) from error
    except RequestException as error:
        raise ServiceAbsent(
            "the container engine went away", why=said(error), mend="start it, and type the same command again"
        ) from error
    image = inspected(document, reference=reference, store=engine.store)
    if engine.store == "classic" or image.digest is not None:
        return image
    return replace(image, digest=next((one for one in _digests(document) if in_registry(engine, one)), None))


def repository_of(reference: str) -> str:
    """A reference without its tag and digest, as engines write it: Docker Hub's own prefixes are left out."""
    name = reference.partition("@")[0]
    path, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:  # else the colon is before a registry's port
        name = path
    return name.removeprefix("docker.io/").removeprefix("library/")


def said(error: Exception) -> str:
    """What an engine gave as its reason."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def _digests(document: Mapping[str, Any]) -> list[str]:
    return sorted(set(document.get("RepoDigests") or ()))  # the containerd store repeats them for every tag


def _pull(engine: Engine, reference: str) -> None:
    """Get an image from its registry. The SDK's own `pull` does not look at errors that come with the progress."""
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError  # what the SDK lets through while it reads a stream

    repository, tag = parse_repository_tag(reference)
    try:
        for line in engine.client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
            if "error" in line:
                raise DockerException(line["error"])
    except (DockerException, RequestException, HTTPError) as error:
        raise ServiceAbsent(
            f"there is no image {reference}",
            why=f"the engine does not have it, and could not pull it: {said(error)}",
            mend="name an image that is here (expkit image list), or one that its registry holds",
        ) from error


def in_registry(engine: Engine, digest: str) -> bool:
    """Whether the registry that `name@sha256:...` names holds it, as far as the engine can find out now.

    A name without a `/` is a local one, or an official image of Docker Hub's: nobody is asked, the answer is no.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    if "/" not in digest:
        return False
    try:
        found = engine.client.api.inspect_distribution(digest)
    except (DockerException, RequestException):
        return False
    return bool(found["Descriptor"]["digest"] == digest.partition("@")[2])
