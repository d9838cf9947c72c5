"""Records doctored so that the ledger accepts them: digests of trials and of files are made to fit again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from expkit.training.train import trial_digests
from tests.conftest import Desk

OTHER_ARCHITECTURE = "aarch64" if platform.machine() != "aarch64" else "x86_64"
"""One that this machine has not."""

Arrays = dict[str, np.ndarray]


def record_of(desk: Desk, arm: str) -> Path:
    """The record of an arm's only attempt."""
    (found,) = [file for file in desk.records() if json.loads(file.read_text())["work"]["arm"]["name"] == arm]
    return found


def attempt_of(desk: Desk, arm: str) -> str:
    """The id of an arm's only attempt."""
    return record_of(desk, arm).parent.name


def doctor_record(desk: Desk, arm: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what an attempt tells of itself."""
    file = record_of(desk, arm)
    record = json.loads(file.read_text())
    change(record)
    file.write_text(json.dumps(record))


def doctor_trials(
    desk: Desk, arm: str, change: Callable[[Arrays, dict[str, list[Any]]], None], *, digests: bool = True
) -> None:
    """Change the arrays and the metrics of an attempt; with its trial digests, unless told to leave them."""
    file = record_of(desk, arm)
    record = json.loads(file.read_text())
    trials = file.with_name("trials.npz")
    with np.load(trials) as opened:
        arrays = {name: opened[name].copy() for name in opened.files}
    metrics = record["result"]["metrics"]
    change(arrays, metrics)
    np.savez(trials, **arrays)
    if digests:
        columns = {name: np.array(values, dtype=np.float64) for name, values in metrics.items()}
        record["result"]["trial_digests"] = list(trial_digests(arrays["q"], arrays["visits"], arrays["curve"], columns))
    content = trials.read_bytes()
    record["files"]["trials.npz"] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    file.write_text(json.dumps(record))
