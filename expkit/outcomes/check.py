"""The check of a committed outcome: fresh, sound, drawn from its numbers, and true to git. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from expkit.errors import CheckFailed
from expkit.outcomes.archive import committed, committed_replications, read_records, read_redrawn
from expkit.outcomes.consistency import contradictions
from expkit.outcomes.document import SECTIONS, empty_sections, generated_part, visible, written_part
from expkit.outcomes.draws import Redrawn, untold
from expkit.outcomes.freshness import staleness
from expkit.outcomes.markdown.render import render
from expkit.outcomes.registration import Planned
from expkit.outcomes.serialise import read_evidence
from expkit.outcomes.standing import judge_by
from expkit.outcomes.tied import references, tied_numbers
from expkit.outcomes.verification import verify, verify_replications
from expkit.outcomes.wording import roots_phrase
from expkit.outcomes.write import figure_digest, read_text
from expkit.project.names import listed
from expkit.project.paths import Paths
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion

Severity = Literal["failure", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something a check found in a file: a failure says no, a warning asks for work, a note informs.

    `file` is relative to the project's root, with `:line` or `:line:column` behind it where that is known; `mend` says
    what to type or change, None where nothing has to be done.
    """

    severity: Severity
    file: str
    what: str
    mend: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}: {self.what}"
        return f"{text}\n  {self.mend}" if self.mend else text


def check_outcome(
    paths: Paths,
    history: History,
    *,
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    planned: Planned,
    standing: Sequence[Standing],
) -> tuple[Finding, ...]:
    """Everything that can be said against the outcome of a question without running it again.

    Args:
        paths: the project.
        history: its history.
        question: the question as it is declared now.
        experiments: at least its experiments, by id.
        planned: their arms; missing seeds do not matter.
        standing: every hypothesis of the project as it stands now, those of other questions included.
    """
    file = paths.evidence(question.id)
    place = paths.relative(file)
    try:
        evidence = read_evidence(file, where=place)
    except CheckFailed as error:
        said = f"{error.what}: {error.why}"
        return (Finding(severity="failure", file=place, what=said, mend=error.mend),)
    if evidence is None:
        return tuple(_without_evidence(paths, history, question))
    changes = staleness(evidence, question=question, experiments=experiments, planned=planned)
    again = f"expkit run {question.id}"
    findings = [
        Finding(severity="failure", file=place, what=f"stale: {change} since it was written", mend=again)
        for change in changes
    ]
    findings += [
        Finding(
            severity="failure",
            file=place,
            what=f"contradicts itself: {what}",
            mend=f"git restore {place}, or delete it; then {again}",
        )
        for what in contradictions(evidence)
    ]
    keys = {arm.key for name in question.experiments for arm in planned[name]}
    if not changes:
        findings += _draws(evidence, read_redrawn(paths, history, question.id, keys, standing), place)
    findings += _registrations(paths, history, evidence, question.id, keys, standing)
    findings += _replications(paths, history, evidence, question.id, keys)
    findings += _figures(paths, evidence, question.id)
    findings += _document(paths, question, evidence, fresh=not changes)
    return tuple(findings)


def _without_evidence(paths: Paths, history: History, question: ResearchQuestion) -> Iterator[Finding]:
    place, again = paths.relative(paths.evidence(question.id)), f"expkit run {question.id}"
    if paths.outcome(question.id).exists():
        yield Finding(
            severity="failure",
            file=paths.relative(paths.outcome(question.id)),
            what=f"there is no {place} that it could be written from",
            mend=again,
        )
    elif committed(paths, history, question.id):
        yield Finding(
            severity="warning",
            file=place,
            what="deleted; what git's history registers stays registered, and the draw counts as dropped",
            mend=f"{again}, or git restore {place}",
        )
    else:
        yield Finding(severity="note", file=place, what="not run yet", mend=again)


