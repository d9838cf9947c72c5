"""Receipts of publication: which MLflow run holds what was published, per tracking URI, so that it is published once.

Losing a receipt costs a look into the tracking server, nothing else.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pydantic import ValidationError

from expkit.ledger.clock import now
from expkit.ledger.durable import read_regular, write_durably, writing
from expkit.records.base import Moment, Record

_KEY = re.compile(r"[0-9a-f]{64}")
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/]*@")


class Receipt(Record):
    """Where a run was published."""

    key: str
    """`expkit.key` of the run."""
    uri: str
    """The tracking URI without user, password and query; empty where they cannot be told apart for certain."""
    run_id: str
    experiment_id: str
    published: Moment


class Receipts:
    """The receipts below a folder: `<root>/<digest of the tracking URI>/<key>.json`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, uri: str, key: str) -> Receipt | None:
        """The receipt for a key at a tracking URI; None where there is none, or none that can be read."""
        try:
            receipt = Receipt.model_validate_json(read_regular(self._path(uri, key)))
        except (OSError, ValidationError):
            return None
        return receipt if receipt.key == key else None

    def keep(self, uri: str, key: str, run_id: str, experiment_id: str) -> Receipt:
        """Note durably that the run of a key is published whole.

        Raises:
            NotWritable: the system refused.
        """
        receipt = Receipt(
            key=key,
            uri=_public(uri),
            run_id=run_id,
            experiment_id=experiment_id,
            published=now(),
        )
        path = self._path(uri, key)
        with writing(self._root):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, receipt.model_dump_json(indent=1).encode())
        return receipt

    def _path(self, uri: str, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a run")
        return self._root / hashlib.sha256(_anonymous(uri).encode()).hexdigest() / f"{key}.json"


def _anonymous(uri: str) -> str:
    """A URI without user and password: the same server under another token is the same server."""
    return _USER.sub(r"\1", uri)


def _public(uri: str) -> str:
    """A URI that may be stored. A password may itself hold `/` or `?`: what still holds an `@` is dropped whole."""
    anonymous = _anonymous(uri)
    return "" if "@" in anonymous else re.split(r"[?#]", anonymous)[0]
