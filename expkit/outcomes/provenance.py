"""The provenance of evidence: the run behind some results, without paths, host names or remotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath

from expkit.errors import TrialFailed
from expkit.ledger.results import ArmResults
from expkit.records.attempt import Attempt
from expkit.records.evidence import RunProvenance

NUMERIC_PACKAGES = ("numpy", "numba", "llvmlite", "scipy")
"""What numbers depend on, beside expkit itself."""

_WITH_VALUE = re.compile(r"^(?P<option>-[^=]*=)(?P<value>.*)$", re.DOTALL)
_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")


def run_provenance(results: Iterable[ArmResults]) -> RunProvenance:
    """The run behind some results, as its newest attempt tells it; dirty if any attempt was."""
    used: dict[str, Attempt] = {}
    trials: set[tuple[str, int, str, int]] = set()
    for arm in results:
        used |= {attempt.id: attempt for attempt in arm.attempts}
        trials |= {(arm.arm_key, arm.root, arm.streams, seed) for seed in arm.seeds}
    attempts = [used[name] for name in sorted(used)]
    if not attempts:
        raise TrialFailed(
            "no trial has finished",
            why="Without a result there is nothing to write evidence from.",
            mend="run the question first: expkit run QUESTION",
        )
    newest = attempts[-1].provenance
    states = {attempt.provenance.git.state for attempt in attempts}
    return RunProvenance(
        commit=newest.git.commit,
        branch=newest.git.branch,
        dirty="dirty" in states if newest.git.commit else None,
        image=newest.image,
        # the kernel's build names the machine rather than the science; the ledger keeps it
        machine=newest.machine.model_copy(update={"system": newest.machine.system.split()[0]}),
        packages={"expkit": newest.expkit}
        | {name: newest.packages[name] for name in NUMERIC_PACKAGES if name in newest.packages},
        command=tuple(_without_places(part) for part in newest.command),
        executor=newest.executor,
        started=min((attempt.started for attempt in attempts), key=_instant),
        ended=max((attempt.ended for attempt in attempts), key=_instant),
        trials=len(trials),
    )


def _without_places(part: str) -> str:
    """A part of a command line without the folders and hosts it names: the file's name, the URL's scheme."""
    if option := _WITH_VALUE.match(part):
        return option["option"] + _without_places(option["value"])
    if url := _URL.match(part):
        return f"{url['scheme']}://..."
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(part).is_absolute():
            return kind(part).name
    return part


def _instant(moment: str) -> str:
    return moment.removesuffix("Z")  # so that fractions of a second sort behind the whole second
