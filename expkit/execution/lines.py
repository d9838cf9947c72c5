"""What a program prints, line by line: a JSON object is one point of its metrics, everything else is the log.

A program may print anything. Whatever it is, reading goes on: what was not taken is counted, and told in the log.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from array import array
from collections import Counter, deque
from collections.abc import Collection, Iterator

import numpy as np

from expkit.digests import digest
from expkit.ledger.points import Points

LONGEST_LINE = 1 << 16
"""Bytes; a longer line is cut there, and is log."""
MOST_POINTS = 1_000_000
"""Values that are kept of one trial. Those after them still make the last value and the digest."""
MOST_KEYS = 200
"""Keys that are kept of one trial; the declared ones always are."""
LONGEST_KEY = 250
_SHOWN = 40
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_HEAD_CHARACTERS = 1 << 19
_TAIL_CHARACTERS = 1 << 17


class Lines:
    """The stdout of one trial, read so far. `axis` and `metrics` are the declared keys."""

    def __init__(self, axis: str, metrics: Collection[str]) -> None:
        self.last: dict[str, float] = {}
        """The last value by key, be it finite or not."""
        self.unread: dict[str, str] = {}
        """What stood where a declared metric was looked for, in words; of those that had no number before."""
        self.log = Log()
        self._axis = axis
        self._declared = frozenset(metrics)
        self._numbers: dict[str, int] = {}
        self._keys, self._axes, self._values = array("i"), array("d"), array("d")
        self._hashes = {name: hashlib.sha256() for name in sorted(metrics)}
        self._objects = 0
        self._oddities: Counter[tuple[str, str]] = Counter()

    def read(self, line: str) -> list[tuple[str, float, float]]:
        """The points of a line: key, axis and finite value of each.

        How far the trial has come is what the line's axis says, or else the number of objects before it.
        """
        line = line.rstrip("\r\n")
        found = self._object(line)
        if found is None:
            self.log.add(line[:LONGEST_LINE])
            return []
        numbers = {key: number for key, value in found.items() if (number := _number(value)) is not None}
        axis = numbers.get(self._axis, math.nan)
        if not math.isfinite(axis):
            axis = float(self._objects)
        self._objects += 1
        return [
            (key, axis, value)
            for key, value in numbers.items()
            if (key != self._axis or key in self._declared) and self._take(key, axis, value)
        ]

    @property
    def points(self) -> Points:
        """Every point that is kept."""
        return Points(
            names=tuple(self._numbers),
            keys=np.array(self._keys, dtype=np.int32),
            axis=np.array(self._axes, dtype=np.float64),
            values=np.array(self._values, dtype=np.float64),
        )

    @property
    def digest(self) -> str:
        """sha256 of the series of the declared metrics, axis and value, whatever else was printed."""
        return digest({name: one.hexdigest() for name, one in self._hashes.items()})

    @property
    def remarks(self) -> list[str]:
        """What was not taken as it was printed, in words."""
        return [f"{count:,} {one if count == 1 else several}" for (one, several), count in self._oddities.items()]

    def _object(self, line: str) -> dict[str, object] | None:
        if len(line) > LONGEST_LINE:
            more = f"of more than {LONGEST_LINE:,} characters"
            self._oddities[f"line {more} was cut, and is log", f"lines {more} were cut, and are log"] += 1
            return None
        if not line.lstrip().startswith("{"):
            return None
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            self._oddities[
                "line begins like a JSON object and is none; it is log",
                "lines begin like a JSON object and are none; they are log",
            ] += 1
            return None
        if not isinstance(found, dict):
            return None
        for name in self._declared - self.last.keys():
            if said := _unread(name, found):
                self.unread[name] = said
        return found if any(_number(value) is not None for value in found.values()) else None

    def _take(self, key: str, axis: float, value: float) -> bool:
        """Whether a value is a point."""
        declared = key in self._declared
        if not declared and (len(key) > LONGEST_KEY or not key.isprintable() or not key):
            amiss = "a key that is empty, too long, or no text"
            self._oddities[f"value has {amiss}; it was dropped", f"values have {amiss}; they were dropped"] += 1
            return False
        if not declared and key not in self._numbers and len(self._numbers) >= MOST_KEYS:
            self._oddities[
                f"value is of a further key than the first {MOST_KEYS}; it was dropped",
                f"values are of further keys than the first {MOST_KEYS}; they were dropped",
            ] += 1
            return False
        self.last[key] = value
        if declared:
            self._hashes[key].update(struct.pack("<dd", axis, value))
        if not math.isfinite(value):
            self._oddities["value is NaN or infinite, and no point", "values are NaN or infinite, and no points"] += 1
            return False
        if len(self._values) < MOST_POINTS:
            self._keys.append(self._numbers.setdefault(key, len(self._numbers)))
            self._axes.append(axis)
            self._values.append(value)
        else:
            self._oddities[
                f"value came after the first {MOST_POINTS:,}; its point was not kept",
                f"values came after the first {MOST_POINTS:,}; their points were not kept",
            ] += 1
        return True


class Log:
    """Lines for people: the first ones and the last ones, and how many were dropped between them."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._room = _HEAD_CHARACTERS
        self._length = 0  # of the tail
        self._dropped = 0

    def add(self, line: str) -> None:
        """One more line."""
        if len(line) < self._room and not self._tail:
            self._head.append(line)
            self._room -= len(line) + 1
            return
        self._tail.append(line)
        self._length += len(line) + 1
        while self._length > _TAIL_CHARACTERS:
            self._length -= len(self._tail.popleft()) + 1
            self._dropped += 1

    def lines(self) -> Iterator[str]:
        """What is kept."""
        yield from self._head
        if self._dropped:
            yield f"[expkit: {self._dropped:,} lines are not kept]"
        yield from self._tail


class Pace:
    """Lets through of each key at most one point in `every_s` seconds, and in the end the last one."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._told: dict[str, float] = {}
        self._withheld: dict[str, tuple[str, float, float]] = {}

    def due(self, points: list[tuple[str, float, float]], now: float) -> Iterator[tuple[str, float, float]]:
        """Those of the points that are told at once."""
        for point in points:
            key = point[0]
            if now - self._told.get(key, -math.inf) >= self._every_s:
                self._told[key] = now
                self._withheld.pop(key, None)
                yield point
            else:
                self._withheld[key] = point

    def rest(self) -> list[tuple[str, float, float]]:
        """The last points that were not told."""
        return list(self._withheld.values())


def _unread(name: str, found: dict[str, object]) -> str | None:
    """What an object holds of a metric that is no number, or holds deeper than is looked; None where nothing."""
    if name in found:
        value = found[name]
        if isinstance(value, str):
            return f"{name} was text, {_quoted(value)}, not a number"
        kinds = {type(None): "null", list: "a list", dict: "an object"}
        return f"{name} was {kinds[type(value)]}, not a number" if type(value) in kinds else None
    within = next((key for key, value in found.items() if isinstance(value, dict) and name in value), None)
    if within is None:
        return None
    return f"{name} lies deeper, in {within if _WORD.fullmatch(within) else _quoted(within)}"


def _quoted(text: str) -> str:
    """A text in quotes, without what does something to a terminal; cut where it is long."""
    return json.dumps(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _number(value: object) -> float | None:
    """A number or a truth as a float; None for anything else."""
    if not isinstance(value, (bool, int, float)):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer beyond every double
        return math.inf if value > 0 else -math.inf
