"""Which files make up a program: those that a declaration names, or those around the first file in its command. Pure.

What is asked is always the same, names below a path, so that a folder, a commit and a set of files give one answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from expkit.digests import digest
from expkit.project.command_files import Names, files_in, is_plain

_DATA = (
    ".npz .npy .csv .tsv .parquet .feather .arrow .orc .mat .bin .dat .jsonl .ndjson .tfrecord .msgpack .pt .pth .ckpt "
    ".h5 .hdf5 .pkl .pickle .joblib .onnx .safetensors .keras .pb .tflite .gguf .db .sqlite .sqlite3 .zip .gz .bz2 .xz "
    ".zst .7z .tar .tgz .whl"
)
_PICTURES = ".png .jpg .jpeg .gif .svg .pdf .eps .bmp .webp .tif .tiff .ico .mp4 .avi .webm .mp3 .wav"
_BUILT = ".so .o .a .dylib .dll .exe .obj .class .pyc .pyo .pyd"
_NOTES = ".log .out .err .md .rst .lock .tmp .bak .swp .orig .rej .pid .prof"
LEFT_BESIDE = frozenset(f"{_DATA} {_PICTURES} {_BUILT} {_NOTES}".split())
"""What files in a folder of sources end in that are none: data, what programs leave beside themselves, notes."""

_NO_SOURCES = frozenset({"research_questions", "experiments", "results", "docs", "tests", "schemas"})
"""Folders of the root that no program is in, where its own file lies in the root."""
_MADE = frozenset({"__pycache__", "node_modules", "build", "dist", "mlruns", "mlartifacts", "wandb", "lightning_logs"})
"""Folders that tools fill, wherever they are."""
_MADE_FILE = re.compile(r".*\.(db|sqlite3?)-.*|.*tfevents.*|.*~")
_GENERATED = re.compile(
    r"research_questions/[^/]+/(evidence\.json|outcome\.md|figures/.*)|(\.expkit|mlruns|mlartifacts)/.*|mlflow\.db[^/]*",
    re.DOTALL,
)
"""What expkit and MLflow write: never a source, even where the command names it."""


SCRIPT = b"#!"
"""What a file without a suffix begins with that can be run."""


class Files(Protocol):
    """Files of a project: at a commit, in its folder, or at hand."""

    def names(self, path: str) -> Sequence[str]:
        """The path of every regular one at or below a path, relative to the root; of all of them below ``""``."""

    def scripts(self, names: Iterable[str]) -> Sequence[str]:
        """Those among some that begin with ``#!``."""


def sources(command: Iterable[str], declared: Sequence[str], files: Files) -> tuple[str, ...]:
    """The files of a program, sorted; none where neither the declaration nor the command leads to one.

    A file that is declared, or is a word of the command, counts whatever it is called; of a folder, what looks like a
    source.
    """
    if declared:
        return tuple(sorted({name for path in declared for name in named_by(path, files)}))
    named = [one for one in files_in(command, files.names) if not _GENERATED.fullmatch(one.name)]
    if not named or not named[0].word:
        return ()
    return tuple(sorted({*(one.name for one in named), *_around(named[0].folder, files)}))


def named_by(path: str, files: Files) -> list[str]:
    """The sources that an entry of `sources` names; none where it leads out of the project or to nothing."""
    path = path.rstrip("/")
    if not is_plain(path):
        return []
    found = files.names(path)
    return [path] if [*found] == [path] else _of_folder(path, found, files)


def program_digest(files: Mapping[str, bytes], own: Iterable[str]) -> str:
    """The version of a program: the digest of its files' paths and contents."""
    return digest_of({name: hashlib.sha256(files[name]).hexdigest() for name in own})


def digest_of(contents: Mapping[str, str]) -> str:
    """The same from the SHA-256 of every file, by path."""
    return digest(dict(contents))


def names_of(files: Collection[str]) -> Names:
    """The names below a path, in a set of files."""

    def below(path: str) -> Sequence[str]:
        return [name for name in files if not path or name == path or name.startswith(f"{path}/")]

    return below


class AtHand:
    """Files whose contents are known, by path."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def names(self, path: str) -> Sequence[str]:
        """The path of every one at or below a path."""
        return names_of(self._files.keys())(path)

    def scripts(self, names: Iterable[str]) -> Sequence[str]:
        """Those among some that begin with ``#!``."""
        return [name for name in names if self._files[name].startswith(SCRIPT)]


def _around(folder: str, files: Files) -> list[str]:
    found = _of_folder(folder, files.names(folder), files)
    return found if folder else [name for name in found if name.partition("/")[0] not in _NO_SOURCES]


def _of_folder(folder: str, names: Iterable[str], files: Files) -> list[str]:
    """What looks like a source by its path below a folder, or is a script."""
    below = {name: PurePosixPath(name).relative_to(folder) if folder else PurePosixPath(name) for name in names}
    may_be = [name for name, path in below.items() if not _GENERATED.fullmatch(name) and not _is_made(path)]
    scripts = {*files.scripts([name for name in may_be if not below[name].suffix])}
    return [name for name in may_be if below[name].suffix or name in scripts]


def _is_made(below: PurePosixPath) -> bool:
    """Whether a tool or a program made a file, or reads it as data."""
    return (
        below.suffix.lower() in LEFT_BESIDE
        or bool(_MADE_FILE.fullmatch(below.name))
        or any(part.startswith(".") for part in below.parts)
        or any(part in _MADE or part.endswith(".egg-info") for part in below.parts[:-1])
    )
