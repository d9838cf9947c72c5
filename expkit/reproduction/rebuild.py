"""The image of a commit, built only to reproduce in: no name that stands is moved, and what was made is removed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from expkit.errors import BuildFailed, ExpkitError, InvalidUsage, ServiceAbsent
from expkit.ledger.durable import writing
from expkit.project.paths import Paths
from expkit.provenance.worktree import Worktree, worktree
from expkit.reproduction.recorded import Origin

if TYPE_CHECKING:
    from expkit.containers.engine import Engine
    from expkit.containers.image import Inspected

REPOSITORY = "expkit-reproduce"
"""What these images are called while they are needed: no build of the project's own takes that name."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIRTY = "-dirty"


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What a build left in the engine."""

    tag: str
    layers: tuple[str, ...]
    """Ids of the images below it that were not there before, the uppermost first."""


class Rebuilds:
    """The images that were built for one reproduction; each state of the files once."""

    def __init__(self, root: Path, phase: Callable[[str], AbstractContextManager[None]]) -> None:
        self._root = root
        self._phase = phase
        self._built: dict[tuple[str, str | None], Inspected] = {}
        self._made: list[tuple[Engine, _Made]] = []

    def image(
        self, engine: Engine, origin: Origin, tree: Worktree, *, patched: bool, misses: list[str]
    ) -> tuple[Inspected, str]:
        """The image that trials are executed in, and what it was built from in words.

        It is of the commit that the recorded image says it was built from, where that can be had; else of `tree`, the
        commit of the run, `patched` whether with what the tree differed by. `misses` says why it must be built.

        Raises:
            ServiceAbsent: there is nothing to build it from, or an engine, base or package is lacking.
            BuildFailed: a step failed.
        """
        revision, dirty = _revision(origin)
        if origin.image.id is None or (revision == tree.commit and not dirty and not patched):
            return self._build(engine, origin, tree, patched, misses), f"from {_said(tree)}"
        why = "as it differed from its commit"
        if revision and not dirty:
            with ExitStack() as stack:
                try:
                    own = stack.enter_context(worktree(self._root, revision))
                except ServiceAbsent as absent:
                    why = absent.what
                else:
                    if _has_dockerfile(own):
                        found = self._build(engine, origin, own, False, misses)
                        return found, f"from {_said(own)}, which it says it was built from,"
                    why = "there is no Dockerfile"
        found = self._build(engine, origin, tree, patched, misses)
        instead = f"rebuilt from {_said(tree)}{' with the patch of the run' if patched else ''} instead"
        if revision is None:
            return found, f"the recorded image does not say which commit it was built from; {instead}"
        return found, f"the recorded image was built from {revision[:12]}{_DIRTY if dirty else ''} ({why}); {instead}"

    def remove(self) -> None:
        """Remove from the engine what was built, but for what somebody else has given a name or uses."""
        if not self._made:
            return
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        while self._made:
            engine, made = self._made.pop()
            for image in (made.tag, *made.layers):
                with suppress(DockerException, RequestException):
                    # by name, never with its parents: an image that has another name, or was there before, stays
                    engine.client.api.remove_image(image, noprune=True)

    def _build(self, engine: Engine, origin: Origin, tree: Worktree, patched: bool, misses: list[str]) -> Inspected:
        from expkit.images.project_image import DOCKERFILE, build_project

        if not _has_dockerfile(tree):
            cannot = f"it cannot be {'re' if origin.image.id else ''}built: there is no {DOCKERFILE} at"
            raise ServiceAbsent(
                f"the recorded image {named(origin)} is gone" if origin.image.id else "there is no image to run in",
                why="\n  ".join([*misses, f"{cannot} {tree.commit[:12]}"]),
                mend="load or pull the image, name another one (--image), or execute on this host (--on host)",
            )
        state = tree.commit, origin.patch_sha256 if patched else None
        if state not in self._built:
            self._share_wheels(tree)
            with self._phase(f"building the image of {tree.commit[:12]}"):
                before = _all(engine)
                try:
                    found = build_project(tree.root, engine, tagged=False)
                except (BuildFailed, InvalidUsage, ServiceAbsent) as failure:
                    raise _not_built(origin, tree, failure) from failure
                self._hold(engine, found, before)
            self._built[state] = found
        return self._built[state]

    def _hold(self, engine: Engine, found: Inspected, before: frozenset[str]) -> None:
        """Give an image a name of its own, by which it is removed; one that stood without any keeps none."""
        if found.id in before and not found.tags:
            return
        name = uuid4().hex[:12]
        engine.client.api.tag(found.id, REPOSITORY, name)
        below = [layer["Id"] for layer in engine.client.api.history(found.id)]
        layers = tuple(layer for layer in below if layer.startswith("sha256:") and layer not in {*before, found.id})
        self._made.append((engine, _Made(tag=f"{REPOSITORY}:{name}", layers=layers)))

    def _share_wheels(self, tree: Worktree) -> None:
        """Let a checked-out commit use the packages that the project has downloaded."""
        kept, borrowed = Paths(self._root).wheels, Paths(tree.root).wheels
        if os.path.lexists(borrowed.parent):
            return  # the commit's own; what it leads to is not known
        with writing(kept):
            kept.mkdir(parents=True, exist_ok=True)
            borrowed.parent.mkdir()
            borrowed.symlink_to(kept)


def named(origin: Origin) -> str:
    """The recorded image as it is called in messages."""
    return origin.image.digest or short(origin.image.id)


def short(image: str | None) -> str:
    """An image's Id in 12 digits, as engines print it."""
    return "none" if image is None else image[: len("sha256:") + 12] if image.startswith("sha256:") else image


def _revision(origin: Origin) -> tuple[str | None, bool]:
    """The commit that the recorded image says it was built from, and whether the tree differed; it may say anything."""
    label = origin.image.revision or ""
    commit = label.removesuffix(_DIRTY)
    return (commit, label.endswith(_DIRTY)) if _COMMIT.fullmatch(commit) else (None, False)


def _said(tree: Worktree) -> str:
    lacking = f" without {', '.join(tree.lacking[:3])}" if tree.lacking else ""
    return f"{tree.commit[:12]}{lacking}"


def _has_dockerfile(tree: Worktree) -> bool:
    from expkit.images.project_image import DOCKERFILE

    return (tree.root / DOCKERFILE).is_file()


def _all(engine: Engine) -> frozenset[str]:
    """The ids of all images of an engine, those below others too."""
    return frozenset(engine.client.api.images(all=True, quiet=True))


def _not_built(origin: Origin, tree: Worktree, failure: ExpkitError) -> ExpkitError:
    gone = f"the recorded image {named(origin)} is gone, and " if origin.image.id else ""
    kind = BuildFailed if isinstance(failure, BuildFailed) else ServiceAbsent
    return kind(
        f"{gone}the image of {tree.commit[:12]} could not be built",
        why=str(failure),
        mend="load or pull the image, name another one (--image), or execute on this host (--on host)",
    )
