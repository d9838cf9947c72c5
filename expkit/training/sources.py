"""Users' own modules as text: kept by digest, and run from that text wherever they are needed.

What is run is what was read, and what its digest is of: a commit's modules are run beside today's, and a worker that
never saw the project runs them, too. Such modules know no `__file__`.
"""

from __future__ import annotations

import builtins
import json
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import count
from types import ModuleType
from typing import Any

from expkit.digests import digest
from expkit.errors import ExecutorFailed

SOURCES_SUFFIX = ".sources.json"
"""Of the file that modules travel in, which is called by their digest."""

_KEPT: dict[str, Sources] = {}
_RUNNING: dict[str, Mapping[str, bytes]] = {}
"""Modules that can be imported now, each set below a top-level package that nobody else knows."""
_PRIVATE = "_expkit_own_"
_NUMBERS = count()


class OwnCodeFailed(Exception):
    """Somebody's own code raised, or did what it must not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """Something that modules define, with those modules and the ones that they import."""

    entry: str
    """What is meant: `module:attribute`."""
    files: Mapping[str, bytes]
    """Texts by path, relative to where modules are looked for, with `/`."""

    @cached_property
    def digest(self) -> str:
        """sha256 of what is meant and of every file."""
        return digest({"entry": self.entry, "files": {path: _text(text) for path, text in sorted(self.files.items())}})

    @contextmanager
    def running(self) -> Iterator[Any]:
        """What is meant; while this lasts, its modules can be imported by each other, and by nobody else.

        They are run anew each time, below a private name. What other threads import meanwhile is none of their affair.

        Raises:
            OwnCodeFailed: a module cannot be imported, or lacks it.
        """
        module, _, attribute = self.entry.partition(":")
        with _importable(self.files) as home:
            try:
                meant = getattr(import_module(f"{home}.{module}"), attribute)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a border: it is anybody's code, and may call sys.exit
                raise OwnCodeFailed(self.told(error)) from error
            yield meant

    def told(self, error: BaseException) -> str:
        """What these modules died of, behind the last line of theirs: `my_agents.py:12: ValueError: no such thing`."""
        place = ""
        if isinstance(error, SyntaxError) and error.filename in self.files:
            place = f"{error.filename}:{error.lineno}: "
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename in self.files:
                place = f"{frame.filename}:{frame.lineno}: "
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        said = f"{type(error).__name__}: {what}" if what else type(error).__name__
        return place + " ".join(re.sub(rf"\b{_PRIVATE}\d+\.", "", said).split())


def keep_sources(sources: Sources) -> str:
    """Keep modules for as long as this process lives, and return the digest that they go by."""
    return _KEPT.setdefault(sources.digest, sources).digest


def kept_sources(version: str | None, meant: str) -> Sources:
    """The modules of a digest.

    Raises:
        ExecutorFailed: this process was never given them.
    """
    if version in _KEPT:
        return _KEPT[version]
    raise ExecutorFailed(
        f"the modules of {meant} are not here: version {str(version)[:12]}",
        why="they stand in a project or a package, not in the declaration",
        mend="run it from the project that has them, at the commit that it was recorded at",
    )


def sources_to_bytes(sources: Sources) -> bytes:
    """Modules as the file they travel in."""
    files = {path: _text(text) for path, text in sources.files.items()}
    return json.dumps({"entry": sources.entry, "files": files}).encode()


def sources_from_bytes(content: bytes) -> Sources:
    """The modules that `sources_to_bytes` wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        told = json.loads(content)
        return Sources(
            entry=told["entry"], files={path: text.encode("latin-1") for path, text in told["files"].items()}
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no modules: {error}") from error


def _text(content: bytes) -> str:
    """Bytes of any encoding as text that can be turned back."""
    return content.decode("latin-1")


@contextmanager
def _importable(files: Mapping[str, bytes]) -> Iterator[str]:
    """The package below which these modules can be imported while this lasts."""
    home = f"{_PRIVATE}{next(_NUMBERS)}"
    _RUNNING[home] = files
    try:
        yield home
    finally:
        del _RUNNING[home]
        for name in list(sys.modules):
            if name.partition(".")[0] == home:
                del sys.modules[name]


def _import(
    home: str,
    tops: frozenset[str],
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """`__import__` of own modules: their names mean each other, all other names what they mean anywhere."""
    top = name.partition(".")[0]
    if level or top not in tops:
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    if home not in _RUNNING:
        raise ImportError(f"{name} is imported too late: its import belongs at the top of a file")
    imported = builtins.__import__(f"{home}.{name}", globals, locals, fromlist or (), 0)
    return imported if fromlist else sys.modules[f"{home}.{top}"]


def _print(*values: object, file: Any = None, **how: Any) -> None:
    """`print` of own modules: standard output is expkit's own."""
    builtins.print(*values, file=sys.stderr if file is None else file, **how)


class _Finder(MetaPathFinder, Loader):
    """Finds own modules among their texts, by their private names; it knows no others, and is always there."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        home, _, own = name.partition(".")
        if (files := _RUNNING.get(home)) is None:
            return None
        place = own.replace(".", "/")
        for file, package in ((f"{place}/__init__.py", True), (f"{place}.py", False)):
            if file in files:
                return spec_from_loader(name, self, origin=file, is_package=package)
        if not own or any(file.startswith(f"{place}/") for file in files):
            return spec_from_loader(name, self, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        origin = module.__spec__.origin if module.__spec__ else None
        if origin is not None:
            home = module.__name__.partition(".")[0]
            files = _RUNNING[home]
            tops = frozenset(path.partition("/")[0].removesuffix(".py") for path in files)
            own = {"__import__": partial(_import, home, tops), "print": _print}
            module.__dict__["__builtins__"] = {**vars(builtins), **own}
            exec(compile(files[origin], origin, "exec", dont_inherit=True), module.__dict__)


sys.meta_path.append(_Finder())
