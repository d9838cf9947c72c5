from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker import DockerClient

from expkit.containers.confined import Exit, confined
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve
from expkit.errors import ExecutorFailed, InvalidUsage, ServiceAbsent
from expkit.specs.settings import Limits

if TYPE_CHECKING:
    from tests.containers.conftest import Room


def test_lines_come_in_order_and_the_end_is_told(room: Room) -> None:
    """Standard error is for complaints, of which the end is kept."""
    code = "import sys; print('one'); print('zwei \\xe4'); sys.stderr.write('oops'); print('three', end='')"
    lines, end = room.run(code)
    assert lines == ["one", "zwei ä", "three"]
    assert end == Exit(code=0, why=None, complaint="oops", limit=False)


def test_an_exit_code_is_told_with_the_last_words(room: Room) -> None:
    """Without what a terminal would obey."""
    _, end = room.run("import sys; [print(n, '\\x1b[2J', file=sys.stderr) for n in range(100)]; sys.exit(3)")
    assert (end.code, end.why, end.limit) == (3, "exit code 3", False)
    assert str(end).splitlines()[0] == "exit code 3"
    assert str(end).splitlines()[-1] == "  99 \N{REPLACEMENT CHARACTER}[2J"
    assert len(str(end).splitlines()) < 12


def test_a_command_that_the_image_lacks_ends_at_once(room: Room, image: Inspected) -> None:
    """The reason is in the complaint."""
    with confined(
        room.engine,
        image,
        ["no-such-program"],
        inputs=room.inputs,
        outputs=room.outputs,
        limits=Limits(),
        environment={},
        project=str(room.outputs),
    ) as container:
        assert list(container.lines(lambda: False)) == []
        end = container.exit()
    assert end.why == "exit code 127"
    assert "no-such-program" in end.complaint


LOOK = """
import json, os, socket
from pathlib import Path
def attempt(what):
    try:
        return what() or "done"
    except OSError as error:
        return error.strerror
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "connect": attempt(lambda: socket.create_connection(("192.0.2.1", 80), timeout=5)),
    "root": attempt(lambda: Path("/opt/expkit/mine").write_text("")),
    "project": attempt(lambda: Path("/project/mine").write_text("")),
    "in": attempt(lambda: Path("/in/work.json").write_text("")),
    "read": Path("/in/work.json").read_text(),
    "out": attempt(lambda: Path("/out/mine").write_text("0") and None),
    "tmp": attempt(lambda: Path("/tmp/mine").write_text("0") and None),
    "init": Path("/proc/1/cmdline").read_text().split("\\0")[0],
    "environment": dict(os.environ),
}))
"""


