"""Modules of the user's own that declarations name: which files they are, in a project or installed. Texts, not run."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

from expkit.project.names import near
from expkit.project.paths import EXPERIMENTS
from expkit.project.tree import Tree
from expkit.project.unreadable import unreadable
from expkit.training.sources import Sources

Group = Literal["expkit.environments", "expkit.agents"]
Read = Callable[[str], Mapping[str, bytes]]
"""The files of a top-level module, or package, of a project: contents by path, nothing where there is none."""

MOST_FILES = 1000
"""Of one package: a larger one is no agent."""
_LARGEST = 8 << 20
_MADE = re.compile(rb"\b([A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z0-9_.]+)?:[A-Za-z_]")


def with_modules(files: Mapping[str, bytes], read: Read) -> dict[str, bytes]:
    """Declared files, and those of every module that they name, or that such a module imports.

    It costs nothing where no declaration is of the kind python. Names are looked for in the text, so that one too
    many may be read; which of the files make up an agent, `project_sources` says.
    """
    found, asked = dict(files), set[str]()
    named = {name for file, text in files.items() if _is_experiment(file) for name in _named(text)}
    while new := named - asked:
        modules = {path: text for name in sorted(new) for path, text in read(name).items() if _is_module(path)}
        found |= modules
        asked |= new
        named = set().union(*(_imported(text) for text in modules.values()))
    return found


def modules_of(tree: Tree) -> Read:
    """Reads the modules of a project; where there is none of a name, those of a like name, for a suggestion."""

    def read(name: str) -> Mapping[str, bytes]:
        places = [*tree.names(f"{name}.py"), *(path for path in tree.names(name) if path.endswith(".py"))]
        if not places:
            beside = {name.removesuffix(".py"): name for name in tree.top() if name.endswith(".py")}
            places = [beside[close] for close in near(name, beside)]
        return tree.read(places)

    return read


def project_sources(entry: str, files: Mapping[str, bytes]) -> Sources | None:
    """What a project's files define: all of the module's package, and of every top-level module that these import.

    None where the module is none of the project's. An attribute that it lacks is another's affair.
    """
    chosen: dict[str, bytes] = {}
    waiting, seen = [_top(entry)], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        own = {path: text for path, text in files.items() if _is_module(path) and _top_of(path) == name}
        chosen |= own
        waiting += sorted(set().union(*(_imported(text) for text in own.values())) - seen)
    return Sources(entry=entry, files=chosen) if any(_top_of(path) == _top(entry) for path in chosen) else None


def installed_sources(entry: str) -> Sources | None:
    """What an installed package defines; None where there is none of that name, or it is no Python text."""
    try:
        spec = importlib.util.find_spec(_top(entry))
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        return Sources(entry=entry, files={origin.name: _content(origin)})
    root = origin.parent.parent
    files = {place.relative_to(root).as_posix(): place for place in _below(origin.parent) if _is_text(place)}
    modules = {path: place for path, place in files.items() if _is_module(path)}
    if len(modules) > MOST_FILES:
        return None
    return Sources(entry=entry, files={path: _content(place) for path, place in modules.items()})


def entry_points(group: Group) -> dict[str, str]:
    """What installed packages offer: `module:attribute` by name."""
    return {point.name: point.value.partition("[")[0].strip() for point in importlib.metadata.entry_points(group=group)}


def module_text(sources: Sources) -> tuple[str, bytes] | None:
    """The path and text of the module that an entry names; None where its package has no such module."""
    place = sources.entry.partition(":")[0].replace(".", "/")
    return next(
        ((path, sources.files[path]) for path in (f"{place}/__init__.py", f"{place}.py") if path in sources.files), None
    )


def _is_module(path: str) -> bool:
    """Whether a file can be imported by its path."""
    return path.endswith(".py") and all(part.isidentifier() for part in path.removesuffix(".py").split("/"))


def _content(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise unreadable(place, error) from error


def _is_experiment(file: str) -> bool:
    return PurePosixPath(file).parent.as_posix() == EXPERIMENTS and file.endswith(".yaml")


def _named(text: bytes) -> Iterator[str]:
    """Top-level modules that an experiment may name."""
    if b"python" in text:
        yield from (name for match in _MADE.finditer(text) if _may_be_own(name := match[1].decode()))


@lru_cache(maxsize=512)
def _imported(text: bytes) -> frozenset[str]:
    """Top-level modules that a module imports anywhere, by statement, and that may be the project's."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return frozenset()  # told when it is looked into
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module)
    return frozenset(top for name in names if _may_be_own(top := name.partition(".")[0]))


def _may_be_own(name: str) -> bool:
    """Whether a name is neither Python's nor expkit's, whose version the engine's number tells."""
    return name != "expkit" and name not in sys.stdlib_module_names


def _top(entry: str) -> str:
    return entry.partition(":")[0].partition(".")[0]


def _top_of(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def _below(folder: Path) -> Iterable[Path]:
    """Every Python file below a folder, those of hidden folders left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        if Path(place).is_symlink():
            return
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".py"))


def _is_text(place: Path) -> bool:
    return place.is_file() and not place.is_symlink() and place.stat().st_size <= _LARGEST
