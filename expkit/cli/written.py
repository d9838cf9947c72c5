"""What a command wrote, in a line: the folder once, then the files in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath


def wrote(files: Sequence[str]) -> str:
    """The files of an outcome that were written, paths relative to the root, as one line.

    `wrote outcome.md, evidence.json and 3 figures in research_questions/rq01`
    """
    paths = [PurePosixPath(file) for file in files]
    figures = [path for path in paths if path.parent.name == "figures"]
    others = [path for path in paths if path not in figures]
    folder = others[0].parent if others else figures[0].parent.parent
    names = [path.name for path in others]
    if figures:
        names.append(f"{len(figures)} figure{'' if len(figures) == 1 else 's'}")
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"wrote {listed} in {folder}"
