"""What differs between a work tree and its commit: which paths, and the patch. No program of the repository's is run.

git works on a copy of the index here, so that it can be made to look at paths it was told not to look at
(assume-unchanged, skip-worktree) and can be shown untracked files as new ones, while the real index stays as it is.

Files under a filter driver (such as Git LFS) are compared without running the driver: untouched ones are recognised by
their stat data, touched ones count as modified.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from expkit.provenance.repository import Refused, Repository, find, text

PATCH_BYTES = 1_000_000
"""Size cap of the patch that is kept, in bytes. Single files beyond it are named in the patch, not shown."""

NAMED_UNTRACKED = 1_000
"""More untracked files than this are a data folder or an environment: they are named by folder and not in the patch."""

GENERATED = re.compile(
    r"research_questions/[^/]+/(evidence\.json|outcome\.md|figures/[^/]+)|(\.expkit|mlruns)/.*|mlflow\.db[^/]*",
    re.DOTALL,
)
"""Paths, relative to a project's root, that expkit writes itself: they make no tree dirty and go into no image."""
_DIFF = (
    *("-c", f"core.bigFileThreshold={PATCH_BYTES}", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--patch"),
    *("--no-renames", "--full-index", "--unified=3", "--inter-hunk-context=0", "--no-relative", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=dirty", f"-O{os.devnull}", "HEAD", "--"),
)
_PATHS_PER_DIFF = 500  # keeps a command line far below the system's limit
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file of Git LFS begins in a commit, which holds where its content is."""
_EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Paths relative to the repository's work tree that differ from the commit, sorted; no generated files."""

    modified: tuple[bytes, ...]
    """Tracked paths, staged or not."""
    untracked: tuple[bytes, ...]
    """Untracked paths; a folder ends in `/`. Ignored ones only where they were read."""
    hidden: tuple[bytes, ...]
    """Tracked paths that differ although git was told not to look at them; they are in `modified` as well."""

    def __bool__(self) -> bool:
        return bool(self.modified or self.untracked)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A patch: staged, unstaged and untracked changes of text against HEAD; binary files are named."""

    kept: bytes
    """The patch, cut at `PATCH_BYTES`."""
    sha256: str
    """Of the whole patch."""
    bytes: int
    """Size of the whole patch."""


def look(
    repository: Repository, *, patch: bool, read: Mapping[str, bytes] | None = None
) -> tuple[Changes, Difference | None]:
    """How the work tree differs from HEAD, and the patch if it is asked for and something differs.

    `read` are contents of files by path below the project; they are held against the commit by content.

    Raises:
        Refused: git could not compare them.
    """
    with _copied_index(repository) as index:
        entries = _entries(repository, index)
        unwatched = _uncover(repository, index, entries)
        modified, untracked = _status(repository, index, "all")
        if len(untracked) > NAMED_UNTRACKED:
            _, untracked = _status(repository, index, "normal")
        modified |= {
            entry.path for entry in entries if entry.mode == b"160000" and _changed_inside(repository, entry.path)
        }
        otherwise, absent = _not_as_read(repository, read or {})
        modified, untracked = modified | otherwise, untracked | absent
        changes = Changes(
            modified=tuple(sorted(modified)),
            untracked=tuple(sorted(untracked)),
            hidden=tuple(sorted(unwatched & modified)),
        )
        return changes, _difference(repository, index, changes) if patch and changes else None


@dataclass(frozen=True, kw_only=True)
class _Entry:
    tag: bytes
    mode: bytes
    path: bytes


@contextmanager
def _copied_index(repository: Repository) -> Iterator[dict[str, str]]:
    """The variables that make git use a copy of the index."""
    original = repository.top / os.fsdecode(repository.ask("rev-parse", "--git-path", "index").removesuffix(b"\n"))
    with TemporaryDirectory(prefix="expkit-") as folder:
        copy = Path(folder) / "index"
        try:
            # with its time: git compares the content of every file that is not older than the index
            shutil.copy2(original, copy)
        except FileNotFoundError:
            pass  # nothing was ever added
        except OSError as error:
            raise Refused(f"the index cannot be read: {error.strerror}") from error
        yield {"GIT_INDEX_FILE": str(copy)}


def _entries(repository: Repository, index: Mapping[str, str]) -> list[_Entry]:
    out = repository.ask("ls-files", "-v", "--stage", "-z", environment=index)
    entries = []
    for line in out.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        tag, mode, *_ = head.split(b" ")
        entries.append(_Entry(tag=tag, mode=mode, path=path))
    return entries


def _uncover(repository: Repository, index: Mapping[str, str], entries: Sequence[_Entry]) -> set[bytes]:
    """Make git look at the paths it was told not to look at; those paths.

    A skip-worktree path that does not exist is the ordinary state of a sparse checkout, not an edit.
    """
    assumed = {entry.path for entry in entries if entry.tag.islower()}
    skipped = {
        entry.path
        for entry in entries
        if entry.tag in (b"S", b"s") and os.path.lexists(os.path.join(os.fsencode(repository.top), entry.path))  # noqa: PTH118 - bytes
    }
    for flag, paths in (("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)):
        if paths:
            names = b"".join(path + b"\0" for path in sorted(paths))
            repository.ask("update-index", flag, "-z", "--stdin", stdin=names, environment=index)
    return assumed | skipped


def _status(repository: Repository, index: Mapping[str, str], untracked: str) -> tuple[set[bytes], set[bytes]]:
    """Modified and untracked paths that are not generated."""
    out = repository.ask(
        *(
            "status",
            "--porcelain=v1",
            "-z",
            f"--untracked-files={untracked}",
            "--no-renames",
            "--ignore-submodules=dirty",
        ),
        environment=index,
    )
    lines = [line for line in out.split(b"\0") if line and not _generated(repository, line[3:])]
    return (
        {line[3:] for line in lines if not line.startswith(b"??")},
        {line[3:] for line in lines if line.startswith(b"??")},
    )


def _not_as_read(repository: Repository, read: Mapping[str, bytes]) -> tuple[set[bytes], set[bytes]]:
    """Files that the commit holds with another content than was read, and files that it does not hold.

    Line ends do not count, and a pointer of Git LFS says nothing of the content.
    """
    files = [path for path in read if not path.endswith("/") and "\n" not in path]
    held = repository.blobs([f"HEAD:{repository.prefix}{path}" for path in files])
    place = {path: os.fsencode(f"{repository.prefix}{path}") for path in files}
    other, absent = set[bytes](), set[bytes]()
    for path, blob in zip(files, held, strict=True):
        if blob is None:
            absent.add(place[path])
        elif not blob.startswith(LFS_POINTER) and blob.replace(b"\r\n", b"\n") != read[path].replace(b"\r\n", b"\n"):
            other.add(place[path])
    return other, absent


def _generated(repository: Repository, path: bytes) -> bool:
    below = text(path)
    return below.startswith(repository.prefix) and bool(GENERATED.fullmatch(below.removeprefix(repository.prefix)))


def _changed_inside(repository: Repository, path: bytes) -> bool:
    """Whether a submodule's own work tree differs from its commit. What cannot be read is not called clean."""
    folder = repository.top / os.fsdecode(path)
    if not os.path.lexists(folder / ".git"):
        return False  # never checked out
    submodule = find(folder)
    if not isinstance(submodule, Repository) or submodule.prefix:
        return True
    try:
        return bool(look(submodule, patch=False)[0])
    except Refused:
        return True


def _difference(repository: Repository, index: Mapping[str, str], changes: Changes) -> Difference:
    untracked = [path for path in changes.untracked if not path.endswith(b"/")]
    if len(untracked) > NAMED_UNTRACKED:
        untracked = []
    # an untracked file becomes an empty tracked one in the copied index, and git shows it as new
    new = b"".join(f"100644 {_EMPTY_BLOB} 0\t".encode() + path + b"\0" for path in untracked)
    repository.ask("update-index", "-z", "--index-info", stdin=new, environment=index)
    paths = [os.fsdecode(path) for path in sorted({*changes.modified, *untracked})]
    whole, size, kept = hashlib.sha256(), 0, b""
    for start in range(0, len(paths), _PATHS_PER_DIFF):
        for part in _shown(repository, index, paths[start : start + _PATHS_PER_DIFF]):
            whole.update(part)
            size += len(part)
            kept += part[: PATCH_BYTES - len(kept)]
    return Difference(kept=kept, sha256=whole.hexdigest(), bytes=size)


def _shown(repository: Repository, index: Mapping[str, str], paths: list[str]) -> Iterator[bytes]:
    try:
        yield repository.ask(*_DIFF, *paths, environment=index)
    except Refused as refused:
        if len(paths) > 1:
            for path in paths:
                yield from _shown(repository, index, [path])
        else:
            yield f"{text(os.fsencode(paths[0]))!r} cannot be shown: {refused}\n".encode()
