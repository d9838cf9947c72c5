"""Small but real attempts: whole records with real files beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.digests import digest
from expkit.ledger.clock import now
from expkit.ledger.ledger import Ledger
from expkit.records.attempt import PATCH_FILE, TRIALS_FILE, Attempt, FailedTrial, Result
from expkit.records.provenance import Git, Image, Machine, Provenance
from expkit.records.work import Work
from expkit.specs.agent import Drunkard
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import TabularArm
from expkit.specs.trainer import Tabular

KEY = hashlib.sha256(b"an arm").hexdigest()
STATES, ACTIONS, WINDOWS = 5, 2, 40


class Bench:
    """A ledger with a hand that runs trials: every number follows from the seed, the root and `luck`."""

    def __init__(self, root: Path) -> None:
        self.ledger = Ledger(root)

    def work(self, seeds: Sequence[int], *, key: str = KEY, root: int = 1) -> Work:
        return Work(
            arm=TabularArm(
                name="drunkard",
                environment=Dungeon(kind="dungeon"),
                agent=Drunkard(kind="drunkard"),
                trainer=Tabular(kind="tabular", steps=1000),
            ),
            arm_key=key,
            environment_digest="0" * 64,
            engine_version=1,
            root=root,
            streams="independent",
            seeds=tuple(seeds),
        )

    def attempt(
        self,
        staged: Path,
        seeds: Sequence[int],
        *,
        key: str = KEY,
        root: int = 1,
        luck: float = 0.0,
        failed: Sequence[int] = (),
        error: str | None = None,
    ) -> Attempt:
        """An attempt as a runner holds it before it is kept."""
        rewards = [None if seed in failed else 100.0 * root + seed + luck for seed in seeds]
        result = Result(
            metrics={"total_reward": tuple(rewards), "regret": tuple(None if r is None else -r for r in rewards)},
            trial_digests=tuple(digest([root, seed, luck]) for seed in seeds),
            failed=tuple(FailedTrial(seed=seed, why="a NaN in the table") for seed in failed),
            steps=1000 * len(seeds),
        )
        machine = Machine(
            system="Linux", architecture="x86_64", cpu="x", cores=1, python="3.11", implementation="CPython"
        )
        return Attempt(
            id=staged.name,
            work=self.work(seeds, key=key, root=root),
            status="failed" if error else "finished",
            result=None if error else result,
            error=error,
            started=now(),
            ended=now(),
            provenance=Provenance(
                git=Git(state="no_repository"),
                image=Image(),
                machine=machine,
                packages={"numpy": np.__version__},
                expkit="0",
                command=("expkit", "run"),
                executor="local",
            ),
        )

    def write_trials(self, staged: Path, seeds: Sequence[int], *, luck: float = 0.0) -> None:
        column = np.array(seeds, dtype=np.float64)[:, None, None] + luck
        np.savez(
            staged / TRIALS_FILE,
            seeds=np.array(seeds, dtype=np.int64),
            q=np.broadcast_to(column, (len(seeds), STATES, ACTIONS)),
            visits=np.broadcast_to(column.astype(np.int64), (len(seeds), STATES, ACTIONS)),
            curve=np.broadcast_to(column[:, 0], (len(seeds), WINDOWS)),
        )

    def run(self, seeds: Sequence[int], *, key: str = KEY, **settings: Any) -> Attempt:
        """Lock, stage, write, keep: a whole batch. Further settings are those of `run_held`."""
        with self.ledger.lock(key):
            return self.run_held(seeds, key=key, **settings)

    def run_held(
        self, seeds: Sequence[int], *, key: str, luck: float = 0.0, patch: bytes | None = None, **settings: Any
    ) -> Attempt:
        """A whole batch of an arm that is held already. Further settings are those of `attempt`."""
        staged = self.ledger.stage(key)
        self.write_trials(staged, seeds, luck=luck)
        if patch is not None:
            (staged / PATCH_FILE).write_bytes(patch)
        return self.ledger.keep(self.attempt(staged, seeds, key=key, luck=luck, **settings), staged)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The ledger's folder."""
    return tmp_path / ".expkit" / "ledger"


@pytest.fixture
def bench(root: Path) -> Bench:
    """A ledger to work on."""
    return Bench(root)


@pytest.fixture
def reopened(root: Path) -> Callable[[], Ledger]:
    """The same ledger as another process would open it."""
    return lambda: Ledger(root)


@pytest.fixture
def key() -> str:
    """The arm that attempts are of unless told otherwise."""
    return KEY
