"""What the tests of checkpoints share: a real trial, trained here, and its checkpoint as files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from expkit.checkpoint.stored import Stored, checkpoint_bytes, load, table_bytes
from expkit.digests import digest
from expkit.plan import arm_key
from expkit.records.checkpoint import CHECKPOINT_FILE, TABLE_FILE, Checkpoint
from expkit.records.provenance import Image
from expkit.records.work import Work
from expkit.specs.experiment import TabularArm
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.evaluate import optimal_gain, random_gain
from expkit.training.train import train

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT = 20261120


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A checkpoint and its files by name."""

    checkpoint: Checkpoint
    files: dict[str, bytes]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.files[CHECKPOINT_FILE]).hexdigest()

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder

    def with_(self, **changes: Any) -> Packed:
        """The same with other facts, as consistent as its writer can make it."""
        checkpoint = self.checkpoint.model_copy(update=changes)
        return Packed(checkpoint=checkpoint, files={**self.files, CHECKPOINT_FILE: checkpoint_bytes(checkpoint)})

    def stored(self, folder: Path) -> Stored:
        return load(self.write(folder))


def pack(kind: str = "gambler", *, seed: int = 3, steps: int = 400, **environment: Any) -> Packed:
    """A trial that is trained here and now, as packaging lays it out."""
    arm = TabularArm.model_validate(
        {
            "name": kind,
            "environment": {"kind": "dungeon", **environment},
            "agent": {"kind": kind},
            "trainer": {"kind": "tabular", "steps": steps},
        }
    )
    mdp = compile_environment(arm.environment)
    key = arm_key(arm, mdp.digest)
    trials = train(
        Work(
            arm=arm,
            arm_key=key,
            environment_digest=mdp.digest,
            engine_version=ENGINE_VERSION,
            root=ROOT,
            streams="independent",
            seeds=(seed,),
        )
    )
    table = table_bytes(trials.q[0], trials.visits[0], trials.curve[0])
    checkpoint = Checkpoint(
        project="caves",
        question="rq01",
        experiment="strategies",
        arm=kind,
        label=kind,
        seed=seed,
        rule="best",
        among=6,
        resolved=arm,
        arm_key=key,
        environment_digest=mdp.digest,
        engine_version=ENGINE_VERSION,
        root=ROOT,
        streams="independent",
        table_digest=hashlib.sha256(table).hexdigest(),
        trial_digest=trials.trial_digests[0],
        results_digest=digest(list(trials.trial_digests)),
        evidence_digest=digest("evidence"),
        metrics={name: float(values[0]) for name, values in trials.metrics.items()},
        optimal_gain=optimal_gain(mdp),
        random_gain=random_gain(mdp),
        attempt="20261120T120000.000000Z-00000000",
        commit=COMMIT,
        dirty=False,
        trained_in=Image(),
        parent=Image(reference="caves:0123456789ab", id=f"sha256:{'a' * 64}"),
    )
    return Packed(checkpoint=checkpoint, files={CHECKPOINT_FILE: checkpoint_bytes(checkpoint), TABLE_FILE: table})


@pytest.fixture
def packed() -> Packed:
    """The gambler's checkpoint."""
    return pack()


@pytest.fixture(scope="session")
def every_agent() -> Callable[[str], Packed]:
    """The checkpoint of each kind of agent, trained once."""
    known = {kind: pack(kind) for kind in ("drunkard", "accountant", "gambler")}
    return lambda kind: known[kind]
