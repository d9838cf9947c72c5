"""The clock of the ledger: moments in UTC, and attempt ids that sort by them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

ATTEMPT_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")


def now() -> str:
    """This moment, ISO 8601 in UTC with microseconds: `2026-11-20T12:00:00.123456Z`."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def new_attempt_id() -> str:
    """A name no other attempt has: `20261120T120000.123456Z-` and eight random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
