from __future__ import annotations

import subprocess
import sys

import pytest

from expkit.tracking.keys import outcome_key, run_key


def test_a_key_is_the_digest_of_project_owner_experiment_arm_and_results() -> None:
    """The value is pinned: a key that changes would publish every result of every project again."""
    key = run_key("caves", "rq01", "strategies", "gambler", "a" * 64)
    assert key == "d5af7b862fe76a23b0997de672ae456e9532423df41aff536a607e850357b73d"


@pytest.mark.parametrize(
    "other",
    [
        ("mines", "rq01", "strategies", "gambler", "a" * 64),
        ("caves", "rq02", "strategies", "gambler", "a" * 64),
        ("caves", None, "strategies", "gambler", "a" * 64),
        ("caves", "rq01", "rates", "gambler", "a" * 64),
        ("caves", "rq01", "strategies", "drunkard", "a" * 64),
        ("caves", "rq01", "strategies", "gambler", "b" * 64),
        ("caves", "rq01", None, None, "a" * 64),
    ],
)
def test_every_part_of_a_key_counts(other: tuple[str, str | None, str | None, str | None, str]) -> None:
    """Results of another project, question, experiment or arm, and other results, are another run."""
    assert run_key(*other) != run_key("caves", "rq01", "strategies", "gambler", "a" * 64)


def test_an_outcome_is_another_one_when_its_evidence_or_its_words_change() -> None:
    """A team that edits its discussion publishes a new outcome, and the same bytes are the same outcome."""
    key = outcome_key("caves", "rq01", evidence=b"{}", outcome=b"# It works")
    assert key == outcome_key("caves", "rq01", evidence=b"{}", outcome=b"# It works")
    assert key != outcome_key("caves", "rq01", evidence=b"{}", outcome=b"# It worked")
    assert key != outcome_key("caves", "rq01", evidence=b"{ }", outcome=b"# It works")
    assert key != outcome_key("caves", "rq02", evidence=b"{}", outcome=b"# It works")


@pytest.mark.parametrize(
    ("modules", "refused"),
    [
        ("keys, place", {"mlflow", "scipy", "matplotlib", "numpy", "sqlalchemy", "pandas"}),
        ("mapping, manners, store", {"mlflow", "scipy", "matplotlib", "sqlalchemy", "pandas"}),
    ],
)
def test_importing_the_room_imports_nothing_heavy(modules: str, refused: set[str]) -> None:
    """An idle run asks for keys and places, and only an open store has paid for mlflow."""
    code = f"import sys; from expkit.tracking import {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "expkit.tracking.keys" in loaded or "expkit.tracking.store" in loaded
    assert refused.isdisjoint(loaded)
