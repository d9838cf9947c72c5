from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.containers.collect import Rejected
from expkit.execution.received import receive
from expkit.execution.worker import perform
from expkit.plan import PlannedArm
from expkit.records.attempt import FailedTrial, Result
from expkit.records.work import Work


@pytest.fixture
def work(planned: Sequence[PlannedArm]) -> Work:
    """The gambler's six seeds."""
    (work,) = planned[2].batches()
    return work


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The folder a worker wrote to."""
    left = tmp_path / "out" / "0"
    left.mkdir(parents=True)
    return left


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder of the ledger's."""
    into = tmp_path / "staged"
    into.mkdir()
    return into


@pytest.fixture
def result(work: Work, left: Path) -> Result:
    """What an honest worker found; its arrays are in the folder."""
    return perform(work, left)


def test_what_an_honest_worker_leaves_is_taken(work: Work, result: Result, left: Path, into: Path) -> None:
    """Byte for byte."""
    written = (left / "trials.npz").read_bytes()
    receive(work, result, left, into)
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {"trials.npz": written}


def test_a_failed_trial_is_a_result(work: Work, result: Result, left: Path, into: Path) -> None:
    """With its seed, and why."""
    receive(work, result.model_copy(update={"failed": (FailedTrial(seed=3, why="overflow"),)}), left, into)
    assert (into / "trials.npz").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda result: None, "neither a result nor an error"),
        (lambda result: {"metrics": result.metrics | {"luck": (1.0,) * 6}}, "other metrics than the trainer measures"),
        (lambda result: {"metrics": {}}, "other metrics than the trainer measures"),
        (lambda result: {"trial_digests": result.trial_digests[:5]}, "not 6 seeds in trial_digests"),
        (
            lambda result: {"metrics": result.metrics | {"regret": result.metrics["regret"] * 2}},
            "not 6 seeds in regret",
        ),
        (lambda result: {"failed": (FailedTrial(seed=6, why="?"),)}, "failed seeds that were not asked for"),
        (lambda result: {"steps": 1}, "tells of 1 steps"),
    ],
)
def test_a_result_that_does_not_fit_the_work_is_rejected(
    work: Work, result: Result, left: Path, into: Path, change: Callable[[Result], Any], why: str
) -> None:
    """What the ledger keeps can be joined seed by seed."""
    changed = change(result)
    with pytest.raises(Rejected, match=why):
        receive(work, changed and result.model_copy(update=changed), left, into)
    assert list(into.iterdir()) == []


def rewrite(file: Path, *, compressed: bool = False, **arrays: Any) -> None:
    """Put other arrays in the place of some."""
    with np.load(file) as old:
        whole = {name: old[name] for name in old} | arrays
    (np.savez_compressed if compressed else np.savez)(file, **whole)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"seeds": np.arange(1, 7)}, "holds other seeds than were asked for"),
        ({"seeds": np.arange(5)}, r"seeds in trials.npz is \('<i8', \(5,\)\)"),
        ({"q": np.zeros((6, 5, 3))}, "q in trials.npz is"),
        ({"q": np.zeros((6, 5, 2), dtype=np.float32)}, "q in trials.npz is"),
        ({"q": np.zeros((6, 5, 2), dtype=object)}, "q in trials.npz is"),
        ({"q": np.asfortranarray(np.zeros((6, 5, 2)))}, "not laid out as a worker writes it"),
        ({"visits": np.zeros((6, 5, 2))}, "visits in trials.npz is"),
        ({"curve": np.zeros((6, 41))}, "curve in trials.npz is"),
        ({"more": np.zeros(1)}, "holds other arrays than seeds, q, visits, curve"),
        ({"../../trials": np.zeros(1)}, "holds other arrays than seeds, q, visits, curve"),
    ],
)
def test_other_arrays_than_the_works_are_rejected(
    work: Work, result: Result, left: Path, into: Path, arrays: dict[str, Any], why: str
) -> None:
    """Types and shapes follow from the arm; names lead nowhere."""
    rewrite(left / "trials.npz", **arrays)
    with pytest.raises(Rejected, match=why):
        receive(work, result, left, into)
    assert list(into.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda result: {"trial_digests": (*result.trial_digests[:5], "0" * 64)},
        lambda result: {"metrics": result.metrics | {"regret": (*result.metrics["regret"][:5], 0.5)}},
        lambda result: {"metrics": result.metrics | {"regret": (*result.metrics["regret"][:5], None)}},
    ],
)
def test_digests_are_of_the_numbers(
    work: Work, result: Result, left: Path, into: Path, change: Callable[[Result], Any]
) -> None:
    """Every trial's is computed again: two executions are compared by them."""
    with pytest.raises(Rejected, match=r"seed 5 has the digest [0-9a-f]{12} by its numbers, not [0-9a-f]{12}$"):
        receive(work, result.model_copy(update=change(result)), left, into)
    assert list(into.iterdir()) == []


