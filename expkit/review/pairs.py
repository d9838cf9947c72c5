"""Pairs: what belongs together on two sides: by its name, else by its content, so that a new name is no loss. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_Id = TypeVar("_Id", bound=Hashable)


@dataclass(frozen=True)
class Pairs(Generic[_Id]):
    """Names that belong together, in the order of now; names that are gone, and those that are new."""

    both: tuple[tuple[_Id, _Id], ...]
    gone: tuple[_Id, ...]
    new: tuple[_Id, ...]


def paired(
    then: Iterable[_Id], now: Iterable[_Id], before: Callable[[_Id], object], after: Callable[[_Id], object]
) -> Pairs[_Id]:
    """The names of two sides; `before` and `after` say what a name stands for on either side."""
    past, here = list(dict.fromkeys(then)), list(dict.fromkeys(now))
    gone = [name for name in past if name not in here]
    both: list[tuple[_Id, _Id]] = []
    new: list[_Id] = []
    for name in here:
        former = name if name in past else next((one for one in gone if before(one) == after(name)), None)
        if former is None:
            new.append(name)
            continue
        both.append((former, name))
        gone = [one for one in gone if one != former]
    return Pairs(both=tuple(both), gone=tuple(gone), new=tuple(new))
