"""Concluding: from what the ledger holds to evidence and an outcome, written only when they say something new."""

from __future__ import annotations

from dataclasses import dataclass

from expkit.dossier import Dossier
from expkit.errors import CheckFailed
from expkit.outcomes import draws, repeated
from expkit.outcomes.archive import last_committed, read_records, read_redrawn, read_replications, with_ledger
from expkit.outcomes.evidence import build_evidence, decisions
from expkit.outcomes.freshness import differing, is_current
from expkit.outcomes.recomputed import decided_otherwise
from expkit.outcomes.registration import all_standings
from expkit.outcomes.tied import Tied
from expkit.outcomes.write import write_outcome
from expkit.provenance.history import History
from expkit.records.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What a question has come to, and whether that was new.

    `confirmed` says that the evidence stood before and these results agree with it; `changed` are the files written,
    relative to the root; `retied` are the tied numbers in somebody's words that said something else before.
    """

    evidence: Evidence
    confirmed: bool
    changed: tuple[str, ...]
    retied: tuple[Tied, ...]


def conclude(dossier: Dossier, *, accept: bool = False, anew: bool = False) -> Conclusion:
    """The evidence of a question from the ledger's records, with its outcome written.

    Statistics are computed only when the evidence in the work tree is not of these results and this declaration, or
    `anew`, as behind trials that were just executed: whoever hears "reproduced" hears it of the verdicts as well.

    Raises:
        CheckFailed: the evidence has other results of the same arms and seeds, or other statistics than they give, and
            not `accept`; nothing is written.
        NotWritable: a file of the outcome cannot be written.
    """
    question, previous = dossier.question, dossier.evidence
    history, keys = History(dossier.project.root), [arm.key for arm in dossier.arms]
    standing = all_standings(dossier.project.questions, dossier.project.experiments)
    current = previous is not None and _is_current(dossier, previous)
    denied = _denied(dossier, previous, statistics=current and anew) if previous else None
    if denied and not accept:
        what, why = denied
        raise CheckFailed(
            f"{what}; nothing was written",
            where=dossier.paths.relative(dossier.paths.evidence(question.id)),
            why="\n  ".join(why),
            mend=f"find out why; to replace the evidence by these results: expkit run {question.id} --accept",
        )
    if (
        previous
        and current
        and not denied
        and draws.is_told(previous, read_redrawn(dossier.paths, history, question.id, keys, standing))
    ):
        written = write_outcome(dossier.paths, question, previous)
        return Conclusion(evidence=written.evidence, confirmed=True, changed=written.changed, retied=written.retied)
    records = read_records(dossier.paths, history, question.id, keys, standing)
    evidence = build_evidence(
        question=question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        results=dossier.results,
        records=with_ledger(records, dossier.ledger, question.id, dossier.arms, standing),
        previous=previous,
        replications=read_replications(dossier.paths, history, question.id),
        before=None if previous else last_committed(dossier.paths, history, question.id),
    )
    written = write_outcome(dossier.paths, question, evidence)
    return Conclusion(
        evidence=written.evidence,
        confirmed=evidence is previous,
        changed=written.changed,
        retied=written.retied,
    )


def _is_current(dossier: Dossier, evidence: Evidence) -> bool:
    """Whether evidence is of these results and of the question as it is declared."""
    digests = {place: results.results_digest for place, results in dossier.results.items()}
    return is_current(
        evidence,
        question=dossier.question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        results_digests=digests,
    ) and repeated.is_told(evidence, dossier.results)


def _denied(dossier: Dossier, evidence: Evidence, *, statistics: bool) -> tuple[str, list[str]] | None:
    """What in evidence these results deny and why, each in a sentence: its results or, if asked for, its statistics."""
    if others := differing(evidence, dossier.arms, dossier.results):
        return "these results are not the ones in the committed evidence", [str(one) for one in others]
    if not statistics:
        return None
    found = decisions(dossier.question, dossier.experiments, dossier.arms, dossier.results)
    if misjudged := [*decided_otherwise(evidence, found)]:
        return "the committed evidence has other statistics than these results give", misjudged
    return None
