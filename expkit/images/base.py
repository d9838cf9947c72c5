"""The base of a project's image: which one, and the Python in it, which decides which wheels fit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.question import ask
from expkit.errors import ExecutorFailed, InvalidUsage
from expkit.ledger.durable import write_durably, writing
from expkit.project.root import read_settings

BASE_VARIABLE = "EXPKIT_BASE_IMAGE"

_QUESTION = """\
import json, os, platform, sys
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except (ValueError, OSError):
    libc = None
print(json.dumps({
    "python": platform.python_version(),
    "implementation": sys.implementation.name,
    "abi": "cp%d%d%s" % (*sys.version_info[:2], getattr(sys, "abiflags", "")),
    "machine": platform.machine(),
    "libc": libc,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """The Python of a base image, as it tells of itself."""

    python: str
    """Version, such as `3.11.2`."""
    implementation: str
    """Such as `cpython`."""
    abi: str
    """What its extension modules are built for, such as `cp311`."""
    machine: str
    """Such as `x86_64`."""
    libc: str | None
    """Such as `glibc 2.36`; None where there is no GNU C library."""


def base_of(root: Path, named: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """What a project's image builds on: as named, by EXPKIT_BASE_IMAGE, or by the settings."""
    return named or environment.get(BASE_VARIABLE) or read_settings(root).image.base


def interpreter_of(engine: Engine, base: Inspected, *, known: Path) -> Interpreter:
    """The Python in a base image: what it said when it was asked before, or else says now.

    `known` is the folder of earlier answers, by the image's id.

    Raises:
        InvalidUsage: there is no Python in it, or none that answers.
    """
    answer = known / f"{base.id.partition(':')[2]}.json"
    try:
        return Interpreter(**json.loads(answer.read_bytes()))
    except (OSError, ValueError, TypeError):
        pass  # never asked, or the answer is torn
    found = _ask(engine, base)
    with writing(known):
        known.mkdir(parents=True, exist_ok=True)
        write_durably(answer, json.dumps(asdict(found), indent=2).encode())
    return found


def _ask(engine: Engine, base: Inspected) -> Interpreter:
    try:
        answer = ask(engine, base, ["python3", "-I", "-c", _QUESTION])
    except ExecutorFailed as refused:
        raise _no_python(base, refused.why or refused.what) from refused
    try:
        return Interpreter(**json.loads(answer.said))
    except (ValueError, TypeError) as error:
        why = f"python3: {answer.exit}" if answer.exit.why else "python3 said something else, and exit code 0"
        raise _no_python(base, why) from error


def _no_python(base: Inspected, why: str) -> InvalidUsage:
    return InvalidUsage(
        f"there is no Python to ask in the base image {base.reference}",
        why=why,
        mend="name a base image with python3 in it: --base python:3.11-slim",
    )
