from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from expkit.containers.engine import Engine, connect
from expkit.containers.image import Inspected
from expkit.images.project_image import build_project
from expkit.images.shelf import images_of

if TYPE_CHECKING:
    from tests.conftest import Desk

SMALL = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY . /project
"""
"""A Dockerfile that takes everything and runs nothing."""
EMPTY_TAR = b"\0" * 1024


@pytest.fixture(scope="session")
def base(engine: Engine, require: Callable[[str, bool, str], None]) -> str:
    """An image with Python to build on."""
    named = os.environ.get("EXPKIT_BASE_IMAGE", "")
    require("docker", bool(named), "EXPKIT_BASE_IMAGE names no image to build on")
    return named


@pytest.fixture(scope="session")
def nothing(engine: Engine) -> Iterator[str]:
    """An image that is empty: the smallest one to build on."""
    name = f"nothing-{uuid.uuid4().hex[:8]}"
    engine.client.api.import_image_from_data(EMPTY_TAR, repository=name, tag="one")
    yield f"{name}:one"
    engine.client.api.remove_image(f"{name}:one")


class Workshop:
    """A project with a small Dockerfile, and what is built of it."""

    def __init__(self, desk: Desk, engine: Engine, base: str, name: str) -> None:
        self.desk, self.engine, self.base, self.name = desk, engine, base, name
        self.said: list[str] = []

    @property
    def root(self) -> Path:
        return self.desk.root

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def build(self, **options: Any) -> Inspected:
        """The image of the project as it is; `said` holds what the build says."""
        self.said.clear()
        return build_project(self.root, self.engine, **{"base": self.base, "on_line": self.said.append, **options})

    def clone(self) -> Workshop:
        return Workshop(self.desk.clone(), self.engine, self.base, self.name)

    def in_folder(self, folder: str) -> Workshop:
        return Workshop(replace(self.desk, root=self.root / folder), self.engine, self.base, self.name)

    def files(self, image: Inspected, folder: str = "/project") -> dict[str, tarfile.TarInfo]:
        """What an image holds, by path below the folder."""
        container = self.engine.client.containers.create(image.id, command=["none"])
        try:
            stream, _ = container.get_archive(folder)
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
                return {entry.name.partition("/")[2]: entry for entry in archive.getmembers() if "/" in entry.name}
        finally:
            container.remove()

    def cached(self) -> list[bool]:
        """Of each step of the last build, whether the engine had it already."""
        steps: list[bool] = []
        for line in self.said:
            if line.startswith("Step "):
                steps.append(False)
            elif line == " ---> Using cache" and steps:
                steps[-1] = True
        return steps


@pytest.fixture
def workshop(desk: Desk, engine: Engine, nothing: str) -> Iterator[Workshop]:
    """A committed project with a name of its own; its images are gone afterwards."""
    name = f"trial-{uuid.uuid4().hex[:8]}"
    (desk.root / "pyproject.toml").write_text(f'[tool.expkit]\nproject = "{name}"\n')
    (desk.root / "Dockerfile").write_text(SMALL)
    desk.commit()
    yield Workshop(desk, engine, nothing, name)
    for image in images_of(engine, name):
        for tag in image.tags:
            engine.client.api.remove_image(tag)


Registry = Callable[..., Any]


@pytest.fixture
def own_registry(tmp_path: Path, require: Callable[[str, bool, str], None]) -> Iterator[Registry]:
    """A starter of registries: `with own_registry(settings) as place`."""
    program = shutil.which("docker-registry") or ""
    require("registry", bool(program), "Debian's docker-registry is not installed")

    @contextmanager
    def start(settings: str = "", storage: str = "") -> Iterator[str]:
        place = f"localhost:{_free_port()}"
        file = tmp_path / "registry.yml"
        file.write_text(
            f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}{storage}}}\n"
            f'http: {{addr: "127.0.0.1:{place.partition(":")[2]}"}}\n{settings}'
        )
        with (tmp_path / "registry.log").open("wb") as log:
            process = subprocess.Popen([program, "serve", str(file)], stdout=log, stderr=log)
        try:
            wait_for(lambda: _answers(place), process, tmp_path / "registry.log")
            yield place
        finally:
            process.terminate()
            process.wait()

    return start


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[Any], log: Path) -> None:
    """Until a service answers; a service that ends instead is an error with its log."""
    for _ in range(600):
        if ready():
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(place: str) -> bool:
    try:
        requests.get(f"http://{place}/v2/", timeout=5)
    except requests.ConnectionError:
        return False
    return True


@dataclass(frozen=True)
class SmallEngine:
    """An engine of its own whose whole disk has 48 MB, with one image, `nothing:one`, that is empty."""

    engine: Engine
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def small_engine(require: Callable[[str, bool, str], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallEngine]:
    """To be filled, and to be stopped."""
    require("docker", shutil.which("dockerd") is not None, "there is no dockerd to start another engine with")
    with tempfile.TemporaryDirectory(prefix="expkit-") as folder:  # a socket's name has to be short
        here = Path(folder)
        disk, address, log = here / "disk", here / "docker.sock", here / "log"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
        mounted = subprocess.run(mount, capture_output=True, check=False)
        require("tmpfs", mounted.returncode == 0, "this user may not mount a small disk to fill up")
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    *("dockerd", f"--host=unix://{address}", f"--data-root={disk}", f"--exec-root={here / 'exec'}"),
                    *(f"--pidfile={here / 'pid'}", "--storage-driver=vfs", "--bridge=none"),
                    *("--iptables=false", "--ip6tables=false"),
                ],
                stdout=out,
                stderr=out,
            )
        try:
            wait_for(address.exists, process, log)
            monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
            own = SmallEngine(connect(), process)
            own.engine.client.api.import_image_from_data(EMPTY_TAR, repository="nothing", tag="one")
            yield own
        finally:
            process.terminate()
            process.wait()
            subprocess.run(["umount", str(disk)], check=True)
