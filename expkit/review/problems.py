"""Problems: what speaks against a change, each at its file and line: what `check` finds, and what the change does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from expkit.errors import Mistake
from expkit.outcomes.checks.finding import Finding, Severity
from expkit.project.paths import QUESTIONS
from expkit.project.yaml import read_yaml
from expkit.review.changes import Changes
from expkit.review.results import Results

_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
REDRAWN = "a figure without other numbers"
"""What a problem with a figure is called that changed alone."""
_ORDER: tuple[Severity, ...] = ("failure", "warning", "note")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that a reviewer has to see, at a place in a file of the head. Plain text."""

    severity: Severity
    """A failure must not be merged."""
    file: str
    """Relative to the project's root, with `/`."""
    title: str
    what: str
    mend: str | None = None
    line: int = 1
    column: int | None = None
    checked: bool = False
    """Whether it is one of `expkit check`, which no other part of a review tells."""
    untouched: str | None = None
    """The question that it is found in, where the change touches nothing of that."""

    @property
    def before(self) -> str | None:
        """Of a question that the change does not touch, a sentence that says so."""
        if self.untouched is None:
            return None
        return f"It seems to have been there before: this change touches nothing of {self.untouched}."


def problems(
    findings: Sequence[Finding],
    changed: Changes,
    moved: Results,
    files: Mapping[str, bytes],
    base: str,
    untouched: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Everything that speaks against a change, the worst first.

    Args:
        findings: what `check` says of the head.
        changed: what is declared otherwise than in the base.
        moved: what the evidence says otherwise.
        files: those of the head, by path.
        base: the commit of the base.
        untouched: questions that the change has nothing to do with.
    """
    found = [
        *_of_changes(changed, files),
        *_of_results(moved, base, _formers(changed)),
        *(_of_check(one, untouched) for one in findings),
    ]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))


def of_mistake(mistake: Mistake) -> Problem:
    """A mistake in a declared file, as a problem."""
    return Problem(
        severity="failure",
        file=mistake.file,
        line=mistake.line,
        column=mistake.column,
        title="invalid declaration",
        what=mistake.why,
        mend=mistake.valid,
    )


def _of_check(finding: Finding, untouched: Collection[str]) -> Problem:
    placed = _LINE.fullmatch(finding.file)
    folder, _, below = finding.file.partition("/")
    question = below.partition("/")[0] if folder == QUESTIONS else ""
    return Problem(
        severity=finding.severity,
        file=placed["file"] if placed else finding.file,
        line=int(placed["line"]) if placed else 1,
        column=int(placed["column"]) if placed and placed["column"] else None,
        title="expkit check",
        checked=True,
        untouched=question if question in untouched else None,
        what=finding.what,
        mend=finding.mend,
    )


def _of_changes(changed: Changes, files: Mapping[str, bytes]) -> Iterator[Problem]:
    for one in changed.hypotheses:
        file = f"{QUESTIONS}/{one.question}/question.yaml"
        if one.overclaimed:
            why = "after its data existed" if one.after_data else "while an earlier draw of it is dropped"
            yield Problem(
                severity="failure",
                file=f"{QUESTIONS}/{one.question}/evidence.json",
                title="claims to be confirmatory",
                what=f"{one.hypothesis} was {one.deed} {why}, and evidence.json calls it confirmatory",
                mend=f"delete the file, then: expkit run {one.question}",
            )
        elif one.after_data and one.deed in ("added", "amended", "removed"):
            yield Problem(
                severity="warning",
                file=file,
                line=_line(files.get(file), one.hypothesis),
                title=f"{one.deed} after its data existed",
                what=f"{one.hypothesis} was {one.deed} after its data existed",
                mend="; ".join(f"{shift.name}: {shift.then or 'none'} -> {shift.now or 'none'}" for shift in one.shifts)
                or None,
            )
    for asked in changed.questions:
        if asked.after_data and asked.deed in ("added", "amended"):
            what = f"the family of {asked.question}" if asked.deed == "amended" else asked.question
            yield Problem(
                severity="warning",
                file=f"{QUESTIONS}/{asked.question}/question.yaml",
                title=f"{asked.deed} after its data existed",
                what=f"{what} was {asked.deed} after its data existed",
            )


def _formers(changed: Changes) -> dict[str, str]:
    """What a question was called in the base, of those that were renamed."""
    return {one.question: one.former for one in changed.questions if one.former}


def _of_results(moved: Results, base: str, formers: Mapping[str, str]) -> Iterator[Problem]:
    questions = dict.fromkeys(question for question, _ in moved.gone)
    for question in questions:
        count = sum(one == question for one, _ in moved.gone)
        place = f"{QUESTIONS}/{question}/evidence.json"
        yield Problem(
            severity="failure",
            file=place,
            title="registrations removed",
            what=f"{count} of its registrations and replications {'is' if count == 1 else 'are'} gone or rewritten; "
            "they are only ever added to",
            mend=f"{_restore(base, formers.get(question, question), place)}, then "
            f"expkit run {question}; to give a hypothesis up, withdraw it",
        )
    for one in moved.forged:
        yield Problem(
            severity="failure",
            file=f"{QUESTIONS}/{one.question}/evidence.json",
            title="a number without a run",
            what=f"{one.what} of {one.name} was {one.then} and is {one.now}, and the digest of its results is the same",
            mend=f"git restore the file, or delete it and type expkit run {one.question}",
        )
    for one in moved.contradictions:
        yield Problem(
            severity="warning",
            file=f"{QUESTIONS}/{one.question}/evidence.json",
            title="the same trials, other numbers",
            what=f"{one.name}: {one.what} was {one.then} and is {one.now}, in the same trials",
            mend=f"execute them again: expkit reproduce {one.question}",
        )
    for question, figure in moved.redrawn:
        yield Problem(
            severity="warning",
            file=f"{QUESTIONS}/{question}/figures/{figure}",
            title=REDRAWN,
            what="was drawn anew, and no number behind it moved",
            mend=f"delete it, then: expkit outcome {question}, which draws it from evidence.json",
        )


def _restore(base: str, former: str, place: str) -> str:
    """What takes evidence from the base, where its question may have another name."""
    there = f"{QUESTIONS}/{former}/evidence.json"
    return f"git checkout {base[:12]} -- {place}" if place == there else f"git show {base[:12]}:./{there} > {place}"


def _line(content: bytes | None, hypothesis: str) -> int:
    """The line of a hypothesis in a question's file; the first where it is not there."""
    if content is None:
        return 1
    document = read_yaml("question.yaml", content)
    stated = document.value.get("hypotheses") if document.readable and isinstance(document.value, dict) else None
    for index, one in enumerate(stated if isinstance(stated, list) else ()):
        if isinstance(one, dict) and one.get("id") == hypothesis:
            return document.at(("hypotheses", index)).line
    return 1