def _draws(evidence: Evidence, now: Mapping[str, Redrawn], place: str) -> Iterator[Finding]:
    again, alike = f"expkit run {evidence.question}", dict[str | None, list[str]]()
    for name in untold(evidence, now):
        drawn = now.get(name)
        alike.setdefault((drawn.objection or drawn.amendment) if drawn else None, []).append(name)
    for said, names in alike.items():
        if said:
            what = f"stale: an earlier draw of {listed(names)} was dropped since it was written\n  {said}"
            mend = f"put the question back that declared it, with its outcome; or let this outcome say so: {again}"
        else:
            what, mend = f"stale: it says that an earlier draw of {listed(names)} was dropped, and none is", again
        yield Finding(severity="failure", file=place, what=what, mend=mend)


def _registrations(
    paths: Paths, history: History, evidence: Evidence, question: str, keys: set[str], standing: Sequence[Standing]
) -> Iterator[Finding]:
    place = paths.relative(paths.evidence(question))
    here = {entry.model_dump_json() for entry in evidence.registrations}
    if gone := sum(entry.model_dump_json() not in here for entry in committed(paths, history, question)):
        yield Finding(
            severity="failure",
            file=place,
            what=f"{gone} of the registrations that commits hold changed or gone; they are only ever added to",
            mend=f"git restore {place}, or delete it and type expkit run {question}",
        )
    yield from _recorded_before(paths, history, evidence, question, keys, standing)
    trusts = verify(evidence.registrations, history, keys)
    for entry, trust in zip(evidence.registrations, trusts, strict=True):
        if trust == "contradicted" and entry.standing and entry.commit:
            yield Finding(
                severity="failure",
                file=place,
                what=f"{entry.standing.hypothesis} is registered at {entry.commit[:7]}, and the files of that commit "
                "declare something else",
                mend=f"git restore {place}",
            )
    named = {entry.commit for entry in evidence.registrations if entry.commit and entry.clean and entry.standing}
    for commit in sorted(commit for commit in named if not history.has(commit)):
        why = "this clone is shallow" if history.shallow else "squashed, or never in this repository"
        yield Finding(
            severity="note",
            file=place,
            what=f"registered at {commit[:7]}, recorded and not verifiable here: the commit is not there ({why})",
            mend="git fetch --unshallow" if history.shallow else None,
        )


def _recorded_before(
    paths: Paths, history: History, evidence: Evidence, question: str, keys: set[str], standing: Sequence[Standing]
) -> Iterator[Finding]:
    """What is called confirmatory, although some commit knows of earlier data than the evidence tells of."""
    place = paths.relative(paths.evidence(question))
    registered = {
        (entry.standing.decision_digest, entry.standing.family_digest): entry.standing
        for entry in evidence.registrations
        if entry.standing
    }
    claimed = {
        one.id: registered[one.decision_digest, evidence.family_digest]
        for one in evidence.hypotheses
        if one.standing == "confirmatory" and (one.decision_digest, evidence.family_digest) in registered
    }
    records = read_records(paths, history, question, keys, standing) if claimed else None
    for name, stood in claimed.items():
        if records and (judgement := judge_by(records, stood)).standing == "exploratory":
            yield Finding(
                severity="failure",
                file=place,
                what=f"{name} is called confirmatory, and what was recorded first says otherwise: {judgement.reason}",
                mend=f"delete {place}, then expkit run {question}",
            )


def _replications(
    paths: Paths, history: History, evidence: Evidence, question: str, keys: set[str]
) -> Iterator[Finding]:
    place = paths.relative(paths.evidence(question))
    here = {one.model_dump_json() for one in evidence.replications}
    if gone := sum(one.model_dump_json() not in here for one in committed_replications(paths, history, question)):
        yield Finding(
            severity="failure",
            file=place,
            what=f"{gone} of the replications that commits hold changed or gone; they are only ever added to",
            mend=f"git restore {place}, or delete it and type expkit run {question}",
        )
    for replication, trust in zip(evidence.replications, verify_replications(evidence, history, keys), strict=True):
        commit = replication.draw.commit
        if trust == "contradicted":
            yield Finding(
                severity="failure",
                file=place,
                what=f"{roots_phrase(replication)}: the files of that commit do not declare what was replicated",
                mend=f"git restore {place}",
            )
        elif commit and not history.has(commit):
            why = "this clone is shallow" if history.shallow else "squashed, or never in this repository"
            yield Finding(
                severity="note",
                file=place,
                what=f"replicated on {roots_phrase(replication)}, recorded and not verifiable here: the commit is not "
                f"there ({why})",
                mend="git fetch --unshallow" if history.shallow else None,
            )
        elif commit and replication.draw.pushed and history.pushed(commit) is False:
            yield Finding(
                severity="note",
                file=place,
                what=f"replicated on {roots_phrase(replication)}, which a remote is said to have held; none that is "
                "known here holds it now",
                mend="git fetch",
            )


