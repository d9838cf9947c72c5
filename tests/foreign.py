"""Trials that expkit did not train, as a ledger holds them: of a program, and recorded elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

from expkit.digests import digest, file_digest
from expkit.ledger.results import ArmResults, join
from expkit.plan import PlannedArm, plan
from expkit.records.attempt import Attempt, FailedTrial, File, Result
from expkit.records.provenance import Git, Image, Machine, Provenance
from expkit.specs.experiment import Experiment, RecordedRows
from expkit.specs.program import Recorded

COMMIT = "4f1c9f0a7d2b3e5c6a8b9d0e1f2a3b4c5d6e7f80"
MACHINE = Machine(
    system="Linux 6.1", architecture="x86_64", cpu="a processor", cores=2, python="3.11.7", implementation="CPython"
)
METRICS = {
    "return/mean": {"definition": "mean return of the last ten episodes", "unit": "points"},
    "solved": {"definition": "1 if every one of the last ten episodes ended at the goal", "binary": True},
    "regret": {"definition": "what the best known policy earns more", "version": 3, "better": "lower"},
}


def command(**changed: Any) -> dict[str, Any]:
    """The trainer of a program with three metrics, one of which has the name of a tabular one."""
    trainer = {
        "kind": "command",
        "command": ["python", "train.py", "--out={output}", "--seed={seed}"],
        "parameters": {"learning_rate": 0.1, "episodes": 200, "double": False},
        "metrics": METRICS,
        "digest": hashlib.sha256(b"train.py").hexdigest(),
    }
    return trainer | changed


def experiment(seeds: int = 24, *, trainer: Mapping[str, Any] | None = None, **changed: Any) -> Experiment:
    """A slow and a fast arm of a program."""
    fields: dict[str, Any] = {
        "id": "walker",
        "title": "A walker on a frozen lake",
        "trainer": dict(trainer or command()),
        "arms": {"slow": {"parameters": {"learning_rate": 0.01}}, "fast": {}},
        "seeds": {"root": 7, "count": seeds},
    }
    return Experiment.model_validate_json(_json(fields | changed))


def recorded(seeds: int = 24) -> Experiment:
    """The same two arms from a file."""
    trainer = {"kind": "recorded", "file": "results/walker.csv", "metrics": METRICS, "source": "the runs of last May"}
    fields = {
        "id": "walker",
        "title": "A walker on a frozen lake",
        "trainer": trainer,
        "arms": {"slow": {"recorded_as": "lr 0.01"}, "fast": {}},
    }
    declared = Experiment.model_validate_json(_json(fields))
    labels = tuple(str(seed) for seed in range(seeds))
    assert isinstance(declared.trainer, Recorded)
    return declared.with_recorded(
        {
            (declared.trainer.rows, name): RecordedRows(digest=hashlib.sha256(name.encode()).hexdigest(), seeds=labels)
            for name in ("lr 0.01", "fast")
        }
    )


def planned(declared: Experiment, missing: bool = False) -> tuple[PlannedArm, ...]:
    """Its arms, with every seed done or none."""
    return plan(declared, lambda *_: frozenset() if missing else frozenset(range(declared.seeds.count)))


def drawn(arm: PlannedArm, centre: float) -> dict[str, list[float | None]]:
    """Plausible numbers of every metric, the same everywhere."""
    count = len(arm.seeds)
    normal = [NormalDist(centre, 0.05).inv_cdf((k * 7 % count + 0.5) / count) for k in range(count)]
    return {
        "return/mean": [round(value, 6) for value in normal],
        "solved": [float(value > 0.6) for value in normal],
        "regret": [round(1 - value, 6) for value in normal],
    }


def results(
    arm: PlannedArm,
    folder: Path,
    columns: Mapping[str, Sequence[float | None]] | None = None,
    *,
    failed: Mapping[int, str] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> ArmResults:
    """One attempt a trial, with these files beside its record. `drawn` says what was measured unless told."""
    measured = columns or drawn(arm, 0.7 if arm.name == "fast" else 0.6)
    attempts = [*_attempts(arm, folder, measured, failed or {}, files or {})]
    return join(attempts, arm_key=arm.key, root=arm.root, streams=arm.streams, seeds=arm.seeds, folder=folder)


def _attempts(
    arm: PlannedArm,
    folder: Path,
    columns: Mapping[str, Sequence[float | None]],
    failed: Mapping[int, str],
    files: Mapping[str, bytes],
) -> Iterator[Attempt]:
    work = next(planned_again(arm).batches()).model_copy(update={"seeds": arm.seeds})
    for seed in arm.seeds:
        values = {name: None if seed in failed else column[seed] for name, column in columns.items()}
        id = f"20261120T120000.{seed:06d}Z-{seed:08x}"
        for name, content in files.items():
            place = folder / id / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield Attempt(
            id=id,
            work=work.model_copy(update={"seeds": (seed,)}),
            status="finished",
            result=Result(
                metrics={name: (value,) for name, value in values.items()},
                trial_digests=(digest([arm.key, seed, values]),),
                failed=tuple(FailedTrial(seed=seed, why=why) for one, why in failed.items() if one == seed),
                steps=0,
            ),
            started="2026-11-20T12:00:00Z",
            ended="2026-11-20T12:00:09Z",
            provenance=provenance(),
            files={
                name: File(sha256=file_digest(folder / id / name), bytes=len(content))
                for name, content in files.items()
            },
        )


def planned_again(arm: PlannedArm) -> PlannedArm:
    """The same arm with all of its seeds to do."""
    from dataclasses import replace

    return replace(arm, missing=arm.seeds)


def provenance() -> Provenance:
    """A clean commit on a bare host."""
    return Provenance(
        git=Git(state="clean", commit=COMMIT, branch="main"),
        image=Image(),
        machine=MACHINE,
        packages={"numpy": "2.4.0"},
        expkit="0.1.0",
        command=("expkit", "run", "rq07"),
        executor="local",
    )


def _json(fields: Mapping[str, Any]) -> str:
    import json

    return json.dumps(fields)
