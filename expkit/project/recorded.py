"""Experiments on results that exist already: their files, which rows are whose, and everything wrong with either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from expkit.errors import Mistake
from expkit.project.names import listed, suggestion
from expkit.project.paths import EXPERIMENTS, RESULTS
from expkit.project.results import NoResults, RecordedTrials, read_results
from expkit.project.yaml import Document
from expkit.specs.experiment import Experiment, RecordedArm, RecordedRows, ResolvedArm

_NAMED = re.compile(rb"\bresults/[A-Za-z0-9_./-]+\.csv\b")


def named_results(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files below `results/` that declared experiments speak of: the only ones there that are ever read.

    Args:
        files: contents by path, as they are declared.
    """
    named = {
        found.decode()
        for file, content in files.items()
        if file.startswith(f"{EXPERIMENTS}/") and b"recorded" in content
        for found in _NAMED.findall(content)
    }
    return tuple(sorted(file for file in named if ".." not in file.split("/")))


def with_results(
    document: Document, experiment: Experiment, arms: Mapping[str, ResolvedArm], files: Mapping[str, bytes]
) -> tuple[Experiment, list[Mistake]]:
    """An experiment that knows the rows of its recorded arms, and every mistake in the files that hold them.

    Args:
        document: the experiment's file.
        experiment: what it declares.
        arms: its arms, resolved, by name.
        files: every declared file by its path, those below `results/` among them.
    """
    recorded = [arm for arm in arms.values() if isinstance(arm, RecordedArm)]
    found: dict[tuple[str, str], RecordedRows] = {}
    mistakes: list[Mistake] = []
    for trainer in {arm.trainer.rows: arm.trainer for arm in recorded}.values():
        own = [arm for arm in recorded if arm.trainer.rows == trainer.rows]
        if trainer.file not in files:
            mistakes.append(_absent(document, own[0], files))
            continue
        try:
            trials = read_results(trainer.file, files[trainer.file], trainer)
        except NoResults as refused:
            mistakes += refused.mistakes
            continue
        mistakes += _unmatched(document, experiment, own, trials)
        for arm in own:
            if arm.recorded_as in trials:
                found[trainer.rows, arm.recorded_as] = trials[arm.recorded_as].rows
    if not mistakes:
        mistakes += _unpaired(document, recorded, found)
    return (experiment.with_recorded(found) if found else experiment), mistakes


def _absent(document: Document, arm: RecordedArm, files: Mapping[str, bytes]) -> Mistake:
    """What is said of a file that is not there."""
    file = arm.trainer.file
    at = ("arms", arm.name, "trainer", "file")
    place = at if at in document.values else ("trainer", "file")
    if ".." in file.split("/"):
        return document.mistake(place, f"{file} leads out of its folder", f"write the path from {RESULTS}/ downwards")
    others = [name for name in files if name.startswith(f"{RESULTS}/")]
    valid = suggestion(file, others) if others else "put the file there; expkit ingest FILE.csv copies it"
    return document.mistake(place, f"there is no file {file}; symbolic links are not followed", valid)


def _unmatched(
    document: Document, experiment: Experiment, arms: list[RecordedArm], trials: Mapping[str, RecordedTrials]
) -> Iterator[Mistake]:
    """Arms without rows, arms that share rows, and rows without an arm."""
    trainer = arms[0].trainer
    taken: dict[str, str] = {}
    for arm in arms:
        place = ("arms", arm.name, "recorded_as")
        if arm.recorded_as not in trials:
            why = f"{trainer.file} has no rows of arm {arm.recorded_as!r}"
            yield document.mistake(place, why, suggestion(arm.recorded_as, trials))
        elif arm.recorded_as in taken:
            why = f"the arms {taken[arm.recorded_as]} and {arm.name} are the same rows under two names"
            yield document.mistake(place, why, "declare one of them")
        taken.setdefault(arm.recorded_as, arm.name)
    for name in trainer.ignored:
        if name in taken or name not in trials:
            said = f"is arm {taken[name]}" if name in taken else f"is in no row of {trainer.file}"
            yield document.mistake(("trainer", "ignored"), f"the ignored {name!r} {said}", "leave it out of ignored")
    if left := [name for name in trials if name not in taken and name not in trainer.ignored]:
        first = trials[left[0]]
        why = f"{document.file} declares no arm for {listed(repr(name) for name in left)}"
        valid = f"declare one, or say in the trainer that they are left out: ignored: [{', '.join(left)}]"
        yield Mistake(file=trainer.file, line=first.line, column=first.column, why=why, valid=valid)


def _unpaired(
    document: Document, arms: list[RecordedArm], found: Mapping[tuple[str, str], RecordedRows]
) -> Iterator[Mistake]:
    """Where pairs are declared, a seed that one arm has and another lacks."""
    if not arms or arms[0].trainer.streams == "independent":
        return
    first, *others = arms
    seeds = set(found[first.trainer.rows, first.recorded_as].seeds)
    for arm in others:
        odd = seeds.symmetric_difference(found[arm.trainer.rows, arm.recorded_as].seeds)
        if odd:
            why = f"the arms {first.name} and {arm.name} are no pairs: only one of them has seed {listed(sorted(odd))}"
            valid = "add the missing rows (with empty cells where a trial failed), or leave streams out"
            yield document.mistake(("trainer", "streams"), why, valid)
