from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.containers.conftest import Room


def test_limits_are_the_engines(room: Room) -> None:
    """Memory includes swap: there is none of it beyond."""
    with room.confined("print('up'); import time; time.sleep(60)", memory_mb=128, cpus=0.5, pids=32) as container:
        assert next(container.lines(lambda: False)) == "up"
        (found,) = room.left
        host = found.attrs["HostConfig"]
        assert (host["Memory"], host["MemorySwap"]) == (128 * 2**20, 128 * 2**20)
        assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 32)
        assert host["LogConfig"]["Type"] == "none"


def test_too_much_memory(room: Room) -> None:
    """What it had said before stands."""
    lines, end = room.run("print('up'); x = bytearray(400 * 2**20)", memory_mb=64)
    assert lines == ["up"]
    assert (end.why, end.limit) == ("OOM at 64 MB", True)
    assert str(end) == "OOM at 64 MB"


BOMB = """
import os, signal
children = 0
try:
    while True:
        if os.fork() == 0:
            signal.pause()
        children += 1
except OSError as error:
    print(0 < children < 32, error.strerror)
"""


def test_too_many_processes(room: Room) -> None:
    """A fork bomb hurts nobody but itself."""
    lines, end = room.run(BOMB, pids=32)
    assert lines == ["True Resource temporarily unavailable"]
    assert end.why is None


def test_silence(room: Room) -> None:
    """What it wrote to standard error is no sign of life: a worker tells its progress on the other."""
    code = "import sys, time; print('up')\nwhile True: time.sleep(0.1); sys.stderr.write('.')"
    lines, end = room.run(code, silence_s=3)
    assert lines == ["up"]
    assert (end.why, end.limit) == ("no sign of life for 3 s", True)


def test_a_reader_that_takes_its_time_is_not_silence_of_the_container(room: Room) -> None:
    """Results are being written meanwhile."""
    with room.confined("for n in range(3): print(n)", silence_s=3) as container:
        lines = []
        for line in container.lines(lambda: False):
            time.sleep(0 if lines else 3.5)
            lines.append(line)
        assert lines == ["0", "1", "2"]
        assert container.exit().why is None


def test_time(room: Room) -> None:
    """However much it says."""
    lines, end = room.run("import time\nwhile True: print('on'); time.sleep(0.01)", time_s=3)
    assert set(lines) == {"on"}
    assert (end.why, end.limit) == ("not done in 3 s", True)


def test_a_flood_of_lines_waits_for_its_reader(room: Room) -> None:
    """It neither fills this process's memory nor keeps a stop from being heard."""
    heard = 0

    def stopping() -> bool:
        nonlocal heard
        heard += 1
        return heard > 1000

    lines, _ = room.run("while True: print('x' * 10_000)", stopping)
    assert set(lines) == {"x" * 10_000}
    assert len(lines) < 2000


@pytest.mark.parametrize("asked", [True, False], ids=["its end is asked for", "the caller breaks off"])
def test_a_flood_that_nobody_reads_any_more_can_be_stopped(room: Room, asked: bool) -> None:
    """Every buffer on the way is full by then, and the engine waits with a lock in its hand."""
    with room.confined("while True: print('x' * 10_000)") as container:
        next(container.lines(lambda: False))
        time.sleep(1)
        if asked:
            assert container.exit().why == "stopped"
    assert room.left == []


def test_a_line_without_an_end_is_cut(room: Room) -> None:
    """Nobody keeps all of it."""
    lines, _ = room.run("print('x' * 10_000_000); print('next')")
    assert [len(line) for line in lines] == [1 << 16, 4]


def test_a_stop_ends_the_lines_and_removes_the_container(room: Room) -> None:
    """The lines that had come are still told."""
    stop: list[str] = []
    with room.confined("print('up'); import time; time.sleep(600)") as container:
        for line in container.lines(lambda: bool(stop)):
            stop.append(line)
        end = container.exit()
    assert stop == ["up"]
    assert (end.code, end.why) == (137, "stopped")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_happens_the_container_is_removed(room: Room, error: type[BaseException]) -> None:
    """It is running when the caller breaks off."""

    def work() -> None:
        with room.confined("print('up'); import time; time.sleep(600)") as container:
            next(container.lines(lambda: False))
            assert len(room.left) == 1
            raise error

    with pytest.raises(error):
        work()


def test_a_container_that_closes_its_output_is_not_waited_for(room: Room) -> None:
    """Nothing can come of it any more."""
    code = "import os, time\nprint('up'); os.close(1); os.close(2); time.sleep(600)"
    lines, end = room.run(code, silence_s=3)
    assert lines == ["up"]
    assert end.why == "no sign of life for 3 s"
