"""A fresh clone of this project, so that a benchmark starts from an empty ledger and an empty store."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def copy_of_project(folder: Path) -> Path:
    """The path of a new clone of the committed project inside `folder`."""
    clone = folder / "project"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


def forget_outcome(project: Path, question: str) -> None:
    """Remove what a run of the question writes, so that the next one has to."""
    folder = project / "research_questions" / question
    shutil.rmtree(folder / "figures")
    for name in ("evidence.json", "outcome.md"):
        (folder / name).unlink()
