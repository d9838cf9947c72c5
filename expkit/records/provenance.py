"""Provenance: commit, branch, dirty state, image, packages, machine, command line."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from expkit.records.base import Commit, Digest, Record


class Patch(Record):
    """What a dirty tree differed by from its commit; the text itself is the file `patch.diff` beside the record."""

    sha256: Digest
    """Of the whole patch, before any cut."""
    bytes: int
    """Size of the whole patch."""
    truncated: bool
    """Whether the kept file is cut at the size cap."""


class Git(Record):
    """The state of the repository when a run began.

    `state` is `clean` or `dirty` where there is a commit; `no_commits` in an empty repository; `no_repository` outside
    of one; `unreadable` where git refused, with its reason in `reason`.
    """

    state: Literal["clean", "dirty", "no_commits", "no_repository", "unreadable"]
    reason: str | None = None
    """Why the repository could not be read, and what mends it."""
    commit: Commit | None = None
    branch: str | None = None
    """None when the head is detached."""
    shallow: bool = False
    pushed: bool | None = None
    """Whether a remote-tracking branch held the commit when the run began; None without a commit or a remote."""
    remote: str | None = None
    """The URL of `origin`, without user, password and query."""
    modified: tuple[str, ...] = ()
    """Tracked paths that differ from the commit, staged or not. Generated outcome files are not counted."""
    untracked: tuple[str, ...] = ()
    """Untracked, not ignored paths. Generated outcome files are not counted."""
    hidden: tuple[str, ...] = ()
    """Paths that git was told not to look at (assume-unchanged, skip-worktree) and that differ: they count as dirty."""
    patch: Patch | None = None


Store = Literal["classic", "containerd"]
"""Where an engine keeps images: an `Id` is the digest of an image's configuration in the one, of its manifest in the
other."""


def _is_none(value: object) -> bool:
    return value is None


class Image(Record):
    """The container image a run took place in, as its launcher reported it; all None on a bare host."""

    reference: str | None = None
    """What the image was asked for by, such as `expkit:1a2b3c4d5e6f`; it can be moved to another image at any time."""
    id: str | None = None
    """The image itself: what the container was started by."""
    digest: str | None = None
    """The repository digest, such as `localhost:5000/expkit@sha256:...`, which exists only after a push or a pull."""
    platform: str | None = Field(default=None, exclude_if=_is_none)
    """Such as `linux/amd64`."""
    store: Store | None = Field(default=None, exclude_if=_is_none)
    """What kind of digest `id` is."""
    revision: str | None = Field(default=None, exclude_if=_is_none)
    """The commit the image says it was built from, with `-dirty` behind it where the tree differed."""


class Machine(Record):
    """What the run was computed on."""

    system: str
    """Operating system and its release, such as `Linux 6.1.0`."""
    architecture: str
    """Such as `x86_64`."""
    cpu: str
    """The processor's name, or the architecture where the system does not tell."""
    cores: int
    """Cores this process may use."""
    python: str
    """Version, such as `3.11.7`."""
    implementation: str
    """Such as `CPython`."""


class Inside(Record):
    """What a process that does work runs in, as it sees that itself."""

    machine: Machine
    packages: dict[str, str]
    """Version by distribution name, every installed distribution."""
    expkit: str
    """Version of expkit."""


class Provenance(Record):
    """Where a run came from, complete enough to run it again and to see what differed."""

    git: Git
    image: Image
    machine: Machine
    packages: dict[str, str]
    """Version by distribution name, every installed distribution."""
    expkit: str
    """Version of expkit."""
    command: tuple[str, ...]
    """The command line, one part an argument."""
    executor: str
    """Where trials ran: `local` or `docker`."""
