"""How mlflow behaves in this process: quiet, impatient, and not slower than it has to be."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_TRUNCATE_LONG_VALUES": "false",  # what is too long is refused, never cut silently
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # migrations are news to nobody; faults are raised
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def set_manners() -> None:
    """Set what mlflow reads when it is imported or called. What the user has set stays."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


@contextmanager
def patience(*, timeout_s: int, retries: int) -> Iterator[None]:
    """How long mlflow waits for a server, unless the user has decided; its own 120 s and 7 retries last for minutes."""
    limits = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout_s),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(retries),
    }
    ours = [name for name in limits if name not in os.environ]
    os.environ.update({name: limits[name] for name in ours})
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


@contextmanager
def uncollected() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: a walk over mlflow's 300 000 objects takes 0.2 s and frees nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
