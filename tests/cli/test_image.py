from __future__ import annotations

import json
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from expkit.containers.engine import Engine
from expkit.images.shelf import images_of

if TYPE_CHECKING:
    from tests.conftest import Desk

EMPTY_TAR = b"\0" * 1024


@pytest.fixture
def shop(desk: Desk, engine: Engine) -> Iterator[Desk]:
    """A committed project with a Dockerfile, on an empty base that its settings name; no image is left."""
    name = f"trial-{uuid.uuid4().hex[:8]}"
    engine.client.api.import_image_from_data(EMPTY_TAR, repository=f"{name}-base", tag="one")
    settings = f'[tool.expkit]\nproject = "{name}"\n[tool.expkit.image]\nbase = "{name}-base:one"\n'
    (desk.root / "pyproject.toml").write_text(settings)
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /project\n")
    desk.commit()
    yield desk
    for image in images_of(engine, name):
        for tag in image.tags:
            engine.client.api.remove_image(tag)
    engine.client.api.remove_image(f"{name}-base:one")


def build(shop: Desk) -> dict[str, object]:
    """What `expkit image build` says of the image, on the base of the settings."""
    said = shop.expkit("image", "build", "--json", EXPKIT_BASE_IMAGE="")
    assert said.code == 0, said
    found: dict[str, object] = json.loads(said.out)
    return found


