"""Transition tables in files: what the rows of a CSV or NPZ file mean, or what is wrong with which of them."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from expkit.project.names import listed, suggestion

COLUMNS = ("state", "action", "probability", "next_state", "reward", "terminal")
LARGEST_TABLE = 1 << 25
"""Bytes of a file, and of an NPZ file's arrays as they are unpacked."""
MOST_ENTRIES = 10_000_000
"""States times actions times outcomes of a table."""
SUM_TOLERANCE = 1e-12
"""How far the probabilities of an action may be from summing to one."""

_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}
_MOST_FLAWS = 5


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What is wrong with a row, and what would be right."""

    row: int
    """A line of a CSV file, counted from 1; an entry of an NPZ file's arrays, counted from 1, or 0 for none of them."""
    why: str
    valid: str


class Unreadable(Exception):
    """A file that is no table, with its first flaws."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(islice(flaws, _MOST_FLAWS))
        super().__init__("; ".join(flaw.why for flaw in self.flaws))


@dataclass(frozen=True)
class Row:
    """One outcome of an action in a state."""

    row: int
    state: int
    action: int
    probability: float
    next_state: int
    reward: float
    terminal: bool


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A table whose rows fit together: all that an Mdp is but for its start."""

    next_state: Any
    reward: Any
    probability: Any
    terminal: Any

    @property
    def states(self) -> int:
        return len(self.next_state)


def read_table(file: str, content: bytes) -> Rows:
    """The table in a file.

    Raises:
        Unreadable: it is none; with its first flaws.
    """
    if len(content) > LARGEST_TABLE:
        raise Unreadable(
            [Flaw(row=0, why=f"the file is larger than {LARGEST_TABLE >> 20} MB", valid="take fewer rows")]
        )
    return _fitted(list(_of_npz(content) if file.endswith(".npz") else _of_csv(content)))


def _of_csv(content: bytes) -> Iterator[Row]:
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(
            [Flaw(row=1, why=f"the file is no CSV: {error}", valid="save it as UTF-8, with commas")]
        ) from error
    if not lines:
        raise Unreadable([Flaw(row=1, why="the file is empty", valid=f"write a first row {','.join(COLUMNS)}")])
    (row, names), *rest = lines
    _check_names(names, row)
    flaws: list[Flaw] = []
    rows = []
    for row, cells in rest:
        if len(cells) != len(names):
            valid = f"write the {len(names)} of the first row: {', '.join(names)}"
            flaws.append(Flaw(row=row, why=f"{len(cells)} values", valid=valid))
            continue
        try:
            rows.append(_row(row, dict(zip(names, cells, strict=True))))
        except _Wrong as wrong:
            flaws.append(Flaw(row=row, why=wrong.why, valid=wrong.valid))
    if flaws:
        raise Unreadable(flaws)
    yield from rows


