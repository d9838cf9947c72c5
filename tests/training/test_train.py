from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from expkit.digests import array_digest, digest
from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.agent import Epsilon, Gambler
from expkit.training.agents import learner
from expkit.training.train import Cancelled, train, trial_digests

MakeWork = Callable[..., Work]

AGENTS: dict[str, dict[str, Any]] = {
    "drunkard": {"kind": "drunkard"},
    "accountant": {"kind": "accountant"},
    "gambler": {"kind": "gambler"},
}
LEARNERS: dict[str, dict[str, Any]] = {
    kind: {"kind": kind}
    for kind in ("q_learning", "sarsa", "expected_sarsa", "double_q", "dyna_q", "certainty_equivalence")
}

# When one of these changes, the same declaration yields other numbers: raise ENGINE_VERSION in
# expkit/training/engine.py, so that every arm gets a new identity, and only then write the new digests here.
GOLDEN = {
    "drunkard": (
        "2925096fe5d91a5d78db5768aca74f06908c92e413578dfe2c3ffd2dd7e7d0dd",
        "22e4e908235332a93dcf0a8473a6396e0c97130896b93f9d1d48e21aa1b50654",
    ),
    "accountant": (
        "f7d2e3aa656d94fd97a9d38db2991a2aecea01970958b1e193fa17c0a46506bc",
        "84abadce44af79f8b65a65e0e985dd974bbf5484f4023ceffe53eb493d2422d6",
    ),
    "gambler": (
        "cec4e88210fca5389d7be0493328ffc8120f80a7114336c51615a1cb8a3920a8",
        "c3b116e7cd78a702c6f8366706019604f8727845ca31f2308340027e1100af9f",
    ),
    "q_learning": (
        "cec4e88210fca5389d7be0493328ffc8120f80a7114336c51615a1cb8a3920a8",
        "c3b116e7cd78a702c6f8366706019604f8727845ca31f2308340027e1100af9f",
    ),
    "sarsa": (
        "a098461d008abbec513905a361eb3915356be3b3cdde46472ff9fc306b113522",
        "c3a88e03ad96c91e15bfe26c40be4a057ed089cf6c30db242c8ee43cf7f69d20",
    ),
    "expected_sarsa": (
        "b85627fb33f9b3ff058ee1c62e43edf9364cb5ef84fd796888a14448783e5c01",
        "3c4b7790655f5a250efee97914afd258364535c29aa2b7629656671452a5f42c",
    ),
    "double_q": (
        "1af543553f5e63c8f528546eba8f34a4a820921917020d69ee2b16c7fc65793a",
        "f181731d431e40e79798e4785c061f1d9c2484eb4e402da64d8dedd387cd9f0c",
    ),
    "dyna_q": (
        "e8b84ea5f4c10bce9b29657728f3029ad1b9d8b2c4ec3e9cf9b7dd3d74e6b26d",
        "184f4cca0345d61a377030d63be8b1899d0ee1325e7b6ccfa1192f31df4a38bc",
    ),
    "certainty_equivalence": (
        "345fac3fc22d872177f32b773e626d7d95fd85a49695012f544ed2bada2a6788",
        "b57bb3a2e323322cfac5f65c308cb33cb6a11626b06cf99871755ece0bb94495",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_numbers_are_those_of_this_engine_version(make_work: MakeWork, name: str) -> None:
    """sha256 of ten Q-tables, and of ten whole trials (the drunkard's tables are zeros)."""
    trials = train(make_work((AGENTS | LEARNERS)[name]))
    assert (array_digest(trials.q), digest(list(trials.trial_digests))) == GOLDEN[name]


def test_the_drunkard_earns_what_was_simulated(make_work: MakeWork) -> None:
    """Mean 13125 and sd 243 within four standard errors of 200 seeds: 69 and 49."""
    total = train(make_work(AGENTS["drunkard"], range(200))).metrics["total_reward"]
    assert abs(total.mean() - 13_125) < 69
    assert abs(total.std(ddof=1) - 243) < 49


def test_common_streams_pair_arms_and_independent_ones_do_not(make_work: MakeWork) -> None:
    """Learning rates 0.1 and 0.25 rank the seeds alike (at about 0.92) when they meet the same luck.

    By ranks: at 0.1 three seeds in a thousand earn far less than the rest, and each pulls Pearson's r down to 0.6.
    """

    def correlation(streams: str) -> float:
        totals = [
            train(
                make_work({"kind": "gambler", "learning_rate": rate}, range(200), streams=streams, key=key * 64)
            ).metrics["total_reward"]
            for rate, key in ((0.1, "a"), (0.25, "b"))
        ]
        return float(np.corrcoef(np.argsort(np.argsort(totals, axis=1), axis=1))[0, 1])

    assert 0.85 < correlation("common") < 0.98
    assert abs(correlation("independent")) < 4 / np.sqrt(200)


def test_a_seed_alone_equals_the_seed_in_a_batch(make_work: MakeWork) -> None:
    """Whatever stands beside it, and wherever it stands in the batch."""
    batch = train(make_work(AGENTS["gambler"], range(20), steps=1000))
    for seed in (0, 7, 8, 19):
        alone = train(make_work(AGENTS["gambler"], [seed], steps=1000))
        assert alone.trial_digests == (batch.trial_digests[seed],)
        assert alone.q[0].tobytes() == batch.q[seed].tobytes()


def test_two_threads_give_the_bytes_of_one(make_work: MakeWork) -> None:
    """Works of every agent on two threads."""
    work = [make_work(agent, range(30), steps=2000) for agent in (AGENTS | LEARNERS).values()] * 2
    alone = [train(item).trial_digests for item in work]
    with ThreadPoolExecutor(2) as threads:
        together = [trials.trial_digests for trials in threads.map(train, work)]
    assert together == alone


def test_trials_come_in_the_order_of_the_seeds_with_every_shape_of_the_contract(make_work: MakeWork) -> None:
    """Two seeds that do not begin at 0."""
    trials = train(make_work(AGENTS["accountant"], [4, 9], steps=100))
    assert trials.seeds.tolist() == [4, 9]
    assert (trials.q.shape, trials.visits.shape, trials.curve.shape) == ((2, 5, 2), (2, 5, 2), (2, 40))
    assert len(set(trials.trial_digests)) == 2
    assert trials.steps == 200
    assert trials.failed == {}


def test_the_drunkards_table_is_zeros_and_the_accountants_holds_the_rewards(make_work: MakeWork) -> None:
    """The summed entries are the total reward."""
    assert not train(make_work(AGENTS["drunkard"], steps=400)).q.any()
    accountant = train(make_work(AGENTS["accountant"], steps=400))
    assert (accountant.q.sum(axis=(1, 2)) == accountant.metrics["total_reward"]).all()


def test_progress_adds_up_to_all_steps(make_work: MakeWork) -> None:
    """Eleven trials side by side in two groups, each of two blocks."""
    told: list[int] = []
    train(make_work(AGENTS["gambler"], range(11), steps=300_000), on_steps=told.append)
    assert sum(told) == 11 * 300_000
    assert len(told) == 4


def test_training_can_be_called_off_between_two_blocks(make_work: MakeWork) -> None:
    """The first eight trials are done when the answer is yes."""
    asked = iter([False, True])
    told: list[int] = []
    with pytest.raises(Cancelled):
        train(make_work(AGENTS["gambler"], range(20), steps=40), on_steps=told.append, cancelled=lambda: next(asked))
    assert told == [8 * 40]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"environment_digest": "0" * 64}, "environment is 000000000000"), ({"engine_version": 0}, "engine version 0")],
)
def test_work_for_another_table_or_engine_is_refused(make_work: MakeWork, change: dict[str, Any], message: str) -> None:
    """Another digest, or another engine version, means other numbers."""
    work = make_work(AGENTS["gambler"]).model_copy(update=change)
    with pytest.raises(ExecutorFailed, match=message):
        train(work)


