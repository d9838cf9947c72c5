"""A program as `expkit show` prints it: what is started, what it is handed, what of it is measured and kept."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from expkit.outcomes.wording import setting_text
from expkit.specs.base import Setting
from expkit.specs.experiment import ProgramArm
from expkit.specs.program import Command, OnOff

_SEED = {
    "given": "handed to the program, which gives the same trial for it",
    "unseeded": "the program takes none: its trials are replicates, never compared byte by byte",
}


def program_lines(trainer: Command, image: str | None) -> dict[str, str]:
    """A trainer in labelled lines; what is left at its default goes without saying."""
    passed = [_passed(trainer.pass_as), *(f"{name} {_passed(one)}" for name, one in trainer.pass_each_as.items())]
    lines = {
        "command": shlex.join(trainer.command),
        "parameters": parameters_text(trainer.parameters),
        "passed as": ", ".join(passed),
        "variables": ", ".join(f"{name}={text}" for name, text in trainer.variables.items()),
        "seed": _SEED[trainer.seed],
        "metrics": "; ".join(
            f"{name}: {one.definition} ({one.unit}, {one.better} is better)" for name, one in trainer.metrics.items()
        ),
        "axis": trainer.axis,
        "keeps": ", ".join(trainer.artifacts),
        "time limit": f"{trainer.time_limit_s:g} s" if trainer.time_limit_s else "",
        "retries": str(trainer.retries or ""),
        "sources": ", ".join(trainer.sources),
        "version": trainer.digest or "",
        "image": image or "",
    }
    return {label: text for label, text in lines.items() if text}


def arm_lines(arm: ProgramArm) -> dict[str, str]:
    """An arm's program with the arm's own parameters, in labelled lines."""
    return program_lines(arm.trainer.model_copy(update={"parameters": arm.parameters}), arm.image)


def parameters_text(parameters: Mapping[str, Setting]) -> str:
    """Parameters in a line."""
    return ", ".join(f"{name} {setting_text(value)}" for name, value in parameters.items())


def _passed(one: str | OnOff) -> str:
    if isinstance(one, str):
        return one or "nothing, but for the file of parameters"
    return f"{one.on or 'nothing'} where it is true, {one.off or 'nothing'} where it is false"
