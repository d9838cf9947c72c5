from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expkit.digests import digest
from expkit.errors import LedgerDamaged
from expkit.ledger.ledger import Ledger
from expkit.records.attempt import TRIALS_FILE


def test_attempts_are_joined_in_seed_order(bench, reopened, key):
    """Whatever the order in which batches were run, and whatever their sizes."""
    late, early = bench.run([3, 9]), bench.run([0, 1])

    results = reopened().results(key, 1, "independent", range(10))

    assert results.seeds == (0, 1, 3, 9)
    np.testing.assert_array_equal(results.metrics["total_reward"], [100.0, 101.0, 103.0, 109.0])
    assert results.trial_digests == tuple(digest([1, seed, 0.0]) for seed in results.seeds)
    assert results.results_digest == digest(list(results.trial_digests))
    assert results.attempts == (late, early)
    assert (results.arm_key, results.root, results.streams) == (key, 1, "independent")


def test_only_asked_seeds_of_the_asked_root_are_joined(bench, reopened, key):
    """Attempts that contribute nothing are not named."""
    used = bench.run([0, 1, 2])
    bench.run([3])
    bench.run([0, 1], root=2)

    results = reopened().results(key, 1, "independent", [2, 0, 7])

    assert results.seeds == (0, 2)
    assert results.attempts == (used,)
    np.testing.assert_array_equal(results.q[:, 0, 0], [0.0, 2.0])


def test_the_first_finished_attempt_of_a_seed_wins(bench, reopened, key):
    """A later repetition changes nothing, in numbers or in arrays."""
    bench.run([1], error="the worker died")
    bench.run([0, 1])
    bench.run([1, 2], luck=0.5)

    results = reopened().results(key, 1, "independent", range(3))

    np.testing.assert_array_equal(results.metrics["total_reward"], [100.0, 101.0, 102.5])
    np.testing.assert_array_equal(results.q[:, 4, 1], [0.0, 1.0, 2.5])
    np.testing.assert_array_equal(results.curve[:, 39], [0.0, 1.0, 2.5])


def test_a_failed_trial_is_recorded_as_nan_with_its_reason(bench, reopened, key):
    """It is a result like the others, not a gap to be filled by another run."""
    bench.run([0, 1, 2], failed=[1])

    results = reopened().results(key, 1, "independent", range(3))

    assert results.seeds == (0, 1, 2)
    assert results.failed == {1: "a NaN in the table"}
    np.testing.assert_array_equal(results.metrics["total_reward"], [100.0, np.nan, 102.0])


def test_arrays_have_the_documented_shapes_and_types(bench, reopened, key):
    """One row a seed, joined over attempts."""
    bench.run([0, 1])
    bench.run([2])

    results = reopened().results(key, 1, "independent", range(3))

    assert (results.q.shape, results.q.dtype) == ((3, 5, 2), np.float64)
    assert (results.visits.shape, results.visits.dtype) == ((3, 5, 2), np.int64)
    assert (results.curve.shape, results.curve.dtype) == ((3, 40), np.float64)
    assert results.metrics["regret"].dtype == np.float64


def test_an_arm_without_results_is_empty(reopened, key):
    """Nothing recorded is an answer, not an error."""
    results = reopened().results(key, 1, "independent", range(3))

    assert (results.seeds, results.metrics, results.trial_digests, results.attempts) == ((), {}, (), ())
    assert results.results_digest == digest([])
    assert len(results.q) == len(results.visits) == len(results.curve) == 0


def test_arrays_are_read_on_first_use_and_checked_then(bench, reopened, key):
    """What is changed behind the ledger's back after it was read is found before it is used."""
    kept = bench.run([0])
    results = reopened().results(key, 1, "independent", [0])
    path = bench.ledger._arm(key) / kept.id / TRIALS_FILE
    bench.write_trials(path.parent, [0], luck=3.0)

    with pytest.raises(LedgerDamaged) as damaged:
        _ = results.q

    assert kept.id in (damaged.value.where or "")
    assert "delete that folder" in (damaged.value.mend or "")


@pytest.mark.parametrize(
    "arrays",
    [
        {"seeds": np.array([1]), "q": np.zeros((1, 5, 2))},
        {"seeds": np.array([0])},
        {"seeds": np.array([0]), "q": np.zeros((2, 5, 2))},
        {"seeds": np.array([0]), "q": np.zeros((1, 5, 2), dtype=np.float32)},
        {"q": np.zeros((1, 5, 2))},
        {"seeds": np.array([0]), "q": np.array([{"a": "pickle"}])},
    ],
    ids=["other seeds", "no q", "too many rows", "another type", "no seeds", "pickled objects"],
)
def test_a_file_that_does_not_fit_its_record_is_refused(bench, reopened, key, arrays):
    """Nothing is unpickled."""
    with bench.ledger.lock(key):
        staged = bench.ledger.stage(key)
        np.savez(staged / TRIALS_FILE, **arrays)
        bench.ledger.keep(bench.attempt(staged, [0]), staged)

    with pytest.raises(LedgerDamaged):
        _ = reopened().results(key, 1, "independent", [0]).q


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_archive_is_refused(bench, reopened, key, content):
    """Kept as it was staged, and refused when its arrays are asked for."""
    with bench.ledger.lock(key):
        staged = bench.ledger.stage(key)
        (staged / TRIALS_FILE).write_bytes(content)
        bench.ledger.keep(bench.attempt(staged, [0]), staged)

    with pytest.raises(LedgerDamaged, match="cannot be read"):
        _ = reopened().results(key, 1, "independent", [0]).q


def test_an_attempt_without_arrays_has_metrics_all_the_same(bench, reopened, key):
    """Not everything that runs leaves a Q-table."""
    with bench.ledger.lock(key):
        staged = bench.ledger.stage(key)
        bench.ledger.keep(bench.attempt(staged, [0]), staged)
    results = reopened().results(key, 1, "independent", [0])

    assert results.metrics["total_reward"][0] == 100.0
    with pytest.raises(LedgerDamaged, match="names no"):
        _ = results.q


@given(batches=st.lists(st.sets(st.integers(0, 12), min_size=1), max_size=4), asked=st.sets(st.integers(0, 15)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_seed_has_the_result_of_the_first_batch_that_held_it(bench, tmp_path_factory, key, batches, asked):
    """For any batches, overlapping or not, and any seeds asked for."""
    fresh = type(bench)(tmp_path_factory.mktemp("ledger"))
    first: dict[int, float] = {}
    for number, batch in enumerate(batches):
        fresh.run(sorted(batch), luck=number / 8)
        for seed in batch:
            first.setdefault(seed, 100.0 + seed + number / 8)

    results = Ledger(fresh.ledger._root).results(key, 1, "independent", asked)

    assert results.seeds == tuple(sorted(asked & first.keys()))
    assert list(results.metrics.get("total_reward", [])) == [first[seed] for seed in results.seeds]
    assert list(results.q[:, 0, 0] + 100.0 if results.seeds else []) == [first[seed] for seed in results.seeds]
