"""Names as people type them: exact, as a unique prefix, or close to one that exists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from expkit.errors import InvalidUsage

_SHOWN = 12


def match(kind: str, given: str, known: Iterable[str], *, of: str = "") -> str:
    """The known name that is meant: `given` itself, or the only one that starts with it.

    Args:
        kind: what is named, for the message: `question`, `experiment`.
        given: what was typed.
        known: every name of that kind.
        of: what has these names, for the message, where that is not the project.

    Raises:
        InvalidUsage: nothing is meant, or more than one thing; near names or candidates are in the message.
    """
    names = sorted(set(known))
    if given in names:
        return given
    candidates = [name for name in names if given and name.startswith(given)]
    if len(candidates) == 1:
        return candidates[0]
    where = f" in {of}" if of else ""
    if candidates:
        raise InvalidUsage(
            f"{given!r} can mean more than one {kind}{where}", mend=f"type more of one of these: {listed(candidates)}"
        )
    if names:
        raise InvalidUsage(f"there is no {kind} {given!r}{where}", mend=suggestion(given, names))
    raise InvalidUsage(f"there is no {kind} {given!r}{where}", mend=f"{of or 'this project'} declares no {kind} yet")


def near(given: str, known: Iterable[str]) -> list[str]:
    """The known names that a typing mistake may have turned into `given`, closest first."""
    lower: dict[str, str] = {}
    for name in known:
        lower.setdefault(name.lower(), name)
    return [lower[name] for name in difflib.get_close_matches(given.lower(), lower, n=3, cutoff=0.55)]


def suggestion(given: str, known: Iterable[str]) -> str:
    """What is valid instead of `given`, in words: near names first, then all of them."""
    names = list(known)
    if not names:
        return "there is none"
    close = near(given, names)
    all_of_them = f"valid {'is' if len(names) == 1 else 'are'} {listed(names)}"
    return f"did you mean {' or '.join(repr(name) for name in close)}? {all_of_them}" if close else all_of_them


def listed(names: Iterable[str]) -> str:
    """Names, comma-separated; a long list is cut and says by how much."""
    every = list(names)
    shown = ", ".join(every[:_SHOWN])
    return f"{shown} and {len(every) - _SHOWN} more" if len(every) > _SHOWN else shown
