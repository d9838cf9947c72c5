"""Everything expkit can refuse: one tree of errors, each with its exit code.

    ExpkitError
    ├── CheckFailed            1   a check says no: stale, contradicted, not reproduced
    ├── Invalid                2   usage or a declaration that cannot be meant
    │   ├── InvalidUsage       2   an id, an option, a place that does not exist
    │   ├── InvalidDeclaration 2   mistakes in files, all of them at once
    │   ├── NotWritable        2   the project cannot be written to
    │   └── BuildFailed        2   a step of the Dockerfile failed
    ├── TrialFailed            3   a trial failed; the others were kept
    │   └── ExecutorFailed     3   the executor itself failed
    ├── LedgerDamaged          1   a record does not match its own digests
    ├── PublishingPending      4   all is done and kept, MLflow could not be reached
    ├── ServiceAbsent          5   a needed service is not there
    └── Interrupted          130   Ctrl-C

Library code raises these and never prints or exits; the command line turns them into text and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ExpkitError(Exception):
    """What went wrong, where, why, and what to type or change next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, why: str | None = None, mend: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.mend = mend

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        return "\n".join([first, *(f"  {part}" for part in (self.why, self.mend) if part)])


class CheckFailed(ExpkitError):
    """A check says no: a stale outcome, a contradicted registration, other digests for the same arm."""


class Invalid(ExpkitError):
    """Usage or a declaration that cannot be meant."""

    exit_code = 2


class InvalidUsage(Invalid):
    """An id, an option or a place that does not exist."""


class NotWritable(Invalid):
    """The project's folder cannot be written to."""


class BuildFailed(Invalid):
    """A step of the Dockerfile failed. The file is declared like any other, and what it declares cannot be made."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake in one declared file.

    `file` is relative to the project's root; `line` and `column` count from 1. `why` says what is wrong, `valid` what
    would be right.
    """

    file: str
    line: int
    column: int
    why: str
    valid: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.why}"
        return f"{text}; {self.valid}" if self.valid else text


class InvalidDeclaration(Invalid):
    """Mistakes in declared files, all of them at once, in reading order."""

    def __init__(self, mistakes: Sequence[Mistake], *, within: str = "the declared files") -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.column, m.why)))
        count = len(self.mistakes)
        super().__init__(f"{count} mistake{'' if count == 1 else 's'} in {within}")

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


class TrialFailed(ExpkitError):
    """At least one trial failed; every finished one is in the ledger."""

    exit_code = 3


class ExecutorFailed(TrialFailed):
    """The executor itself failed, not a trial in it."""


class LedgerDamaged(ExpkitError):
    """A record in the ledger does not match its own digests."""


class PublishingPending(ExpkitError):
    """Everything is trained, recorded and judged, but MLflow could not be reached."""

    exit_code = 4


class ServiceAbsent(ExpkitError):
    """A needed service is not there."""

    exit_code = 5


class Interrupted(ExpkitError):
    """The person at the keyboard pressed Ctrl-C; every finished batch is kept."""

    exit_code = 130
