"""Pairs: what belongs together on two sides: by its name, else by what it has, so that a new name is no loss. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_Id = TypeVar("_Id", bound=Hashable)

Marks = Callable[[_Id], frozenset[Hashable]]
"""What a name has that tells it from others; nothing where there is nothing to tell."""


@dataclass(frozen=True)
class Pairs(Generic[_Id]):
    """Names that belong together, in the order of now; names that are gone, and those that are new."""

    both: tuple[tuple[_Id, _Id], ...]
    gone: tuple[_Id, ...]
    new: tuple[_Id, ...]

    @property
    def former(self) -> dict[_Id, _Id]:
        """The name of the base by that of the head, of all that are on both sides."""
        return {here: past for past, here in self.both}

    def among(self, then: Collection[_Id], now: Collection[_Id]) -> Pairs[_Id]:
        """The same of some names alone; one whose partner is not among them is gone, or new."""
        kept = tuple((past, here) for past, here in self.both if past in then and here in now)
        paired = ({past for past, _ in kept}, {here for _, here in kept})
        return Pairs(
            both=kept,
            gone=tuple(name for name in then if name not in paired[0]),
            new=tuple(name for name in now if name not in paired[1]),
        )


def paired(then: Iterable[_Id], now: Iterable[_Id], *marks: tuple[Marks[_Id], Marks[_Id]]) -> Pairs[_Id]:
    """The names of two sides, those that are the same first.

    A name that is gone and one that is new belong together where they have something in common. `marks` say what they
    have, in the base and in the head, the surest first; of several names, the one with most in common is meant.
    """
    past, here = list(dict.fromkeys(then)), list(dict.fromkeys(now))
    former = {name: name for name in here if name in past}
    gone = [name for name in past if name not in former]
    for before, after in marks:
        for name in (name for name in here if name not in former):
            has = after(name)
            meant = max(gone, key=lambda one: len(before(one) & has), default=None)
            if meant is not None and before(meant) & has:
                former[name] = meant
                gone.remove(meant)
    return Pairs(
        both=tuple((former[name], name) for name in here if name in former),
        gone=tuple(gone),
        new=tuple(name for name in here if name not in former),
    )
