"""Ingesting: a table of results that exist already becomes a file, an experiment and the start of a question.

Everything is checked before anything is written: what a project could not read is not put into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from expkit.errors import InvalidDeclaration, InvalidUsage, NotWritable
from expkit.project.crosscheck import FEWEST_SEEDS
from expkit.project.guesses import Asked, Columns, columns
from expkit.project.names import listed, suggestion
from expkit.project.paths import RESULTS, Paths
from expkit.project.read import declared_files, parse_declarations
from expkit.project.results import NoResults, RecordedTrials, header, read_results
from expkit.project.skeleton import Compared, experiment_text, question_text
from expkit.specs.program import Measured, Recorded

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Somebody's results: a CSV file's bytes, and where they came from."""

    content: bytes
    name: str
    """What messages about its lines call it."""
    source: str
    """For the reader of an outcome."""
    chosen: str = ""
    """For the same: how its rows were chosen, where they are not all there is."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person said of a table; None for what is to be guessed."""

    question: str
    title: str | None = None
    experiment: str | None = None
    arm: str | None = None
    seed: str | None = None
    metrics: tuple[Asked, ...] = ()
    treatment: str | None = None
    control: str | None = None
    force: bool = False
    """Whether an earlier file and experiment of that id may be replaced."""


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What became of a table."""

    experiment: str
    question: str
    written: tuple[str, ...]
    """Paths relative to the root."""
    remarks: tuple[str, ...]
    """What was guessed, and what is left to do by hand."""
    trials: Mapping[str, int]
    """How many there are of each arm, by its name."""


def ingest(root: Path, table: Table, wanted: Wanted) -> Ingested:
    """Put a table into the project at a root, with the declarations that make it answer a question.

    A question that exists stays as it is.

    Raises:
        InvalidUsage: a column, an arm or an id that cannot be meant, or files that are there already.
        InvalidDeclaration: mistakes in the table, or in what the project declares already.
        NotWritable: a file cannot be written; those before it are.
    """
    paths, experiment = Paths(root), wanted.experiment or _id(Path(table.name).stem)
    for kind, name in (("question", wanted.question), ("experiment", experiment)):
        if not _ID.fullmatch(name):
            mend = "take lower-case letters, digits, '-' and '_', starting with a letter or a digit"
            raise InvalidUsage(f"{name!r} cannot be the id of {'an' if kind[0] == 'e' else 'a'} {kind}", mend=mend)
    file = f"{RESULTS}/{experiment}.csv"
    try:
        taken = columns(
            header(table.name, table.content),
            where=table.name,
            arm=wanted.arm,
            seed=wanted.seed,
            metrics=wanted.metrics,
        )
        trials = _trials(table, file, taken)
    except NoResults as refused:
        mistakes = [replace(one, file=table.name) for one in refused.mistakes]
        raise InvalidDeclaration(mistakes, within=table.name) from refused
    arms = _names(trials)
    compared, guessed = _compared(wanted, arms, trials)
    written = {
        file: table.content,
        paths.relative(paths.experiment(experiment)): experiment_text(
            experiment=experiment,
            title=wanted.title or f"Results of {table.source}",
            file=file,
            arm=taken.arm,
            seed=taken.seed,
            metrics=taken.metrics,
            binary=_binary(taken, trials),
            arms=arms,
            source=f"{table.source}{'; ' * bool(table.chosen)}{table.chosen}",
        ).encode(),
    }
    remarks = [*taken.guessed, *guessed]
    place = paths.relative(paths.question(wanted.question))
    _refuse_to_overwrite(root, written, force=wanted.force)
    if paths.question(wanted.question).exists():
        remarks.append(f"{place} is there already and stays as it is: see that it lists the experiment {experiment}")
    else:
        written[place] = question_text(
            question=wanted.question,
            title=wanted.title or f"What {experiment} says",
            experiment=experiment,
            metric=taken.metrics[0],
            compared=compared,
        ).encode()
    declared = {name: content for name, content in declared_files(root).items() if not place.startswith(name)}
    parse_declarations(declared | written)
    changed = tuple(name for name, content in written.items() if _write(root / name, content))
    counts = {name: len(trials[value].trials) for name, value in arms.items()}
    return Ingested(
        experiment=experiment, question=wanted.question, written=changed, remarks=tuple(remarks), trials=counts
    )


def _trials(table: Table, file: str, taken: Columns) -> Mapping[str, RecordedTrials]:
    for metric in taken.metrics:
        if not _METRIC.fullmatch(metric.name):
            raise InvalidUsage(
                f"the column {metric.name!r} cannot be a metric",
                where=table.name,
                why="a metric's name has letters, digits, '_', '.', '/' and '-', and starts with a letter or '_'",
                mend="rename the column in the first row",
            )
    declared = {metric.name: Measured(definition=metric.name) for metric in taken.metrics}
    trainer = Recorded(kind="recorded", file=file, arm=taken.arm, seed=taken.seed, metrics=declared)
    return read_results(table.name, table.content, trainer)


def _names(trials: Mapping[str, RecordedTrials]) -> dict[str, str]:
    """What the table calls each arm, by a name that an arm can have."""
    names: dict[str, str] = {}
    for value in trials:
        name = base = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-_.")[:50] or "arm"
        number = 1
        while name in names:
            number += 1
            name = f"{base}-{number}"
        names[name] = value
    return names


def _compared(
    wanted: Wanted, arms: Mapping[str, str], trials: Mapping[str, RecordedTrials]
) -> tuple[Compared, list[str]]:
    """The arms of the first hypothesis, and what was guessed of them."""

    def named(given: str) -> str:
        for name, value in arms.items():
            if given in (name, value):
                if len(trials[value].trials) < FEWEST_SEEDS:
                    raise _too_few(f"{value!r} has {len(trials[value].trials)}")
                return name
        raise InvalidUsage(f"there is no arm {given!r}", mend=suggestion(given, trials))

    treatment = named(wanted.treatment) if wanted.treatment is not None else None
    control = named(wanted.control) if wanted.control is not None else None
    if treatment and treatment == control:
        raise InvalidUsage("--treatment and --control are the same arm", mend="name another one")
    if treatment and control:
        return Compared(treatment=treatment, control=control), []
    enough = (name for name, value in arms.items() if len(trials[value].trials) >= FEWEST_SEEDS)
    others = [name for name in enough if name not in (treatment, control)]
    if control is None and (treatment or len(others) > 1):
        control = others.pop(0) if others else None  # the first of a table is often the baseline
    treatment = treatment or (others[0] if others else None)
    if treatment is None:
        raise _too_few(f"only {control} has as many" if control else "no arm has as many")
    against = control or "a constant"
    said = f"the first hypothesis holds {treatment} against {against}; other arms: --treatment ARM --control ARM"
    return Compared(treatment=treatment, control=control), [said]


def _too_few(why: str) -> InvalidUsage:
    return InvalidUsage(
        f"a test takes at least {FEWEST_SEEDS} trials of an arm, and {why}", mend="add the rows of more seeds"
    )


def _binary(taken: Columns, trials: Mapping[str, RecordedTrials]) -> list[str]:
    """The metrics that are 0 or 1 in every trial, and not always the same."""
    values = [row.values for arm in trials.values() for row in arm.trials]
    columns_of = {metric.name: {row[k] for row in values} - {None} for k, metric in enumerate(taken.metrics)}
    return [name for name, seen in columns_of.items() if seen == {0.0, 1.0}]


def _refuse_to_overwrite(root: Path, written: Mapping[str, bytes], *, force: bool) -> None:
    there = [name for name, content in written.items() if (root / name).exists() and not _is(root / name, content)]
    if there and not force:
        raise InvalidUsage(
            f"{listed(there)} {'is' if len(there) == 1 else 'are'} there already, with other content",
            mend="take another --experiment, or replace what is there with --force",
        )


def _is(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _write(file: Path, content: bytes) -> bool:
    """Whether a file was written: not where it has that content already."""
    if _is(file, content):
        return False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise NotWritable(
            f"{file.name} cannot be written",
            where=str(file),
            why=error.strerror,
            mend=f"make {file.parent} a folder that can be written to, then type the same command again",
        ) from error
    return True


def _id(stem: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_")[:60] or RESULTS


def readable(path: Path) -> Table:
    """The table in a file.

    Raises:
        InvalidUsage: it cannot be read.
    """
    try:
        return Table(content=path.read_bytes(), name=str(path), source=path.name)
    except OSError as error:
        raise InvalidUsage(
            "the file cannot be read",
            where=str(path),
            why=error.strerror,
            mend="name a CSV file, or mlflow:NAME for the runs of an MLflow experiment",
        ) from error
