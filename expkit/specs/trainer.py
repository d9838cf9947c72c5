"""Trainers as they are declared: what runs, and for how long. Where it runs is an executor's matter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from expkit.specs.base import Spec
from expkit.specs.program import Command, Recorded


class Tabular(Spec):
    """expkit's own training loop over an environment's transition table."""

    kind: Literal["tabular"]
    steps: Annotated[int, Field(ge=40, le=10**12)]
    """Environment steps in one trial: its whole budget. At least one step in each of the curve's 40 windows."""


Trainer = Annotated[Tabular | Command | Recorded, Field(discriminator="kind")]
"""Every declared trainer, told apart by `kind`."""
