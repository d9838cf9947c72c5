"""Results that exist already, in CSV files: a row for every trial, read into the trials of each arm."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from expkit.digests import digest
from expkit.errors import Mistake
from expkit.project.names import suggestion
from expkit.project.tables import LARGEST_TABLE
from expkit.specs.experiment import RecordedRows
from expkit.specs.program import Recorded

NO_VALUE = frozenset({"", "na", "n/a", "nan", "none", "null"})
"""What a cell without a result says, in any case of letters: that trial failed."""
_MOST_MISTAKES = 10
_COMMAS = "a comma is needed: write a,b,c, and decimals with a point"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One row: a seed of an arm, and what was measured."""

    seed: str
    line: int
    values: tuple[float | None, ...]
    """By metric, in the order of the declaration; None where the trial failed."""
    failed: str | None
    """Why, where no use can be made of it."""


@dataclass(frozen=True, kw_only=True)
class RecordedTrials:
    """The trials of one arm, in the order of its seeds."""

    arm: str
    metrics: tuple[str, ...]
    trials: tuple[Trial, ...]
    line: int
    """Of the file: its first row."""
    column: int
    """Where the arm is named there."""

    @property
    def rows(self) -> RecordedRows:
        """What identifies these trials: the arm's name in the file, its seeds and every value that was measured."""
        columns = {name: [one.values[k] for one in self.trials] for k, name in enumerate(self.metrics)}
        seeds = tuple(one.seed for one in self.trials)
        return RecordedRows(digest=digest({"arm": self.arm, "seeds": seeds, "metrics": columns}), seeds=seeds)


class NoResults(Exception):
    """A file that holds no results, with its first mistakes."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes[:_MOST_MISTAKES]))
        self.mistakes = tuple(mistakes[:_MOST_MISTAKES])


@dataclass(kw_only=True)
class _Line:
    """One record of a CSV file, which may go over several lines."""

    number: int
    text: str
    cells: list[str]

    def place(self, cell: int) -> tuple[int, int]:
        """Line and column at which a cell starts."""
        start = seen = 0
        quoted = False
        for offset, letter in enumerate(self.text):
            if seen == cell:
                break
            if letter == '"':
                quoted = not quoted
            elif letter == "," and not quoted:
                seen, start = seen + 1, offset + 1
        before = self.text[:start]
        return self.number + before.count("\n"), start - (before.rfind("\n") + 1) + 1


@dataclass(kw_only=True)
class _Reading:
    """A file that is being read: its lines, and what is wrong with them."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, line: _Line, cell: int, why: str, valid: str) -> None:
        number, column = line.place(cell)
        self.mistakes.append(Mistake(file=self.file, line=number, column=column, why=why, valid=valid))


def header(file: str, content: bytes) -> list[str]:
    """The names of a file's columns.

    Raises:
        NoResults: it is no CSV file.
    """
    names, reading = next(_lines(file, content)), _Reading(file=file)
    if (other := _other_separator(names)) is not None:
        reading.wrong(names, 0, other, _COMMAS)
        raise NoResults(reading.mistakes)
    return names.cells


def read_results(file: str, content: bytes, trainer: Recorded) -> Mapping[str, RecordedTrials]:
    """The trials in a file by what it calls their arm.

    Raises:
        NoResults: something in it cannot be meant; with its first mistakes.
    """
    return _read(file, content, trainer.arm, trainer.seed, tuple(trainer.metrics))


