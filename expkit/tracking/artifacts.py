"""Artifacts of a run: the files that stand beside its numbers."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults
    from expkit.records.attempt import Attempt

SEEDS_TABLE = "seeds.json"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file of a run: its path within the run, with `/`, and its content, made or read when it is asked for."""

    path: str
    content: bytes | Callable[[], bytes]

    def write(self, folder: Path) -> None:
        """Write the file below `folder`."""
        place = folder / self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(self.content if isinstance(self.content, bytes) else self.content())


def q_tables(results: ArmResults) -> bytes:
    """`q_tables.npz`: `q` float64 [seeds, states, actions] and `seeds` int64 [seeds]."""
    file = io.BytesIO()
    np.savez(file, q=results.q, seeds=np.asarray(results.seeds, dtype=np.int64))
    return file.getvalue()


def seeds_table(results: ArmResults) -> bytes:
    """`seeds.json`: every metric of every seed, in the form that MLflow shows as a table. Failed seeds have nulls."""
    columns = [column.tolist() for column in results.metrics.values()]
    rows = [
        [seed, *(value if math.isfinite(value) else None for value in values)]
        for seed, *values in zip(results.seeds, *columns, strict=True)
    ]
    return json.dumps({"columns": ["seed", *results.metrics], "data": rows}, allow_nan=False).encode()


def trajectories(results: ArmResults) -> bytes:
    """`trajectories.npz`: the recorded steps of all seeds together, a row a step."""
    file = io.BytesIO()
    np.savez(file, **results.trajectories)  # type: ignore[arg-type]
    return file.getvalue()


def attempts_provenance(attempts: Sequence[Attempt]) -> bytes:
    """`provenance.json`: every attempt the results rest on, each different provenance among them once, and inputs."""
    provenances: list[Any] = []
    entries = []
    for attempt in attempts:
        provenance = attempt.provenance.model_dump(mode="json")
        if provenance not in provenances:
            provenances.append(provenance)
        entries.append(
            {
                "id": attempt.id,
                "started": attempt.started,
                "ended": attempt.ended,
                "seeds": list(attempt.work.seeds),
                "provenance": provenances.index(provenance),
            }
        )
    inputs = {
        name: one.model_dump(mode="json") for attempt in attempts for name, one in attempt.work.arm.inputs.items()
    }
    return pretty({"attempts": entries, "provenances": provenances, **({"inputs": inputs} if inputs else {})})


def pretty(value: object) -> bytes:
    """JSON for people: indented, keys in their own order, one newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
