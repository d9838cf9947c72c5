"""The examination: every probe at once, each with a limit of its own, and none that changes anything."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from expkit.doctor import machine, project, repository, services
from expkit.doctor.finding import Finding, Probe

LIMIT_S = 8.0


def probes(folder: Path, root: Path | None, environment: Mapping[str, str]) -> dict[str, Probe]:
    """What to look at, by name: the machine, and the project where there is one."""
    here: dict[str, Probe] = {
        "python": machine.python,
        "cores": machine.cores,
        "kernel": lambda: machine.kernel(environment),
        "git": repository.installed,
        "git identity": lambda: repository.identity(root or folder),
    }
    if root is None:
        return {
            **here,
            "project": lambda: project.nowhere(folder),
            "docker": lambda: services.engine(None, environment),
        }
    found: dict[str, Probe] = {
        "project": lambda: project.declarations(root),
        "repository": lambda: repository.repository(root),
        "remote": lambda: repository.remote(root),
        "disk": lambda: project.room(root),
        "ledger": lambda: project.ledger(root),
        "mlflow": lambda: services.store(root, environment),
        "docker": lambda: services.engine(root, environment),
    }
    if (gymnasium := services.gymnasium(root)) is not None:
        found["gymnasium"] = lambda: gymnasium
    return here | found


def examine(probes: Mapping[str, Probe], limit_s: float = LIMIT_S) -> tuple[Finding, ...]:
    """What each probe finds, in their order. One that takes too long or breaks is a note, and holds up no other."""
    found: dict[str, Finding] = {}
    threads: Sequence[threading.Thread] = [
        threading.Thread(target=_look, args=(name, probe, found), daemon=True) for name, probe in probes.items()
    ]
    for thread in threads:
        thread.start()
    late = False
    for thread in threads:  # they began together, so who waits for one has waited for all
        thread.join(0 if late else limit_s)
        late = late or thread.is_alive()
    return tuple(found.get(name) or _late(name, limit_s) for name in probes)


def _look(name: str, probe: Probe, found: dict[str, Finding]) -> None:
    try:
        found[name] = probe()
    except Exception as error:  # whatever is wrong here is what the other probes are asked for, too
        said = f"could not be looked at: {type(error).__name__}: {error}"
        found[name] = Finding(name=name, state="note", said=said, mend="expkit check")


def _late(name: str, limit_s: float) -> Finding:
    return Finding(name=name, state="note", said=f"no answer within {limit_s:g} seconds", mend="expkit doctor")
