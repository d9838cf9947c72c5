"""The ground every declared thing stands on: frozen, strict, and deaf to unknown keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints


class Spec(BaseModel):
    """A declared thing: frozen, strict, unknown keys refused, no NaN and no infinity."""

    # built when first used: a file's validator holds those of its parts, which nobody uses alone
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
"""What a file, a question or a hypothesis is called: lower-case letters, digits, `-` and `_`."""

ArmName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
"""What a declared arm is called. Arms of a sweep add their settings in brackets: `gambler[learning_rate=0.1]`."""

ArmReference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The name of an arm, declared or of a sweep."""

Setting = str | int | float | bool
"""One value of a parameter."""


def is_empty(value: object) -> bool:
    """Whether a field says nothing, and is left out of what is written: a later field changes no earlier file."""
    return value is None or value == {}


def typed(settings: Mapping[str, JsonValue]) -> str | None:
    """Settings as text that tells 1 from 1.0, which canonical JSON does not; None where there is no such number."""
    return json.dumps(settings, sort_keys=True) if _has_whole_floats(settings) else None


def _has_whole_floats(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_whole_floats, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_whole_floats, value))
    return isinstance(value, float) and value.is_integer()


Made = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z_][A-Za-z0-9_]*)?$", max_length=200)
]
"""What is made by code of the user's own: `module:attribute`, or the name of an entry point."""

Version = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A digest that is a version: 64 hexadecimal digits."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Prose for people: anything but nothing."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""A number in [0, 1]."""