@pytest.mark.parametrize("name", ["q", "visits", "curve"])
def test_other_numbers_than_the_digests_are_rejected(
    work: Work, result: Result, left: Path, into: Path, name: str
) -> None:
    """One number of one trial is enough."""
    with np.load(left / "trials.npz") as old:
        changed = old[name].copy()
    changed.reshape(6, -1)[2, 0] += 1
    rewrite(left / "trials.npz", **{name: changed})
    with pytest.raises(Rejected, match="seed 2 has the digest"):
        receive(work, result, left, into)


@pytest.mark.parametrize("at_once", [1, 2000, 1 << 20])
def test_trials_are_read_some_at_a_time(
    work: Work, result: Result, left: Path, into: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """A large batch takes no more memory than a small one, and has the same digests."""
    monkeypatch.setattr("expkit.execution.received._CHUNK_BYTES", at_once)
    receive(work, result, left, into)
    assert (into / "trials.npz").exists()


def test_a_compressed_file_is_not_unpacked(work: Work, result: Result, left: Path, into: Path) -> None:
    """It could hold more than this machine does."""
    rewrite(left / "trials.npz", compressed=True)
    with pytest.raises(Rejected, match="compressed"):
        receive(work, result, left, into)


def test_a_file_that_is_larger_than_its_numbers_is_refused_unread(
    work: Work, result: Result, left: Path, into: Path
) -> None:
    """How much they take is known from the arm."""
    with (left / "trials.npz").open("ab") as file:
        file.truncate(2**40)
    with pytest.raises(Rejected, match="claims 1,099,511,627,776 bytes"):
        receive(work, result, left, into)


def test_a_flipped_bit_is_found(work: Work, result: Result, left: Path, into: Path) -> None:
    """The arrays have checksums."""
    file = left / "trials.npz"
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo("curve.npy").header_offset
    content[place + 400] ^= 1
    file.write_bytes(content)
    with pytest.raises(Rejected, match="cannot be read: Bad CRC-32"):
        receive(work, result, left, into)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_what_is_no_archive_is_rejected(work: Work, result: Result, left: Path, into: Path, content: bytes) -> None:
    """Whatever its reader makes of it."""
    (left / "trials.npz").write_bytes(content)
    with pytest.raises(Rejected, match=r"trials\.npz cannot be read"):
        receive(work, result, left, into)
    assert list(into.iterdir()) == []


def test_an_array_that_claims_more_than_it_has_is_rejected(work: Work, result: Result, left: Path, into: Path) -> None:
    """A header is a claim; the numbers behind it are counted."""
    with np.load(left / "trials.npz") as old:
        arrays = {name: old[name] for name in old}
    np.savez(left / "trials.npz", **arrays)
    with zipfile.ZipFile(left / "trials.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["q.npy"] = members["q.npy"][:-8]
    with zipfile.ZipFile(left / "trials.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(Rejected, match=r"q in trials\.npz is not as long as it says"):
        receive(work, result, left, into)


def test_a_result_reads_back_from_its_line(result: Result) -> None:
    """A float is written so that the same float is read."""
    assert Result.model_validate_json(result.model_dump_json()) == result
    assert json.loads(result.model_dump_json())["metrics"]["total_reward"] == list(result.metrics["total_reward"])
