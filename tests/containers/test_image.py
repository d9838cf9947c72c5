from __future__ import annotations

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import inspected, look, repository_of, resolve
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.records.provenance import Store

DOCUMENTS = Path(__file__).parent / "documents"
DIGEST = "sha256:" + "a" * 64


def document(name: str) -> dict[str, Any]:
    """What an engine answers when it is asked for an image.

    `classic` is of a real Docker 20.10, `containerd_26_*` of a real Docker 26.1 with the containerd store, of one image
    after it was built, pushed, and pulled back. `containerd_29_*` are put together from the fields that Docker 29 is
    documented to print, with neutral values.
    """
    answer: dict[str, Any] = json.loads((DOCUMENTS / f"{name}.json").read_text())
    return answer


class TestAnInspectDocument:
    def test_of_the_classic_store_tells_every_name_apart(self) -> None:
        """The id is the configuration's digest, the repository digest that of what was pushed: they differ."""
        raw = document("classic")
        image = inspected(raw, reference=raw["RepoTags"][0], store="classic")
        assert image.id == raw["Id"]
        assert image.digest == raw["RepoDigests"][0]
        assert image.id not in (image.digest or "")
        assert image.platform == "linux/amd64"
        assert image.created == raw["Created"]
        assert image.bytes == raw["Size"]
        assert image.tags == tuple(raw["RepoTags"])
        commit = raw["Config"]["Labels"]["org.opencontainers.image.revision"]
        record = image.record
        assert (record.reference, record.id, record.digest) == (image.reference, image.id, image.digest)
        assert (record.platform, record.store, record.revision) == ("linux/amd64", "classic", commit)

    @pytest.mark.parametrize("name", ["containerd_26_built", "containerd_29_built"])
    def test_of_the_containerd_store_lists_digests_of_what_was_never_pushed(self, name: str) -> None:
        """They are what the digest would be; nobody is told that a registry has it."""
        raw = document(name)
        assert raw["RepoDigests"]
        image = inspected(raw, reference=raw["RepoTags"][0], store="containerd")
        assert image.id == raw["Id"]
        assert image.digest is None
        assert image.record.store == "containerd"

    def test_of_the_containerd_store_has_the_digest_that_a_registry_confirms(self) -> None:
        """Docker 26 lists the same digest for a name that was pushed and one that was not: only a registry can tell."""
        built, pushed, pulled = (document(f"containerd_26_{state}") for state in ("built", "pushed", "pulled"))
        assert built["Id"] == pushed["Id"] == pulled["Id"]
        assert {one.partition("@")[2] for one in [*built["RepoDigests"], *pushed["RepoDigests"]]} == {built["Id"]}
        for raw in (pushed, pulled):
            assert inspected(raw, reference=raw["RepoTags"][0], store="containerd").digest is None

    def test_of_the_containerd_store_proves_what_was_pulled(self) -> None:
        """Docker 29 notes where an image was pulled from."""
        raw = document("containerd_29_pulled")
        image = inspected(raw, reference="anything", store="containerd")
        assert image.digest == raw["RepoDigests"][0] == f"registry.example.org/team/project@{image.id}"

    def test_without_labels_has_no_revision(self) -> None:
        """Such as a base image, or one that somebody else built."""
        without_labels = document("containerd_26_built")
        without_labels["Config"]["Labels"] = None
        image = inspected(without_labels, reference="project", store="containerd")
        assert image.labels == {}
        assert image.record.revision is None

    def test_says_that_it_was_built_from_a_dirty_tree(self) -> None:
        """The commit alone would promise too much."""
        raw = document("classic")
        raw["Config"]["Labels"]["expkit.patch"] = "0" * 64
        image = inspected(raw, reference="project", store="classic")
        assert image.record.revision == f"{image.labels['org.opencontainers.image.revision']}-dirty"

    @pytest.mark.parametrize("absent", ["Created", "RepoTags", "RepoDigests", "Config"])
    @pytest.mark.parametrize("store", ["classic", "containerd"])
    def test_may_lack_what_newer_engines_leave_out(self, absent: str, store: Store) -> None:
        """From API 1.50 on empty fields are absent."""
        raw = document("containerd_29_pulled")
        del raw[absent]
        assert inspected(raw, reference="project", store=store).id == raw["Id"]
        raw[absent] = None
        assert inspected(raw, reference="project", store=store).id == raw["Id"]

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("localhost:5000/project:tag", "localhost:5000/project"),
            ("localhost:5000/project", "localhost:5000/project"),
            (f"localhost:5000/project@{DIGEST}", "localhost:5000/project"),
            (f"localhost:5000/project:tag@{DIGEST}", "localhost:5000/project"),
            ("other.example.org/project:tag", "other.example.org/project"),
            ("docker.io/library/project:tag", "project"),
        ],
    )
    def test_gives_the_digest_of_the_repository_it_was_asked_for(self, reference: str, expected: str) -> None:
        """An image pushed to several registries has a digest in each."""
        raw = document("classic")
        names = ["localhost:5000/project", "localhost:5000/another", "other.example.org/project", "project"]
        raw["RepoDigests"] = [f"{name}@{DIGEST}" for name in names]
        assert inspected(raw, reference=reference, store="classic").digest == f"{expected}@{DIGEST}"


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        ("project", "project"),
        ("project:tag", "project"),
        ("team/project:tag", "team/project"),
        ("localhost:5000/project", "localhost:5000/project"),
        ("localhost:5000/team/project:tag", "localhost:5000/team/project"),
        (f"localhost:5000/project@{DIGEST}", "localhost:5000/project"),
        ("docker.io/library/python:3.11-slim", "python"),
        ("docker.io/team/project", "team/project"),
    ],
)
def test_a_repository_is_a_reference_without_tag_and_digest(reference: str, repository: str) -> None:
    """The colon of a registry's port is not the one before a tag."""
    assert repository_of(reference) == repository


