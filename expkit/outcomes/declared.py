"""The declared files of a commit: what `expkit.project` reads, taken from git's history."""

from __future__ import annotations

from expkit.project.paths import DECLARED
from expkit.project.recorded import named_results
from expkit.provenance.history import History


def files_at(history: History, commit: str) -> dict[str, bytes]:
    """Contents by path of everything declared at a commit; of recorded results, those that an experiment names."""
    files = history.tree(commit, DECLARED)
    named = named_results(files)
    return files | (history.tree(commit, named) if named else {})
