"""Runners and what outlives them: a runner that is killed leaves its container and its scratch folder behind.

Both carry the runner's mark, so that the next one can tell what nobody waits for any more. Only runners of the same
host, and there of the same process namespace, can be asked whether they live; what others own is left alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expkit.containers.engine import Engine

PROJECT_LABEL = "expkit.project"
"""The folder below which a runner keeps what its containers are handed: it names the project, as seen by its host."""
HOST_LABEL = "expkit.runner.host"
PID_LABEL = "expkit.runner.pid"
STARTED_LABEL = "expkit.runner.started"

_FOLDER = re.compile(r"(?P<host>[0-9a-f]{12})-(?P<pid>[1-9]\d{0,9})-(?P<started>[0-9a-f]{12})-[0-9a-f]{8}")
_PID = re.compile(r"[1-9]\d{0,9}")


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A process that starts containers. Its id is used again after its end, which the moment of its start tells."""

    host: str
    """The host's name and the process namespace in which `pid` means something."""
    pid: int
    started: str

    @property
    def labels(self) -> dict[str, str]:
        """What its containers are marked with."""
        return {HOST_LABEL: self.host, PID_LABEL: str(self.pid), STARTED_LABEL: self.started}

    def folder(self, scratch: Path) -> Path:
        """A new name for a folder of its own."""
        return scratch / f"{_short(self.host)}-{self.pid}-{_short(self.started)}-{secrets.token_hex(4)}"


def this_runner() -> Runner:
    """This process."""
    pid = os.getpid()
    return Runner(host=_host(), pid=pid, started=_started(pid) or "unknown")


def remove_orphans(engine: Engine) -> tuple[str, ...]:
    """Remove the containers of dead runners of this host; the ids of those that are gone.

    Raises:
        docker.errors.DockerException, requests.RequestException: the engine does not answer.
    """
    from docker.errors import APIError

    removed = []
    for container in engine.client.api.containers(all=True, filters={"label": [HOST_LABEL, PID_LABEL]}):
        if _is_orphan(container.get("Labels") or {}):
            with suppress(APIError):  # another runner is just removing it
                engine.client.api.remove_container(container["Id"], force=True, v=True)
                removed.append(container["Id"])
    return tuple(removed)


def remove_leftovers(scratch: Path) -> None:
    """Remove the scratch folders of dead runners of this host."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in [entry.name for entry in scratch.iterdir()]:
            if _is_leftover(name):
                remove_folder(scratch / name)


def remove_folder(folder: Path) -> None:
    """Remove a folder that a container could write to. What does not let itself be removed stays."""
    with suppress(RecursionError):  # as deep as no honest worker nests
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():  # folders that their owner may not list; whose they are may open them again
            for place, folders, _ in os.walk(folder):
                for path in (Path(place) / name for name in folders):
                    with suppress(OSError):
                        if not path.is_symlink():
                            path.chmod(0o700)
            shutil.rmtree(folder, ignore_errors=True)


def _is_orphan(labels: Mapping[str, str]) -> bool:
    """Whether a container's runner was one of this host and is dead."""
    pid = labels.get(PID_LABEL, "")
    if labels.get(HOST_LABEL) != _host() or not _PID.fullmatch(pid):
        return False
    return _is_dead(int(pid), lambda started: started == labels.get(STARTED_LABEL))


def _is_leftover(folder: str) -> bool:
    """Whether a folder's name is that of a runner of this host that is dead."""
    mark = _FOLDER.fullmatch(folder)
    if mark is None or mark["host"] != _short(_host()):
        return False
    return _is_dead(int(mark["pid"]), lambda started: _short(started) == mark["started"])


def _is_dead(pid: int, started_then: Callable[[str], bool]) -> bool:
    """Whether a process has ended, be its number another one's by now. Where nobody can tell, it lives."""
    if not _exists(pid):
        return True
    started = _started(pid)
    return started is not None and not started_then(started)


def _exists(pid: int) -> bool:
    """Whether there is a process of that number, be it another user's."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str | None:
    """When a process was started, in words that no other process with its number shares; None: the system hides it.

    A process that ended and was not waited for has no start any more: `ended`.
    """
    if not Path("/proc/self/stat").exists():
        asked = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or None
    try:
        # the second field is the program's name in parentheses, which may hold spaces and parentheses itself
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return "ended" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def _host() -> str:
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        namespace = "pid"
    return f"{socket.gethostname()} {namespace}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
