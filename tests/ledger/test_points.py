from __future__ import annotations

import numpy as np
import pytest

from expkit.errors import ExecutorFailed, LedgerDamaged
from expkit.ledger.points import Points


@pytest.fixture
def points() -> Points:
    """Three values of two keys."""
    return Points(
        names=("gain", "loss/ä"),
        keys=np.array([0, 1, 0], dtype=np.int32),
        axis=np.array([0.0, 0.0, 5.0]),
        values=np.array([1.0, -1.0, 2.0]),
    )


def keep(bench, key, points, plant=lambda staged: None):
    """An attempt of a program: points, a log and two files that it left."""
    with bench.ledger.lock(key):
        staged = bench.ledger.stage(key)
        points.write(staged / "points.npz")
        (staged / "files" / "plots").mkdir(parents=True)
        (staged / "files" / "model.txt").write_text("a model")
        (staged / "files" / "plots" / "a.txt").write_text("a plot")
        plant(staged)
        return bench.ledger.keep(bench.attempt(staged, [0]), staged)


def test_points_and_files_are_read_as_they_were_kept(bench, reopened, key, points):
    """By seed; there are no tables."""
    attempt = keep(bench, key, points)
    assert set(attempt.files) == {"points.npz", "files/model.txt", "files/plots/a.txt"}
    results = reopened().results(key, 1, "independent", [0])
    ((seed, read),) = results.points()
    assert (seed, read.names) == (0, points.names)
    assert [each.tolist() for each in read.series("gain")] == [[0.0, 5.0], [1.0, 2.0]]
    assert [each.tolist() for each in read.series("none")] == [[], []]
    ((_, files),) = results.kept_files()
    assert {name: path.read_text() for name, path in files.items()} == {"model.txt": "a model", "plots/a.txt": "a plot"}
    assert not results.has_tables


def test_a_tabular_attempt_has_tables_and_no_points(bench, reopened, key):
    """Each kind has its own."""
    bench.run([0])
    results = reopened().results(key, 1, "independent", [0])
    assert results.has_tables
    assert list(results.points()) == list(results.kept_files()) == []


def test_a_kept_file_that_changed_is_damage(bench, reopened, key, points):
    """At once where the ledger is opened, on use where it is open."""
    attempt = keep(bench, key, points)
    results = reopened().results(key, 1, "independent", [0])
    (results.folder / attempt.id / "files" / "plots" / "a.txt").write_text("another")
    with pytest.raises(LedgerDamaged):
        list(results.kept_files())
    again = reopened()
    assert again.attempts(key) == ()
    assert "files/plots/a.txt" in str(again.damaged[0])


@pytest.mark.parametrize(
    "plant",
    [
        lambda staged: (staged / "files" / "plots" / "door").symlink_to("/etc"),
        lambda staged: (staged / "files" / "key").symlink_to("/etc/passwd"),
        lambda staged: (staged / "more").mkdir(),
    ],
    ids=["a link to a folder", "a link to a file", "another folder"],
)
def test_nothing_but_folders_and_regular_files_is_kept(bench, key, points, plant):
    """Whoever put it there."""
    with pytest.raises(ExecutorFailed, match="a worker left"):
        keep(bench, key, points, plant)


def test_a_record_that_names_a_file_elsewhere_is_damage(bench, reopened, key, points):
    """A path never leads out of the attempt."""
    attempt = keep(bench, key, points)
    record = bench.ledger._arm(key) / attempt.id / "record.json"
    for name in ("files/../../x", "/etc/passwd", "other/model.txt", "files//model.txt"):
        text = record.read_text()
        record.write_text(text.replace('"files/model.txt"', f'"{name}"'))
        assert reopened().attempts(key) == ()
        record.write_text(text)
    assert len(reopened().attempts(key)) == 1


def test_a_failed_trial_gives_way_to_a_later_one(bench, reopened, key):
    """Both stay; one that has a result is never replaced."""
    bench.run([0, 1], failed=[1])
    assert reopened().failed(key, 1, "independent") == {1}
    bench.run([0, 1], luck=0.5)
    bench.run([1], luck=0.25, failed=[1])
    ledger = reopened()
    results = ledger.results(key, 1, "independent", [0, 1])
    assert list(results.metrics["total_reward"]) == [100.0, 101.5]
    assert results.failed == {}
    assert ledger.failed(key, 1, "independent") == frozenset()
    assert len(ledger.attempts(key)) == 3
