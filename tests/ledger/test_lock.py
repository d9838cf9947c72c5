"""What real processes do to each other over one ledger."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from expkit.errors import Interrupted
from expkit.ledger.ledger import Ledger
from expkit.ledger.lock import Holder


def start(task: Callable[[], None]) -> int:
    """A real process that runs a task; its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            task()
            status = 0
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """The exit code of a process; minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def holder_of(root):
    """A real process that holds an arm: gives its id and a way to let it go."""

    @contextmanager
    def hold(key: str) -> Iterator[tuple[int, Callable[[], None]]]:
        ready, tell_ready = os.pipe()
        go, tell_go = os.pipe()

        def task() -> None:
            os.close(tell_go)
            with Ledger(root).lock(key):
                os.write(tell_ready, b"x")
                os.read(go, 1)

        child = start(task)
        os.read(ready, 1)
        released: list[bool] = []

        def release() -> None:
            if not released:
                released.append(True)
                os.write(tell_go, b"x")

        try:
            yield child, release
        finally:
            release()
            for end in (ready, tell_ready, go, tell_go):
                os.close(end)

    return hold


def test_two_runners_on_one_ledger_compute_each_trial_once(bench, root, key, tmp_path):
    """Take the lock, ask again, run what is missing, keep: with three processes, two arms and overlapping seeds."""
    computed = tmp_path / "computed"
    keys = (key, "e" * 64)

    def runner(order: tuple[str, ...], wanted: range) -> None:
        mine = type(bench)(root)
        for arm_key in order:
            for start_at in range(0, 12, 4):
                with mine.ledger.lock(arm_key):
                    batch = [seed for seed in wanted if start_at <= seed < start_at + 4]
                    missing = sorted(set(batch) - mine.ledger.recorded(arm_key, 1, "independent"))
                    with computed.open("a") as file:
                        file.write("".join(f"{arm_key} {seed}\n" for seed in missing))
                    if missing:
                        mine.run_held(missing, key=arm_key)

    children = [
        start(lambda: runner(keys, range(12))),
        start(lambda: runner(keys[::-1], range(12))),
        start(lambda: runner(keys, range(2, 10))),
    ]

    assert [ended(child) for child in children] == [0, 0, 0]
    lines = computed.read_text().splitlines()
    assert sorted(lines) == sorted(f"{arm_key} {seed}" for arm_key in keys for seed in range(12))
    for arm_key in keys:
        assert Ledger(root).recorded(arm_key, 1, "independent") == frozenset(range(12))


def test_who_waits_is_told_who_holds_the_arm(bench, key, holder_of):
    """Once, with process and time; and gets the arm when it is let go."""
    told: list[Holder] = []
    with holder_of(key) as (child, release):

        def on_wait(holder: Holder) -> None:
            told.append(holder)
            release()

        with bench.ledger.lock(key, on_wait=on_wait):
            assert [holder.pid for holder in told] == [child]
        assert ended(child) == 0

    assert told[0].host
    assert told[0].since.endswith("Z")


def test_who_waits_can_give_up(bench, key, holder_of):
    """Ctrl-C while waiting ends the waiting, and the arm stays with its holder."""

    def on_wait(_: Holder) -> None:
        raise Interrupted("Ctrl-C")

    with holder_of(key) as (child, release):
        with pytest.raises(Interrupted), bench.ledger.lock(key, on_wait=on_wait):
            pass
        with pytest.raises(RuntimeError, match="not held"):
            bench.ledger.stage(key)
        release()
        assert ended(child) == 0


def test_another_arm_is_free_meanwhile(bench, key, holder_of):
    """A lock is of one arm."""
    with holder_of(key) as (child, release):
        with bench.ledger.lock("e" * 64, on_wait=pytest.fail):
            pass
        release()
        assert ended(child) == 0


def test_a_killed_holder_does_not_block(bench, key, holder_of):
    """The operating system frees its lock, and what its file says is overwritten."""
    with holder_of(key) as (child, _):
        os.kill(child, signal.SIGKILL)
        assert ended(child) == -signal.SIGKILL
        note = bench.ledger._arm(key) / "holder.json"
        assert str(child) in note.read_text()

        with bench.ledger.lock(key, on_wait=pytest.fail):
            assert str(os.getpid()) in note.read_text()
        assert not note.exists()


def test_an_error_inside_lets_the_arm_go(bench, key):
    """And it can be held again, by the same process too."""

    def fail() -> None:
        with bench.ledger.lock(key):
            raise ValueError("a bug")

    for _ in range(2):
        with pytest.raises(ValueError, match="a bug"):
            fail()
    with bench.ledger.lock(key, on_wait=pytest.fail):
        pass
