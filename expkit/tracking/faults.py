"""Faults of a tracking store, of the network and of the disk, as what they mean here: publishing is pending."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten

from expkit.errors import PublishingPending
from expkit.tracking.place import shown

_REASON_LENGTH = 400


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Raise `PublishingPending` for every fault that lies with the store. Imports mlflow."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, sqlite3.Error, OSError) as error:
        raise PublishingPending(
            "MLflow could not be written to",
            where=shown(uri),
            why=_reason(error, uri),
            mend="nothing is lost: `expkit sync` publishes later what is missing there",
        ) from error


def _reason(error: BaseException, uri: str) -> str:
    """What lay at the bottom of a fault, in a line or two: `Connection refused` rather than its five wrappings."""
    bottom = error
    while (cause := bottom.__cause__ or bottom.__context__) is not None:
        bottom = cause
    if isinstance(bottom, OSError):
        said = bottom.strerror or str(bottom)
        text = f"{said}: {bottom.filename}" if bottom.filename else said
    else:
        text = str(error).strip().partition("\n")[0]
    return shorten(text.replace(uri, shown(uri)) or type(error).__name__, _REASON_LENGTH, placeholder=" ...")
