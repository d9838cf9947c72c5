"""A commit's files in a temporary folder, for as long as somebody looks at them. Nothing of the repository's is run.

The folder is a repository of its own that borrows the objects of the project's. The project's own repository is only
read: no entry of `git worktree list`, no lock and no reference is left in it, whatever ends this process. Its
configuration, hooks and attributes do not come along; the attributes in the commit (filters, line ends, encodings) are
switched off, so that every file holds the very bytes that the commit has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.provenance.changes import LFS_POINTER
from expkit.provenance.history import History
from expkit.provenance.repository import Refusal, Refused, Repository, find, text

_AS_COMMITTED = "* -text -filter -ident !eol !working-tree-encoding !export-ignore !export-subst\n"
_LARGEST_POINTER = 1024  # bytes, of which the format of Git LFS promises fewer


@dataclass(frozen=True, kw_only=True)
class Worktree:
    """The files of a commit, checked out."""

    root: Path
    """The project's folder; it may not exist, where the commit is older than the project."""
    commit: str
    repository: Repository
    """The temporary repository, detached at the commit."""
    lacking: tuple[str, ...]
    """Paths that are not there as they were: submodules, which are empty folders, and files of Git LFS."""


@contextmanager
def worktree(root: Path, commit: str) -> Iterator[Worktree]:
    """The files of a commit of the repository around the project at `root`; they are removed at the end of the block.

    `commit` is 40 hex digits.

    Raises:
        ServiceAbsent: this repository does not have the commit, or not all of its files; with how to get it.
        InvalidUsage: the project is in no repository that git reads.
    """
    source = find(root)
    if isinstance(source, Refusal):
        raise InvalidUsage(
            f"commit {commit[:12]} cannot be looked up: this project is in no git repository that can be read",
            where=str(root),
            why=source.reason,
            mend="work in a clone of the project's repository",
        )
    _must_have(History(root), commit)
    with TemporaryDirectory(prefix="expkit-", ignore_cleanup_errors=True) as folder:
        top = Path(folder).resolve() / source.top.name  # a project without a name is called as its folder is
        repository = Repository(top=top, prefix=source.prefix)
        try:
            top.mkdir()
            _borrow(repository, source)
            repository.ask("update-ref", "--no-deref", "HEAD", commit)
            repository.ask("read-tree", commit)
            repository.ask("checkout-index", "--all", "--index", "--quiet")
            lacking = _lacking(repository)
        except Refused as refused:
            raise ServiceAbsent(
                f"commit {commit[:12]} is known here, but its files cannot be checked out",
                where=str(source.top),
                why=f"git says: {refused}",
                mend="a partial clone lacks files: work in a full clone; otherwise see git fsck",
            ) from refused
        yield Worktree(root=top / source.prefix, commit=commit, repository=repository, lacking=lacking)


def patched(tree: Worktree, patch: bytes) -> str | None:
    """Apply a patch to a checked-out commit; why it was refused, None where it was applied. Never half of it."""
    try:
        tree.repository.ask("apply", "--whitespace=nowarn", "-", stdin=patch)
    except Refused as refused:
        return str(refused)
    return None


def _must_have(history: History, commit: str) -> None:
    if history.has(commit):
        return
    what = f"commit {commit[:12]} is not in this repository"
    if history.shallow:
        raise ServiceAbsent(
            what,
            why="this clone is shallow: its history ends early",
            mend="fetch the rest of it: git fetch --unshallow",
        )
    raise ServiceAbsent(
        what,
        why="it was never pushed, or was squashed or rebased away before this clone was made",
        mend=f"fetch it from where it still is: git fetch origin {commit}",
    )


def _borrow(repository: Repository, source: Repository) -> None:
    """Make an empty repository that reads the objects of another."""
    repository.ask("init", "--quiet", "--template=", "--object-format=sha1")
    own = repository.top / ".git"
    objects = source.top / os.fsdecode(source.ask("rev-parse", "--git-path", "objects").removesuffix(b"\n"))
    # quoted as C does: a path may hold whatever a path may hold
    quoted = os.fsencode(objects.resolve()).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    for folder in ("objects/info", "info"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    (own / "objects" / "info" / "alternates").write_bytes(b'"' + quoted + b'"\n')
    (own / "info" / "attributes").write_text(_AS_COMMITTED)
    if urls := source.answer("config", "-z", "--get-all", "remote.origin.url"):  # an image names where it is from
        repository.ask("config", "--", "remote.origin.url", os.fsdecode(urls.split(b"\0")[0]))
    shallow = source.top / os.fsdecode(source.ask("rev-parse", "--git-path", "shallow").removesuffix(b"\n"))
    if shallow.is_file():
        (own / "shallow").write_bytes(shallow.read_bytes())


def _lacking(repository: Repository) -> tuple[str, ...]:
    lacking = []
    for line in repository.ask("ls-files", "--stage", "-z").split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode = head.partition(b" ")[0]
        file = repository.top / os.fsdecode(name)
        if mode == b"160000" or (mode.startswith(b"100") and _is_pointer(file)):
            lacking.append(text(name))
    return tuple(lacking)


def _is_pointer(file: Path) -> bool:
    if file.stat(follow_symlinks=False).st_size >= _LARGEST_POINTER:
        return False
    return file.read_bytes().startswith(LFS_POINTER)
