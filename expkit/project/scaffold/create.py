"""New files put into a project: all of them or none, never over what is there, and only what `expkit check` passes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from expkit.errors import InvalidDeclaration, InvalidUsage, Mistake, NotWritable
from expkit.project.folder import Folder
from expkit.project.mentioned import with_mentioned
from expkit.project.names import listed
from expkit.project.read import declared_files, parse_declarations

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def check_id(kind: str, given: str, taken: Iterable[str]) -> str:
    """An id that nothing has yet.

    Raises:
        InvalidUsage: it is taken, or cannot be an id.
    """
    if not _ID.fullmatch(given):
        mend = "take lower-case letters, digits, '-' and '_', starting with a letter or a digit"
        raise InvalidUsage(f"{given!r} cannot be the id of {kind}", mend=mend)
    if given in taken:
        raise InvalidUsage(f"there is {kind} {given!r} already", mend=f"take another id; taken are {listed(taken)}")
    return given


def next_id(prefix: str, taken: Iterable[str], *, digits: int = 1) -> str:
    """The next of numbered ids: `rq04` where `rq03` is the last."""
    endings = [name.removeprefix(prefix) for name in taken if name.startswith(prefix)]
    last = max((int(ending) for ending in endings if ending.isdecimal() and len(ending) < 10), default=0)
    return f"{prefix}{last + 1:0{digits}}"


def mistakes(root: Path, file: str, content: bytes) -> tuple[Mistake, ...]:
    """What `expkit check` would refuse of a file that is about to be written."""
    others = {name: text for name, text in declared_files(root).items() if not file.startswith(name)}
    try:
        parse_declarations(with_mentioned(others | {file: content}, Folder(root)))
    except InvalidDeclaration as invalid:
        return invalid.mistakes
    return ()


def must_pass(root: Path, file: str, content: bytes) -> None:
    """Refuse to write what `expkit check` would refuse.

    Raises:
        InvalidUsage: with every mistake in it.
    """
    if found := mistakes(root, file, content):
        raise InvalidUsage(
            "what would be written is not in order; nothing is written",
            why="\n  ".join(str(mistake) for mistake in found),
            mend="change the flag that says it",
        )


def create(root: Path, files: Mapping[str, str]) -> None:
    """Write files that are not there yet, by path below a root.

    Raises:
        InvalidUsage: one of them is there; nothing is written.
        NotWritable: one cannot be written; those before it are taken away again.
    """
    if there := [name for name in files if os.path.lexists(root / name)]:
        raise InvalidUsage(
            f"{listed(there)} {'is' if len(there) == 1 else 'are'} there already; nothing is written",
            where=str(root),
            mend="move what is there out of the way, or take another folder or id",
        )
    written: list[Path] = []
    try:
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="") as opened:
                written.append(file)
                opened.write(text)
    except OSError as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise NotWritable(
            "the project cannot be written to", where=str(root), why=str(error), mend="make it writable"
        ) from error


def change(file: Path, content: bytes) -> None:
    """Give a file another content, whole or not at all.

    Raises:
        NotWritable: it cannot be written.
    """
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(content)
        beside.chmod(file.stat().st_mode)
        beside.replace(file)
    except OSError as error:
        raise NotWritable(
            f"{file.name} cannot be written", where=str(file), why=error.strerror, mend="make it writable"
        ) from error