def test_least_privilege(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """No root, no capability, no network, nothing to write to but the outputs and a temporary folder in memory."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://example.org")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    (line,), end = room.run(LOOK, environment={"HOME": "/tmp"})
    assert end.why is None
    seen = json.loads(line)
    expected = (os.getuid(), os.getgid()) if os.getuid() else (65534, 65534)
    assert (seen["uid"], seen["gid"]) == expected
    assert set(seen["groups"]) <= {expected[1]}
    assert seen["capabilities"] == ["0000000000000000"] * 5
    assert (seen["no_new_privileges"], seen["seccomp"]) == ("1", "2")
    assert seen["interfaces"] == ["lo"]
    assert seen["connect"] == "Network is unreachable"
    assert seen["root"] == seen["project"] == seen["in"] == "Read-only file system"
    assert (seen["read"], seen["out"], seen["tmp"]) == ("42", "done", "done")
    assert "init" in seen["init"]
    assert (room.outputs / "mine").read_text() == "0"
    assert "MLFLOW" not in line
    assert "secret" not in line
    assert set(seen["environment"]) <= {"HOSTNAME", "PATH", "HOME", "EXPKIT_KERNEL", "NUMBA_CACHE_DIR", "LC_CTYPE"}


def test_a_proxys_password_stays_outside(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's client hands the proxies of its own settings to every container, unless it is told not to."""
    settings = {"proxies": {"default": {"httpProxy": "http://user:secret@proxy.example.org"}}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    client = DockerClient.from_env()
    room.engine = Engine(
        client=client, version=room.engine.version, platform=room.engine.platform, store=room.engine.store
    )
    assert "secret" in str(client.api._proxy_configs)
    (line,), _ = room.run("import os; print(os.environ)")
    assert "PATH" in line
    assert "secret" not in line


def test_the_id_decides_whatever_became_of_the_tag(
    room: Room, engine: Engine, worker_image: str, build: Callable[[str], str]
) -> None:
    """Between the look at a reference and the start, somebody moves it to another image."""
    moving = engine.client.images.get(worker_image)
    reference = f"expkit-test-moving:{os.getpid()}"
    assert moving.tag(reference)
    room.image = resolve(engine, reference)
    other = engine.client.images.get(build("ENV OTHER=yes"))
    assert other.tag(reference)
    assert engine.client.images.get(reference).id == other.id != room.image.id
    try:
        (line,), _ = room.run("import os; print(os.environ.get('OTHER', 'the resolved one'))")
    finally:
        engine.client.images.remove(reference)
    assert line == "the resolved one"


def test_an_image_that_is_gone_is_a_service_that_is_absent(
    room: Room, engine: Engine, build: Callable[[str], str]
) -> None:
    """It was there when it was looked up."""
    room.image = resolve(engine, build("ENV GONE=soon"))
    engine.client.images.remove(room.image.id)
    with pytest.raises(ServiceAbsent, match="the image is gone from the engine"):
        room.run("print()")


@pytest.fixture
def build(engine: Engine, worker_image: str) -> Iterator[Callable[[str], str]]:
    """Builds an image on that of the worker, by further lines of a Dockerfile."""
    from io import BytesIO

    made = []

    def build(lines: str) -> str:
        dockerfile = BytesIO(f"FROM {worker_image}\n{lines}\n".encode())
        built, _ = engine.client.images.build(fileobj=dockerfile, rm=True, network_mode="none")
        made.append(str(built.id))
        return made[-1]

    yield build
    for one in made:
        with suppress(Exception):  # a test may have removed it
            engine.client.images.remove(one)


def test_an_engine_on_another_machine_does_not_see_the_folders(room: Room, tmp_path: Path) -> None:
    """For an engine, a folder of another machine is one that does not exist."""
    room.inputs = tmp_path / "not there"
    with pytest.raises(ServiceAbsent, match="does not see the folders of this machine") as absent:
        room.run("print()")
    assert "DOCKER_HOST" in str(absent.value)


def test_what_the_engine_refuses_is_the_executors_failure(room: Room) -> None:
    """With the engine's reason."""
    with pytest.raises(ExecutorFailed, match="the container engine refuses") as refused:
        room.run("print()", environment={"": "nameless"})
    assert "environment" in str(refused.value)


def test_more_cores_than_there_are_is_a_mistake_in_the_settings(room: Room) -> None:
    """The engine is not even asked."""
    with pytest.raises(InvalidUsage, match="100000 cores, and the engine has"):
        room.run("print()", cpus=100_000)


class Wire:
    """A socket in front of an engine's, which can be cut."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._target = str(engine.client.api._custom_adapter.socket_path)
        self._open: list[socket.socket] = []
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """No connection stays, and none comes about any more."""
        for one in (self._door, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)


def test_an_engine_that_goes_away_is_a_service_that_is_absent(
    room: Room, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the middle of the work: what was heard stands, and the command says what to do."""
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    wire = Wire(engine, Path("wire"))
    client = DockerClient(base_url=f"unix://{tmp_path}/wire", version=engine.client.api.api_version)
    room.engine = Engine(client=client, version=engine.version, platform=engine.platform, store=engine.store)

    def work() -> None:
        with room.confined("print('up'); import time; time.sleep(600)") as container:
            lines = container.lines(lambda: False)
            assert next(lines) == "up"
            wire.cut()
            assert list(lines) == []
            container.exit()

    try:
        with pytest.raises(ServiceAbsent, match="does not answer any more") as absent:
            work()
    finally:
        room.engine = engine
        for container in room.left:
            container.remove(force=True)
    assert "every finished batch is kept" in str(absent.value)
