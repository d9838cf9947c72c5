"""The ground every record stands on: frozen, strict, and written as JSON that reads back to the same record."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Record(BaseModel):
    """Something that happened: frozen, strict, unknown keys refused, no NaN and no infinity."""

    # built when first used: most commands read few kinds of records
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A sha256 as 64 hex digits."""

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
"""A git commit as 40 hex digits."""

Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
"""A point in time, ISO 8601 in UTC: `2026-11-20T12:00:00Z`."""
