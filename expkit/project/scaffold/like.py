"""An experiment like another one, on fresh seeds: the same file with its own id and root."""

from __future__ import annotations

import re

from expkit.errors import InvalidUsage
from expkit.project.scaffold.text import fresh_root
from expkit.project.yaml import Location, read_yaml


def text_like(file: str, content: bytes, experiment: str) -> str:
    """The text of an experiment's file, comments and all, with another id and a root from random bits.

    Raises:
        InvalidUsage: it has no root, as recorded results have none, or is written so that none can be put into it.
    """
    document = read_yaml(file, content)
    old, root, text = document.value, fresh_root(), content.decode("utf-8")
    if "seeds" not in old:
        raise InvalidUsage(
            "this experiment cannot have fresh seeds",
            where=file,
            why="its results existed before",
            mend="declare the program that makes them as an experiment of its own: expkit import --help",
        )
    lines = text.splitlines(keepends=True)
    # the later of the two first, so that the other one's place stays true on a shared line
    changes: list[tuple[Location, str]] = [(("id",), experiment), (("seeds", "root"), str(root))]
    for location, value in sorted(changes, key=lambda one: document.at(one[0]), reverse=True):
        place = document.at(location)
        line = lines[place.line - 1]
        lines[place.line - 1] = line[: place.column - 1] + re.sub(
            r"[\w\"'-]+", value, line[place.column - 1 :], count=1
        )
    changed = "".join(lines)
    if read_yaml(file, changed.encode()).value != {**old, "id": experiment, "seeds": {**old["seeds"], "root": root}}:
        raise InvalidUsage(
            "a fresh root cannot be put into a copy of this file; nothing is written",
            where=file,
            mend=f"copy it to experiments/{experiment}.yaml, and write id: {experiment} and root: {root} there",
        )
    return changed
