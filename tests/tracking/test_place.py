from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from expkit.errors import InvalidUsage
from expkit.tracking.place import links, shown, store_file, tracking_uri

ROOT = Path("/project")


@pytest.mark.parametrize("environ", [{}, {"MLFLOW_TRACKING_URI": ""}, {"MLFLOW_TRACKING_URI": " "}])
def test_the_default_store_lies_in_the_project(environ: dict[str, str]) -> None:
    """Without a setting, results go to mlflow.db in the project's root, whatever the working folder."""
    assert tracking_uri(ROOT, environ) == "sqlite:////project/mlflow.db"


@pytest.mark.parametrize(
    ("given_uri", "uri"),
    [
        ("sqlite:///runs/all.db", "sqlite:////project/runs/all.db"),
        ("sqlite:////shared/all.db", "sqlite:////shared/all.db"),
        ("sqlite+pysqlite:///all.db", "sqlite+pysqlite:////project/all.db"),
        ("sqlite:///all.db?timeout=30", "sqlite:////project/all.db?timeout=30"),
        ("http://tracking.example:5000/", "http://tracking.example:5000"),
        ("postgresql://u:p@db/mlflow", "postgresql://u:p@db/mlflow"),
    ],
)
def test_what_the_user_sets_is_honoured(given_uri: str, uri: str) -> None:
    """A relative SQLite path starts at the project's root; everything else stays what it is."""
    assert tracking_uri(ROOT, {"MLFLOW_TRACKING_URI": given_uri}) == uri


@pytest.mark.parametrize("uri", ["garbage://x", "./mlruns", "file:///project/mlruns"])
def test_what_is_neither_a_server_nor_a_database_is_refused(uri: str) -> None:
    """Publishing there could never succeed, so it is an error of usage and not a publication that is pending."""
    with pytest.raises(InvalidUsage, match="no store that MLflow can publish to"):
        tracking_uri(ROOT, {"MLFLOW_TRACKING_URI": uri})


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(uri: str) -> None:
    """It would forget what was published while receipts say it was."""
    with pytest.raises(InvalidUsage, match="in memory"):
        tracking_uri(ROOT, {"MLFLOW_TRACKING_URI": uri})


@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_the_file_of_a_local_store_is_found_whatever_the_folder_is_called(name: str) -> None:
    """Percent signs, question marks and spaces survive: SQLAlchemy reads the file that `store_file` names."""
    folder = Path("/projects") / f"_{name}"
    uri = tracking_uri(folder, {})
    assert store_file(uri) == folder / "mlflow.db"
    assert make_url(uri).database == str(folder / "mlflow.db")


def test_a_server_has_no_file() -> None:
    """Its existence cannot be asked of the disk."""
    assert store_file("http://127.0.0.1:5000") is None
    assert store_file("postgresql://db/mlflow") is None


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("http://ann:se/cr@t@tracking.example:5000/x", "http://tracking.example:5000/x"),
        ("postgresql://ann:secret@db/mlflow", "postgresql://db/mlflow"),
        ("http://tracking.example:5000", "http://tracking.example:5000"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
    ],
)
def test_a_uri_is_shown_without_its_password(uri: str, text: str) -> None:
    """Messages are pasted into tickets."""
    assert shown(uri) == text


def test_links_open_the_charts_and_the_comparison() -> None:
    """The addresses are those that mlflow's interface understands: `runs` first, both lists as JSON."""
    found = links("http://ann:secret@tracking.example:5000", "7", ["a1", "b2"])
    assert found.experiment == (
        "http://tracking.example:5000/#/experiments/7/runs"
        "?workflowType=machine_learning&compareRunsMode=CHART&viewStateShareKey=expkit"
    )
    assert found.runs[1] == "http://tracking.example:5000/#/experiments/7/runs/b2?workflowType=machine_learning"
    assert found.compare is not None
    path, _, query = urlsplit(found.compare).fragment.partition("?")
    assert path == "/compare-runs"
    asked = {key: value[0] for key, value in parse_qs(query).items()}
    assert asked.pop("workflowType") == "machine_learning"
    assert {key: json.loads(value) for key, value in asked.items()} == {"runs": ["a1", "b2"], "experiments": ["7"]}
    assert query.startswith("runs=")


def test_links_to_a_local_store_open_where_it_is_served() -> None:
    """`make ui` serves it on the usual port; one run has nothing to be compared with."""
    found = links("sqlite:////project/mlflow.db", "1", ["a1"])
    assert found.experiment.startswith("http://127.0.0.1:5000/#/experiments/1/runs?")
    assert found.compare is None
