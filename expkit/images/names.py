"""What the project's images are called: by commit, so that a name means one state of the files; and by branch."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from expkit.errors import InvalidUsage
from expkit.project.root import project_id, read_settings
from expkit.provenance.git import read_git
from expkit.records.provenance import Git

REGISTRY_VARIABLE = "EXPKIT_REGISTRY"

_LONGEST_TAG = 128
_LONGEST_NAME = 120
_COMMIT_TAG = re.compile(r"[0-9a-f]{12}(-dirty-[0-9a-f]{8})?")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_DIGITS = 6
_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")


def project_reference(root: Path) -> str:
    """The name of the image of a project's files as they are now: `<project>:<12 digits of the commit>`, and
    `-dirty-<8 digits of the patch>` behind it where the tree differs from the commit.

    Raises:
        InvalidUsage: there is no commit to name an image by.
    """
    return f"{repository_name(project_id(root))}:{commit_tag(committed(root))}"


def committed(root: Path) -> Git:
    """The state of git around a project that has a commit.

    Raises:
        InvalidUsage: it has none, or git cannot be read.
    """
    git, _ = read_git(root)
    if git.commit is not None:
        return git
    what, mend = {
        "no_repository": ("this project is in no git repository", "git init && git add -A && git commit"),
        "no_commits": ("this project's repository has no commit yet", "git add -A && git commit"),
    }.get(git.state, ("git cannot read this project's repository", "mend that"))
    raise InvalidUsage(
        f"{what}, and an image is named by its commit", where=str(root), why=git.reason, mend=f"do this first: {mend}"
    )


def tags(project: str, git: Git) -> tuple[str, ...]:
    """Every name of an image, the one by commit first. A dirty tree moves no branch's name: others would take it."""
    repository = repository_name(project)
    by_branch = [f"{repository}:{branch_tag(git.branch)}"] if git.branch and git.state == "clean" else []
    return (f"{repository}:{commit_tag(git)}", *by_branch)


def repository_name(project: str) -> str:
    """A project's name made fit for an image: lower case, with `-` for what an engine refuses."""
    fit = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-")[:_LONGEST_NAME].rstrip("-")
    return fit or f"project-{hashlib.sha256(project.encode(errors='surrogateescape')).hexdigest()[:8]}"


def commit_tag(git: Git) -> str:
    """The tag of a commit, with the patch's digest where the tree is dirty."""
    assert git.commit is not None
    return git.commit[:12] + (f"-dirty-{git.patch.sha256[:8]}" if git.patch else "")


def branch_tag(branch: str) -> str:
    """A branch's name made fit for a tag; never mistaken for a commit's.

    A name that had to be changed ends with six digits of its digest, so that no branch moves another one's tag.
    """
    fit = _UNFIT.sub("-", branch).lstrip(".-") or "branch"
    if _COMMIT_TAG.fullmatch(fit):
        fit = f"branch-{fit}"
    if fit == branch and len(fit) <= _LONGEST_TAG:
        return fit
    digest = hashlib.sha256(branch.encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
    return f"{fit[: _LONGEST_TAG - _DIGITS - 1].rstrip('-')}-{digest}"


def registry_of(root: Path, named: str | None = None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Where images are pushed, such as `registry.example.org/team`: as named, by EXPKIT_REGISTRY, or in the settings.

    Raises:
        InvalidUsage: no registry can be called that.
    """
    registry = named or environment.get(REGISTRY_VARIABLE) or read_settings(root).image.registry
    if registry is None:
        return None
    registry = registry.rstrip("/")
    if not _REGISTRY.fullmatch(registry):
        raise InvalidUsage(
            f"no registry can be called {registry!r}",
            mend="write it as host, host:port or host/path, without https:// and in lower case",
        )
    return registry
