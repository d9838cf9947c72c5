"""What a program is handed, word by word: placeholders, parameters as arguments, patterns of artifacts. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from expkit.specs.base import Setting
from expkit.specs.experiment import ProgramArm
from expkit.specs.program import Command, OnOff

Key = tuple[str, *tuple[str | int, ...]]
"""Where something stands: a key of the trainer, or `parameters`, and what is below it."""
Objection = tuple[Key, str, str]
"""Where, what is wrong, what is right."""

PLACEHOLDERS = ("seed", "output", "inputs", "config", "config_folder", "parameters")
OF_ONE_PARAMETER = ("name", "value")

_BRACES = re.compile(r"\{([A-Za-z_]+)\}")
_CLOSE_ENOUGH = 0.7  # every other brace is the program's own


def ill_put(arm: ProgramArm) -> Iterator[Objection]:
    """What an arm's program would not understand, or what would not reach it."""
    trainer = arm.trainer
    yield from _placeholders(trainer)
    yield from _passing(arm)
    for index, pattern in enumerate(trainer.artifacts):
        if pattern.startswith(("/", "~")) or "\\" in pattern or {"", ".", ".."} & {*pattern.split("/")}:
            why = f"{pattern!r} is no pattern of files below the output folder"
            yield ("artifacts", index), why, "write it from that folder down, such as plots/*.png"
    if trainer.axis in trainer.metrics:
        why = f"{trainer.axis} is the axis, which says how far a trial has come; it cannot be measured, too"
        yield ("metrics", trainer.axis), why, "name another axis, or leave this metric out"


def _placeholders(trainer: Command) -> Iterator[Objection]:
    words: list[tuple[Key, str]] = [(("command", index), word) for index, word in enumerate(trainer.command)]
    words += [(("variables", name), text) for name, text in trainer.variables.items()]
    for key, text in words:
        yield from _misspelt(key, text, PLACEHOLDERS)
        if "{parameters}" in text and (text != "{parameters}" or key[0] == "variables"):
            why = f"{{parameters}} is many arguments, and {text!r} is one text"
            valid = 'make it an item of the command by itself; a shell hands them on as "$@"'
            yield key, why, valid
    again = [index for index, word in enumerate(trainer.command) if word == "{parameters}"][1:]
    for index in again:
        yield ("command", index), "{parameters} stands here a second time", "pass them once"


def _misspelt(key: Key, text: str, known: tuple[str, ...]) -> Iterator[Objection]:
    for name in _BRACES.findall(text):
        meant = difflib.get_close_matches(name.lower(), known, n=1, cutoff=_CLOSE_ENOUGH)
        if meant and name not in known:
            yield key, f"{{{name}}} stands for nothing", f"did you mean {{{meant[0]}}}?"


def _passing(arm: ProgramArm) -> Iterator[Objection]:
    """How parameters become arguments."""
    trainer = arm.trainer
    templates: list[tuple[Key, str]] = [(("pass_as",), trainer.pass_as)]
    templates += [(("pass_each_as", name), one) for name, one in trainer.pass_each_as.items() if isinstance(one, str)]
    for key, template in templates:
        misspelt = [*_misspelt(key, template, OF_ONE_PARAMETER)]
        yield from misspelt
        if template and not misspelt and "{value}" not in template:
            why = f"{template!r} does not pass the value"
            yield (
                key,
                why,
                'write where it goes, such as "--{name}={value}"; "" passes nothing, but for the file in {config}',
            )
    literal = {word.partition("=")[0] for word in trainer.command if word.startswith("-") and word.strip("-")}
    for name, value in arm.parameters.items():
        one = trainer.pass_each_as.get(name, trainer.pass_as)
        if isinstance(one, OnOff) and not isinstance(value, bool):
            why = f"{name} is passed as on or off, and is neither true nor false"
            yield ("parameters", name), why, "write true or false, or pass it as text"
        if twice := literal & {_option(name, one, value)}:
            why = f"the command passes {twice.pop()} itself, and the parameter {name} would do so again"
            yield ("parameters", name), why, "leave one of them out"


def _option(name: str, one: str | OnOff, value: Setting) -> str:
    """The option that a parameter is passed by; empty where it is passed by its place."""
    template = one if isinstance(one, str) else (one.on if value else one.off) or ""
    word = next(iter(template.split()), "").partition("=")[0].replace("{name}", name)
    return word if word.startswith("-") else ""
