"""Strict YAML 1.2: plain values, with the line and column of every key and every value.

Only what JSON can say is read, by the core schema of YAML 1.2: `1e-3` is a number, `017` is seventeen, `no` and
`2026-11-20` are text. Tags, anchors, aliases, merge keys, duplicate keys, keys that are not text, several documents,
NaN and infinity are refused. ruamel.yaml turns text into events; what they mean is decided here, so that no resolver
or constructor of a library has a say.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from expkit.errors import Mistake
from expkit.project.core_schema import scalar
from expkit.project.syntax import syntax_error

Location = tuple[str | int, ...]
"""The way from the top of a file to one of its values: `("hypotheses", 0, "criterion", "within")`."""

LARGEST_FILE = 1_000_000
"""Bytes; declarations are written by hand."""
DEEPEST = 24
"""Levels of nesting; declarations need seven."""

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, order=True)
class Place:
    """A line and a column of a file, both counted from 1."""

    line: int
    column: int


@dataclass(kw_only=True)
class Document:
    """One file as plain values, with the place of every key and value, and the mistakes found on the way."""

    file: str
    value: Any = None
    readable: bool = False
    """Whether the file could be read to its end; when not, `value` means nothing."""
    keys: dict[Location, Place] = field(default_factory=dict)
    values: dict[Location, Place] = field(default_factory=dict)
    refused: set[Location] = field(default_factory=set)
    """Where a value was refused and None stands in its stead; whatever else is said about it is a consequence."""
    mistakes: list[Mistake] = field(default_factory=list)

    def at(self, location: Location, *, key: bool = False) -> Place:
        """The place of a value (or of its key), or else of the nearest value around it."""
        if key and location in self.keys:
            return self.keys[location]
        for length in range(len(location), -1, -1):
            if place := self.values.get(location[:length]):
                return place
        return Place(1, 1)

    def mistake(self, location: Location, why: str, valid: str | None = None, *, key: bool = False) -> Mistake:
        """A mistake at the place of a value, or of its key."""
        place = self.at(location, key=key)
        return Mistake(file=self.file, line=place.line, column=place.column, why=why, valid=valid)


def read_yaml(file: str, content: bytes) -> Document:
    """One file's document; never raises for what the file holds: its mistakes are in the document."""
    document = Document(file=file)
    if len(content) > LARGEST_FILE:
        why = f"the file is larger than {LARGEST_FILE} bytes"
        document.mistakes.append(document.mistake((), why, "a declaration is a page or two of text"))
        return document
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # columns count characters, so the byte's column is that of the text before it
        before = _Lines(content[: error.start].decode("utf-8-sig", errors="replace"))
        place = before.place(len(before.text))
        why = f"byte 0x{content[error.start]:02x} is not UTF-8"
        document.mistakes.append(
            Mistake(file=file, line=place.line, column=place.column, why=why, valid="save the file as UTF-8")
        )
        return document
    _Composer(document, _Lines(text)).compose()
    return document


read_once = lru_cache(maxsize=256)(read_yaml)
"""The same, read once: a file is asked for several times, and between commits most files stay as they are. Whoever
adds mistakes works on a copy."""