def _of_npz(content: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_TABLE:
                raise ValueError(f"unpacked, it is larger than {LARGEST_TABLE >> 20} MB")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
    # zipfile says NotImplementedError of a compression that it does not know
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise Unreadable(
            [Flaw(row=0, why=f"the file is no NPZ: {error}", valid="write it with numpy.savez")]
        ) from error
    _check_names(columns, 0)
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or len(next(iter(lengths.values()))) != 1:
        why = f"the arrays have the shapes {', '.join(f'{name} {list(shape)}' for name, shape in lengths.items())}"
        raise Unreadable([Flaw(row=0, why=why, valid="each is a column: one dimension, all of one length")])
    flaws: list[Flaw] = []
    rows = []
    for row, values in enumerate(zip(*(columns[name].tolist() for name in COLUMNS), strict=True), start=1):
        try:
            rows.append(_row(row, {name: str(value) for name, value in zip(COLUMNS, values, strict=True)}))
        except _Wrong as wrong:
            flaws.append(Flaw(row=row, why=wrong.why, valid=wrong.valid))
    if flaws:
        raise Unreadable(flaws)
    yield from rows


def _check_names(names: Iterable[str], row: int) -> None:
    given = list(names)
    flaws = [
        Flaw(row=row, why=f"there is no column {name!r}", valid=suggestion(name, COLUMNS))
        for name in given
        if name not in COLUMNS
    ]
    if lacking := [name for name in COLUMNS if name not in given]:
        flaws.append(
            Flaw(row=row, why=f"the table lacks {listed(lacking)}", valid=f"its columns are {listed(COLUMNS)}")
        )
    if len(set(given)) < len(given):
        flaws.append(Flaw(row=row, why="a column is there twice", valid=f"its columns are {listed(COLUMNS)}"))
    if flaws:
        raise Unreadable(flaws)


class _Wrong(Exception):
    def __init__(self, why: str, valid: str) -> None:
        self.why, self.valid = why, valid


def _row(row: int, cells: Mapping[str, str]) -> Row:
    terminal = _TRUTH.get(cells["terminal"].lower())
    if terminal is None:
        raise _Wrong(f"terminal is {cells['terminal']!r}", "write true or false, or 1 or 0")
    state = _index("state", cells["state"])
    return Row(
        row=row,
        state=state,
        action=_index("action", cells["action"]),
        probability=_probability(cells["probability"]),
        # where an episode goes after its end means nothing
        next_state=state if terminal and not cells["next_state"] else _index("next_state", cells["next_state"]),
        reward=_number("reward", cells["reward"]),
        terminal=terminal,
    )


def _index(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _Wrong(f"{name} is {text!r}", "write a whole number, counted from 0")
    return int(text)


def _probability(text: str) -> float:
    above, slash, below = text.partition("/")
    if slash and above.isdecimal() and below.isdecimal() and len(text) < 40 and int(below):
        value = float(Fraction(int(above), int(below)))
    else:
        value = _number("probability", text)
    if not 0 <= value <= 1:
        raise _Wrong(f"probability is {text}", "write a number from 0 to 1, or a fraction such as 1/3")
    return value


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _Wrong(f"{name} is {text!r}", "write a finite number")
    return value


def _fitted(rows: list[Row]) -> Rows:
    """The rows as arrays over [states, actions, outcomes], if they fit together."""
    if not rows:
        raise Unreadable([Flaw(row=1, why="the table has no rows", valid="write one for each outcome of each action")])
    states, actions = (1 + max(getattr(row, axis) for row in rows) for axis in ("state", "action"))
    last = max(rows, key=lambda row: row.state)
    if states > len(rows):
        why = f"there are {len(rows)} rows, and this one is of state {last.state}"
        raise Unreadable([Flaw(row=last.row, why=why, valid="count states from 0, without a gap")])
    if states * actions > len(rows):
        raise Unreadable(_gaps(rows, states, actions))
    outcomes: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        outcomes.setdefault((row.state, row.action), []).append(row)
    width = max(map(len, outcomes.values()))
    if states * actions * width > MOST_ENTRIES:
        why = f"{states} states, {actions} actions and up to {width} outcomes are too many"
        raise Unreadable([Flaw(row=0, why=why, valid=f"their product is at most {MOST_ENTRIES:,}")])
    flaws = list(_gaps(rows, states, actions))
    for row in rows:
        if row.next_state >= states:
            why = f"it leads to state {row.next_state}, which has no rows"
            flaws.append(Flaw(row=row.row, why=why, valid=f"the states are 0 to {states - 1}"))
    for (state, action), found in outcomes.items():
        total = math.fsum(row.probability for row in found)
        if abs(total - 1) > SUM_TOLERANCE:
            one = found[0].row == found[-1].row
            where = f"row {found[0].row}" if one else f"rows {', '.join(str(row.row) for row in found)}"
            why = f"the probabilities of state {state}, action {action} sum to {total!r}, not to 1 ({where})"
            flaws.append(Flaw(row=found[-1].row, why=why, valid="give every outcome its share, such as 0.5 or 1/3"))
    if flaws:
        raise Unreadable(sorted(flaws, key=lambda flaw: flaw.row))

    shape = states, actions, width
    next_state = np.broadcast_to(np.arange(states)[:, None, None], shape).copy()
    reward, probability, terminal = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for (state, action), found in outcomes.items():
        for outcome, row in enumerate(found):
            at = state, action, outcome
            next_state[at], reward[at], probability[at] = row.next_state, row.reward, row.probability
            terminal[at] = row.terminal
    return Rows(next_state=next_state, reward=reward, probability=probability, terminal=terminal)


def _gaps(rows: list[Row], states: int, actions: int) -> Iterator[Flaw]:
    """Actions that a state lacks; every state has the same ones."""
    last = {row.state: row.row for row in rows}
    there = {(row.state, row.action) for row in rows}
    for state in range(states):
        lacking = next((action for action in range(actions) if (state, action) not in there), None)
        if lacking is not None:
            why = f"state {state} has no row for action {lacking}"
            valid = f"write its outcomes: every state has the actions 0 to {actions - 1}"
            yield Flaw(row=last.get(state, rows[-1].row), why=why, valid=valid)
