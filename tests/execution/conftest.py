"""What the tests of execution share: a small experiment, its plan, and circumstances to run it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from expkit.execution.complete import Circumstances
from expkit.ledger.ledger import Ledger
from expkit.plan import PlannedArm, plan
from expkit.provenance.capture import capture
from expkit.specs.experiment import Experiment


@pytest.fixture
def experiment() -> Experiment:
    """Three arms of six short trials."""
    return Experiment.model_validate(
        {
            "id": "strategies",
            "title": "Drunkard, accountant and gambler",
            "environment": {"kind": "dungeon"},
            "trainer": {"kind": "tabular", "steps": 400},
            "arms": {name: {"agent": {"kind": name}} for name in ("drunkard", "accountant", "gambler")},
            "seeds": {"root": 7, "count": 6},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger"


@pytest.fixture
def ledger(folder: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(folder)


@pytest.fixture
def planned(experiment: Experiment, ledger: Ledger) -> Sequence[PlannedArm]:
    """The plan of the experiment when nothing is recorded."""
    return plan(experiment, ledger.recorded)


@pytest.fixture
def long_plan(experiment: Experiment, ledger: Ledger) -> Sequence[PlannedArm]:
    """The same with trials that take long enough to be stopped: some tenths of a second a batch."""
    trainer = experiment.trainer.model_copy(update={"steps": 4_000_000})
    return plan(experiment.model_copy(update={"trainer": trainer}), ledger.recorded)


@pytest.fixture
def circumstances(tmp_path: Path) -> Callable[[], Circumstances]:
    """Outside git, with no hypothesis about anything."""

    def now() -> Circumstances:
        provenance, patch = capture(tmp_path, executor="local", command=["expkit", "run", "strategies"])
        return Circumstances(provenance=provenance, patch=patch, standing=lambda work: ())

    return now
