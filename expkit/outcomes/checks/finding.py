"""A finding: something that a check says of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["failure", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something a check found in a file: a failure says no, a warning asks for work, a note informs.

    `file` is relative to the project's root, with `:line` or `:line:column` behind it where that is known; `mend` says
    what to type or change, None where nothing has to be done.
    """

    severity: Severity
    file: str
    what: str
    mend: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}: {self.what}"
        return f"{text}\n  {self.mend}" if self.mend else text
