"""Every probe against the real thing: git, SQLite stores, a ledger, a server; and none may hold up another."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from expkit.doctor import machine, project, repository, services
from expkit.doctor.examine import examine
from expkit.doctor.finding import Finding


def test_a_python_that_is_too_old_is_missing() -> None:
    """With the command that makes an environment of a newer one."""
    assert machine.python().state == "ok"
    old = machine.python((3, 10, 4))
    assert (old.state, old.mend) == ("missing", "python3.11 -m venv .venv")


def test_a_kernel_that_numba_keeps_is_seen_where_numba_keeps_it(tmp_path: Path) -> None:
    """Where NUMBA_CACHE_DIR says, in whatever folder numba has made there."""
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert machine.kernel(environment).state == "note"
    kept = tmp_path / "training_1a2b" / "kernel.run-182.py311.nbi"
    kept.parent.mkdir()
    kept.touch()
    assert machine.kernel(environment).state == "ok"


def test_git_is_followed_from_nothing_to_a_remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository, no commit, a clean tree, a changed one; a name that is not set; a remote."""
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(key, os.devnull)

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    assert repository.installed().state == "ok"
    assert "not in a git repository" in repository.repository(tmp_path).said
    git("init", "--quiet")
    assert repository.repository(tmp_path).said.startswith("nothing is committed yet")
    unset = repository.identity(tmp_path)
    assert unset.said.startswith("user.name and user.email are not set")
    assert unset.mend is not None
    for key, value in (("user.name", "A Tester"), ("user.email", "tester@example.org")):
        assert key in unset.mend
        git("config", key, value)
    assert repository.identity(tmp_path).state == "ok"
    (tmp_path / "file").write_text("one")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    assert repository.repository(tmp_path).state == "ok"
    (tmp_path / "file").write_text("two")
    assert repository.repository(tmp_path).state == "note"
    assert "self-registered" in repository.remote(tmp_path).said
    git("remote", "add", "origin", "elsewhere.git")
    assert repository.remote(tmp_path).said == "pushes go to origin"


def test_without_git_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without git ends in exploratory verdicts only, so git counts as missing."""
    monkeypatch.setenv("PATH", os.devnull)
    absent = repository.installed()
    assert absent.state == "missing"
    assert "install git" in (absent.mend or "")


def _store(file: Path, version: str) -> str:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES (?)", [version])
        database.commit()
    return f"sqlite:///{file}"


def test_a_store_is_held_against_the_schema_of_the_installed_mlflow(tmp_path: Path) -> None:
    """Older, newer, or no store at all; it is opened for reading, and nothing is made."""
    older = services.store(tmp_path, {"MLFLOW_TRACKING_URI": _store(tmp_path / "older.db", "181f10493468")})
    assert (older.state, older.mend) == ("missing", f"mlflow db upgrade sqlite:///{tmp_path / 'older.db'}")
    newer = services.store(tmp_path, {"MLFLOW_TRACKING_URI": _store(tmp_path / "newer.db", "ffffffffffff")})
    assert newer.state == "missing"
    assert "install the newer MLflow" in (newer.mend or "")
    (tmp_path / "broken.db").write_text("not a database, but long enough to be read as one by somebody")
    assert services.store(tmp_path, {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'broken.db'}"}).state == "missing"
    assert services.store(tmp_path, {}).state == "ok"
    assert not (tmp_path / "mlflow.db").exists()


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_is_asked_how_it_is(tmp_path: Path) -> None:
    """One that answers is well; a port where nobody listens is told with both ways out."""
    server = HTTPServer(("127.0.0.1", 0), _Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://somebody:secret@127.0.0.1:{server.server_port}"
    well = services.store(tmp_path, {"MLFLOW_TRACKING_URI": uri.replace("somebody:secret@", "")})
    server.shutdown()
    server.server_close()
    assert well.state == "ok"
    gone = services.store(tmp_path, {"MLFLOW_TRACKING_URI": uri})
    assert gone.state == "missing"
    assert "unset MLFLOW_TRACKING_URI" in (gone.mend or "")
    assert "secret" not in gone.said + (gone.mend or "")


def test_gymnasium_and_docker_are_needed_only_where_they_are_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that nobody asks for is a note; one that an experiment names is missing."""
    experiments = tmp_path / "experiments"
    experiments.mkdir()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    assert services.gymnasium(tmp_path) is None
    assert services.engine(tmp_path, {}).state == "note"
    (experiments / "lake.yaml").write_text("image: project\nenvironment: {kind: gymnasium, id: FrozenLake-v1}\n")
    assert services.gymnasium(tmp_path) is not None
    assert services.engine(tmp_path, {}).state == "missing"


def test_a_damaged_record_is_told_with_its_folder(tmp_path: Path) -> None:
    """It does not count, and deleting it is all there is to do."""
    assert project.ledger(tmp_path).state == "ok"
    folder = tmp_path / ".expkit" / "ledger" / ("a" * 64) / "20261120T120000.000000Z-00000000"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text("{}")
    damaged = project.ledger(tmp_path)
    assert damaged.state == "note", damaged
    assert damaged.mend == f"rm -r {folder}"


def test_one_slow_or_broken_probe_holds_up_no_other() -> None:
    """What takes too long is left alone, what breaks is told; the others say what they found, in their order."""
    never = threading.Event()
    well = Finding(name="well", state="ok", said="here")

    def slow() -> Finding:
        never.wait()
        return well

    def broken() -> Finding:
        raise OSError("no such thing")

    found = examine({"slow": slow, "broken": broken, "well": lambda: well}, limit_s=0.3)
    never.set()
    assert [(one.name, one.state) for one in found] == [("slow", "note"), ("broken", "note"), ("well", "ok")]
    assert "no answer within 0.3 seconds" in found[0].said
    assert "no such thing" in found[1].said
