"""What a checkpoint is called where names are narrow: its image and its registered model share one name."""

from __future__ import annotations

import hashlib
import re

from expkit.records.checkpoint import Checkpoint
from expkit.records.provenance import Patch

_LONGEST = 60
_UNFIT = re.compile(r"[^a-z0-9]+")


def model_name(checkpoint: Checkpoint) -> str:
    """`<project>.<question>.<arm>`: one for an arm of a question, whichever of its seeds is handed on.

    The arm is `<experiment>.<arm>` where the question has several experiments.
    """
    parts = (checkpoint.project, checkpoint.question, *checkpoint.label.split("/"))
    return ".".join(fitted(part) for part in parts)


def image_reference(checkpoint: Checkpoint, patch: Patch | None) -> str:
    """`<model name>:<12 digits of the commit>-seed<k>`, and `-dirty-<8 digits of the patch>` behind the commit where
    the tree differed from it, by `patch`.
    """
    commit = checkpoint.commit[:12] if checkpoint.commit else "no-commit"
    dirty = "-dirty" if checkpoint.dirty else ""
    digits = f"-{patch.sha256[:8]}" if dirty and patch else ""
    return f"{model_name(checkpoint)}:{commit}{dirty}{digits}-seed{checkpoint.seed}"


def fitted(name: str) -> str:
    """A name in lower-case letters and digits with single hyphens between them, which every registry takes.

    A name that had to be changed ends with six digits of its digest, so that two names never become one.
    """
    plain = _UNFIT.sub("-", name.lower())[:_LONGEST].strip("-")
    return plain if plain and plain == name else f"{plain or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
