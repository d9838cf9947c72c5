"""A step of a `valohai.yaml`, read with positions: the keys that have a meaning here, and those that have none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from expkit.errors import InvalidDeclaration, InvalidUsage, Mistake
from expkit.project.names import listed, match
from expkit.project.yaml import Document, Location, read_yaml
from expkit.specs.base import Setting

Kind = Literal["integer", "float", "string", "flag"]
KINDS: tuple[Kind, ...] = ("integer", "float", "string", "flag")

_STEP_KEYS = {
    *("name", "image", "command", "description", "parameters", "inputs", "environment-variables", "time-limit"),
}
_PARAMETER_KEYS = {
    *("name", "type", "default", "optional", "description", "pass-as", "pass-true-as", "pass-false-as"),
    *("multiple", "multiple-separator"),
}
_QUIET = {"description", "category", "widget", "icon"}
"""Keys that are for people and pages alone."""

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a step."""

    name: str
    kind: Kind
    values: tuple[Setting, ...]
    """Its default, or several; none where it has no default."""
    optional: bool
    template: str
    """What it is passed as: arguments with `{name}` and `{value}`, parted by blanks; of a flag, when it is true."""
    template_off: str | None
    """Of a flag, when it is false."""
    joined: str | None
    """What parts its values where Valohai hands all of them to one execution as one argument."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """Files that a step reads."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step, as far as it can be taken over."""

    name: str
    description: str | None
    image: str
    command: tuple[str, ...]
    """Lines for a shell, each one or more commands."""
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...]
    variables: Mapping[str, str]
    time_limit_s: float | None
    left: tuple[str, ...]
    """What is not taken over, in words."""
    document: Document
    at: Location
    """Where it stands in the document."""

    def refused(self, key: str, why: str, valid: str) -> InvalidDeclaration:
        """An error about one of its keys."""
        return InvalidDeclaration([self.document.mistake((*self.at, key), why, valid)])


def read_step(file: str, content: bytes, name: str | None) -> Step:
    """The step of that name; without a name, the only one.

    Raises:
        InvalidDeclaration: mistakes in the file, all of them.
        InvalidUsage: there is no such step, or more than one could be meant.
    """
    document = read_yaml(file, content)
    if document.mistakes:
        raise InvalidDeclaration(document.mistakes)
    items = document.value if isinstance(document.value, list) else []
    steps: dict[str, int] = {}
    others: list[str] = []
    for index, item in enumerate(items):
        if isinstance(item, dict) and isinstance(one := item.get("step"), dict) and isinstance(one.get("name"), str):
            steps[one["name"]] = index
        else:
            others += item if isinstance(item, dict) else [f"item {index + 1}"]
    if not steps:
        raise InvalidUsage(
            "the file declares no step",
            where=file,
            why="steps are items of a list: - step: {name: train, image: …, command: …}",
            mend="name a file that has one",
        )
    if name is None and len(steps) > 1:
        raise InvalidUsage(
            f"the file declares {len(steps)} steps", where=file, mend=f"say which: --step {listed(sorted(steps))}"
        )
    chosen = next(iter(steps)) if name is None else match("step", name, steps)
    left = [f"{kind} (beside the step)" for kind in dict.fromkeys(others)]
    return _Reader(document, (steps[chosen], "step"), items[steps[chosen]]["step"], left).step()


