"""Files of trials: what programs said and left behind, as artifacts of their arm's run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from expkit.errors import LedgerDamaged
from expkit.ledger.durable import matches, read_regular
from expkit.records.attempt import PATCH_FILE, TRIALS_FILE, Attempt
from expkit.tracking.artifacts import Artifact

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults

MOST_BYTES = 100_000_000
"""Of one arm's run: what is published is copied, and sent to a server over the network."""


@dataclass(frozen=True, kw_only=True)
class TrialFiles:
    """The files of an arm's trials that are published, and how much is not."""

    artifacts: tuple[Artifact, ...]
    """At `trials/<seed>/`, by the name that the attempt gives them."""
    left: int
    """Files that would have been too much."""
    left_bytes: int


def trial_files(results: ArmResults) -> TrialFiles:
    """What stands beside the records of an arm's trials: every log and series first, then what programs left behind."""
    files = [
        (attempt, name, recorded)
        for attempt in results.attempts
        for name, recorded in attempt.files.items()
        if name not in (TRIALS_FILE, PATCH_FILE)
    ]
    files.sort(key=lambda one: ("/" in one[1], one[0].work.seeds, one[1]))
    artifacts, total, left = [], 0, []
    for attempt, name, recorded in files:
        if total + recorded.bytes > MOST_BYTES:
            left.append(recorded.bytes)
            continue
        total += recorded.bytes
        content = partial(_content, results, attempt, name)
        artifacts.append(Artifact(path=f"trials/{_seeds(attempt)}/{name}", content=content))
    return TrialFiles(artifacts=tuple(artifacts), left=len(left), left_bytes=sum(left))


def _seeds(attempt: Attempt) -> str:
    first, last = attempt.work.seeds[0], attempt.work.seeds[-1]
    return str(first) if first == last else f"{first}-{last}"


def _content(results: ArmResults, attempt: Attempt, name: str) -> bytes:
    folder = results.folder / attempt.id
    if not matches(folder / name, attempt.files[name]):
        raise LedgerDamaged(
            "an attempt in the ledger is damaged",
            where=str(folder),
            why=f"{name} is not the file that was recorded",
            mend="delete that folder, then type the same command again: its seeds run again",
        )
    return read_regular(folder / name)
