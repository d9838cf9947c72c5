"""What answers: the MLflow store, the container engine, and Gymnasium where it is asked for."""

from __future__ import annotations

import importlib.util
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from importlib import metadata
from pathlib import Path
from urllib.parse import quote, urlsplit

from expkit.containers.engine import connect
from expkit.containers.image import look
from expkit.doctor.finding import Finding
from expkit.errors import ExpkitError
from expkit.images.base import base_of
from expkit.project.gymnasium import INSTALL
from expkit.project.paths import Paths
from expkit.tracking.place import is_server, shown, store_file, tracking_uri

PATIENCE_S = 3
_IMAGE = re.compile(r"^image:", re.MULTILINE)
_GYMNASIUM = re.compile(r"\bkind:\s*['\"]?gymnasium\b")


def store(root: Path, environment: Mapping[str, str]) -> Finding:
    """Whether there is an MLflow store to publish to."""
    try:
        uri = tracking_uri(root, environment)
    except ExpkitError as wrong:
        return Finding(name="mlflow", state="missing", said=wrong.what, mend=wrong.mend)
    if is_server(uri):
        return _server(uri)
    file = store_file(uri)
    if file is None:
        return Finding(
            name="mlflow", state="note", said=f"{shown(uri)} is a database that was not asked", mend="expkit sync"
        )
    if not file.is_file():
        return Finding(name="mlflow", state="ok", said=f"{shown(uri)} is made by the first run")
    return _database(file)


def engine(root: Path | None, environment: Mapping[str, str]) -> Finding:
    """Whether a container engine answers, and has the image that the project's own begins with."""
    needed = root is not None and _declares(root, _IMAGE)
    try:
        found = connect()
        rootless = any("rootless" in option for option in found.client.info().get("SecurityOptions") or ())
    except ExpkitError as absent:
        why = "; an experiment declares an image" if needed else "; only images and containers need one"
        return Finding(
            name="docker", state="missing" if needed else "note", said=f"{absent.what}{why}", mend=absent.mend
        )
    said = f"Docker {found.version} answers{', rootless' if rootless else ''}, {found.platform}"
    if root is None:
        return Finding(name="docker", state="ok", said=said)
    base = base_of(root, environment=environment)
    if look(found, base) is None:
        return Finding(
            name="docker",
            state="note",
            said=f"{said}; the base image {base} is not here, which expkit image build needs",
            mend=f"docker pull {base} (or name another: EXPKIT_BASE_IMAGE=NAME)",
        )
    return Finding(name="docker", state="ok", said=f"{said}; the base image {base} is here")


def gymnasium(root: Path) -> Finding | None:
    """Whether Gymnasium is installed where an environment asks for it; None where none does."""
    if not _declares(root, _GYMNASIUM):
        return None
    if importlib.util.find_spec("gymnasium") is None:
        said = "an environment of kind gymnasium is declared, and Gymnasium is not installed"
        return Finding(name="gymnasium", state="missing", said=said, mend=INSTALL)
    return Finding(name="gymnasium", state="ok", said=f"Gymnasium {metadata.version('gymnasium')}")


def _declares(root: Path, pattern: re.Pattern[str]) -> bool:
    # as text: what it asks for may be missing, and then the file cannot be read as what it means
    files = Paths(root).experiments.glob("*.yaml")
    return any(pattern.search(file.read_text(encoding="utf-8", errors="replace")) for file in files)


def _server(uri: str) -> Finding:
    try:
        with urllib.request.urlopen(f"{uri}/health", timeout=PATIENCE_S):
            return Finding(name="mlflow", state="ok", said=f"the server at {shown(uri)} answers")
    except urllib.error.HTTPError as error:
        why = f"answers with {error.code}"
    except (OSError, ValueError) as error:
        why = f"does not answer: {getattr(error, 'reason', None) or error}"
    port = urlsplit(uri).port or 5000
    return Finding(
        name="mlflow",
        state="missing",
        said=f"the server at {shown(uri)} {why}; a run finishes all the same and leaves publishing to do",
        mend=f"start it (mlflow server --port {port}), or publish to this project's own: unset MLFLOW_TRACKING_URI",
    )


def _database(file: Path) -> Finding:
    """An SQLite store, opened for reading only."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=PATIENCE_S)) as database:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        return Finding(
            name="mlflow",
            state="missing",
            said=f"{file} cannot be read as a store: {error}",
            mend=f"mv {file} {file}.broken && expkit sync",
        )
    version, known = row[0] if row else "none", _revisions()
    if version == known[0]:
        return Finding(name="mlflow", state="ok", said=f"{file}, schema {version}, which this MLflow writes")
    said = f"{file} has schema {version}, and MLflow {metadata.version('mlflow')} writes {known[0]}"
    older = version in known
    mend = (
        f"mlflow db upgrade sqlite:///{file}"
        if older
        else "install the newer MLflow that wrote it, or set MLFLOW_TRACKING_URI"
    )
    return Finding(name="mlflow", state="missing", said=said, mend=mend)


def _revisions() -> list[str]:
    """The schemas that the installed MLflow knows, the one it writes first; from its files, as importing it is slow."""
    spec = importlib.util.find_spec("mlflow")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "store" / "db_migrations" / "versions"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    named = {found for text in texts for found in re.findall(r"^revision(?:: str)? = ['\"](\w+)", text, re.MULTILINE)}
    before = {found for text in texts for found in re.findall(r"^down_revision.*?['\"](\w+)", text, re.MULTILINE)}
    return [*sorted(named - before), *sorted(named & before)]
