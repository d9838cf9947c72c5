from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.checkpoint.proof import prove
from expkit.checkpoint.stored import load, table_bytes
from expkit.errors import CheckFailed, InvalidUsage
from expkit.records.checkpoint import CHECKPOINT_FILE, TABLE_FILE
from tests.checkpoint.conftest import Packed, pack


def with_table(packed: Packed, **arrays: Any) -> Packed:
    """A checkpoint whose table holds other arrays, and whose record knows it."""
    table = table_bytes(**arrays)
    changed = packed.with_(table_digest=hashlib.sha256(table).hexdigest())
    return Packed(checkpoint=changed.checkpoint, files={**changed.files, TABLE_FILE: table})


def test_what_is_packed_is_what_is_loaded(packed: Packed, tmp_path: Path) -> None:
    """The record, to the last digit of its metrics, and the arrays; and it is the trial that was recorded."""
    stored = packed.stored(tmp_path)
    assert stored.checkpoint == packed.checkpoint
    assert stored.sha256 == packed.sha256
    assert stored.q.shape == stored.visits.shape == (5, 2)
    assert int(stored.visits.sum()) == 400
    prove(stored)


def test_the_same_trial_is_the_same_bytes() -> None:
    """A golden digest: files carry no time and no name of whoever wrote them."""
    one, other = pack(), pack()
    assert one.files == other.files
    assert one.checkpoint.table_digest == "59e1f0dff7b2f40e79e7f950a4166575354f69c27794e1d46efd50a31fd428fb"


def test_a_changed_table_is_refused(packed: Packed, tmp_path: Path) -> None:
    """One bit is enough."""
    folder = packed.write(tmp_path)
    table = bytearray(packed.files[TABLE_FILE])
    table[len(table) // 2] ^= 1
    (folder / TABLE_FILE).write_bytes(table)
    with pytest.raises(CheckFailed, match=r"q_table\.npz: not the table that was packaged"):
        load(folder)


def test_a_table_of_another_shape_is_refused(packed: Packed, tmp_path: Path) -> None:
    """Even where the record was made to fit: its environment has five states."""
    visits = np.zeros((6, 2), dtype=np.int64)
    with pytest.raises(CheckFailed, match="no table of its environment"):
        with_table(packed, q=np.zeros((6, 2)), visits=visits, curve=np.zeros(40)).stored(tmp_path)


def test_an_array_that_would_execute_is_never_unpickled(packed: Packed, tmp_path: Path) -> None:
    """Objects are refused before they come to life."""
    objects = np.array([[object()] * 2] * 5, dtype=object)
    with pytest.raises(CheckFailed, match="no table of a checkpoint"):
        with_table(packed, q=objects, visits=np.zeros((5, 2), dtype=np.int64), curve=np.zeros(40)).stored(tmp_path)


@pytest.mark.parametrize("changed", [{"engine_version": 2}, {"environment_digest": "0" * 64}])
def test_a_checkpoint_of_another_expkit_is_refused(packed: Packed, tmp_path: Path, changed: dict[str, Any]) -> None:
    """What this code would evaluate is not what was trained."""
    with pytest.raises(CheckFailed, match="of another version of expkit"):
        packed.with_(**changed).stored(tmp_path)


def test_another_trials_table_is_no_proof(packed: Packed, tmp_path: Path) -> None:
    """A table and a record that fit each other load; that they are the recorded trial is computed."""
    foreign = pack(seed=4)
    stored = foreign.with_(trial_digest=packed.checkpoint.trial_digest).stored(tmp_path)
    with pytest.raises(CheckFailed, match="not those of the recorded trial"):
        prove(stored)


def test_a_metric_that_was_prettified_is_no_proof(packed: Packed, tmp_path: Path) -> None:
    """The metrics are in the trial's digest, too."""
    metrics = {**packed.checkpoint.metrics, "total_reward": packed.checkpoint.metrics["total_reward"] + 1}
    with pytest.raises(CheckFailed, match="not those of the recorded trial"):
        prove(packed.with_(metrics=metrics).stored(tmp_path))


def test_a_folder_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    """Invalid usage: the wrong folder."""
    with pytest.raises(InvalidUsage, match="there is no checkpoint in"):
        load(tmp_path)


def test_a_record_of_something_else_is_refused(packed: Packed, tmp_path: Path) -> None:
    """With the first thing that is wrong with it."""
    folder = packed.write(tmp_path)
    record = json.loads(packed.files[CHECKPOINT_FILE]) | {"seed": "three"}
    (folder / CHECKPOINT_FILE).write_text(json.dumps(record))
    with pytest.raises(CheckFailed, match="seed: Input should be a valid integer"):
        load(folder)
