"""Concluding: from what the ledger holds to evidence and an outcome, written only when they say something new."""

from __future__ import annotations

from dataclasses import dataclass

from expkit.dossier import Dossier
from expkit.errors import CheckFailed
from expkit.outcomes.archive import last_committed, read_records, read_replications
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.freshness import differing, is_current
from expkit.outcomes.repeated import is_told
from expkit.outcomes.write import write_outcome
from expkit.provenance.history import History
from expkit.records.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What a question has come to, and whether that was new.

    `confirmed` says that the evidence stood before and these results agree with it; `changed` are the files written,
    relative to the root.
    """

    evidence: Evidence
    confirmed: bool
    changed: tuple[str, ...]


def conclude(dossier: Dossier, *, accept: bool = False) -> Conclusion:
    """The evidence of a question from the ledger's records, with its outcome written.

    Statistics are computed only when the evidence in the work tree is not of these results and this declaration.

    Raises:
        CheckFailed: the evidence has other results of the same arms and seeds, and not `accept`; nothing is written.
        NotWritable: a file of the outcome cannot be written.
    """
    question, previous = dossier.question, dossier.evidence
    digests = {place: results.results_digest for place, results in dossier.results.items()}
    if (
        previous
        and is_current(
            previous,
            question=question,
            experiments=dossier.experiments,
            planned=dossier.planned,
            results_digests=digests,
        )
        and is_told(previous, dossier.results)
    ):
        written = write_outcome(dossier.paths, question, previous)
        return Conclusion(evidence=written.evidence, confirmed=True, changed=written.changed)
    if previous and not accept and (others := differing(previous, dossier.arms, dossier.results)):
        raise CheckFailed(
            "these results are not the ones in the committed evidence; nothing was written",
            where=dossier.paths.relative(dossier.paths.evidence(question.id)),
            why="\n  ".join(str(one) for one in others),
            mend=f"find out why; to replace the evidence by these results: expkit run {question.id} --accept",
        )
    history = History(dossier.project.root)
    records = read_records(dossier.paths, history, question.id, [arm.key for arm in dossier.arms])
    evidence = build_evidence(
        question=question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        results=dossier.results,
        records=records,
        previous=previous,
        replications=read_replications(dossier.paths, history, question.id),
        before=None if previous else last_committed(dossier.paths, history, question.id),
    )
    written = write_outcome(dossier.paths, question, evidence)
    return Conclusion(evidence=written.evidence, confirmed=evidence is previous, changed=written.changed)