def test_a_trial_that_overflows_fails_with_one_nan_for_all(make_work: MakeWork) -> None:
    """Rewards near the largest double: sums become inf, then inf - inf; digests stay those of one NaN."""
    trials = train(
        make_work(AGENTS["accountant"], range(3), steps=400, small_reward=1.7e308, large_reward=-1.7e308, slip=0.5)
    )
    assert set(trials.failed) == {0, 1, 2}
    assert all("not finite: the reward is" in why for why in trials.failed.values())
    nans = trials.q[np.isnan(trials.q)]
    assert set(nans.view(np.uint64).tolist()) <= {int(np.array(np.nan).view(np.uint64))}
    assert all(np.isnan(values).all() for values in trials.metrics.values())


def test_every_part_of_a_trial_enters_its_digest() -> None:
    """Q-table, visits, curve, metrics, the names of the metrics and the shape."""
    q, visits, curve = np.zeros((1, 2, 2)), np.zeros((1, 2, 2), dtype=np.int64), np.zeros((1, 40))
    metrics = {"total_reward": np.zeros(1)}
    others = [
        (q + 1, visits, curve, metrics),
        (q, visits + 1, curve, metrics),
        (q, visits, curve + 1, metrics),
        (q, visits, curve, {"total_reward": np.ones(1)}),
        (q, visits, curve, {"regret": np.zeros(1)}),
        (q.reshape(1, 4, 1), visits.reshape(1, 4, 1), curve, metrics),
    ]
    digests = {trial_digests(*parts)[0] for parts in [(q, visits, curve, metrics), *others]}
    assert len(digests) == 7


def test_the_exploration_schedule_runs_over_the_declared_fraction() -> None:
    """Linear from start towards end over floor(fraction * steps) steps, at least one."""
    half = learner(Gambler(kind="gambler", epsilon=Epsilon(start=1.0, end=0.5, fraction=0.5)), 1001)
    assert (half.epsilon_start, half.epsilon_slope, half.epsilon_steps, half.epsilon_end) == (1.0, -0.5 / 500, 500, 0.5)
    assert learner(Gambler(kind="gambler", epsilon=Epsilon(fraction=1e-9)), 40).epsilon_steps == 1


def test_planning_compiles_tables_without_numba() -> None:
    """`expkit check` and an idle run import the table's side of training only."""
    code = (
        "import sys, expkit.plan; sys.exit(sorted({'numba', 'scipy', 'mlflow', 'matplotlib'} & set(sys.modules)) != [])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
