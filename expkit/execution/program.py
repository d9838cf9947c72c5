"""What one trial of a program is started with: its seed, its arguments, its variables, its parameters as a file. Pure.

No shell ever reads an argument. A template is split at its blanks before anything is filled in, and what is filled in
is not looked at again: whatever a value holds, blanks, quotes, braces or nothing, it stays one argument.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from expkit.records.work import Work
from expkit.specs.base import Setting
from expkit.specs.experiment import ProgramArm
from expkit.specs.program import PLACEHOLDER, OnOff
from expkit.training.streams import PROGRAM, stream

CONFIG_FILE = "parameters.json"
"""What the file is called that `{config}` stands for, in the folder that `{config_folder}` stands for."""

_ALL = "{parameters}"
_PART = re.compile(r"\{(name|value)\}")


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a trial is handed, as the program sees it: in a container, paths are those inside."""

    seed: int | None
    """None for a program that takes none."""
    output: str
    """The folder that its files go to."""
    inputs: str
    """The folder that holds the experiment's inputs by name."""
    config: str
    """The file that holds the parameters as JSON."""


def program_arm(work: Work) -> ProgramArm:
    """The arm, of work for a program.

    Raises:
        TypeError: it is other work.
    """
    if not isinstance(work.arm, ProgramArm):
        raise TypeError(f"arm {work.arm.name} is no program's")
    return work.arm


def trial_seed(work: Work) -> int | None:
    """The seed a trial's program is handed, in [0, 2**31); None for a program that takes none.

    It is the upper 31 bits of the first word of the trial's stream 4: root, arm and seed number go through NumPy's
    `SeedSequence`, so that neighbouring trials get seeds that are far apart. With `streams: common` the arm is left
    out, and every arm's trial k gets the same.
    """
    if program_arm(work).trainer.seed == "unseeded":
        return None
    (seed,) = work.seeds
    words = stream(work.root, work.arm_key, work.streams, seed, PROGRAM).generate_state(1)
    return int(words[0]) >> 1


def arguments(arm: ProgramArm, handed: Handed) -> tuple[str, ...]:
    """Program and arguments of a trial.

    Where `{parameters}` is an argument, all parameters take its place. Where it is a part of one, such as of what a
    shell is handed, they stand there quoted as a POSIX shell reads them. Where it is nowhere, they follow.

    Raises:
        ValueError: a parameter that is passed as on or off is neither true nor false.
    """
    command, parameters = arm.trainer.command, tuple(_parameters(arm))
    vector: list[str] = []
    for word in command:
        if word == _ALL:
            vector += parameters
        else:
            vector.append(_filled(word, handed, parameters))
    placed = any(_ALL in word for word in (*command, *arm.trainer.variables.values()))
    return tuple(vector if placed else [*vector, *parameters])


def variables(arm: ProgramArm, handed: Handed) -> dict[str, str]:
    """The environment variables of a trial, beside those that it has anyway.

    Output that a pipe swallows until the end would be no live value: Python is asked not to keep it back.
    """
    always = {
        "PYTHONUNBUFFERED": "1",
        "EXPKIT_OUTPUT": handed.output,
        "EXPKIT_INPUTS": handed.inputs,
        "EXPKIT_CONFIG": handed.config,
    }
    if handed.seed is not None:
        always["EXPKIT_SEED"] = str(handed.seed)
    parameters = tuple(_parameters(arm))
    return always | {name: _filled(value, handed, parameters) for name, value in arm.trainer.variables.items()}


def config(parameters: Mapping[str, Setting]) -> bytes:
    """The file that `{config}` stands for."""
    return (json.dumps(dict(parameters), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def written(value: Setting) -> str:
    """A value as an argument: `true` and `false`, floats with every digit they have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _parameters(arm: ProgramArm) -> Iterator[str]:
    for name, value in arm.parameters.items():
        template = arm.trainer.pass_each_as.get(name, arm.trainer.pass_as)
        if isinstance(template, OnOff):
            if not isinstance(value, bool):
                raise ValueError(f"parameter {name} is passed as on or off, and is {value!r}")
            template = (template.on if value else template.off) or ""
        parts = {"name": name, "value": written(value)}
        for word in template.split():
            yield _PART.sub(lambda found: parts[found[1]], word)  # noqa: B023 (used up before the next turn)


def _filled(text: str, handed: Handed, parameters: tuple[str, ...]) -> str:
    """A text with its placeholders filled in, all at once."""
    values = {
        "seed": "" if handed.seed is None else str(handed.seed),
        "output": handed.output,
        "inputs": handed.inputs,
        "config": handed.config,
        "config_folder": str(PurePosixPath(handed.config).parent),
        "parameters": shlex.join(parameters),
    }
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)
