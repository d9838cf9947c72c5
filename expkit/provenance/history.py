"""A project's history: what git knows of earlier commits, read only, and the annotated tags of registrations."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from expkit.errors import InvalidUsage
from expkit.provenance.repository import Refused, Repository, find, is_commit, text

_MOST_VERSIONS = 1_000
_ANYWHERE = ("--all", "--reflog")
_BY_FILE = ("--format=%H", "--raw", "--no-abbrev", "--full-history", "--topo-order", "--no-renames", "-m", "-z")

Changes = Mapping[str, Mapping[str, str | None]]
"""By path: by commit, newest first, the blob it left there; None where it left no regular file."""


class History:
    """The history of the repository around a project. Paths are relative to the project's root, with `/`.

    Outside git, or where git refuses, `available` is False and every look-up answers that it knows nothing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, bool] = {}
        self._trees: dict[tuple[str, tuple[str, ...]], dict[str, bytes]] = {}
        self._listings: dict[str, dict[str, str]] = {}
        self._blobs: dict[str, bytes | None] = {}
        self._changes: dict[tuple[str, bool], Changes] = {}

    @cached_property
    def _repository(self) -> Repository | None:
        found = find(self._root)
        return found if isinstance(found, Repository) else None

    @property
    def available(self) -> bool:
        """Whether there is a repository to ask."""
        return self._repository is not None

    @cached_property
    def head(self) -> str | None:
        """The commit of HEAD; None before the first one."""
        try:
            return self._repository.head() if self._repository else None
        except Refused:
            return None

    @cached_property
    def shallow(self) -> bool:
        """Whether history ends early, so that an absent commit proves nothing."""
        return bool(self._repository and self._repository.shallow())

    def has(self, commit: str) -> bool:
        """Whether a commit, named by its 40 hex digits, is known here."""
        if commit not in self._known:
            self._known[commit] = bool(
                self._repository
                and is_commit(commit)
                and self._repository.answer("cat-file", "-e", f"{commit}^{{commit}}") is not None
            )
        return self._known[commit]

    def commit(self, name: str) -> str | None:
        """The commit that a branch, a tag, an abbreviated id or an expression of git's names; None where none does.

        The name goes to git as a line of input, where nothing can be taken for an option.
        """
        if self._repository is None or not name or "\n" in name:
            return None
        line = os.fsencode(f"{name}^{{commit}}\n")
        found = (self._repository.answer("cat-file", "--batch-check", stdin=line) or b"").split(b" ")
        commit = text(found[0])
        return commit if len(found) == 3 and found[1] == b"commit" and is_commit(commit) else None

    def date(self, commit: str) -> str | None:
        """When a commit was made, by whoever made it, ISO 8601 with their time zone; None for an unknown commit."""
        if self._repository is None or not is_commit(commit):
            return None
        told = self._repository.answer("log", "--no-walk", "--format=%cI", commit)
        return told.decode() if told else None

    def pushed(self, commit: str) -> bool | None:
        """Whether a remote-tracking branch holds the commit; None where there is no remote or no such commit."""
        return self._repository.pushed(commit) if self._repository else None

    def read(self, commit: str, path: str) -> bytes | None:
        """A regular file's bytes at a commit; None where there is no such commit or file."""
        return self.tree(commit, [path]).get(path)

    def tree(self, commit: str, prefixes: Iterable[str]) -> dict[str, bytes]:
        """Bytes by path of every regular file at or below the given paths at a commit; empty for an unknown commit."""
        place = commit, tuple(prefixes)
        if place not in self._trees:
            self._trees[place] = self._read_tree(*place)
        return dict(self._trees[place])

    def _read_tree(self, commit: str, prefixes: tuple[str, ...]) -> dict[str, bytes]:
        if self._repository is None or not prefixes:
            return {}
        if commit in self._listings:
            folders = [prefix.rstrip("/") for prefix in prefixes]
            listing = self._listings[commit].items()
            files = {path: blob for path, blob in listing if any(_is_below(path, folder) for folder in folders)}
        else:
            files = self._list(commit, prefixes)
        self._fetch(files.values())
        found = ((path, self._blobs[blob]) for path, blob in files.items())
        return {path: content for path, content in found if content is not None}

    def _fetch(self, blobs: Iterable[str]) -> None:
        """Read what has not been read yet."""
        missing = list(dict.fromkeys(blob for blob in blobs if blob not in self._blobs))
        if missing and self._repository:
            self._blobs |= zip(missing, self._repository.blobs(missing), strict=True)

    def names(self, commit: str) -> tuple[str, ...]:
        """The path of every regular file of the project at a commit; none of an unknown commit."""
        if commit not in self._listings:
            self._listings[commit] = self._list(commit, [""])
        return tuple(self._listings[commit])

    def _list(self, commit: str, prefixes: Iterable[str]) -> dict[str, str]:
        """The blob of every regular file of the project at or below some paths at a commit, by its path."""
        repository = self._repository
        if repository is None or not is_commit(commit) or self._known.get(commit) is False:
            return {}
        below = [f"{repository.prefix}{prefix}".rstrip("/") for prefix in prefixes]
        paths = [] if "" in below else below
        out = repository.answer("ls-tree", "-r", "-z", "--full-tree", f"{commit}^{{commit}}", "--", *paths)
        if out is not None:
            self._known[commit] = True
        files: dict[str, str] = {}
        for line in (out or b"").split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, kind, name = head.split(b" ")
            if kind == b"blob" and mode.startswith(b"100"):  # neither symbolic links nor submodules
                files[text(path).removeprefix(repository.prefix)] = name.decode()
        return files

    def versions(self, path: str, *, anywhere: bool = False) -> list[tuple[str, bytes]]:
        """A file as each commit that touched it left it, newest first, at most 1000; deletions are left out.

        Commits up to HEAD; `anywhere`, those that HEAD does not lead to as well: on other branches and tags, those of
        remotes too, and what branches of this clone stood on before they were set elsewhere.
        """
        first, _, rest = path.partition("/")
        changes = self._changed(first if rest else path, anywhere)
        # who asks for one evidence file asks for the others, too: git is asked once for all files of a name
        name = path.rpartition("/")[2]
        alike = (blobs for one, blobs in changes.items() if one == path or one.endswith(f"/{name}"))
        self._fetch(blob for blobs in alike for blob in list(blobs.values())[:_MOST_VERSIONS] if blob)
        left = list(changes.get(path, {}).items())[:_MOST_VERSIONS]
        read = ((commit, self._blobs.get(blob)) for commit, blob in left if blob)
        return [(commit, content) for commit, content in read if content is not None]

    def paths(self, prefix: str, *, anywhere: bool = False) -> frozenset[str]:
        """Every path below a folder that any commit touched, still there or not; commits as `versions`."""
        return frozenset(self._changed(prefix, anywhere))

    def outside(self, pattern: str) -> dict[str, list[bytes]]:
        """Files of the repository that are none of the project's, by path from its root.

        A project that was moved within its repository left such files. Each as commits left it, oldest first; commits
        as `versions` `anywhere`.

        Args:
            pattern: what their paths end with, where `*` stands for any one name.
        """
        if self._repository is None:
            return {}
        place, here = f":(glob)**/{pattern}", self._repository.prefix
        if (place, True) not in self._changes:
            self._changes[place, True] = self._read_log(place, _ANYWHERE)
        depth = pattern.count("/")
        foreign = {
            posixpath.relpath(path, here or "."): list(filter(None, blobs.values()))[:_MOST_VERSIONS]
            for path, blobs in self._changes[place, True].items()
            if not (path.startswith(here) and path.removeprefix(here).count("/") == depth)
        }
        self._fetch(blob for blobs in foreign.values() for blob in blobs)
        return {
            path: [content for blob in reversed(blobs) if (content := self._blobs.get(blob)) is not None]
            for path, blobs in foreign.items()
        }

    def _changed(self, prefix: str, anywhere: bool) -> Changes:
        """The commits that touched each path at or below a prefix, newest first, and the blobs that they left."""
        if (prefix, anywhere) not in self._changes:
            self._changes[prefix, anywhere] = self._read_changes(prefix, _ANYWHERE if anywhere else ())
        return self._changes[prefix, anywhere]

    def _read_changes(self, prefix: str, more: tuple[str, ...]) -> Changes:
        if self._repository is None or not prefix:
            return {}
        here = self._repository.prefix
        found = self._read_log(f"{here}{prefix}", more)
        return {path.removeprefix(here): blobs for path, blobs in found.items()}

    def _read_log(self, paths: str, more: tuple[str, ...]) -> Changes:
        """The same with paths from the repository's top, of what git finds under some."""
        if self._repository is None or self.head is None:
            return {}
        magic = ("--no-literal-pathspecs",) if paths.startswith(":(glob)") else ()
        log = self._repository.answer(*magic, "log", *_BY_FILE, *more, "HEAD", "--", paths)
        found: dict[str, dict[str, str | None]] = {}
        commit, parts = "", iter((log or b"").split(b"\0"))
        for part in parts:
            said = part.strip(b"\n")
            if said.startswith(b":"):
                _, mode, _, blob, _ = said.split(b" ")
                found.setdefault(text(next(parts)), {})[commit] = blob.decode() if mode.startswith(b"100") else None
            elif said:
                commit = said.decode()
        return found

    def tag(self, name: str, message: str) -> None:
        """Put an annotated tag on HEAD.

        Raises:
            InvalidUsage: there is nothing to tag, the name is taken or no name for a tag, or git refused.
        """
        if self._repository is None or self.head is None:
            raise InvalidUsage(
                "there is no commit to tag",
                where=str(self._root),
                mend="commit the declarations first: git add -A && git commit",
            )
        if name.startswith("-") or self._repository.answer("check-ref-format", f"refs/tags/{name}") is None:
            raise InvalidUsage(
                f"{name!r} cannot be the name of a tag",
                why="git check-ref-format refuses it",
                mend="give the question an id of letters, digits and hyphens",
            )
        try:
            self._repository.ask(
                *("tag", "--annotate", "--no-sign", "--cleanup=verbatim", "--file=-", "--", name),
                stdin=message.encode(),
            )
        except Refused as refused:
            raise InvalidUsage(
                f"the tag {name} was not made",
                where=str(self._repository.top),
                why=f"git says: {refused}",
                mend="mend what git names, then type the command again",
            ) from refused

    def tags(self) -> dict[str, str]:
        """Message by name of every annotated tag, oldest first."""
        if self._repository is None:
            return {}
        out = self._repository.answer(
            "for-each-ref",
            "--sort=creatordate",
            "--format=%(objecttype)%00%(refname:strip=2)%00%(contents)%00",
            "refs/tags",
        )
        fields = [text(part) for part in (out or b"").split(b"\0")]
        rows = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
        return {name: message for kind, name, message in rows if kind.strip() == "tag"}


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