@lru_cache(maxsize=16)  # each arm of an experiment asks, and so does whoever takes the rows in
def _read(file: str, content: bytes, arms: str, seeds: str, metrics: tuple[str, ...]) -> Mapping[str, RecordedTrials]:
    lines = _lines(file, content)
    names, reading = next(lines), _Reading(file=file)
    roles = {arms: "the one that names the arm", seeds: "the seeds"} | dict.fromkeys(metrics, "a metric")
    _check_names(reading, names, roles)
    at = {name: names.cells.index(name) for name in (arms, seeds, *metrics)}
    found: dict[str, dict[str, Trial]] = {}
    places: dict[str, tuple[int, int]] = {}
    for line in lines:
        if len(reading.mistakes) >= _MOST_MISTAKES:
            break
        if len(line.cells) != len(names.cells):
            why = f"{len(line.cells)} values, and the first row names {len(names.cells)} columns"
            reading.wrong(line, 0, why, "write one for each; an empty one between two commas")
            continue
        arm, seed = line.cells[at[arms]], line.cells[at[seeds]]
        for column, said in ((arms, arm), (seeds, seed)):
            if not said:
                reading.wrong(line, at[column], f"{column} is empty", "name the arm and the seed of every row")
        if not arm or not seed:
            continue
        seen = found.setdefault(arm, {})
        places.setdefault(arm, line.place(at[arms]))
        if seed in seen:
            why = f"seed {seed} of arm {arm!r} stands in line {seen[seed].line} already"
            reading.wrong(line, at[seeds], why, "keep one row for each arm and seed")
            continue
        seen[seed] = _trial(reading, line, seed, {metric: at[metric] for metric in metrics})
    if not found and not reading.mistakes:
        reading.wrong(names, 0, "there is no row below the names of the columns", "write a row for every trial")
    if reading.mistakes:
        raise NoResults(reading.mistakes)
    return {
        arm: RecordedTrials(
            arm=arm,
            metrics=metrics,
            trials=tuple(trials[seed] for seed in sorted(trials, key=_by_size)),
            line=places[arm][0],
            column=places[arm][1],
        )
        for arm, trials in found.items()
    }


def _check_names(reading: _Reading, names: _Line, declared: Mapping[str, str]) -> None:
    """Raise unless every declared column is there, once."""
    for name, role in declared.items():
        if name not in names.cells:
            valid = suggestion(name, names.cells)
            why = f"there is no column {name!r}, which is declared as {role}"
            if (other := _other_separator(names)) is not None:
                reading.wrong(names, 0, other, _COMMAS)
                break
            reading.wrong(names, 0, why, valid)
        elif names.cells.count(name) > 1:
            again = len(names.cells) - 1 - names.cells[::-1].index(name)
            reading.wrong(names, again, f"there are two columns {name!r}", "name one of them otherwise")
    if reading.mistakes:
        raise NoResults(reading.mistakes)


def _other_separator(names: _Line) -> str | None:
    """What separates the columns, in words, where it is no comma and there seems to be one column."""
    if len(names.cells) > 1:
        return None
    marks = {";": "';'", "\t": "tabs", "|": "'|'"}
    return next((f"columns are separated by {said}" for mark, said in marks.items() if mark in names.cells[0]), None)


def _lines(file: str, content: bytes) -> Iterator[_Line]:
    """The records of a CSV file, the names of its columns first; blank lines are passed over."""

    def refused(line: int, why: str, valid: str) -> NoResults:
        return NoResults([Mistake(file=file, line=line, column=1, why=why, valid=valid)])

    if len(content) > LARGEST_TABLE:
        raise refused(1, f"the file is larger than {LARGEST_TABLE >> 20} MB", "take fewer rows, or fewer columns")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refused(line, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8") from error
    written = text.splitlines(keepends=True) if "\r" not in text else io.StringIO(text, newline="").readlines()
    reader, before, empty = csv.reader(written, strict=True), 0, True
    try:
        for cells in reader:
            if cells:
                empty = False
                raw = "".join(written[before : reader.line_num])
                yield _Line(number=before + 1, text=raw, cells=[cell.strip() for cell in cells])
            before = reader.line_num
    except csv.Error as error:
        raise refused(before + 1, f"the file is no CSV: {error}", "close every quotation mark") from error
    if empty:
        raise refused(1, "the file is empty", "write a first row that names the columns, such as arm,seed,return")


def _trial(reading: _Reading, line: _Line, seed: str, columns: Mapping[str, int]) -> Trial:
    values: list[float | None] = []
    lacking = []
    for metric, column in columns.items():
        said = line.cells[column]
        try:
            value = None if said.lower() in NO_VALUE else float(said)
        except ValueError:
            valid = "write a number such as 3.5e-2, or leave the cell empty where the trial failed"
            reading.wrong(line, column, f"{metric} is {said!r}, which is no number", valid)
            continue
        if value is None or not math.isfinite(value):
            lacking.append(f"{metric} is {said or 'empty'}")
            value = None
        values.append(value)
    failed = f"{', '.join(lacking)} in line {line.number} of {reading.file}" if lacking else None
    return Trial(seed=seed, line=line.number, values=(None,) * len(columns) if failed else tuple(values), failed=failed)


def _by_size(seed: str) -> tuple[bool, float, str]:
    """Numbers by size, other names behind them."""
    try:
        number = float(seed)
    except ValueError:
        number = math.nan
    return (False, number, seed) if math.isfinite(number) else (True, 0.0, seed)
