"""Declared files as specs: every question and experiment of a project, or every mistake in them at once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from expkit.errors import InvalidDeclaration, InvalidUsage, Mistake
from expkit.project.agents import with_agents
from expkit.project.crosscheck import ExperimentFile, QuestionFile, crosscheck
from expkit.project.environments import TABLE_SUFFIXES, with_tables
from expkit.project.folder import Folder
from expkit.project.inputs import DeclaredInput
from expkit.project.mentioned import with_mentioned
from expkit.project.paths import ENVIRONMENTS, EXPERIMENTS, QUESTIONS
from expkit.project.programs import with_programs
from expkit.project.reach import unreachable
from expkit.project.recorded import with_results
from expkit.project.representations import with_maps
from expkit.project.root import project_id
from expkit.project.tables import LARGEST_TABLE
from expkit.project.unreadable import unreadable
from expkit.project.words import complaints
from expkit.project.yaml import LARGEST_FILE, Document, read_once
from expkit.specs.experiment import Experiment, ResolvedArm, resolved_as
from expkit.specs.question import Hypothesis, ResearchQuestion
from expkit.specs.resolve import Flaw, Unresolvable, resolve
from expkit.specs.targets import Target, resolve_targets
from expkit.specs.trainer import Tabular

_Model = TypeVar("_Model", bound=BaseModel)

_QUESTION = re.compile(rf"{QUESTIONS}/(?P<id>[^/]+)/question\.yaml")
_QUESTION_FOLDER = re.compile(rf"{QUESTIONS}/(?P<id>[^/._][^/]*)/")
_EXPERIMENT = re.compile(rf"{EXPERIMENTS}/(?P<id>[^/]+)\.yaml")
_MISPLACED_QUESTION = re.compile(rf"{QUESTIONS}/(?P<id>[^/]+)\.ya?ml")
_OTHER_ENDING = re.compile(rf"{QUESTIONS}/[^/]+/question\.yml|{EXPERIMENTS}/[^/]+\.yml")


@dataclass(frozen=True, kw_only=True)
class Declarations:
    """What a set of files declares, by id."""

    questions: dict[str, ResearchQuestion]
    experiments: dict[str, Experiment]
    inputs: tuple[DeclaredInput, ...] = ()
    """What experiments read beside these files."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project as it is declared: where it is, what it is called, its questions and experiments by id."""

    root: Path
    id: str
    questions: dict[str, ResearchQuestion]
    experiments: dict[str, Experiment]


def read_project(root: Path) -> Project:
    """The project at a root.

    Raises:
        InvalidDeclaration: mistakes in its files, all of them.
        InvalidUsage: a file cannot be read at all.
    """
    declarations = parse_declarations(declared_files(root))
    if mistakes := [mistake for one in declarations.inputs for mistake in one.objections(root)]:
        raise InvalidDeclaration(mistakes)
    return Project(
        root=root, id=project_id(root), questions=declarations.questions, experiments=declarations.experiments
    )


def declared_files(root: Path) -> dict[str, bytes]:
    """The content of every declared file of the project at a root, and of what they mention, by path below the root.

    A question's folder that holds no `question.yaml` is there too, as `research_questions/<id>/` with no content, so
    that its lack is seen. Of `results/`, only files are there that an experiment names, and of modules those. Symbolic
    links to tables and results are not followed: a commit would hold the link alone.

    Raises:
        InvalidUsage: a file cannot be read.
    """
    files: dict[str, bytes] = {}
    for folder in sorted((root / QUESTIONS).glob("*/")):
        name = f"{QUESTIONS}/{folder.name}/"
        declared = [file for file in folder.iterdir() if file.name in ("question.yaml", "question.yml")]
        files |= {f"{name}{file.name}": _content(file) for file in declared} or {name: b""}
    for place, ending in ((QUESTIONS, "*.yaml"), (QUESTIONS, "*.yml"), (EXPERIMENTS, "*.yaml"), (EXPERIMENTS, "*.yml")):
        files |= {f"{place}/{file.name}": _content(file) for file in sorted((root / place).glob(ending))}
    return with_mentioned(files | _tables(root), Folder(root))