class TestBuild:
    def test_makes_the_commits_image_and_says_what_it_is(self, shop: Desk) -> None:
        """Steps on stderr, the image on stdout: reference, id, digest, platform and store, each apart."""
        said = shop.expkit("image", "build", EXPKIT_BASE_IMAGE="")
        assert said.code == 0, said
        assert said.err.splitlines()[-1] == "building"
        commit = shop.git("rev-parse", "HEAD")
        for pattern in (
            rf"^image +trial-\w+:{commit[:12]}",
            r"^id +sha256:[0-9a-f]{64}",
            r"^in a registry +never pushed",
            r"^platform +linux/\w+, in the engine's \w+ store",
            rf"org.opencontainers.image.revision={commit}",
        ):
            assert re.search(pattern, said.out, re.MULTILINE), (pattern, said.out)

    def test_in_json_is_the_same_twice(self, shop: Desk) -> None:
        """The second build finds the first."""
        first = build(shop)
        assert first == build(shop)
        assert first["digest"] is None
        assert first["left_out"] == []

    def test_names_what_is_not_in_it(self, shop: Desk) -> None:
        """Files that nobody has told git about."""
        for number in range(7):
            (shop.root / f"note-{number}").touch()
        said = shop.expkit("image", "build", EXPKIT_BASE_IMAGE="")
        assert "not in it" in said.err
        assert "note-4 and 2 more" in said.err

    @pytest.mark.parametrize(
        ("dockerfile", "complaint"),
        [
            ("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY missing /\n", "COPY missing /"),
            ("FROM nothing\n", "does not take the base image"),
        ],
        ids=["a step that fails", "no base"],
    )
    def test_refuses_what_cannot_be_built(self, shop: Desk, dockerfile: str, complaint: str) -> None:
        """Exit 2: the Dockerfile is a declaration like any other."""
        (shop.root / "Dockerfile").write_text(dockerfile)
        said = shop.expkit("image", "build", EXPKIT_BASE_IMAGE="")
        assert said.code == 2, said
        assert complaint in said.err
        assert said.out == ""

    def test_without_its_base_is_exit_5(self, shop: Desk) -> None:
        """A service that is needed is not there."""
        said = shop.expkit("image", "build", "--base", "localhost:1/nothing:here")
        assert said.code == 5
        assert "the base image is not to be had" in said.err

    def test_that_is_interrupted_leaves_no_container(
        self, shop: Desk, engine: Engine, require: Callable[[str, bool, str], None]
    ) -> None:
        """Ctrl-C in the middle of a step: exit 130, and the engine stops working on it."""
        require("docker", "EXPKIT_BASE_IMAGE" in os.environ, "EXPKIT_BASE_IMAGE names no image with a shell")
        token = uuid.uuid4().hex
        (shop.root / "Dockerfile").write_text(f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nRUN sleep 600 # {token}\n")
        shop.commit()
        process = shop.start("image", "build")
        _until(lambda: _working(engine, token))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "interrupted while building" in err
        assert "Traceback" not in err
        _until(lambda: not _working(engine, token))


def _working(engine: Engine, token: str) -> bool:
    return any(token in container["Command"] for container in engine.client.api.containers(all=True))


def _until(done: Callable[[], bool]) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


class TestPush:
    def test_without_a_registry_says_what_to_set(self, desk: Desk) -> None:
        """Exit 2, and no engine is asked."""
        said = desk.expkit("image", "push", DOCKER_HOST="unix:///nowhere")
        assert said.code == 2
        for way in ("--registry", "EXPKIT_REGISTRY", "[tool.expkit.image]"):
            assert way in said.err

    def test_tells_the_digest_that_others_pull_by(self, shop: Desk, registry: str) -> None:
        """Read back from the engine; from then on it is in every account of the image."""
        built = build(shop)
        said = shop.expkit("image", "push", EXPKIT_REGISTRY=registry)
        assert said.code == 0, said
        found = re.search(rf"{registry}/trial-\w+@sha256:[0-9a-f]{{64}}", said.out)
        assert found is not None
        assert shop.json("image", "show")["digest"] == found[0]
        assert shop.json("image", "show")["id"] == built["id"]

    def test_of_what_was_not_built_says_so(self, shop: Desk) -> None:
        """It does not build by itself: what is pushed was looked at."""
        said = shop.expkit("image", "push", "--registry", "localhost:1")
        assert said.code == 5
        assert "expkit image build" in said.err

    def test_that_is_refused_is_exit_5(self, shop: Desk) -> None:
        """With the engine's own words."""
        build(shop)
        said = shop.expkit("image", "push", "--registry", "localhost:1")
        assert said.code == 5
        assert "connection refused" in said.err


class TestLooking:
    def test_lists_the_newest_first_and_marks_the_current(self, shop: Desk) -> None:
        """One line an image, with all its names."""
        assert "no image of this project" in shop.expkit("image", "list").out
        first = build(shop)
        shop.commit()
        second = build(shop)
        found = shop.json("image", "list")
        assert [image["id"] for image in found] == [second["id"], first["id"]]
        assert [image["current"] for image in found] == [True, False]
        lines = shop.expkit("image", "list").out.splitlines()
        assert "●" in lines[1]
        assert "never pushed" in lines[1]

    def test_shows_any_image_by_name_or_id(self, shop: Desk) -> None:
        """Without a name the current commit's."""
        built = build(shop)
        for name in ([], [str(built["reference"])], [str(built["id"])]):
            assert shop.json("image", "show", *name)["id"] == built["id"]

    def test_of_nothing_says_how_to_make_one(self, shop: Desk) -> None:
        """Exit 5."""
        said = shop.expkit("image", "show")
        assert said.code == 5
        assert "expkit image build" in said.err


@pytest.mark.parametrize("arguments", [("build",), ("push", "--registry", "localhost:1"), ("show",), ("list",)])
def test_without_an_engine_every_command_is_exit_5(desk: Desk, arguments: tuple[str, ...]) -> None:
    """One message, no traceback."""
    said = desk.expkit("image", *arguments, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert said.code == 5
    assert "no container engine answers" in said.err
    assert "--executor" not in said.err  # none of them has it
    assert said.out == ""


@pytest.mark.parametrize("name", ["", " "])
@pytest.mark.parametrize("arguments", [("show",), ("push",), ("build", "--base"), ("push", "--registry")])
def test_an_empty_name_is_not_taken_for_the_default(desk: Desk, arguments: tuple[str, ...], name: str) -> None:
    """A script's variable that was never set: exit 2, before an engine is asked."""
    said = desk.expkit("image", *arguments, name, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert said.code == 2, said
    assert "it is empty" in said.err
