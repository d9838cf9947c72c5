"""Representations as they are declared: how a state becomes the row of a Q-table that it is looked up in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from expkit.specs.base import Spec, Version, is_empty

MapFile = Annotated[str, StringConstraints(pattern=r"^environments/[A-Za-z0-9_./-]+\.csv$", max_length=200)]
"""A map's path, relative to the project's root: below `environments/`, where every commit has its own."""


class Identity(Spec):
    """Every state has a row of its own."""

    kind: Literal["identity"]


class Mapped(Spec):
    """A representation with a map of states in a file of the project: a CSV file with the columns state and index."""

    digest: Version | None = Field(default=None, exclude_if=is_empty)
    """The map's version, which is the digest of its content. Where it is declared, no other one is accepted; in
    resolved arms it always stands."""


class Aggregation(Mapped):
    """States that share a row of the table: to the learner they are one."""

    kind: Literal["aggregation"]
    file: MapFile
    """The map's path, relative to the project's root, such as `environments/halves.csv`."""

    @property
    def identity(self) -> JsonValue:
        """What of it decides numbers; where its map is kept does not."""
        return {"kind": self.kind, "map": self.digest}


class History(Mapped):
    """The last observations together are the row: what is observed is the state, or the index it has in a map.

    With m observations, numbered from 0, the row is the sum of o(t - i) * m**i over i from 0 to length - 1. An episode
    begins as if its first observation had been made all along.
    """

    kind: Literal["history"]
    length: Annotated[int, Field(ge=1, le=16)]
    """How many observations; with 1, only the present one."""
    file: MapFile | None = Field(default=None, exclude_if=is_empty)
    """The path of a map from states to what is observed of them; none means the state itself."""

    @property
    def identity(self) -> JsonValue:
        """What of it decides numbers; where its map is kept does not."""
        return {"kind": self.kind, "length": self.length, "map": self.digest}


Representation = Annotated[Identity | Aggregation | History, Field(discriminator="kind")]
"""Every declared representation, told apart by `kind`."""


def map_content(file: str) -> str:
    """What a map's version is the version of, as text."""
    return f"map {file}"