def archived(files: dict[str, bytes]) -> bytes:
    """A tar file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


@pytest.fixture
def loaded(engine: Engine) -> Iterator[Callable[..., str]]:
    """A maker of images that hold one file; they are gone afterwards."""
    made = []

    def make(architecture: str = engine.platform.partition("/")[2]) -> str:
        name = f"trial-{uuid.uuid4().hex[:8]}:one"
        layer = archived({"file": b""})
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
        manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
        files = {"config.json": json.dumps(config).encode(), "layer.tar": layer}
        engine.client.images.load(archived({**files, "manifest.json": json.dumps(manifest).encode()}))
        made.append(name)
        return name

    yield make
    for name in made:
        engine.client.api.remove_image(name, force=True)


class TestAReference:
    def test_names_an_image_by_tag_or_by_id(self, engine: Engine, loaded: Callable[..., str]) -> None:
        """With `sha256:` or without, whole or as people see it in a list."""
        name = loaded()
        image = resolve(engine, name)
        hexadecimal = image.id.removeprefix("sha256:")
        for reference in (image.id, hexadecimal, hexadecimal[:12]):
            assert resolve(engine, reference).id == image.id
        assert image.tags == (name,)
        assert image.digest is None

    def test_that_is_moved_does_not_move_what_was_resolved(self, engine: Engine, loaded: Callable[..., str]) -> None:
        """A run starts by id, so that it runs what it looked at."""
        first, second = loaded(), loaded("s390x")
        resolved = resolve(engine, first)
        engine.client.api.tag(second, first.partition(":")[0], "one", force=True)
        assert look(engine, first) != resolved
        assert resolve(engine, resolved.id).id == resolved.id
        engine.client.api.remove_image(resolved.id)

    def test_to_another_platform_is_refused_and_can_be_looked_at(
        self, engine: Engine, loaded: Callable[..., str]
    ) -> None:
        """Emulated, it would be slow, and its numbers would be those of another machine."""
        name, other = loaded("s390x"), "linux/s390x"
        with pytest.raises(ServiceAbsent) as refused:
            resolve(engine, name)
        assert refused.value.what == f"image {name} is for {other}, the engine runs {engine.platform}"
        found = look(engine, name)
        assert found is not None
        assert found.platform == other

    @pytest.mark.parametrize(
        "reference",
        [DIGEST, "0" * 64, "0" * 12, f"trial:{'0' * 12}", f"trial:{'0' * 12}-dirty-{'0' * 8}"],
        ids=["id", "bare id", "short id", "a commit", "a dirty commit"],
    )
    def test_to_what_no_registry_can_have_is_not_sought_there(self, engine: Engine, reference: str) -> None:
        """A public registry's image of the same name would be somebody else's."""
        with pytest.raises(ServiceAbsent) as absent:
            resolve(engine, reference)
        assert absent.value.why == "the engine does not have it"
        assert "expkit image build" in (absent.value.mend or "")

    def test_to_a_registry_that_is_not_there_says_so_in_the_engines_words(self, engine: Engine) -> None:
        """Exit 5; nothing is run instead."""
        with pytest.raises(ServiceAbsent, match="there is no image localhost:1/trial") as absent:
            resolve(engine, "localhost:1/trial")
        assert "connection refused" in (absent.value.why or "")

    @pytest.mark.parametrize("reference", ["", "UPPER:one", "two words", "name:", ":tag", "name@sha256:short"])
    def test_that_nothing_can_be_called_is_invalid(self, engine: Engine, reference: str) -> None:
        """Exit 2: to type it again does not help."""
        with pytest.raises(InvalidUsage) as invalid:
            look(engine, reference)
        assert repr(reference) in invalid.value.what