class _Lines:
    """A text that knows the line and column of an offset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def place(self, offset: int) -> Place:
        line = bisect.bisect_right(self._starts, min(offset, len(self.text)))
        return Place(line, min(offset, len(self.text)) - self._starts[line - 1] + 1)


class _Ended(Exception):
    """Nothing more can be read from this file."""


class _Composer:
    """Composes a document from the events of its text."""

    def __init__(self, document: Document, lines: _Lines) -> None:
        self.document = document
        self.lines = lines
        self.offset = 0
        """Of the last event, for errors that come without a place."""
        self.events: Iterator[Event] = iter(())

    def compose(self) -> None:
        try:
            self.events = YAML(typ="safe", pure=True).parse(self.lines.text)
            self._document()
            self.document.readable = True
        except _Ended:
            return
        except ReaderError as error:
            self._refuse(
                error.position,
                f"the character U+{error.character:04X} is not allowed in YAML",
                "delete it, or write it as an escape in double quotes",
            )
        except MarkedYAMLError as error:
            self._refuse(*syntax_error(error, self.lines.text))
        except (YAMLError, ValueError, AssertionError, IndexError, OverflowError) as error:
            # ruamel lets a few of Python's own through: an escape beyond Unicode, a directive it does not expect
            self._refuse(self.offset, f"not readable as YAML after this place ({error or type(error).__name__})")

    def _refuse(self, offset: int, why: str, valid: str | None = None) -> None:
        place = self.lines.place(offset)
        self.document.mistakes.append(
            Mistake(file=self.document.file, line=place.line, column=place.column, why=why, valid=valid)
        )

    def _next(self) -> Event:
        event: Event = next(self.events)
        self.offset = event.start_mark.index
        return event

    def _document(self) -> None:
        self._next()  # the start of the stream
        start = self._next()
        if isinstance(start, StreamEndEvent):
            self._refuse(0, "the file holds no declaration")
            raise _Ended
        if isinstance(start, DocumentStartEvent) and (start.tags or start.version not in (None, (1, 2))):
            directive = re.search("^%", self.lines.text, re.MULTILINE)
            self._refuse(
                directive.start() if directive else 0,
                "directives other than %YAML 1.2 are not read",
                "delete the line that starts with %",
            )
        self.document.value = self._node(self._next(), (), 0)
        self._next()  # the end of the document
        if isinstance(end := self._next(), DocumentStartEvent):
            self._refuse(end.start_mark.index, "a second document starts here", "one file holds one declaration")
            raise _Ended

    def _node(self, event: Event, location: Location | None, depth: int) -> Any:
        """The plain value that starts with an event; a location of None is kept out of the document."""
        offset = event.start_mark.index
        if isinstance(event, AliasEvent):
            self._refuse(
                offset, f"*{_short(event.anchor)} is an alias, and aliases are not read", "write the value out"
            )
            raise _Ended
        if depth > DEEPEST:
            self._refuse(offset, f"nested deeper than {DEEPEST} levels")
            raise _Ended
        assert isinstance(event, NodeEvent)
        if event.anchor is not None:
            self._refuse(offset, f"&{_short(event.anchor)} is an anchor, and anchors are not read", "delete it")
        tag = getattr(event, "tag", None)
        if location is not None:
            self.document.values[location] = self.lines.place(offset)
        if tag is not None:
            self._refuse(offset, f"{_tag(str(tag))} is a tag, and tags are not read", "write the plain value")
            if location is not None:
                self.document.refused.add(location)
        if isinstance(event, MappingStartEvent):
            return self._mapping(location, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(location, depth)
        assert isinstance(event, ScalarEvent)
        if tag is not None:
            return None
        try:
            return scalar(event.value, plain=event.implicit[0])
        except ValueError as error:
            self._refuse(offset, *error.args)
            if location is not None:
                self.document.refused.add(location)
            return None

    def _sequence(self, location: Location | None, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, None if location is None else (*location, len(items)), depth + 1))
        return items

    def _mapping(self, location: Location | None, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        firsts: dict[str, Place] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            offset = event.start_mark.index
            key = self._key(event, depth)
            if key is not None and key in mapping:
                why = f"the key {_short(key)!r} is given twice, first on line {firsts[key].line}"
                self._refuse(offset, why, "keep one of them")
                key = None
            if key is None:
                self._node(self._next(), None, depth + 1)
                continue
            firsts[key] = self.lines.place(offset)
            inner = None if location is None else (*location, key)
            if inner is not None:
                self.document.keys[inner] = firsts[key]
            mapping[key] = self._node(value := self._next(), inner, depth + 1)
            if inner is not None and isinstance(value, ScalarEvent) and value.start_mark.index == value.end_mark.index:
                self.document.values[inner] = firsts[key]  # an empty value stands where its key does
        return mapping

    def _key(self, event: Event, depth: int) -> str | None:
        """A key's text, or None where it was refused."""
        offset = event.start_mark.index
        before = len(self.document.mistakes)
        key = self._node(event, None, depth + 1)
        if len(self.document.mistakes) > before:
            return None
        if not isinstance(event, ScalarEvent):
            self._refuse(offset, "a list or a mapping cannot be a key", "keys are text")
            return None
        if event.implicit[0] and event.value == "<<":
            self._refuse(offset, "<< is a merge key, and merge keys are not read", "write the keys out")
            return None
        if not isinstance(key, str):
            self._refuse(offset, f"the key {event.value or 'null'} is not text", f'write "{event.value}" in quotes')
            return None
        return key


def _tag(tag: str) -> str:
    core = "tag:yaml.org,2002:"
    return _short(f"!!{tag.removeprefix(core)}" if tag.startswith(core) else tag if tag[0] == "!" else f"!<{tag}>")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
