from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.containers.engine import Engine, connect
from expkit.containers.image import look
from expkit.errors import BuildFailed, ServiceAbsent
from expkit.images.build import build
from expkit.images.context import pack

if TYPE_CHECKING:
    from tests.images.conftest import SmallEngine

TAGS = ("trial-build:one", "trial-build:two")


class Bench:
    """A folder that is built as it is."""

    def __init__(self, engine: Engine, folder: Path, base: str) -> None:
        self.engine, self.folder, self.base = engine, folder, base
        self.said: list[str] = []
        self.hear: Callable[[str], None] = self.said.append

    def build(self, lines: str, **labels: str) -> str:
        """The id of what a Dockerfile makes of the folder."""
        (self.folder / "Dockerfile").write_text(f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\n{lines}\n")
        context = io.BytesIO()
        paths = [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()]
        pack(context, self.folder, paths, beside={}, when=0)
        context.seek(0)
        self.said.clear()
        arguments = {"BASE_IMAGE": self.base}
        image = build(self.engine, context, tags=TAGS, labels=labels, arguments=arguments, on_line=self.hear)
        return image.id


@pytest.fixture
def bench(engine: Engine, base: str, tmp_path: Path) -> Iterator[Bench]:
    """On this machine's engine; its images are gone afterwards."""
    folder = tmp_path / "context"
    folder.mkdir()
    yield Bench(engine, folder, base)
    for tag in TAGS:
        if look(engine, tag):
            engine.client.api.remove_image(tag)


def test_an_image_gets_every_tag_and_label(bench: Bench) -> None:
    """All tags name the same image."""
    id = bench.build("ENV A=1", **{"a.label": "with 'quotes' and spaces"})
    found = [look(bench.engine, tag) for tag in TAGS]
    assert [image.id for image in found if image] == [id, id]
    assert found[0] is not None
    assert found[0].labels["a.label"] == "with 'quotes' and spaces"


def test_every_line_is_heard_as_it_comes(bench: Bench) -> None:
    """Colours are for terminals, and this is not one."""
    bench.build("RUN printf '\\033[31mred\\033[0m\\nplain\\n'")
    assert bench.said[0].startswith("Step 1/")
    assert "red" in bench.said
    assert "plain" in bench.said


def test_a_build_has_no_network(bench: Bench) -> None:
    """Whatever a step needs is in the context, or the image is not reproducible."""
    bench.build("RUN python3 -c 'import socket; print(\"interfaces:\", [name for _, name in socket.if_nameindex()])'")
    assert "interfaces: ['lo']" in bench.said


def test_a_proxy_of_this_users_settings_is_not_in_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's settings can name one for every build; an image must not depend on who builds it."""
    (tmp_path / "config.json").write_text('{"proxies": {"default": {"httpProxy": "http://proxy.example.org"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    bench.engine = connect()
    bench.build("RUN env")
    assert bench.said
    assert not any("proxy" in line.lower() for line in bench.said)


class TestAStepThatFails:
    def test_is_told_with_its_last_lines(self, bench: Bench) -> None:
        """Where, what it said, and what it may not count on; exit 2, as for any declaration."""
        with pytest.raises(BuildFailed, match="cannot be built") as failed:
            bench.build("ENV A=1\nRUN echo first; echo the reason >&2; exit 7")
        assert failed.value.exit_code == 2
        assert failed.value.where == "Dockerfile, step 4/4 (RUN echo first; echo the reason >&2; exit 7)"
        why = failed.value.why or ""
        assert "the reason" in why
        assert "non-zero code: 7" in why
        assert "git tracks" in (failed.value.mend or "")

    def test_leaves_neither_image_nor_container(self, bench: Bench) -> None:
        """The tags are where they were."""
        token = os.urandom(4).hex()
        id = bench.build("ENV A=1")
        with pytest.raises(BuildFailed):
            bench.build(f"ENV A=2\nRUN echo {token}; false")
        assert not [one for one in bench.engine.client.api.containers(all=True) if token in one["Command"]]
        found = look(bench.engine, TAGS[0])
        assert found is not None
        assert found.id == id

    @pytest.mark.parametrize(
        ("lines", "why"),
        [("COPY missing /", "missing"), ("COPYY a b", "COPYY"), ("COPY --from=nothing /a /b", "nothing")],
        ids=["no such file", "no such instruction", "no such stage"],
    )
    def test_may_be_one_that_cannot_be_meant(self, bench: Bench, lines: str, why: str) -> None:
        """The engine's own words say what."""
        with pytest.raises(BuildFailed) as failed:
            bench.build(lines)
        assert why in (failed.value.why or "")


@pytest.mark.parametrize("size", [30, 60], ids=["in a step", "before the first step"])
def test_a_full_disk_is_told_as_such(size: int, small_engine: SmallEngine, tmp_path: Path) -> None:
    """It is the engine that lacks something, not the declaration: exit 5, and what to do about it."""
    (tmp_path / "large").write_bytes(os.urandom(size << 20))
    with pytest.raises(ServiceAbsent, match="no space left on device") as full:
        Bench(small_engine.engine, tmp_path, "nothing:one").build("COPY large /")
    assert full.value.exit_code == 5
    assert "docker system df" in (full.value.mend or "")
    assert look(small_engine.engine, TAGS[0]) is None


def test_an_engine_that_goes_away_is_told(small_engine: SmallEngine, tmp_path: Path) -> None:
    """In the middle of a build."""
    bench = Bench(small_engine.engine, tmp_path, "nothing:one")
    bench.hear = lambda _: small_engine.stop()
    with pytest.raises(ServiceAbsent, match="went away"):
        bench.build("COPY Dockerfile /")
