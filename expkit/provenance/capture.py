"""Provenance as a whole: git, image, machine, packages and command line at the moment a run begins."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from expkit.provenance.git import read_git
from expkit.provenance.image import read_image
from expkit.provenance.machine import read_machine
from expkit.provenance.packages import read_packages
from expkit.provenance.repository import text
from expkit.records.provenance import Image, Provenance


def capture(
    root: Path,
    *,
    executor: str,
    command: Sequence[str],
    image: Image | None = None,
    read: Mapping[str, bytes] | None = None,
) -> tuple[Provenance, bytes | None]:
    """Where a run of the project at `root` comes from, and the text of `patch.diff` where the tree is dirty.

    `command` is the command line, one part an argument; `image` is what an executor runs trials in, None where that is
    this process; `read` is what the run was declared by, contents by path: what of it the commit does not hold makes
    the tree dirty, whatever git was told to overlook. What git refuses is a state of its `git`, never an error.
    """
    git, patch = read_git(root, read)
    packages = read_packages()
    provenance = Provenance(
        git=git,
        image=image or read_image(),
        machine=read_machine(),
        packages=packages,
        expkit=packages.get("expkit", "not installed"),
        command=tuple(text(os.fsencode(part)) for part in command),
        executor=executor,
    )
    return provenance, patch