def _figures(paths: Paths, evidence: Evidence, question: str) -> Iterator[Finding]:
    for name, recorded in evidence.figures.items():
        file = paths.figures(question) / name
        found = figure_digest(file)
        if found != recorded:
            yield Finding(
                severity="failure",
                file=paths.relative(file),
                what="missing" if found is None else "not the figure that was drawn from evidence.json",
                mend=f"expkit run {question}",
            )


def _document(paths: Paths, question: ResearchQuestion, evidence: Evidence, *, fresh: bool) -> Iterator[Finding]:
    place, again = paths.relative(paths.outcome(question.id)), f"expkit run {question.id}"
    text = read_text(paths.outcome(question.id))
    if text is None:
        yield Finding(severity="failure", file=place, what="missing", mend=again)
        return
    generated = generated_part(text)
    if generated is None:
        yield Finding(
            severity="failure",
            file=place,
            what="the marker line between the generated part and your own words is gone",
            mend=f"take the line from git again: git diff {place}",
        )
        return
    # a stale outcome differs from what would be rendered today: that says nothing about who edited it
    if fresh and (line := _first_difference(generated, render(question, evidence))):
        number, found, wanted = line
        yield Finding(
            severity="failure",
            file=f"{place}:{number}",
            what="the generated part was edited by hand, or by another version of expkit\n"
            f"  it says: {found}\n  evidence.json says: {wanted}",
            mend=f"write below the marker line instead; {again} writes this part again",
        )
    yield from _tied(place, text, evidence, again)
    if empty := empty_sections(written_part(text)):
        yield Finding(
            severity="warning",
            file=place,
            what=f"nothing is written yet under {', '.join(empty)}",
            mend="a reviewer needs your words, below the marker line",
        )
    if next(iter(SECTIONS)) not in empty and (silent := _undiscussed(text, evidence)):
        yield Finding(
            severity="warning",
            file=place,
            what=f"no word is written about {', '.join(silent)}",
            mend="say below the marker line what the verdict means, and name the hypothesis by its id",
        )


def _tied(place: str, text: str, evidence: Evidence, again: str) -> Iterator[Finding]:
    tied, flaws = tied_numbers(text, evidence)
    for flaw in flaws:
        at = f"{place}:{flaw.line}:{flaw.column}"
        yield Finding(severity="failure", file=at, what=flaw.why, mend=flaw.valid)
    for one in tied:
        at = f"{place}:{one.line}:{one.column}"
        if one.stale:
            yield Finding(
                severity="failure",
                file=at,
                what=f"a tied number is stale: it says {' '.join(one.says.split()) or 'nothing'}, and {one.reference} "
                f"is {one.evidence_says} in evidence.json",
                mend=f"{again} fills it in; read the words around it again",
            )
        if one.misplaced:
            yield Finding(severity="warning", file=at, what=one.misplaced)


def _undiscussed(text: str, evidence: Evidence) -> list[str]:
    """The hypotheses that the written part neither names nor ties a number of."""
    words = " ".join([visible(written_part(text)), *references(text)])
    return [
        one.id
        for one in evidence.hypotheses
        if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(one.id)}(?![A-Za-z0-9_])", words, re.IGNORECASE)
    ]


def _first_difference(found: str, wanted: str) -> tuple[int, str, str] | None:
    """The first line that differs, from 1, as it is and as it should be; line ends do not count."""
    lines = zip_longest(found.splitlines(), wanted.splitlines(), fillvalue="(nothing)")
    for number, (here, there) in enumerate(lines, start=1):
        if here != there:
            return number, here, there
    return None