def _tables(root: Path) -> dict[str, bytes]:
    """The content of every table below `environments/`."""
    tables: dict[str, bytes] = {}
    for folder, folders, names in os.walk(root / ENVIRONMENTS):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if Path(folder).is_symlink():
            break
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix in TABLE_SUFFIXES and not file.is_symlink():
                tables[file.relative_to(root).as_posix()] = _content(file, LARGEST_TABLE)
    return tables


def _content(file: Path, largest: int = LARGEST_FILE) -> bytes:
    if file.exists() and not file.is_file():
        raise InvalidUsage("this is no file", where=str(file), mend="a name that ends in .yaml is a declaration's")
    try:
        with file.open("rb") as opened:
            return opened.read(largest + 1)  # one more than is read, so that a larger file is seen as such
    except OSError as error:
        raise unreadable(file, error) from error


def parse_declarations(files: Mapping[str, bytes]) -> Declarations:
    """What files declare. Other files beside them (`outcome.md`, `evidence.json`, figures) are passed over.

    Args:
        files: contents by path, relative to the project's root, with `/`.

    Raises:
        InvalidDeclaration: mistakes in these files, all of them.
    """
    return _parse_declarations(tuple(sorted(files.items())))


@lru_cache(maxsize=8)  # several questions are often registered at one commit, whose files are often today's
def _parse_declarations(sorted_files: tuple[tuple[str, bytes], ...]) -> Declarations:
    files = dict(sorted_files)
    mistakes = _misplaced(files)
    questions: dict[str, ResearchQuestion] = {}
    experiments: dict[str, Experiment] = {}
    question_files: list[QuestionFile] = []
    experiment_files: dict[str, ExperimentFile] = {}
    for file, content in files.items():
        if matched := _EXPERIMENT.fullmatch(file):
            document = _document(file, content)
            experiment = _validated(document, Experiment, matched["id"])
            arms = _arms(document, experiment) if experiment else None
            targets = _targets(document, experiment) if experiment else None
            if experiment and arms is not None:
                experiment, compiled = with_tables(document, experiment, arms, targets or (), files)
                experiment, shown = with_maps(document, experiment, files)
                experiment, unreadable = with_results(document, experiment, arms, files)
                experiment, versioned = with_programs(document, experiment, arms, files)
                experiment, unmade = with_agents(document, experiment, arms, files)
                mistakes += [*compiled, *shown, *unreadable, *versioned, *unmade]
                arms = {arm.name: arm for arm in resolve(experiment)}
                if targets and not compiled:
                    targets = resolve_targets(experiment)
                    mistakes += unreachable(document, experiment, arms, targets)
            experiment_files[matched["id"]] = ExperimentFile(
                document=document, experiment=experiment, arms=arms, targets=targets
            )
            mistakes += document.mistakes
            if experiment:
                experiments[experiment.id] = experiment
        elif matched := _QUESTION.fullmatch(file):
            document = _document(file, content)
            question = _validated(document, ResearchQuestion, matched["id"])
            question_files.append(_question_file(document, matched["id"], question))
            mistakes += document.mistakes
            if question:
                questions[question.id] = question
    mistakes += crosscheck(question_files, experiment_files)
    if mistakes:
        raise InvalidDeclaration(list(dict.fromkeys(mistakes)))
    inputs = [
        DeclaredInput(name=name, input=one, document=file.document)
        for file in experiment_files.values()
        if file.experiment
        for name, one in file.experiment.inputs.items()
    ]
    return Declarations(questions=questions, experiments=experiments, inputs=tuple(inputs))


def _document(file: str, content: bytes) -> Document:
    """One file's document, with mistakes that can be added to."""
    read = read_once(file, content)
    return replace(read, mistakes=list(read.mistakes))


