"""What git knows against an evidence: registrations and replications that changed or went, earlier draws and data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from expkit.outcomes.archive import committed, committed_replications, read_records, read_redrawn
from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.draws import Redrawn, untold
from expkit.outcomes.standing import judge_by
from expkit.outcomes.verification import verify, verify_replications
from expkit.outcomes.wording import roots_phrase
from expkit.project.names import listed
from expkit.project.paths import Paths
from expkit.provenance.history import History
from expkit.records.base import Record
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing


def against_git(
    paths: Paths,
    history: History,
    evidence: Evidence,
    *,
    keys: set[str],
    standing: Sequence[Standing],
    fresh: bool,
) -> Iterator[Finding]:
    """What git knows that an evidence denies or leaves out.

    Args:
        paths: the project.
        history: its history.
        evidence: the evidence in the work tree.
        keys: of the question's arms as they are declared.
        standing: every hypothesis of the project as it stands now.
        fresh: whether the evidence is of the question as declared; of another one, earlier draws say nothing yet.
    """
    question = evidence.question
    if fresh:
        drawn = read_redrawn(paths, history, question, keys, standing)
        yield from _draws(evidence, drawn, paths.relative(paths.evidence(question)))
    yield from _registrations(paths, history, evidence, question, keys, standing)
    yield from _replications(paths, history, evidence, question, keys)


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
    yield from _gone(place, question, "registrations", evidence.registrations, committed(paths, history, question))
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
        yield _not_there(place, history, f"registered at {commit[:7]}")


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
    known = committed_replications(paths, history, question)
    yield from _gone(place, question, "replications", evidence.replications, known)
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
            yield _not_there(place, history, f"replicated on {roots_phrase(replication)}")
        elif commit and replication.draw.pushed and history.pushed(commit) is False:
            yield Finding(
                severity="note",
                file=place,
                what=f"replicated on {roots_phrase(replication)}, which a remote is said to have held; none that is "
                "known here holds it now",
                mend="git fetch",
            )


def _gone(place: str, question: str, what: str, here: Iterable[Record], known: Iterable[Record]) -> Iterator[Finding]:
    """Entries that commits hold and the evidence lacks."""
    kept = {entry.model_dump_json() for entry in here}
    if gone := sum(entry.model_dump_json() not in kept for entry in known):
        yield Finding(
            severity="failure",
            file=place,
            what=f"{gone} of the {what} that commits hold changed or gone; they are only ever added to",
            mend=f"git restore {place}, or delete it and type expkit run {question}",
        )


def _not_there(place: str, history: History, what: str) -> Finding:
    """That a commit which an entry names is not in this clone."""
    why = "this clone is shallow" if history.shallow else "squashed, or never in this repository"
    return Finding(
        severity="note",
        file=place,
        what=f"{what}, recorded and not verifiable here: the commit is not there ({why})",
        mend="git fetch --unshallow" if history.shallow else None,
    )
