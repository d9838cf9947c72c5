"""What declarations mention and do not hold: files of programs, modules of the user's own, recorded results.

They are wanted before anything is validated, from a folder or from a commit. A file of declarations is looked into only
where its text says `command`, `python` or `recorded`, so that a project without them pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from expkit.project.folder import Folder
from expkit.project.modules import modules_of, with_modules
from expkit.project.paths import EXPERIMENTS
from expkit.project.recorded import named_results
from expkit.project.sources import sources
from expkit.project.tree import Tree
from expkit.project.yaml import read_once
from expkit.specs.program import Command


def with_mentioned(files: dict[str, bytes], tree: Tree) -> dict[str, bytes]:
    """Declared files, and those of the tree that they mention."""
    wanted = {name for command, named in _programs(files) for name in sources(command, named, tree)}
    wanted |= {name for name in named_results(files) if list(tree.names(name)) == [name]}
    known = files | tree.read(sorted(wanted - files.keys())) if wanted else files
    return with_modules(known, modules_of(tree))


def program_files(root: Path, trainer: Command) -> tuple[str, ...]:
    """The files of a program that lie in the project at a root, relative to it: what an image is handed to run."""
    return sources(trainer.command, trainer.sources, Folder(root))


def _programs(files: Mapping[str, bytes]) -> Iterator[tuple[list[str], list[str]]]:
    """The command and the declared sources of every program, as far as they can be made out."""
    for file, content in files.items():
        if file.startswith(f"{EXPERIMENTS}/") and b"command" in content:
            declared = _mapping(read_once(file, content).value)
            trainer = _mapping(declared.get("trainer"))
            if trainer.get("kind") == "command":
                arms = _mapping(declared.get("arms")).values()
                for one in [trainer, *({**trainer, **_mapping(_mapping(arm).get("trainer"))} for arm in arms)]:
                    yield _texts(one.get("command")), _texts(one.get("sources"))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
