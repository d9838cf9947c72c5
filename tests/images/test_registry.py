from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests

from expkit.containers.image import Inspected, in_registry, look, resolve
from expkit.errors import ServiceAbsent
from expkit.images.build import call
from expkit.images.registry import push

if TYPE_CHECKING:
    from tests.images.conftest import Registry, Workshop


@pytest.fixture
def image(workshop: Workshop) -> Inspected:
    """An image of a project, never pushed."""
    built = workshop.build()
    assert built.digest is None
    return built


def pushed(workshop: Workshop, image: Inspected, registry: str) -> Inspected:
    """An image after a push under all its names."""
    return push(workshop.engine, image, registry=registry, tags=image.tags, on_line=workshop.said.append)


class TestAPush:
    def test_puts_every_tag_into_the_registry(self, workshop: Workshop, image: Inspected, registry: str) -> None:
        """By commit and by branch, and the digest is the one the registry gives."""
        after = pushed(workshop, image, registry)
        assert after.id == image.id
        assert workshop.said
        for tag in image.tags:
            name = tag.partition(":")[2]
            manifest = requests.head(
                f"http://{registry}/v2/{workshop.name}/manifests/{name}",
                headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
                timeout=10,
            )
            assert after.digest == f"{registry}/{workshop.name}@{manifest.headers['Docker-Content-Digest']}"

    def test_is_seen_under_the_local_name_too(self, workshop: Workshop, image: Inspected, registry: str) -> None:
        """Whoever runs the project's image records where others get it."""
        after = pushed(workshop, image, registry)
        assert resolve(workshop.engine, image.reference).digest == after.digest

    def test_to_nobody_is_one_error_in_the_engines_words(self, workshop: Workshop, image: Inspected) -> None:
        """Exit 5, and the image stays as it was: never pushed."""
        with pytest.raises(ServiceAbsent, match="does not take localhost:1/") as refused:
            pushed(workshop, image, "localhost:1")
        assert "connection refused" in (refused.value.why or "")
        found = look(workshop.engine, image.reference)
        assert found is not None
        assert found.digest is None

    def test_without_a_password_is_refused(
        self, workshop: Workshop, image: Inspected, own_registry: Registry, tmp_path: object
    ) -> None:
        """The SDK hands the refusal on among the progress; it is not taken for a success."""
        passwords = f"auth: {{htpasswd: {{realm: here, path: {tmp_path}/passwords}}}}\n"
        with own_registry(passwords) as place, pytest.raises(ServiceAbsent, match="does not take") as refused:
            pushed(workshop, image, place)
        assert "no basic auth credentials" in (refused.value.why or "")
        assert f"docker login {place}" in (refused.value.mend or "")

    def test_to_a_registry_that_only_reads_is_refused(
        self, workshop: Workshop, image: Inspected, own_registry: Registry
    ) -> None:
        """As during its maintenance."""
        with own_registry(storage=", maintenance: {readonly: {enabled: true}}") as place:
            with pytest.raises(ServiceAbsent, match="does not take") as refused:
                pushed(workshop, image, place)
            assert refused.value.exit_code == 5
            assert refused.value.why
            found = look(workshop.engine, image.reference)
            assert found is not None
            assert found.digest is None


class TestAPushThatFails:
    def test_leaves_no_name_of_the_registry(self, workshop: Workshop, image: Inspected) -> None:
        """It would say that the image is there."""
        with pytest.raises(ServiceAbsent):
            pushed(workshop, image, "localhost:1")
        found = look(workshop.engine, image.id)
        assert found is not None
        assert sorted(found.tags) == sorted(image.tags)

    def test_leaves_a_name_that_was_there_with_what_it_meant(self, workshop: Workshop, image: Inspected) -> None:
        """An earlier image's, pushed while the registry still answered."""
        name = image.reference
        call(workshop.engine, image.id, f"localhost:1/{name}")
        workshop.desk.commit()
        other = workshop.build()
        assert other.id != image.id
        with pytest.raises(ServiceAbsent):
            push(workshop.engine, other, registry="localhost:1", tags=(name,), on_line=workshop.said.append)
        found = look(workshop.engine, f"localhost:1/{name}")
        assert found is not None
        assert found.id == image.id


class TestAPull:
    @pytest.fixture
    def elsewhere(self, workshop: Workshop, image: Inspected, registry: str) -> Iterator[Inspected]:
        """An image that the registry has and this engine has not."""
        there = pushed(workshop, image, registry)
        for tag in there.tags:
            workshop.engine.client.api.remove_image(tag)
        assert look(workshop.engine, there.id) is None
        yield there
        for name in (there.reference, there.digest):
            if name and look(workshop.engine, name):
                workshop.engine.client.api.remove_image(name, force=True)

    def test_by_tag_gets_the_same_image(self, workshop: Workshop, elsewhere: Inspected) -> None:
        """From a registry with a port in its name."""
        found = resolve(workshop.engine, elsewhere.reference)
        assert (found.id, found.digest, found.labels) == (elsewhere.id, elsewhere.digest, elsewhere.labels)

    def test_by_digest_gets_the_same_image(self, workshop: Workshop, elsewhere: Inspected) -> None:
        """What a record names is had again, whatever became of the tags."""
        assert elsewhere.digest is not None
        found = resolve(workshop.engine, elsewhere.digest)
        assert (found.id, found.digest) == (elsewhere.id, elsewhere.digest)

    def test_does_not_happen_where_it_is_not_wanted(self, workshop: Workshop, elsewhere: Inspected) -> None:
        """Looking at an image brings none."""
        assert look(workshop.engine, elsewhere.reference) is None
        with pytest.raises(ServiceAbsent, match="there is no image"):
            resolve(workshop.engine, elsewhere.reference, pull=False)

    def test_of_what_the_registry_lacks_is_told(self, workshop: Workshop, registry: str) -> None:
        """By tag and by digest."""
        for name in (f"{registry}/{workshop.name}:{uuid.uuid4().hex}", f"{registry}/{workshop.name}@sha256:{'0' * 64}"):
            with pytest.raises(ServiceAbsent, match="there is no image") as absent:
                resolve(workshop.engine, name)
            assert "not found" in (absent.value.why or "")


class TestADigestThatAnEngineOnlyPromises:
    """As the containerd store does; an engine with a classic one stands in for it, the registry is real."""

    def test_is_believed_where_the_registry_confirms_it(
        self, workshop: Workshop, image: Inspected, registry: str
    ) -> None:
        """The engine asks the registry that the name names."""
        promising = replace(workshop.engine, store="containerd")
        after = pushed(workshop, image, registry)
        assert after.digest is not None
        assert in_registry(promising, after.digest)
        found = look(promising, after.reference)
        assert found is not None
        assert found.digest == after.digest

    def test_is_not_believed_otherwise(self, workshop: Workshop, image: Inspected, own_registry: Registry) -> None:
        """A registry that has it not, or that is gone, confirms nothing."""
        promising = replace(workshop.engine, store="containerd")
        with own_registry() as place:
            after = pushed(workshop, image, place)
            assert after.digest is not None
            assert in_registry(promising, after.digest)
            assert not in_registry(promising, f"{place}/{workshop.name}@sha256:{'0' * 64}")
        assert not in_registry(promising, after.digest)
        assert not in_registry(promising, f"{workshop.name}@{after.digest.partition('@')[2]}")
        found = look(promising, after.reference)
        assert found is not None
        assert found.digest is None
