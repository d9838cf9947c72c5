"""A fresh clone of this project, so that a benchmark starts from an empty ledger and an empty store."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def copy_of_project(folder: Path) -> Path:
    """The path of a new clone of the committed project inside `folder`."""
    clone = folder / "project"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone
