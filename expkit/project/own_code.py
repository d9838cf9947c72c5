"""Agents and environments of the user's own: found, looked into, and environments made; or what is wrong with them."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from functools import lru_cache
from typing import Any

from expkit.project.gymnasium import Untabled, table_of
from expkit.project.modules import Group, entry_points, installed_sources, module_text, project_sources
from expkit.project.names import near, suggestion
from expkit.specs.agent import OwnAgent
from expkit.specs.environment import OwnEnvironment
from expkit.training.mdp import ARRAYS, Mdp
from expkit.training.sources import OwnCodeFailed, Sources

PASSED = ("states", "actions", "steps", "luck")
"""What every agent is made with, before its own settings."""
_LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)


def own_table(declared: OwnEnvironment, files: Mapping[str, bytes]) -> Mdp:
    """The transition table of an environment of the user's own.

    Args:
        declared: the environment.
        files: the project's, its modules among them. What is none of them is imported as an installed package.

    Raises:
        Untabled: it cannot be found or made, or has no table.
    """
    entry = _entry(declared.make, "expkit.environments")
    sources = project_sources(entry, files)
    if sources is None:
        _refuse_unfound(declared.make, entry, files)
        return _made(_Key(declared, entry, None))
    _look_into(declared.make, sources, declared.kwargs, passed=0)
    return _made(_Key(declared, entry, sources))


def own_agent(declared: OwnAgent, files: Mapping[str, bytes]) -> Sources:
    """The modules of an agent of the user's own, looked into and not run.

    Raises:
        Untabled: it cannot be found, or is not made with these settings.
    """
    entry = _entry(declared.make, "expkit.agents")
    sources = project_sources(entry, files) or installed_sources(entry)
    if sources is None:
        _refuse_unfound(declared.make, entry, files)
        raise Untabled("make", f"{declared.make} is not in Python files of a package", "write agents in plain Python")
    _look_into(declared.make, sources, declared.kwargs, passed=len(PASSED))
    return sources


def _entry(make: str, group: Group) -> str:
    """`module:attribute` of what is declared, which may be the name of an entry point."""
    if ":" in make:
        return make
    known = entry_points(group)
    if make not in known:
        valid = suggestion(make, known) if known else f"write module:name, or install a package that has {group}"
        raise Untabled("make", f"no installed package has an entry point {make!r} in {group}", valid)
    return known[make]


def _refuse_unfound(make: str, entry: str, files: Mapping[str, bytes]) -> None:
    module = entry.partition(":")[0]
    top = module.partition(".")[0]
    try:
        found = importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        own = {path.partition("/")[0].removesuffix(".py") for path in files if path.endswith(".py")}
        close = near(top, own)
        meant = f"did you mean {' or '.join(f'{name}:' for name in close)}? " if close else ""
        valid = f"{meant}a module is {top}.py or {top}/ in the project's root, or an installed package"
        raise Untabled("make", f"there is no module {module!r} for {make}", valid)


def _look_into(make: str, sources: Sources, kwargs: Collection[str], *, passed: int) -> None:
    """Refuse what a module's text shows to be wrong: no such name in it, or not made with such settings."""
    found, attribute = module_text(sources), sources.entry.partition(":")[2]
    if found is None:
        folder = sources.entry.partition(":")[0].replace(".", "/").rpartition("/")[0]
        near_by = [path.removesuffix(".py").replace("/", ".") for path in sources.files if path.startswith(folder)]
        raise Untabled("make", f"there is no module {sources.entry.partition(':')[0]!r}", suggestion(make, near_by))
    file, text = found
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        # of a null byte Python tells no line
        line = getattr(error, "lineno", None) or text.partition(b"\0")[0].count(b"\n") + 1
        raise Untabled("make", f"{file}:{line}: {type(error).__name__}: {error.args[0]}", f"mend {file}") from error
    names = _defined(body)
    if names is None:
        return
    if attribute not in names:
        own = [name for name, node in names.items() if not isinstance(node, ast.Import | ast.ImportFrom)]
        raise Untabled("make", f"{file} defines no {attribute!r}", suggestion(attribute, own))
    if isinstance(value := getattr(names[attribute], "value", None), _LITERALS):
        why = f"{file}:{value.lineno}: {attribute} is {ast.unparse(value)}, which cannot be called"
        raise Untabled("make", why, "name a class or a function")
    if (taken := _taken(names[attribute], passed)) is not None:
        _refuse_settings(attribute, kwargs, *taken)


