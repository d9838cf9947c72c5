"""A process of somebody else's on this machine: its lines as they come, its end in words, and nothing of it left."""

from __future__ import annotations

import errno
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from expkit.containers.stream import legible
from expkit.execution.lines import LONGEST_LINE

_POLL_S = 0.1
"""How soon Ctrl-C, the time limit, and an end that no pipe tells of are noticed."""
_GRACE_S = 3.0
"""What a process that is asked to end may take until it is ended."""
_CHUNK_BYTES = 1 << 16
_STDERR_BYTES = 1 << 13
_STDERR_LINES = 20
_REASON_SHOWN = 300


class CannotStart(Exception):
    """A program that is not there, or is none; in words."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a program ended by itself, or by a limit."""

    why: str | None
    """None where it ended well; else `exit code 3: no such file`, `killed by signal 9`, `not done in 60 s`."""
    complaint: str
    """The last lines of its stderr."""


def run_process(
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    time_limit_s: float | None,
    on_line: Callable[[str], None],
    stopping: Callable[[], bool],
) -> End | None:
    """Run a program to its end; None where `stopping` said so before it.

    It gets the variables of this process and `variables`, no stdin, and a session of its own. When it has ended, is
    over its time or is to stop, whatever is left in its process group is ended, too: asked first while the program
    itself lives, then forced. Only what leaves the group by itself, as daemons do, gets away.

    Raises:
        CannotStart: there is no such program, or the system cannot run it.
    """
    try:
        process = subprocess.Popen(
            list(arguments),
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        why = _why(arguments[0], folder, error) if isinstance(error, OSError) else str(error)
        raise CannotStart(f"{arguments[0]} cannot be started: {why}") from error
    with process:  # closes its pipes, and waits for it
        watched = _Watched(process, on_line)
        try:
            return watched.follow(time_limit_s, stopping)
        finally:
            watched.end()


class _Watched:
    """A running process."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._on_line = on_line
        self._stdout, self._stderr = process.stdout.fileno(), process.stderr.fileno()
        self._line = bytearray()
        self._complaint = b""

    def follow(self, time_limit_s: float | None, stopping: Callable[[], bool]) -> End | None:
        until = None if time_limit_s is None else time.monotonic() + time_limit_s
        with selectors.DefaultSelector() as pipes:
            for pipe in (self._stdout, self._stderr):
                os.set_blocking(pipe, False)
                pipes.register(pipe, selectors.EVENT_READ)
            while (ended := self._process.poll()) is None:
                if stopping():
                    return None
                if until is not None and time.monotonic() > until:
                    self.end()
                    self._rest(pipes)
                    return End(why=f"not done in {time_limit_s:g} s", complaint=self._said)
                if not pipes.get_map():
                    with suppress(subprocess.TimeoutExpired):  # it has closed its pipes, and may go on for long
                        self._process.wait(_POLL_S)
                self._listen(pipes, _POLL_S)
            self.end()  # before the last lines: a child that floods the pipe would never let them end
            self._rest(pipes)
        return End(why=_in_words(ended, self._said), complaint=self._said)

    def end(self) -> None:
        """End the process, where it has not ended, and all of its group."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says so of those who just ended
            os.killpg(self._process.pid, number)

    def _rest(self, pipes: selectors.BaseSelector) -> None:
        """What it has said and nobody has read yet; whoever got away and still writes is not waited for."""
        until = time.monotonic() + _GRACE_S
        while pipes.get_map() and self._listen(pipes, 0) and time.monotonic() < until:
            pass
        if self._line:
            self._whole()

    def _listen(self, pipes: selectors.BaseSelector, timeout: float) -> bool:
        """Read what has come; whether something had."""
        ready = pipes.select(timeout) if pipes.get_map() else []
        for key, _ in ready:
            chunk = os.read(key.fd, _CHUNK_BYTES)
            if not chunk:
                pipes.unregister(key.fd)
            elif key.fd == self._stderr:
                self._complaint = (self._complaint + chunk)[-_STDERR_BYTES:]
            else:
                self._take(chunk)
        return bool(ready)

    def _take(self, chunk: bytes) -> None:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._more(part)
            self._whole()
        self._more(rest)

    def _more(self, part: bytes) -> None:
        self._line += part[: max(0, LONGEST_LINE + 1 - len(self._line))]  # one more, so that a cut is seen

    def _whole(self) -> None:
        line = self._line.decode(errors="replace")
        self._line.clear()
        self._on_line(line)

    @property
    def _said(self) -> str:
        return "\n".join(self._complaint.decode(errors="replace").strip().splitlines()[-_STDERR_LINES:])


def _why(program: str, folder: Path, error: OSError) -> str:
    """Why a program cannot be started, and what mends it, where it is a file that is there."""
    said, file = error.strerror or str(error), folder / program
    if "/" not in program:
        if file.is_file() and isinstance(error, FileNotFoundError):
            return f"it is a file of the project: write ./{program}"
        file = Path(shutil.which(program) or file)
    if file.is_dir():
        return "it is a folder"
    if not file.is_file():
        return said
    if isinstance(error, PermissionError) and not os.access(file, os.X_OK):
        return f"it is not executable: chmod +x {program}, or name its interpreter before it in the command"
    first = _first_line(file)
    mend = "begin it with one, such as #!/usr/bin/env python3, or name it before the program in the command"
    if isinstance(error, FileNotFoundError) and first.startswith("#!"):
        return f"its first line names the interpreter {first[2:].strip(' ')!r}, which is not there: {mend}"
    if error.errno == errno.ENOEXEC and first.isprintable() and not first.startswith("#!"):
        return f"its first line names no interpreter: {mend}"
    return said


def _first_line(file: Path) -> str:
    with suppress(OSError), file.open("rb") as opened:
        return opened.readline(_REASON_SHOWN).decode(errors="replace").rstrip("\n")
    return ""


def _in_words(code: int, complaint: str) -> str | None:
    if code == 0:
        return None
    why = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return with_last_words(why, complaint)


def with_last_words(why: str, complaint: str) -> str:
    """A reason with the last line of a stderr, where there is one; one line that does nothing to a terminal."""
    last = next((line.strip() for line in reversed(complaint.splitlines()) if line.strip()), "")
    return legible(f"{why}: {last}" if last else why)[:_REASON_SHOWN]
