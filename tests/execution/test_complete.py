from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from expkit.execution.complete import Circumstances, Tally, complete
from expkit.execution.events import Point, Progress
from expkit.execution.local import LocalExecutor
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder
from expkit.plan import PlannedArm, plan
from expkit.specs.experiment import Experiment

Now = Callable[[], Circumstances]


@dataclass
class Watcher:
    """Remembers what it was told."""

    started: list[Sequence[PlannedArm]] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)

    @property
    def callbacks(self) -> dict[str, Callable[[Any], None]]:
        return {
            "on_start": self.started.append,
            "on_progress": self.progress.append,
            "on_point": self.points.append,
            "on_wait": self.holders.append,
        }


@pytest.fixture
def watcher() -> Watcher:
    """Somebody who watches."""
    return Watcher()


def run(planned: Sequence[PlannedArm], ledger: Ledger, now: Now, watcher: Watcher) -> Tally:
    """Complete a plan on one core."""
    return complete(planned, ledger, LocalExecutor(1), now, **watcher.callbacks)


def test_every_missing_seed_is_recorded(
    experiment: Experiment,
    planned: Sequence[PlannedArm],
    ledger: Ledger,
    folder: Path,
    circumstances: Now,
    watcher: Watcher,
) -> None:
    """Afterwards a plan finds nothing missing, in this process and in another."""
    tally = run(planned, ledger, circumstances, watcher)
    assert not tally.stopped
    assert tally.errors == ()
    assert [attempt.work.arm.name for attempt in tally.attempts] == ["drunkard", "accountant", "gambler"]
    assert {attempt.status for attempt in tally.attempts} == {"finished"}
    for known in (ledger, Ledger(folder)):
        assert [arm.missing for arm in plan(experiment, known.recorded)] == [(), (), ()]
    assert sum(one.trials for one in watcher.progress) == pytest.approx(18)


def test_what_is_recorded_is_not_run_and_nobody_is_asked_about_it(
    planned: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher
) -> None:
    """A plan made before another runner finished is not believed: the ledger is asked again under the lock."""
    run(planned, ledger, circumstances, Watcher())

    def nobody() -> Circumstances:
        raise AssertionError("provenance was captured for nothing")

    tally = run(planned, ledger, nobody, watcher)
    assert tally.attempts == ()
    assert watcher.started == []


def test_only_the_missing_seeds_of_an_arm_are_run(
    planned: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher
) -> None:
    """More seeds cost only what they add."""
    some = replace(planned[0], missing=(0, 1, 2, 3))
    run([some], ledger, circumstances, Watcher())
    tally = run([planned[0]], ledger, circumstances, watcher)
    assert [attempt.work.seeds for attempt in tally.attempts] == [(4, 5)]
    assert [arm.missing for arm in watcher.started[0]] == [(4, 5)]


def test_two_names_of_one_configuration_share_their_trials(
    planned: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher
) -> None:
    """What an arm is called is not what it is."""
    arm = planned[0]
    twin = replace(arm, arm=arm.arm.model_copy(update={"name": "twin"}))
    tally = run([arm, twin], ledger, circumstances, watcher)
    assert [attempt.work.seeds for attempt in tally.attempts] == [tuple(range(6))]


def test_a_batch_that_fails_is_recorded_as_failed_and_the_others_are_kept(
    planned: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher
) -> None:
    """Its seeds are still missing; its attempt says why."""
    strange = replace(planned[1], environment_digest="0" * 64)
    tally = run([planned[0], strange], ledger, circumstances, watcher)
    assert [attempt.status for attempt in tally.attempts] == ["finished", "failed"]
    (error,) = tally.errors
    assert error.startswith("accountant: ExecutorFailed: ")
    assert ledger.recorded(strange.key, strange.root, strange.streams) == frozenset()
    assert ledger.recorded(planned[0].key, planned[0].root, planned[0].streams) == frozenset(range(6))


def test_an_attempt_carries_the_circumstances(
    planned: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher, folder: Path
) -> None:
    """The patch of a dirty tree is a file of every attempt."""

    def dirty() -> Circumstances:
        return replace(circumstances(), patch=b"--- a\n+++ b\n")

    (attempt,) = run(planned[:1], ledger, dirty, watcher).attempts
    assert attempt.provenance.executor == "local"
    assert set(attempt.files) == {"patch.diff", "trials.npz"}
    assert (folder / planned[0].key / attempt.id / "patch.diff").read_bytes() == b"--- a\n+++ b\n"


def test_a_signal_stops_it_and_what_had_not_finished_is_still_missing(
    long_plan: Sequence[PlannedArm], ledger: Ledger, circumstances: Now, watcher: Watcher
) -> None:
    """The signal comes with the first progress, in the middle of a batch."""

    def stop(progress: Progress) -> None:
        if not watcher.progress:
            os.kill(os.getpid(), signal.SIGINT)
        watcher.progress.append(progress)

    callbacks = watcher.callbacks | {"on_progress": stop}
    tally = complete(long_plan, ledger, LocalExecutor(1), circumstances, **callbacks)
    assert tally.stopped
    assert tally.attempts == ()
    assert ledger.recorded(long_plan[0].key, long_plan[0].root, long_plan[0].streams) == frozenset()
    assert ledger.damaged == ()


def test_another_runner_is_waited_for_and_its_trials_are_not_run_again(
    planned: Sequence[PlannedArm], ledger: Ledger, folder: Path, circumstances: Now, watcher: Watcher
) -> None:
    """Who holds the arm is told, once."""
    arm, first, holds, release = planned[0], Ledger(folder), threading.Event(), threading.Event()

    def hold() -> None:
        def wait(_: object) -> None:
            holds.set()
            release.wait(30)

        callbacks = Watcher().callbacks | {"on_start": wait}
        complete([arm], first, LocalExecutor(1), circumstances, **callbacks)

    def told(holder: Holder) -> None:
        watcher.holders.append(holder)
        release.set()

    other = threading.Thread(target=hold)
    other.start()
    assert holds.wait(30)
    callbacks = watcher.callbacks | {"on_wait": told}
    tally = complete([arm], ledger, LocalExecutor(1), circumstances, **callbacks)
    other.join()
    assert [holder.pid for holder in watcher.holders] == [os.getpid()]
    assert tally.attempts == ()
    assert len(Ledger(folder).attempts(arm.key)) == 1
