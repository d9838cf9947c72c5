from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from expkit.errors import PublishingPending
from expkit.tracking.store import Store, connect
from tests.tracking.conftest import Case


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(params=[500, 503, 403, 404])
def refusing_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers every request with one status and a page that is no JSON."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param)
            self.end_headers()
            self.wfile.write(b"<html>no</html>")

        do_POST = do_GET  # noqa: N815  # http.server dictates the name

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_server_that_is_down_leaves_publishing_pending(tmp_path: Path, free_port: int) -> None:
    """The message says where, why and what to type later, and keeps the password to itself."""
    with pytest.raises(PublishingPending) as caught:
        connect(f"http://ann:secret@127.0.0.1:{free_port}", root=tmp_path)
    assert caught.value.exit_code == 4
    assert caught.value.where == f"http://127.0.0.1:{free_port}"
    assert caught.value.why == "Connection refused"
    assert "expkit sync" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up_as_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mlflow would try for minutes; here it is seconds, or what the user has set."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(PublishingPending, match="timed out"):
            connect(f"http://127.0.0.1:{silent.getsockname()[1]}", root=tmp_path)


def test_a_server_that_refuses_leaves_publishing_pending(tmp_path: Path, refusing_server: str) -> None:
    """A proxy's error page is no reason for a traceback."""
    with pytest.raises(PublishingPending) as caught:
        connect(refusing_server, root=tmp_path)
    assert caught.value.why


def test_a_file_that_is_no_database_leaves_publishing_pending(tmp_path: Path) -> None:
    """The file is left as it is: it may be somebody's only copy."""
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"these are my notes, not a database\n" * 100)
    with pytest.raises(PublishingPending, match="file is not a database"):
        connect(f"sqlite:///{file}", root=tmp_path)
    assert file.read_bytes().startswith(b"these are my notes")


def test_a_database_of_somebody_else_leaves_publishing_pending(tmp_path: Path, blank_store: bytes) -> None:
    """A store of another mlflow version is not migrated behind anybody's back: mlflow says how."""
    import sqlite3

    file = tmp_path / "mlflow.db"
    file.write_bytes(blank_store)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0a8213491aaa'")
    with pytest.raises(PublishingPending, match="out-of-date database schema"):
        connect(f"sqlite:///{file}", root=tmp_path)


@pytest.mark.parametrize("name", ["a_file/mlflow.db", "a_folder"])
def test_a_store_that_cannot_be_written_leaves_publishing_pending(tmp_path: Path, name: str) -> None:
    """Below a file, or where a folder is, which mlflow itself would try to open for a hundred seconds."""
    (tmp_path / "a_file").write_text("")
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(PublishingPending) as caught:
        connect(f"sqlite:///{tmp_path / name}", root=tmp_path)
    assert caught.value.why


@pytest.mark.parametrize("uri", ["file:///somewhere/mlruns", "gopher://x"])
def test_a_store_of_a_kind_that_mlflow_refuses_leaves_publishing_pending(tmp_path: Path, uri: str) -> None:
    """The file store has been refused since mlflow 3.13."""
    with pytest.raises(PublishingPending):
        connect(uri, root=tmp_path)


def test_a_store_whose_artifacts_cannot_be_written_says_so_and_recovers(
    case: Case, store: Store, tmp_path: Path
) -> None:
    """The run that could not be finished is marked failed, and is completed once the disk allows."""
    (tmp_path / "mlruns").write_text("in the way")
    with pytest.raises(PublishingPending, match="mlruns"):
        store.publish(case.publication())
    (tmp_path / "mlruns").unlink()
    published = store.publish(case.publication())
    assert [run.created for run in published.values()] == [False, True, True, True]


def test_publishing_is_quiet(tmp_path: Path) -> None:
    """A new store is migrated, runs are published, a damaged file fails, and neither stream has a word of it."""
    code = f"""
import sys
from pathlib import Path
from expkit.errors import PublishingPending
from expkit.tracking.store import connect
from expkit.tracking.publication import Family, Publication, RunContent
root = Path({str(tmp_path)!r})
run = RunContent(name="a", key="b", family=Family(project="p", question="q", experiment=None, arm=None), tags={{}},
    params={{}}, metrics=(), datasets=(), artifacts=(), description="", started_ms=1, ended_ms=2)
publication = Publication(name="x", tags={{}}, description="", runs=(run,))
connect(f"sqlite:///{{root}}/mlflow.db", root=root).publish(publication)
(root / "bad.db").write_bytes(b"x" * 5000)
for uri in (f"sqlite:///{{root}}/bad.db", "http://127.0.0.1:1"):
    try:
        connect(uri, root=root)
    except PublishingPending:
        continue
    sys.exit("no fault")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_settings_of_the_process_are_as_before(
    case: Case, tmp_path: Path, free_port: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Limits for a slow server last as long as a call, as workers inherit them; collecting garbage resumes."""
    import gc
    import os

    with pytest.raises(PublishingPending):
        connect(f"http://127.0.0.1:{free_port}", root=tmp_path)
    store.publish(case.publication())
    assert not any(name.startswith("MLFLOW_HTTP_REQUEST") for name in os.environ)
    assert gc.isenabled()
