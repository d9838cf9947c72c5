"""Power cuts, kills and full disks: an attempt is recorded whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.errors import NotWritable
from expkit.ledger.ledger import Ledger
from expkit.records.attempt import TRIALS_FILE


def test_a_kill_at_any_line_of_keep_leaves_a_whole_record_or_none(bench, root, key):
    """A real process is killed before its first line of the ledger's, before its second, until it gets through."""
    outcomes = []
    for line in range(1, 1000):
        child = os.fork()
        if child == 0:
            _keep_and_be_killed(type(bench)(root), key, seed=line, at_line=line)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ledger = Ledger(root)
        recorded = line in ledger.recorded(key, 1, "independent")
        assert ledger.damaged == ()
        if recorded:
            assert ledger.results(key, 1, "independent", [line]).q[0, 0, 0] == line
        outcomes.append(recorded)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        with ledger.lock(key, on_wait=pytest.fail):  # the dead hold nothing
            assert not list((ledger._arm(key) / "staged").glob("*"))

    first = outcomes.index(True)
    assert first > 20  # there were many moments before the record stood
    assert all(outcomes[first:])  # and none after it at which it did not


def _keep_and_be_killed(bench, key: str, *, seed: int, at_line: int) -> None:
    """Run keep and end this process by SIGKILL when the given line of the ledger's code is reached."""
    status = 1
    try:
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            if Path(frame.f_code.co_filename).parent.name != "ledger":
                return None
            if event == "line":
                lines += 1
                if lines == at_line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        with bench.ledger.lock(key):
            staged = bench.ledger.stage(key)
            bench.write_trials(staged, [seed])
            attempt = bench.attempt(staged, [seed])
            sys.settrace(trace)
            bench.ledger.keep(attempt, staged)
            sys.settrace(None)
        status = 0
    finally:
        os._exit(status)


@pytest.mark.parametrize("fails_at", range(1, 7))
def test_a_disk_that_fails_to_store_is_an_error_and_nothing_is_torn(bench, root, key, monkeypatch, fails_at):
    """A failing fsync cannot be made for real: every one of them is made to fail in its turn."""
    calls = 0

    def fsync(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(errno.EIO, "Input/output error")

    with bench.ledger.lock(key):
        staged = bench.ledger.stage(key)
        bench.write_trials(staged, [0])
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(NotWritable, match="Input/output error"):
            bench.ledger.keep(bench.attempt(staged, [0]), staged)
        monkeypatch.undo()

    ledger = Ledger(root)
    assert ledger.damaged == ()
    assert ledger.recorded(key, 1, "independent") <= {0}
    assert not list(ledger._arm(key).rglob(".record*"))


@pytest.fixture
def small_disk(tmp_path, require):
    """A real file system of 256 kB, and a way to fill it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    require("tmpfs", mounted.returncode == 0, "this user may not mount a small disk to fill up")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes every byte the disk has left."""
    filler = disk / "filler"
    room = os.statvfs(disk).f_bfree * os.statvfs(disk).f_bsize
    filler.write_bytes(b"x" * room)
    return filler


class TestFullDisk:
    def test_a_full_disk_is_named_and_nothing_is_torn(self, bench, small_disk, key):
        """What was kept stays, what was not does not count, and after some space is freed the same command goes on."""
        mine = type(bench)(small_disk / "ledger")
        mine.run([0])
        with mine.ledger.lock(key):
            staged = mine.ledger.stage(key)
            mine.write_trials(staged, [1])
            filler = fill(small_disk)
            with pytest.raises(NotWritable, match="No space left on device") as refused:
                mine.ledger.keep(mine.attempt(staged, [1]), staged)
            assert "free some space" in (refused.value.mend or "")
            assert [path.name for path in staged.iterdir()] == [TRIALS_FILE]
        again = Ledger(small_disk / "ledger")
        assert again.recorded(key, 1, "independent") == {0}
        assert again.damaged == ()

        filler.unlink()
        mine.run([1])
        assert again.recorded(key, 1, "independent") == {0, 1}

    def test_a_full_disk_is_found_before_anything_is_trained(self, bench, small_disk, key):
        mine = type(bench)(small_disk / "ledger")
        mine.ledger.prepare()
        fill(small_disk)

        with pytest.raises(NotWritable, match="No space left on device"):
            mine.ledger.prepare()
        with pytest.raises(NotWritable, match="No space left on device"), mine.ledger.lock(key):
            pass
        assert [path.name for path in (small_disk / "ledger").iterdir() if path.name.startswith(".probe")] == []
