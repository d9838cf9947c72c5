"""Inputs as they are declared: files and folders of the project that an experiment reads, each with its content."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from expkit.specs.base import Spec, Version
from expkit.specs.program import ProjectPath

InputName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
"""What an input is called; in the folder that `{inputs}` stands for, it is there under this name."""


class Input(Spec):
    """A file or a folder of the project, and what it has to hold."""

    path: ProjectPath
    """Where it is, relative to the project's root, with `/`."""
    sha256: Version | None = None
    """Of its content, as `expkit digest PATH` prints it; a declaration without it is refused and told what it is."""


Inputs = dict[InputName, Input]
"""Inputs by name."""


def identity(inputs: Inputs) -> dict[str, str | None]:
    """What of inputs decides numbers: which content goes by which name, wherever it is kept."""
    return {name: one.sha256 for name, one in inputs.items()}
