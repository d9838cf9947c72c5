"""A project's settings: the table `[tool.expkit]` of its `pyproject.toml`. None of them is science."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from expkit.specs.base import Spec, Text

DEFAULT_BASE = "python:3.11-slim"


class ImageSettings(Spec):
    """How the project's images are made, and where they are pushed: `[tool.expkit.image]`."""

    base: Text = DEFAULT_BASE
    """What the project's Dockerfile builds on, unless `--base` or EXPKIT_BASE_IMAGE says otherwise."""
    registry: Text | None = None
    """Where images are pushed, such as `registry.example.org/team`, unless EXPKIT_REGISTRY says otherwise."""


class Limits(Spec):
    """What a container may use of the machine: `[tool.expkit.container]`."""

    memory_mb: Annotated[int, Field(ge=6)] = 4096
    """Memory in MB of 2**20 bytes; a container that needs more is killed."""
    cpus: Annotated[float, Field(gt=0)] | None = None
    """Cores, in fractions if need be; None for all that this process may use."""
    pids: Annotated[int, Field(ge=16)] = 512
    """Processes and threads."""
    silence_s: Annotated[float, Field(gt=0)] = 300
    """Seconds without a word from the worker after which it counts as hung."""
    time_s: Annotated[float, Field(gt=0)] | None = None
    """Seconds a container may live at all; None for as long as it makes progress."""


class Settings(Spec):
    """Everything under `[tool.expkit]`."""

    project: Text | None = None
    """What the project is called; None for its folder's name."""
    image: ImageSettings = ImageSettings()
    container: Limits = Limits()