def _misplaced(files: Mapping[str, bytes]) -> list[Mistake]:
    """Files that look declared and are not where, or not named as, a declaration is."""
    mistakes = []
    folders = {matched["id"] for file in files if (matched := _QUESTION_FOLDER.match(file))}
    for folder in folders:
        names = [f"{QUESTIONS}/{folder}/question.{ending}" for ending in ("yaml", "yml")]
        if not any(name in files for name in names):
            why = f"the folder {QUESTIONS}/{folder} holds no question.yaml"
            valid = "every folder here is a question: write the file, or delete the folder"
            mistakes.append(Mistake(file=names[0], line=1, column=1, why=why, valid=valid))
    for file in files:
        if _OTHER_ENDING.fullmatch(file):
            why, valid = "files that end in .yml are not read", f"rename it to {file.removesuffix('.yml')}.yaml"
            mistakes.append(Mistake(file=file, line=1, column=1, why=why, valid=valid))
        elif matched := _MISPLACED_QUESTION.fullmatch(file):
            why, valid = "a question has a folder of its own", f"move it to {QUESTIONS}/{matched['id']}/question.yaml"
            mistakes.append(Mistake(file=file, line=1, column=1, why=why, valid=valid))
    return mistakes


def _validated(document: Document, model: type[_Model], name: str) -> _Model | None:
    """A document as a spec, or None with the mistakes added to the document; its id must be the file's name."""
    if not document.readable:
        return None
    what = "question" if model is ResearchQuestion else "experiment"
    declared, mistakes = _parsed(model, document.value), []
    if isinstance(declared, ValidationError):
        errors = declared.errors(include_url=False)
        for one in complaints(model, errors, top=f"the {what}", refused=document.refused):
            mistakes.append(document.mistake(one.location, one.why, one.valid, key=one.on_key))
    given = document.value.get("id") if isinstance(document.value, dict) else None
    if isinstance(given, str) and given != name:
        place = "folder" if what == "question" else "file"
        why = f"the id {given!r} differs from the {place}'s name {name!r}"
        mistakes.append(document.mistake(("id",), why, f"write id: {name}, or rename the {place}"))
    refused = bool(document.mistakes)
    document.mistakes += mistakes
    return None if refused or mistakes or isinstance(declared, ValidationError) else declared


def _parsed(model: type[_Model], value: object) -> _Model | ValidationError:
    """A plain value, validated as the JSON it is, so that a list is a tuple and nothing else is converted."""
    try:
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        return error


def _arms(document: Document, experiment: Experiment) -> dict[str, ResolvedArm] | None:
    """The resolved arms by name, or None with the mistakes added to the document."""
    try:
        return {arm.name: arm for arm in resolve(experiment)}
    except Unresolvable as unresolvable:
        model = resolved_as({"kind": experiment.trainer.kind})
        for flaw in unresolvable.flaws:
            document.mistakes += _flawed(document, flaw, model)
        return None


def _targets(document: Document, experiment: Experiment) -> tuple[Target, ...] | None:
    """The resolved environments of `evaluate_on`, or None with the mistakes added to the document."""
    if experiment.environment is None and isinstance(experiment.trainer, Tabular):
        return None  # which has been said
    try:
        return resolve_targets(experiment)
    except Unresolvable as unresolvable:
        for flaw in unresolvable.flaws:
            document.mistakes += _flawed(document, flaw, Target)
        return None


def _flawed(document: Document, flaw: Flaw, model: type[BaseModel]) -> list[Mistake]:
    if flaw.error is None:
        return [document.mistake(flaw.location, flaw.why, flaw.valid, key=flaw.location[:-1] == ("sweep", "vary"))]
    top = f"environment {flaw.target}" if flaw.target else f"arm {flaw.arm}"
    return [
        document.mistake(flaw.location, f"{top}: {one.why}", one.valid, key=one.on_key)
        for one in complaints(model, [flaw.error], top=top)
    ]


def _question_file(document: Document, name: str, question: ResearchQuestion | None) -> QuestionFile:
    """What can be checked against other files: of a question with mistakes, the hypotheses without."""
    if question:
        return QuestionFile(
            document=document,
            id=name,
            experiments=dict(enumerate(question.experiments)),
            hypotheses=dict(enumerate(question.hypotheses)),
        )
    plain: dict[str, Any] = document.value if document.readable and isinstance(document.value, dict) else {}
    listed, stated = plain.get("experiments"), plain.get("hypotheses")
    parsed = {i: _parsed(Hypothesis, one) for i, one in enumerate(stated if isinstance(stated, list) else ())}
    return QuestionFile(
        document=document,
        id=name,
        experiments={i: one for i, one in enumerate(listed) if isinstance(one, str)}
        if isinstance(listed, list)
        else None,
        hypotheses={i: one for i, one in parsed.items() if isinstance(one, Hypothesis)},
    )
