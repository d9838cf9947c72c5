"""Where results are published: the tracking URI, the file behind it, and the links that open it in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from expkit.errors import InvalidUsage

DEFAULT_STORE = "sqlite:///mlflow.db"
LOCAL_PORT = 5000
"""Where `make ui` serves a local store, unless it is told another port."""
VIEW = "expkit"
"""The view of an MLflow experiment that links open; `expkit.tracking.view` says what it shows."""

_STORES = re.compile(r"^(https?|(postgresql|mysql|mssql)(\+\w+)?)://|^databricks")
_SQLITE = re.compile(r"^sqlite(\+\w+)?://")


def tracking_uri(root: Path, environ: Mapping[str, str]) -> str:
    """The store to publish to: `MLFLOW_TRACKING_URI`, else `mlflow.db` in the project. Relative paths start at `root`.

    Raises:
        InvalidUsage: an SQLite store in memory, which would forget what was published.
    """
    uri = environ.get("MLFLOW_TRACKING_URI", "").strip() or DEFAULT_STORE
    if not (scheme := _SQLITE.match(uri)):
        if not _STORES.match(uri):
            raise InvalidUsage(
                f"{shown(uri)} is no store that MLflow can publish to",
                where="MLFLOW_TRACKING_URI",
                why="it is neither a server nor a database",
                mend="name one, such as http://127.0.0.1:5000 or sqlite:///mlflow.db",
            )
        return uri.rstrip("/") if is_server(uri) else uri
    path, _, query = uri[scheme.end() :].removeprefix("/").partition("?")
    if path in ("", ":memory:"):
        raise InvalidUsage(
            f"{uri} is a store in memory",
            where="MLFLOW_TRACKING_URI",
            why="what is published there is gone when the command ends",
            mend="name a file: MLFLOW_TRACKING_URI=sqlite:///mlflow.db",
        )
    if path.startswith("file:"):  # SQLite's own file URI, whose meaning is SQLite's
        return uri
    # SQLAlchemy reads the path percent-decoded and ends it at a question mark
    absolute = str(root.resolve() / unquote(path)).replace("%", "%25").replace("?", "%3F")
    return f"{scheme.group()}/{absolute}{'?' + query if query else ''}"


def store_file(uri: str) -> Path | None:
    """The SQLite file behind a tracking URI of `tracking_uri`; None for a server or any other database."""
    scheme = _SQLITE.match(uri)
    path = uri[scheme.end() :].removeprefix("/").partition("?")[0] if scheme else ""
    return None if not path or path.startswith("file:") else Path(unquote(path))


def is_server(uri: str) -> bool:
    """Whether a tracking URI is that of an MLflow server."""
    return uri.startswith(("http://", "https://"))


def shown(uri: str) -> str:
    """A tracking URI as people may see it: without user and password."""
    # a password may hold a slash, so everything up to the last @ goes
    return uri if _SQLITE.match(uri) else re.sub(r"^([A-Za-z][\w+.-]*://).*@", r"\1", uri)


@dataclass(frozen=True, kw_only=True)
class Links:
    """URLs of MLflow's user interface."""

    experiment: str
    """The experiment's runs as charts, in the view that expkit has published with them."""
    compare: str | None
    """The runs side by side; None for fewer than two."""
    runs: tuple[str, ...]
    """Each run's own page, in the order given."""


def ui(uri: str, port: int = LOCAL_PORT) -> str:
    """Where MLflow's pages are: at the server itself, or where `make ui` serves a local store."""
    return shown(uri).rstrip("/") if is_server(uri) else f"http://127.0.0.1:{port}"


def links(uri: str, experiment_id: str, run_ids: Sequence[str], port: int = LOCAL_PORT) -> Links:
    """The URLs that show these runs; `port` is that of `make ui`."""
    base = f"{ui(uri, port)}/#"
    # `runs` has to come first, and a bare address opens what MLflow has for language models
    training = "workflowType=machine_learning"
    runs, experiments = (quote(json.dumps(ids), safe="") for ids in (list(run_ids), [experiment_id]))
    return Links(
        experiment=f"{base}/experiments/{experiment_id}/runs?{training}&compareRunsMode=CHART&viewStateShareKey={VIEW}",
        compare=f"{base}/compare-runs?runs={runs}&experiments={experiments}&{training}" if len(run_ids) > 1 else None,
        runs=tuple(f"{base}/experiments/{experiment_id}/runs/{run_id}?{training}" for run_id in run_ids),
    )