@dataclass
class _Reader:
    """Reads a step; what is wrong with it is collected."""

    document: Document
    at: Location
    plain: dict[str, Any]
    left: list[str]
    mistakes: list[Mistake] = field(default_factory=list)

    def step(self) -> Step:
        command = self._command()
        step = Step(
            name=self.plain["name"],
            description=self._text("description"),
            image=self._text("image") or "",
            command=command,
            parameters=tuple(
                one for index, item in self._items("parameters") if (one := self._parameter(index, item)) is not None
            ),
            inputs=tuple(
                Input(name=str(item["name"]), sources=tuple(str(one) for one in _listed(item.get("default"))))
                for _, item in self._items("inputs")
            ),
            variables=self._variables(),
            time_limit_s=self._time_limit(),
            left=(*(key for key in self.plain if key not in _STEP_KEYS | _QUIET), *self.left),
            document=self.document,
            at=self.at,
        )
        if self.mistakes:
            raise InvalidDeclaration(self.mistakes)
        return step

    def _refuse(self, location: Location, why: str, valid: str) -> None:
        self.mistakes.append(self.document.mistake((*self.at, *location), why, valid))

    def _text(self, key: str) -> str | None:
        value = self.plain.get(key)
        if value is not None and not isinstance(value, str):
            self._refuse((key,), f"{key} is no text", "write it in quotes")
            return None
        if not value and key == "image":
            self._refuse((), "the step lacks an image", "add image: and the name of one")
        return value

    def _command(self) -> tuple[str, ...]:
        lines = _listed(self.plain.get("command"))
        if not lines or not all(isinstance(line, str) and line.strip() for line in lines):
            self._refuse(("command",), "the command is no text and no list of texts", "write command: python train.py")
            return ()
        return tuple(str(line) for line in lines)

    def _items(self, key: str) -> list[tuple[int, dict[str, Any]]]:
        found, items = [], self.plain.get(key)
        if items is not None and not isinstance(items, list):
            self._refuse((key,), f"{key} is no list", "write - name: … for each")
            return []
        for index, item in enumerate(items or ()):
            if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]:
                found.append((index, item))
            else:
                self._refuse((key, index), f"an item of {key} has no name", "add name: and what it is called")
        return found

    def _parameter(self, index: int, item: dict[str, Any]) -> Parameter | None:
        name, kind = item["name"], item.get("type", "string")
        at: Location = ("parameters", index)
        if kind not in KINDS:
            self._refuse((*at, "type"), f"{name}: there is no type {kind!r}", f"valid are {listed(KINDS)}")
            return None
        unread = [key for key in item if key not in _PARAMETER_KEYS | _QUIET]
        self.left += [f"{key} of the parameter {name}" for key in unread]
        values = [] if item.get("default") is None else _listed(item["default"])
        try:
            defaults = tuple(converted(kind, value) for value in values)
        except ValueError as error:
            self._refuse((*at, "default"), f"{name}: {error}", f"write a default of the type {kind}")
            return None
        plain, off = item.get("pass-as"), None
        if kind == "flag":
            plain, off = _of_flag(item)
        several = item.get("multiple") not in (None, "none", False)
        return Parameter(
            name=name,
            kind=kind,
            values=defaults,
            optional=bool(item.get("optional")) or kind == "flag",
            template=_template(plain if plain is not None else "--{name}={value}"),
            template_off=None if off is None else _template(off),
            joined=str(item.get("multiple-separator", ",")) if several and item["multiple"] == "separate" else None,
        )

    def _variables(self) -> dict[str, str]:
        variables = {}
        for _, item in self._items("environment-variables"):
            if item.get("default") is None:
                self.left.append(f"the environment variable {item['name']}, which has no default")
            else:
                variables[item["name"]] = _written(item["default"])
        return variables

    def _time_limit(self) -> float | None:
        limit = self.plain.get("time-limit")
        if isinstance(limit, int | float) and not isinstance(limit, bool) and limit > 0:
            return float(limit)
        if limit is not None:
            self.left.append(f"time-limit: {limit}")
        return None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _of_flag(item: Mapping[str, Any]) -> tuple[str, str | None]:
    """What a flag is passed as where it is true, and where it is false."""
    on, off = item.get("pass-true-as"), item.get("pass-false-as")
    if on or off:
        return on or "", off
    return item.get("pass-as") or "--{name}", None


def _template(text: object) -> str:
    return str(text).replace("{v}", "{value}")


def converted(kind: Kind, value: object) -> Setting:
    """A value as the type that its parameter is declared to be.

    Raises:
        ValueError: it is none of that type.
    """
    text = _written(value)
    try:
        match kind:
            case "integer" if not isinstance(value, bool):
                return int(text)
            case "float" if not isinstance(value, bool):
                # 1 stays 1: it is written on the command line as it stands here
                number = value if isinstance(value, int | float) else float(text)
                if math.isfinite(number):
                    return number
            case "flag" if text.lower() in _TRUTH:
                return _TRUTH[text.lower()]
            case "string" if isinstance(value, str | int | float):
                return str(value)
    except ValueError:
        pass  # said below, in words of the file
    raise ValueError(f"{text!r} is no {kind}")


def _written(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
