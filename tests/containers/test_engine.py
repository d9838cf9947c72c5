from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from tempfile import TemporaryDirectory

import pytest

from expkit.containers.engine import Engine, connect
from expkit.errors import ServiceAbsent


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this user's contexts nor a choice of one."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def socket() -> Iterator[Path]:
    """A place for a socket, with a short name as sockets need it."""
    with TemporaryDirectory(prefix="expkit-") as folder:
        yield Path(folder) / "engine.sock"


@contextmanager
def answering(socket: Path, version: dict[str, str] | str) -> Iterator[None]:
    """A server on a socket that says which version it is, as an engine would that nobody can install any more."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = version.encode() if isinstance(version, str) else json.dumps(version).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "a socket"

        def log_message(self, *_: object) -> None:
            pass

    with UnixStreamServer(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class TestAnEngineThatAnswers:
    def test_tells_what_it_is(self, engine: Engine) -> None:
        """Its version, what it runs, and where it keeps images, as it reports them itself."""
        about = engine.client.version()
        assert engine.version == about["Version"]
        assert engine.platform == f"{about['Os']}/{about['Arch']}"
        snapshotter = "io.containerd.snapshotter.v1" in str(engine.client.info()["DriverStatus"])
        assert engine.store == ("containerd" if snapshotter else "classic")

    def test_is_the_one_of_the_current_context(
        self, engine: Engine, socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As for the `docker` command: rootless engines and desktops are found without DOCKER_HOST."""
        real = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        if not real.startswith("unix://"):
            pytest.skip("this engine is not on a socket of this machine")
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        _context(tmp_path / "docker", "mine", f"unix://{socket}")
        with pytest.raises(ServiceAbsent, match="no container engine answers"):
            connect()
        socket.symlink_to(real.removeprefix("unix://"))
        assert connect().version == engine.version

    def test_is_not_taken_for_a_context_that_does_not_exist(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever mistypes a context does not work on another machine without knowing."""
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("DOCKER_CONTEXT", "mistyped")
        with pytest.raises(ServiceAbsent, match="mistyped"):
            connect()


def _context(folder: Path, name: str, host: str) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


NO_ENGINES = {
    "nothing there": ("unix:///nowhere/docker.sock", "No such file or directory"),
    "nobody listens": ("tcp://127.0.0.1:1", "Connection refused"),
    "no protocol": ("/var/run/docker.sock", "Invalid bind address"),
    "another protocol": ("junk://engine", "Invalid bind address protocol"),
    "no port": ("tcp://127.0.0.1", "port"),
    "a port that is none": ("tcp://127.0.0.1:port", "port"),
    "a port beyond all": ("tcp://127.0.0.1:99999", "Port out of range"),
    "half an address": ("tcp://[::1", "Invalid IPv6"),
    "spaces": (" ", "Invalid bind address"),
    "ssh to nobody": ("ssh://nobody@127.0.0.1:1", ""),
    "ssh to nowhere": ("ssh://", ""),
    "only on Windows": ("npipe:////./pipe/docker_engine", "Windows"),
}


@pytest.mark.parametrize("case", NO_ENGINES)
def test_where_no_engine_answers_one_error_names_the_address_and_the_reason(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 5, whatever the SDK makes of the address; no option is named, as not every command has the same ones."""
    host, why = NO_ENGINES[case]
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ServiceAbsent, match="no container engine answers") as raised:
        connect()
    assert raised.value.exit_code == 5
    assert raised.value.where == f"DOCKER_HOST={host}"
    assert why in (raised.value.why or "")
    assert raised.value.why
    assert "DOCKER_HOST" in (raised.value.mend or "")
    assert "--" not in (raised.value.mend or "")


def test_certificates_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A half-configured TLS set-up is an absent engine, not a crash."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(ServiceAbsent, match="certificate"):
        connect()


@pytest.mark.parametrize(
    ("api", "version"),
    [
        pytest.param("1.40", "19.03.15", id="older than what expkit needs"),
        pytest.param("1.9", "1.0.0", id="older than what the SDK can talk to"),
    ],
)
def test_an_engine_that_is_too_old_is_told_with_what_is_needed(
    api: str, version: str, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions are compared as numbers: 1.9 is older than 1.41."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    about = {"ApiVersion": api, "Version": version, "Os": "linux", "Arch": "amd64"}
    with answering(socket, about), pytest.raises(ServiceAbsent, match="too old") as raised:
        connect()
    assert "Docker 20.10" in (raised.value.mend or "")
    assert "API" in (raised.value.why or "")


@pytest.mark.parametrize("answer", ["hello", "[]", "{}", '{"ApiVersion": "new"}'])
def test_a_server_that_is_no_engine_is_told(answer: str, socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers on a socket need not be Docker."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with answering(socket, answer), pytest.raises(ServiceAbsent):
        connect()


def test_a_refused_socket_says_how_to_be_let_in(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual first hurdle on Linux: the user is not in the group docker."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with answering(socket, {"ApiVersion": "1.41"}):
        socket.chmod(0o600)
        report = socket.with_name("report")
        report.touch()
        report.chmod(0o666)
        socket.parent.chmod(0o755)
        # root ignores permissions unless it drops them
        if (child := os.fork()) == 0:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                else:
                    socket.chmod(0)
                connect()
            except ServiceAbsent as absent:
                report.write_text(f"{absent.exit_code} {absent}")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    said = report.read_text()
    assert said.startswith("5 ")
    assert "permission denied" in said
    assert "group docker" in said
