"""Iterations: every state that a question's results ever had in git, with the discussion written under each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath

from expkit.errors import CheckFailed, InvalidDeclaration
from expkit.outcomes.archive import registrations_in
from expkit.outcomes.committed import committed_files
from expkit.outcomes.difference import Difference, difference
from expkit.outcomes.document import written_part, written_sections
from expkit.outcomes.iteration import same_results, wordings
from expkit.outcomes.serialise import parse_evidence
from expkit.outcomes.write import read_text
from expkit.project.paths import QUESTIONS, Paths
from expkit.project.read import parse_declarations
from expkit.provenance.commits import Commit, commits_touching, renames
from expkit.provenance.history import History
from expkit.records.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Iterated:
    """One iteration of a question.

    It lasts from the commit that brought its results to the one that brought others.
    """

    number: int
    """From 1, the oldest."""
    commit: Commit | None
    """The first that holds these results; None while no commit does."""
    evidence: Evidence
    """As its last commit left it: a wording or a registration may have been added to it."""
    statements: dict[str, str | None]
    """The text of every hypothesis by its id; None for a wording that was not kept."""
    discussion: dict[str, str]
    """What was written under it in the end, by heading; empty where nobody wrote anything."""


@dataclass(frozen=True, kw_only=True)
class Chronicle:
    """All iterations of a question, oldest first, and what each changed."""

    iterations: tuple[Iterated, ...]
    changes: tuple[Difference | None, ...]
    """Of each iteration what it changed since the one before; None of the first."""
    formerly: tuple[str, ...]
    """What the question was called before, oldest first."""
    unreadable: int
    """How many commits hold an evidence that this version of expkit does not read."""


@dataclass(frozen=True, kw_only=True)
class _State:
    """A question as one commit or the work tree holds it, under the name that it has there."""

    question: str
    commit: Commit | None
    evidence: bytes | None
    document: str | None


def chronicle(paths: Paths, history: History, question: str) -> Chronicle:
    """Every iteration of a question that git remembers up to HEAD, and the work tree's where it has others.

    Commits that leave parameters, results and verdicts as they were are part of the iteration before. A question whose
    folder was renamed is followed.
    """
    names = _names(paths, history, question)
    found: list[Iterated] = []
    called: list[str] = []
    unreadable = 0
    states = _states(paths, history, names)
    with suppress(OSError):
        evidence = paths.evidence(question).read_bytes()
        states.append(_State(question=question, commit=None, evidence=evidence, document=None))
    # read apart: without evidence in the work tree, words that are there still belong to the last iteration
    words = read_text(paths.outcome(question))
    states.append(_State(question=question, commit=None, evidence=None, document=words))
    for state in states:
        if state.evidence is not None:
            try:
                evidence_then = parse_evidence(state.evidence, where=state.question)
            except CheckFailed:
                unreadable += 1
            else:
                if found and same_results(evidence_then, found[-1].evidence):
                    found[-1] = replace(found[-1], evidence=evidence_then)
                else:
                    number = len(found) + 1
                    found.append(
                        Iterated(
                            number=number, commit=state.commit, evidence=evidence_then, statements={}, discussion={}
                        )
                    )
                    called.append(state.question)
        if found and state.document is not None:
            found[-1] = replace(found[-1], discussion=written_sections(written_part(state.document)))
    worded = tuple(_worded(one, history, name) for one, name in zip(found, called, strict=True))
    changes = [difference(then.evidence, now.evidence) for then, now in pairwise(worded)]
    return Chronicle(
        iterations=worded,
        changes=(None, *changes) if worded else (),
        formerly=tuple(name for name, _ in names[:-1]),
        unreadable=unreadable,
    )


def _names(paths: Paths, history: History, question: str) -> list[tuple[str, str | None]]:
    """What a question was called, oldest first, each with the commit that gave it the next name; None: none yet.

    A rename is what git takes for one of its evidence or its declaration; one that is not committed yet, evidence with
    registrations of a question that HEAD has and the work tree has not.
    """
    names: list[tuple[str, str | None]] = [(question, None)]
    new = not commits_touching(paths.root, paths.relative(paths.question(question).parent))
    if new and (former := _left_behind(paths, history, question)):
        names.insert(0, (former, None))
    for one in renames(paths.root, QUESTIONS):
        then, now = PurePosixPath(one.then).parts, PurePosixPath(one.now).parts
        followed = len(then) == len(now) == 3 and now[2] in ("evidence.json", "question.yaml", "question.yml")
        if followed and now[1] == names[0][0] and then[1] not in [name for name, _ in names]:
            names.insert(0, (then[1], one.commit))
    return names


def _left_behind(paths: Paths, history: History, question: str) -> str | None:
    """The question of HEAD that the work tree has no folder of and whose registrations this one has."""
    try:
        here = set(_entries(paths.evidence(question).read_bytes()))
    except OSError:
        return None
    head = history.head or ""
    held = (place for place in history.names(head) if place.startswith(f"{QUESTIONS}/"))
    for place in (place for place in held if place.endswith("/evidence.json")):
        name = PurePosixPath(place).parent.name
        if not paths.question(name).parent.exists() and here & set(_entries(history.read(head, place) or b"")):
            return name
    return None


def _entries(evidence: bytes) -> Iterator[str]:
    return (entry.model_dump_json() for entry in registrations_in(evidence))


def _states(paths: Paths, history: History, names: Sequence[tuple[str, str | None]]) -> list[_State]:
    """What commits hold of a question under each of its names, oldest first."""
    states = []
    for name, renamed in names:
        evidences = dict(history.versions(paths.relative(paths.evidence(name))))
        documents = dict(history.versions(paths.relative(paths.outcome(name))))
        for commit in commits_touching(paths.root, paths.relative(paths.evidence(name).parent)):
            if commit.id == renamed:
                break
            states.append(
                _State(
                    question=name,
                    commit=commit,
                    evidence=evidences.get(commit.id),
                    document=_decoded(documents.get(commit.id)),
                )
            )
    return states


def _worded(one: Iterated, history: History, question: str) -> Iterated:
    """An iteration with the texts of its hypotheses: evidence keeps digests of wordings, declarations the words."""
    texts = wordings(one.evidence)
    if one.commit and any(hypothesis.wording_digest not in texts for hypothesis in one.evidence.hypotheses):
        with suppress(InvalidDeclaration):
            declared = parse_declarations(committed_files(history, one.commit.id)).questions.get(question)
            texts = wordings(one.evidence, (asked.statement for asked in declared.hypotheses) if declared else ())
    return replace(one, statements={asked.id: texts.get(asked.wording_digest) for asked in one.evidence.hypotheses})


def _decoded(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="replace")
