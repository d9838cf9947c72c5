"""What a container writes, as it comes: its lines on stdout, and the end of its stderr."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

_WAITING_BYTES = 1 << 22
"""A container that writes faster than it is read has to wait."""
_STDERR_BYTES = 1 << 13
_STDERR_LINES = 8
_STDERR = 2


class Stream:
    """Reads a container's output in a thread of its own. Attach before the container is started.

    `longest_line` is in bytes; the rest of a longer line is dropped, and what is left of it says nothing to anybody.
    """

    def __init__(self, client: DockerClient, container: str, *, longest_line: int) -> None:
        self._socket = client.api.attach_socket(container, params={"stdout": 1, "stderr": 1, "stream": 1})
        self._longest_line = longest_line
        self._lines: deque[bytes] = deque()
        self._bytes = 0  # of the lines that wait to be read
        self._changed = threading.Condition()
        self._over = False
        self._deaf = False
        self._left = False
        self._stderr = b""
        self._reader = threading.Thread(target=self._read, name=f"output of {container[:12]}", daemon=True)
        self._reader.start()

    def line(self, timeout: float) -> str | None:
        """The next line on stdout; None after the last one.

        Raises:
            TimeoutError: none came in `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._lines or self._over, timeout):
                raise TimeoutError
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._bytes -= len(line) + 1
            self._changed.notify_all()
        return line.decode(errors="replace")

    def waiting(self) -> Iterator[str]:
        """The lines that have come and were not read yet, without waiting for more."""
        for _ in range(len(self._lines)):
            if (line := self.line(timeout=0)) is not None:
                yield line

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._over

    @property
    def complaint(self) -> str:
        """The last lines on stderr."""
        return "\n".join(legible(self._stderr.decode(errors="replace")).strip().splitlines()[-_STDERR_LINES:])

    def drain(self) -> None:
        """Keep nothing of what is still to come. Call it before the container is killed.

        A container whose output nobody takes cannot be ended: the engine holds its lock while the last bytes wait.
        """
        with self._changed:
            self._deaf = True
            self._changed.notify_all()

    def leave(self) -> None:
        """Read no more. Call it once the container is gone."""
        self._left = True
        self.drain()
        self._reader.join(timeout=1)
        if not self._reader.is_alive():
            self._socket.close()

    def _read(self) -> None:
        try:
            # a connection that breaks is an end, too; what became of the container is asked of the engine
            with suppress(OSError, ValueError):
                self._listen()
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _listen(self) -> None:
        from docker.utils.socket import frames_iter

        line = bytearray()
        for stream, chunk in frames_iter(self._socket, tty=False):
            if stream == _STDERR:
                self._stderr = (self._stderr + chunk)[-_STDERR_BYTES:]
                continue
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                line += part[: self._longest_line - len(line)]
                self._put(bytes(line))
                line.clear()
            line += rest[: self._longest_line - len(line)]
            if self._left:
                return
        if line:
            self._put(bytes(line))

    def _put(self, line: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _WAITING_BYTES or self._deaf)
            if self._deaf:
                return
            self._lines.append(line)
            self._bytes += len(line) + 1
            self._changed.notify_all()


def legible(text: str) -> str:
    """A stranger's text as it may be shown: without what a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)
