"""Inputs on disk: their digests, and whether they are what an experiment declares."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from expkit.digests import digest
from expkit.errors import InvalidUsage, Mistake
from expkit.project.yaml import Document
from expkit.regular import open_regular
from expkit.specs.experiment import ResolvedArm
from expkit.specs.inputs import Input


class Unusable(Exception):
    """A path that is no input: why, and what would be one."""

    def __init__(self, why: str, valid: str) -> None:
        super().__init__(why)
        self.why = why
        self.valid = valid


@dataclass(frozen=True, kw_only=True)
class DeclaredInput:
    """An input and where it is declared."""

    name: str
    input: Input
    document: Document

    def objections(self, root: Path) -> Iterator[Mistake]:
        """What keeps it from being checked later: a path that leads out of the project, or no digest.

        Whether it is there, and what it holds, is asked only before something runs: a machine that runs nothing may
        lack it.
        """
        at = ("inputs", self.name)
        try:
            _inside(root, self.input.path)
            if self.input.sha256 is None:
                found = content_digest(located(root, self.input.path))
                yield self.document.mistake(at, f"input {self.name} has no sha256", f"declare sha256: {found}")
        except Unusable as unusable:
            yield self.document.mistake((*at, "path"), unusable.why, unusable.valid)


def content_digest(path: Path) -> str:
    """The digest of what a file or a folder holds, as 64 hex digits.

    Of a file, the sha256 of its bytes, as `sha256sum` prints it. Of a folder, the sha256 of the canonical JSON (RFC
    8785) of an object with an entry for every file in it and below: its path relative to the folder, with `/`, and the
    sha256 of its bytes. Names, times and rights are in neither, nor are empty folders.

    Raises:
        Unusable: something in it is neither a file nor a folder, or cannot be read.
    """
    if not path.is_dir():
        return _file_digest(path)
    try:
        return digest({file.relative_to(path).as_posix(): _file_digest(file) for file in _files(path)})
    except ValueError as error:
        raise Unusable(f"{path} holds a file whose name is no text: {error}", "rename that file") from error


def located(root: Path, path: str) -> Path:
    """An input of the project at `root`.

    Raises:
        Unusable: it is not in there, or only through a symbolic link.
    """
    place = _inside(root, path)
    if not place.exists():
        raise Unusable(f"there is no {path}", "bring it there, or correct the path")
    return place


def verify(root: Path, arms: Iterable[ResolvedArm]) -> None:
    """Make sure that every input of some arms is what they declare.

    Raises:
        InvalidUsage: some are not, or are not there; with the digest that is declared and the one that is found.
    """
    declared = {(one.path, one.sha256): name for arm in arms for name, one in arm.inputs.items()}
    wrong = []
    for (path, sha256), name in declared.items():
        try:
            found = content_digest(located(root, path))
        except Unusable as unusable:
            wrong.append(f"{name}: {unusable.why}; {unusable.valid}")
            continue
        if found != sha256:
            wrong.append(f"{name}: {path} is {found}, and declared is {sha256}")
    if wrong:
        several = len(wrong) > 1
        raise InvalidUsage(
            f"{len(wrong)} inputs are not those declared" if several else "an input is not the one declared",
            where=str(root),
            why="\n  ".join(wrong),
            mend="bring back what was declared, or declare the sha256 that is found, which makes other arms of it",
        )


def places(root: Path, inputs: Mapping[str, Input]) -> dict[str, Path]:
    """Where inputs are, by name: what a folder that stands for `{inputs}` is made from, after `verify`.

    Raises:
        Unusable: one is not there.
    """
    return {name: located(root, one.path) for name, one in inputs.items()}


def _inside(root: Path, path: str) -> Path:
    """The place that a path means; no step on the way leads out of the project."""
    parts = PurePosixPath(path).parts
    if ".." in parts or PurePosixPath(path).is_absolute():
        raise Unusable(f"{path} leads out of the project", "write the path from the project's root downwards")
    place = root
    for part in parts:
        place = place / part
        if place.is_symlink():
            why = f"{path} goes through a symbolic link, {place.relative_to(root).as_posix()}"
            raise Unusable(why, "keep the input itself in the project: links are not followed")
    return place


def _files(folder: Path) -> Iterator[Path]:
    """Every regular file in a folder and below."""
    try:
        with os.scandir(folder) as opened:
            entries = sorted(opened, key=lambda entry: entry.name)
    except OSError as error:
        raise Unusable(f"{folder} cannot be read: {error.strerror}", "make it readable") from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield Path(entry.path)


def _file_digest(path: Path) -> str:
    try:
        with open_regular(path) as handle, open(handle, "rb", closefd=False) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        valid = "an input is made of regular files that can be read; links are not followed"
        raise Unusable(f"{path} is no such file: {error.strerror}", valid) from error
