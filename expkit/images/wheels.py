"""The packages of a project's image: wheels that are pinned with hashes, for the Python of the base, kept by digest.

What was downloaded once is kept in the project's own state: a second build needs no package index.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import InvalidMarker, Marker

from expkit.digests import digest
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.images.base import Interpreter
from expkit.ledger.durable import writing

PINS = "constraints-worker.txt"
"""The file of pinned packages, relative to the root."""

_PIN = re.compile(
    r"(?P<pin>[A-Za-z0-9][\w.-]*==[^\s;]+)\s*(?:;(?P<marker>.*?))?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)"
)
_OLDEST_GLIBC = 5  # of 2.x: what the first manylinux wheels were built for
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package in one version."""

    pin: str
    """Such as `numpy==2.4.6`."""
    hashes: frozenset[str]
    """The sha256 of every file that may be it."""


def read_pins(file: Path, interpreter: Interpreter) -> tuple[Pin, ...]:
    """The packages that a file pins for an interpreter.

    Raises:
        InvalidUsage: a line is no pin with hashes.
    """
    environment = _environment(interpreter)
    pins = []
    for number, line in _logical_lines(file.read_text(encoding="utf-8", errors="replace")):
        found = _PIN.fullmatch(line)
        try:
            if found is None:
                raise InvalidMarker(line)
            meant = not found["marker"] or Marker(found["marker"]).evaluate(environment)
        except InvalidMarker as error:
            raise InvalidUsage(
                "this is no package pinned with hashes",
                where=f"{file.name}:{number}",
                why=line.partition(" --hash")[0],
                mend="make the file with: uv pip compile --generate-hashes, or pip-compile --generate-hashes",
            ) from error
        if meant:
            pins.append(Pin(pin=found["pin"], hashes=frozenset(re.findall(r"[0-9a-f]{64}", found["hashes"]))))
    return tuple(pins)


def fetch(
    pins: tuple[Pin, ...], interpreter: Interpreter, *, kept: Path, on_line: Callable[[str], None]
) -> tuple[Path, ...]:
    """The wheels of pinned packages, downloaded unless they are in `kept` already; every one matches its hash.

    Raises:
        InvalidUsage: no wheel is made for such an interpreter.
        ServiceAbsent: pip cannot download them.
        NotWritable: they cannot be kept.
    """
    if not pins:
        return ()
    platforms = platforms_of(interpreter)
    sought = {"pins": {pin.pin: sorted(pin.hashes) for pin in pins}, "abi": interpreter.abi, "platforms": platforms}
    folder = kept / digest(sought)
    if (wheels := _matching(folder, pins)) is not None:
        return wheels
    with writing(kept):
        kept.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".download-", dir=kept) as temporary:
            _download(pins, interpreter, platforms, Path(temporary), on_line)
            if (wheels := _matching(folder, pins)) is not None:
                return wheels  # another build was faster, and may be reading them
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one
            folder.mkdir(exist_ok=True)
            for wheel in Path(temporary).glob("*.whl"):
                wheel.rename(folder / wheel.name)
    wheels = _matching(folder, pins)
    assert wheels is not None  # pip has checked the same hashes
    return wheels


def platforms_of(interpreter: Interpreter) -> list[str]:
    """What wheels for an interpreter are called, the newest first, as in PEP 600.

    Raises:
        InvalidUsage: it is no CPython on a GNU C library, for which the compiled packages are published.
    """
    libc = re.fullmatch(r"glibc 2\.(\d+)", interpreter.libc or "")
    if libc is None or interpreter.implementation != "cpython":
        raise InvalidUsage(
            "there are no packages for the Python in the base image",
            why=f"it is {interpreter.implementation} on {interpreter.libc or 'a C library other than GNU'}, "
            "and packages are published for CPython on the GNU C library",
            mend="name another base image: --base python:3.11-slim",
        )
    names = []
    for minor in range(int(libc[1]), _OLDEST_GLIBC - 1, -1):
        names += [f"manylinux_2_{minor}"] + ([_ALIASES[minor]] if minor in _ALIASES else [])
    return [f"{name}_{interpreter.machine}" for name in (*names, "linux")]


def _environment(interpreter: Interpreter) -> dict[str, str]:
    """What markers are about."""
    return {
        "python_version": ".".join(interpreter.python.split(".")[:2]),
        "python_full_version": interpreter.python,
        "implementation_name": interpreter.implementation,
        "implementation_version": interpreter.python,
        "platform_python_implementation": "CPython",
        "platform_machine": interpreter.machine,
        "platform_system": "Linux",
        "platform_release": "",
        "platform_version": "",
        "os_name": "posix",
        "sys_platform": "linux",
        "extra": "",
    }


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines with those joined that end in a backslash, by the number of the first; no comments, no empty ones."""
    lines: list[tuple[int, str]] = []
    open_line = False
    for number, line in enumerate(text.splitlines(), start=1):
        part = re.sub(r"(^|\s)#.*", "", line).strip()
        if open_line:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {part.removesuffix(chr(92)).strip()}")
        elif part:
            lines.append((number, part.removesuffix("\\").strip()))
        open_line = part.endswith("\\")
    return lines


def _matching(folder: Path, pins: tuple[Pin, ...]) -> tuple[Path, ...] | None:
    """The wheels in a folder, if there is one of every package and each is what its hash says."""
    wheels = sorted(folder.glob("*.whl"))
    sums = set()
    for wheel in wheels:
        with wheel.open("rb") as file:
            sums.add(hashlib.file_digest(file, "sha256").hexdigest())
    whole = len(wheels) == len(pins) and all(pin.hashes & sums for pin in pins)
    return tuple(wheels) if whole else None


def _download(
    pins: tuple[Pin, ...], interpreter: Interpreter, platforms: list[str], into: Path, on_line: Callable[[str], None]
) -> None:
    pinned = into / "pins.txt"
    pinned.write_text(
        "".join(f"{pin.pin}{''.join(f' --hash=sha256:{one}' for one in sorted(pin.hashes))}\n" for pin in pins)
    )
    command = [
        *(sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--progress-bar=off"),
        *("--no-deps", "--only-binary=:all:", "--require-hashes", "--implementation=cp"),
        *(f"--python-version={interpreter.python}", f"--abi={interpreter.abi}"),
        *(f"--platform={platform}" for platform in platforms),
        *(f"--dest={into}", f"--requirement={pinned}"),
    ]
    last: deque[str] = deque(maxlen=_SHOWN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            last.append(line.strip())
            on_line(line.strip())
    if pip.returncode != 0:
        raise ServiceAbsent(
            f"the packages of {PINS} cannot be downloaded",
            why="\n  ".join(line for line in last if line),
            mend="see what pip says; once downloaded, they are kept, and building needs no package index",
        )
