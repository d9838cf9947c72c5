"""Representations whose maps stand in files: read where the project is read, held against every environment."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from expkit.errors import Mistake
from expkit.project.names import listed, suggestion
from expkit.project.paths import ENVIRONMENTS
from expkit.project.tables import LARGEST_TABLE
from expkit.project.yaml import Document, Location
from expkit.specs.environment import Dungeon, Versioned
from expkit.specs.experiment import Experiment, TabularArm
from expkit.specs.representation import Aggregation, History, map_content
from expkit.specs.resolve import resolve
from expkit.training.compile import compile_environment
from expkit.training.maps import Map, keep_map
from expkit.training.represented import TooLarge, represented

COLUMNS = ("state", "index")
REPRESENTABLE = (
    *("drunkard", "accountant", "gambler"),
    *("q_learning", "sarsa", "expected_sarsa", "double_q", "dyna_q"),
)
"""The agents that learn as well from what they are shown as from states."""

_Declared = Aggregation | History


def with_maps(
    document: Document, experiment: Experiment, files: Mapping[str, bytes]
) -> tuple[Experiment, list[Mistake]]:
    """An experiment that knows the versions of its maps, and every mistake in them or in what they are held against.

    Args:
        document: the experiment's file.
        experiment: what it declares, with the versions of its tables.
        files: every declared file by its path, maps among them.
    """
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    shown = [arm for arm in resolve(experiment) if isinstance(arm, TabularArm) and arm.representation]
    for arm in shown:
        assert arm.representation
        at = _place(experiment, arm)
        wrong = list(_objections(document, at, arm, arm.representation, files, found))
        if experiment.evaluate_on:
            why = "the table of a representation has no row for a state, and cannot be carried to another environment"
            wrong.append(document.mistake(at, why, "leave it out, or evaluate_on"))
        if not wrong and _compiled(arm):
            wrong += _in_world(document, at, experiment.with_versions(found), arm, arm.representation)
        mistakes += wrong
    return experiment.with_versions(found), list(dict.fromkeys(mistakes))


def _place(experiment: Experiment, arm: TabularArm) -> Location:
    sweep = experiment.sweep
    name = sweep.arm if sweep and arm.name not in experiment.arms else arm.name
    return ("arms", name, "representation") if experiment.arms[name].representation else ("representation",)


def _compiled(arm: TabularArm) -> bool:
    """Whether the arm's environment could be compiled; if not, that has been reported."""
    return isinstance(arm.environment, Dungeon) or bool(
        isinstance(arm.environment, Versioned) and arm.environment.digest
    )


def _objections(
    document: Document,
    at: Location,
    arm: TabularArm,
    declared: _Declared,
    files: Mapping[str, bytes],
    found: dict[str, str],
) -> Iterator[Mistake]:
    """What is wrong with a representation by itself; the version of its map goes to `found`."""
    if arm.agent.kind not in REPRESENTABLE:
        why = f"arm {arm.name}: an agent of kind {arm.agent.kind} cannot be shown anything but states"
        yield document.mistake(at, why, f"take one of {listed(REPRESENTABLE)}, or leave representation out")
    if declared.file is None:
        return
    if declared.file not in files:
        maps = [name for name in files if name.startswith(f"{ENVIRONMENTS}/") and name.endswith(".csv")]
        why = f"there is no file {declared.file}; symbolic links are not followed"
        yield document.mistake((*at, "file"), why, suggestion(declared.file, maps))
        return
    read = _read(declared.file, files[declared.file])
    if isinstance(read, Mistake):
        yield read
        return
    version = keep_map(read)
    found[map_content(declared.file)] = version
    if declared.digest not in (None, version):
        why = f"the map is version {version}, not the declared one"
        yield document.mistake((*at, "digest"), why, "bring back the map that is meant, or declare this digest")


def _in_world(
    document: Document, at: Location, known: Experiment, arm: TabularArm, declared: _Declared
) -> Iterator[Mistake]:
    """What is wrong with a representation of the environment of an arm."""
    world = compile_environment(arm.environment)
    try:
        represented(world, known.seen_through(declared))
    except TooLarge as large:
        yield document.mistake((*at, "length"), f"arm {arm.name}: {large}", "take a shorter history, or a coarser map")
    except ValueError as wrong:
        valid = f"write a row for every state, 0 to {world.states - 1}"
        yield document.mistake((*at, "file"), f"arm {arm.name}: {wrong}", valid)


@lru_cache(maxsize=16)
def _read(file: str, content: bytes) -> Map | Mistake:
    """The map in a CSV file, or the first thing that is wrong with it."""

    def mistake(line: int, why: str, valid: str) -> Mistake:
        return Mistake(file=file, line=line, column=1, why=why, valid=valid)

    if len(content) > LARGEST_TABLE:
        return mistake(1, f"the file is larger than {LARGEST_TABLE >> 20} MB", "take fewer states")
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        return mistake(1, f"the file is no CSV: {error}", "save it as UTF-8, with commas")
    if not lines or tuple(lines[0][1]) != COLUMNS:
        return mistake(1, "the file is no map of states", f"write a first row {','.join(COLUMNS)}")
    indices: dict[int, int] = {}
    for line, cells in lines[1:]:
        if len(cells) != len(COLUMNS) or not all(cell.isascii() and cell.isdigit() and len(cell) < 9 for cell in cells):
            return mistake(line, f"{','.join(cells)} is no state and its index", "write two whole numbers from 0 on")
        state, index = map(int, cells)
        if state in indices:
            return mistake(line, f"state {state} has an index already", "name every state once")
        indices[state] = index
    if not indices:
        return mistake(1, "the file names no state", "write a row for every state")
    for column, named in ((COLUMNS[0], indices.keys()), (COLUMNS[1], indices.values())):
        counted = set(named)
        absent = next(number for number in range(len(counted) + 1) if number not in counted)
        if absent < len(counted):
            why = f"there is no {column} {absent}, and one of {max(counted)}"
            return mistake(1, why, f"count the {column} column from 0 without a gap")
    return np.array([indices[state] for state in range(len(indices))])
