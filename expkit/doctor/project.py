"""What the project is: found, declared without a mistake, writable, with room left and a sound ledger."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from expkit.doctor.finding import Finding
from expkit.errors import ExpkitError, InvalidDeclaration
from expkit.ledger.ledger import Ledger
from expkit.outcomes.numbers import counted
from expkit.project.paths import Paths
from expkit.project.read import read_project

LITTLE_MB = 1024
TOO_LITTLE_MB = 50


def nowhere(folder: Path) -> Finding:
    """That there is no project, which is no fault of the machine."""
    return Finding(
        name="project",
        state="note",
        said=f"{folder} is in no project; what a project needs was not looked at",
        mend="cd into a project, or start one in an empty folder: expkit init",
    )


def declarations(root: Path) -> Finding:
    """Whether everything that is declared can be meant."""
    try:
        project = read_project(root)
    except InvalidDeclaration as wrong:
        return Finding(name="project", state="missing", said=f"{root}: {wrong.what}", mend="expkit check")
    except ExpkitError as wrong:
        return Finding(name="project", state="missing", said=f"{root}: {wrong.what}", mend=wrong.mend or "expkit check")
    counts = f"{counted(len(project.questions), 'question')}, {counted(len(project.experiments), 'experiment')}"
    return Finding(name="project", state="ok", said=f"{root}: {counts}, no mistake")


def room(root: Path) -> Finding:
    """Whether results can be kept here."""
    state = Paths(root).state
    for folder in (root, *((state,) if state.exists() else ())):
        if not os.access(folder, os.W_OK | os.X_OK):
            return Finding(
                name="disk", state="missing", said=f"{folder} cannot be written to", mend=f"chmod u+wx {folder}"
            )
    free = shutil.disk_usage(root).free // 2**20
    said = f"the project can be written to; {free:,} MB are free"
    if free >= LITTLE_MB:
        return Finding(name="disk", state="ok", said=said)
    enough = free >= TOO_LITTLE_MB
    return Finding(
        name="disk", state="note" if enough else "missing", said=said, mend=f"free some: du -sh {root}/.expkit/*"
    )


def ledger(root: Path) -> Finding:
    """Whether every record is as it was written."""
    book = Ledger(Paths(root).ledger)
    attempts = book.find("")
    damaged = book.damaged
    said = f"{counted(len(attempts), 'attempt')} in the ledger"
    if not damaged:
        return Finding(name="ledger", state="ok", said=f"{said}, none damaged")
    return Finding(
        name="ledger",
        state="note",
        said=f"{said}, {len(damaged)} damaged, whose seeds run again; the first is {damaged[0].why}",
        mend=" && ".join(f"rm -r {one.folder}" for one in damaged[:1]),
    )