def _defined(body: list[ast.stmt]) -> dict[str, ast.stmt] | None:
    """What a module's text defines at its top, by name; None where that cannot be told."""
    names: dict[str, ast.stmt] = {}
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names[name] = node
            case ast.Assign(targets=targets):
                names |= {target.id: node for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names[name] = node
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                if any(alias.name == "*" for alias in aliases):
                    return None
                names |= {(alias.asname or alias.name).partition(".")[0]: node for alias in aliases}
            case ast.If() | ast.Try() | ast.With():
                return None
    return names


def _taken(node: ast.stmt, passed: int) -> tuple[list[str], list[str]] | None:
    """The settings that a function or a class takes by name, and those of them it must have; None where unknown."""
    if isinstance(node, ast.ClassDef):
        inits = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        if not inits:
            return None
        node, passed = inits[0], passed + 1
    if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.args.kwarg:
        return None
    arguments = node.args
    positional = [one.arg for one in arguments.args]
    defaults = len(positional) - len(arguments.defaults)
    keyword = {one.arg: default for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)}
    needed = positional[passed:defaults] + [name for name, default in keyword.items() if default is None]
    return [*positional[passed:], *keyword], needed


def _refuse_settings(attribute: str, kwargs: Collection[str], known: list[str], needed: list[str]) -> None:
    if unknown := [name for name in kwargs if name not in known]:
        raise Untabled("kwargs", f"{attribute} takes no {unknown[0]!r}", suggestion(unknown[0], known))
    if lacking := [name for name in needed if name not in kwargs]:
        raise Untabled("kwargs", f"{attribute} is made with {lacking[0]!r}", f"add kwargs: {{{lacking[0]}: ...}}")


class _Key:
    """What a table follows from: which modules, what is called, with what."""

    def __init__(self, declared: OwnEnvironment, entry: str, sources: Sources | None) -> None:
        self.declared, self.entry, self.sources = declared, entry, sources
        self._content = declared.content, entry, sources and sources.digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)


@lru_cache(maxsize=64)
def _made(key: _Key) -> Mdp:
    declared, tables = key.declared, []
    for _ in range(2):
        # what it prints is none of expkit's output
        with redirect_stdout(sys.stderr), _callable(key) as make:
            try:
                tables.append(own_mdp(make(**declared.kwargs), declared.make, declared.discount))
            except (KeyboardInterrupt, Untabled):
                raise
            except BaseException as error:  # a border: it is anybody's code, and may call sys.exit
                told = key.sources.told(error) if key.sources else f"{type(error).__name__}: {error}"
                at = "kwargs" if declared.kwargs else "make"
                raise Untabled(at, f"{declared.make} cannot be made: {told}", "mend it there") from error
    if tables[0] != tables[1]:
        why = f"{declared.make} is another environment every time it is made"
        raise Untabled("make", why, "leave nothing in it to chance")
    return tables[0]


def own_mdp(made: Any, name: str, discount: float | None) -> Mdp:
    """The transition table of what somebody's own code has made.

    Raises:
        Untabled: it has none, or one that is none.
    """
    arrays: Mapping[str, Any] = {array: getattr(made, array) for array in ARRAYS} if isinstance(made, Mdp) else made
    if not isinstance(arrays, Mapping):
        return table_of(made, name, discount, key="make")
    if lacking := [array for array in ARRAYS if array not in arrays]:
        why = f"the mapping that {name} returns lacks {lacking[0]!r}"
        raise Untabled("make", why, f"it has the arrays {', '.join(ARRAYS)}")
    if unknown := [array for array in arrays if array not in ARRAYS]:
        raise Untabled("make", f"{name} returns an array {unknown[0]!r}", suggestion(str(unknown[0]), ARRAYS))
    try:
        return Mdp(**arrays, discount=discount)
    except (TypeError, ValueError) as error:
        raise Untabled("make", f"what {name} returns is no transition table: {error}", "mend it there") from error


@contextmanager
def _callable(key: _Key) -> Iterator[Callable[..., Any]]:
    """What is called to make an environment."""
    try:
        running: AbstractContextManager[Any] = (
            key.sources.running() if key.sources else nullcontext(_imported(key.entry))
        )
        with running as make:
            yield make
    except OwnCodeFailed as failed:
        raise Untabled("make", str(failed), "mend it there") from failed


def _imported(entry: str) -> Any:
    """What an installed package defines."""
    module, _, attribute = entry.partition(":")
    try:
        imported = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a border: it is anybody's code, and may call sys.exit
        raise OwnCodeFailed(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    if not hasattr(imported, attribute):
        public = [name for name, value in inspect.getmembers(imported, callable) if not name.startswith("_")]
        raise Untabled("make", f"{module} has no {attribute!r}", suggestion(attribute, public))
    return getattr(imported, attribute)
