"""Iterations: every state that a question's results ever had in git, with the discussion written under each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from expkit.errors import CheckFailed, InvalidDeclaration
from expkit.outcomes.committed import committed_files
from expkit.outcomes.difference import Difference, difference
from expkit.outcomes.document import written_part, written_sections
from expkit.outcomes.iteration import same_results, wordings
from expkit.outcomes.serialise import parse_evidence
from expkit.outcomes.write import read_text
from expkit.project.paths import Paths
from expkit.project.read import parse_declarations
from expkit.provenance.commits import Commit, commits_touching
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
    unreadable: int
    """How many commits hold an evidence that this version of expkit does not read."""


def chronicle(paths: Paths, history: History, question: str) -> Chronicle:
    """Every iteration of a question that git remembers up to HEAD, and the work tree's where it has others.

    Commits that leave parameters, results and verdicts as they were are part of the iteration before. A renamed
    question is not followed.
    """
    evidences = dict(history.versions(paths.relative(paths.evidence(question))))
    documents = dict(history.versions(paths.relative(paths.outcome(question))))
    found: list[Iterated] = []
    unreadable = 0
    states: list[tuple[Commit | None, bytes | None, str | None]] = [
        (commit, evidences.get(commit.id), _decoded(documents.get(commit.id)))
        for commit in commits_touching(paths.root, paths.relative(paths.evidence(question).parent))
    ]
    with suppress(OSError):
        states.append((None, paths.evidence(question).read_bytes(), None))
    # read apart: without evidence in the work tree, words that are there still belong to the last iteration
    states.append((None, None, read_text(paths.outcome(question))))
    for commit, content, document in states:
        if content is not None:
            try:
                evidence = parse_evidence(content, where=question)
            except CheckFailed:
                unreadable += 1
            else:
                if found and same_results(evidence, found[-1].evidence):
                    found[-1] = replace(found[-1], evidence=evidence)
                else:
                    number = len(found) + 1
                    found.append(
                        Iterated(number=number, commit=commit, evidence=evidence, statements={}, discussion={})
                    )
        if found and document is not None:
            found[-1] = replace(found[-1], discussion=written_sections(written_part(document)))
    worded = tuple(_worded(one, history, question) for one in found)
    changes = [difference(then.evidence, now.evidence) for then, now in pairwise(worded)]
    return Chronicle(iterations=worded, changes=(None, *changes) if worded else (), unreadable=unreadable)


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
