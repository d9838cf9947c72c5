"""The image of a project's current commit: its Dockerfile, on a base, with pinned packages and tracked files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

from expkit.containers.engine import Engine
from expkit.containers.image import PATCH_LABEL, REVISION_LABEL, Inspected, resolve
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.images.base import BASE_VARIABLE, base_of, interpreter_of
from expkit.images.build import build
from expkit.images.context import Tracked, pack, tracked
from expkit.images.names import committed, tags
from expkit.images.wheels import PINS, fetch, read_pins
from expkit.ledger.durable import writing
from expkit.project.paths import Paths
from expkit.project.root import project_id
from expkit.provenance.repository import Repository, find
from expkit.records.provenance import Git

DOCKERFILE = "Dockerfile"
WHEELS = ".wheels"
"""The folder of a context that holds the packages."""

_ARGUMENT = re.compile(r"^\s*ARG\s+BASE_IMAGE\b", re.MULTILINE | re.IGNORECASE)
_ADDRESS = re.compile(r"(?!file:)([A-Za-z0-9+.-]+://|[^/]+:)")


def _silent(_: str) -> None:
    pass


def build_project(
    root: Path,
    engine: Engine,
    *,
    base: str | None = None,
    tagged: bool = True,
    on_line: Callable[[str], None] = _silent,
    on_step: Callable[[str], None] = _silent,
) -> Inspected:
    """The image of a project as it is now, built unless the engine has it already.

    The same files on the same base make the same image: a second build takes every step from the engine's cache.
    Its names are moved to it, unless `tagged` is false: then it is known by its id alone.
    `on_step` hears what is being done, `on_line` every line that pip and the engine say.

    Raises:
        InvalidUsage: no commit, no Dockerfile, a base without Python, files that cannot be read or that change.
        BuildFailed: a step of the Dockerfile failed.
        ServiceAbsent: no base image, no package index, a full disk.
        NotWritable: packages cannot be kept.
    """
    git = committed(root)
    assert git.commit is not None
    files = tracked(root, git.commit)
    _check(root, git, files)
    named = base_of(root, base)
    on_step(f"looking at the base image {named}")
    ground = _ground(engine, named)
    beside = _wheels(root, engine, ground, on_line, on_step) if PINS in files.present else {}
    on_step("packing the files that git tracks")
    with TemporaryFile() as context:
        try:
            pack(context, root, files.present, beside=beside, when=files.committed)
        except OSError as error:
            raise InvalidUsage(
                "a file cannot be packed",
                where=str(error.filename or root),
                why=error.strerror or str(error),
                mend="make it a readable file, or take it out of git: git rm --cached FILE",
            ) from error
        if committed(root) != git:
            raise InvalidUsage("the project's files changed while they were packed", mend="build again")
        context.seek(0)
        on_step("building")
        return build(
            engine,
            context,
            tags=tags(project_id(root), git) if tagged else (),
            labels=labels(project_id(root), git, files.committed),
            arguments={"BASE_IMAGE": ground.id},
            on_line=on_line,
        )


def labels(project: str, git: Git, when: int) -> dict[str, str]:
    """What an image says of itself, in the words of the OCI; `when` is the commit's time in seconds since 1970."""
    assert git.commit is not None
    found = {
        "org.opencontainers.image.title": project,
        "org.opencontainers.image.created": datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "org.opencontainers.image.version": version("expkit"),
        REVISION_LABEL: git.commit,
    }
    if git.remote and _ADDRESS.match(git.remote):  # a folder of this machine tells nobody anything
        found["org.opencontainers.image.source"] = git.remote
    if git.patch:
        found[PATCH_LABEL] = git.patch.sha256
    return found


def left_out(root: Path) -> tuple[str, ...]:
    """Paths of a project, relative to its root, that git neither tracks nor ignores: they are in no image."""
    repository = find(root)
    prefix = repository.prefix if isinstance(repository, Repository) else ""
    return tuple(path.removeprefix(prefix) for path in committed(root).untracked if path.startswith(prefix))


def _check(root: Path, git: Git, files: Tracked) -> None:
    if DOCKERFILE not in files.present:
        there = (root / DOCKERFILE).is_file()
        raise InvalidUsage(
            "git does not track the project's Dockerfile" if there else "the project has no Dockerfile",
            where=str(root / DOCKERFILE),
            mend="git add Dockerfile" if there else "write one that begins with: ARG BASE_IMAGE, FROM ${BASE_IMAGE}",
        )
    if not _ARGUMENT.search((root / DOCKERFILE).read_text(encoding="utf-8", errors="replace")):
        raise InvalidUsage(
            "the Dockerfile does not take the base image it is given",
            where=str(root / DOCKERFILE),
            mend="begin it with: ARG BASE_IMAGE, FROM ${BASE_IMAGE}",
        )
    if files.absent and not git.modified:
        raise InvalidUsage(
            f"{len(files.absent)} tracked files are not checked out, so this would not be the commit's image",
            where=str(root),
            why=", ".join(files.absent[:5]),
            mend="check them out: git sparse-checkout disable",
        )


def _ground(engine: Engine, named: str) -> Inspected:
    try:
        return resolve(engine, named)
    except ServiceAbsent as absent:
        raise ServiceAbsent(
            f"the base image is not to be had: {absent.what}",
            why=absent.why,
            mend=f"name one that is: --base IMAGE, {BASE_VARIABLE}, or base in [tool.expkit.image] of pyproject.toml",
        ) from absent


def _wheels(
    root: Path,
    engine: Engine,
    ground: Inspected,
    on_line: Callable[[str], None],
    on_step: Callable[[str], None],
) -> dict[str, Path]:
    """The packages for a context, by their path in it."""
    kept = Paths(root).wheels
    with writing(kept):
        interpreter = interpreter_of(engine, ground, known=kept / "bases")
        pins = read_pins(root / PINS, interpreter)
        on_step(f"gathering {len(pins)} packages for Python {interpreter.python}")
        return {f"{WHEELS}/{wheel.name}": wheel for wheel in fetch(pins, interpreter, kept=kept, on_line=on_line)}
