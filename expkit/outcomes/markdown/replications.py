"""Replications: the same decisions on other roots, each beside the registered verdicts."""

from __future__ import annotations

from expkit.outcomes import sentences, wording
from expkit.outcomes.markdown.text import plain, table
from expkit.outcomes.replication import is_current, objection
from expkit.records.evidence import Evidence, HypothesisEvidence, ReplicatedHypothesis, Replication, Verdict

_MEANS = """\
The same decisions on the same arms, with as many seeds of another root. Two verdicts agree when they are the same; \
estimates differ by the luck of the seeds."""
_SAID = {True: "agrees", False: "differs", None: "nothing to compare"}


def replications(evidence: Evidence) -> list[str]:
    """The section, oldest replication first; nothing where there is none."""
    if not evidence.replications:
        return []
    return ["## Replications", _MEANS, *(_replication(evidence, one) for one in evidence.replications)]


def _replication(evidence: Evidence, replication: Replication) -> str:
    current = is_current(evidence, replication)
    roots = wording.roots_phrase(replication)
    earlier = "" if current else ", of an earlier declaration or earlier results"
    head = f"**{roots[0].upper()}{roots[1:]}{earlier}**: {sentences.agreement_count(replication)}. {_run(replication)}"
    registered = {one.decision_digest: one for one in evidence.hypotheses} if current else {}
    rows = [
        [
            plain(one.id),
            _registered(registered.get(one.decision_digest), one),
            _cell(sentences.replicated_estimate(one), one.verdict),
            _SAID[one.agree],
        ]
        for one in replication.hypotheses
    ]
    within = sentences.estimates_within(evidence.hypotheses, replication) if current else None
    remarks = " ".join(part for part in (within, _grade(replication)) if part)
    parts = [head, table(["", "registered", "replication", ""], rows), remarks]
    return "\n\n".join(part for part in parts if part)


def _registered(hypothesis: HypothesisEvidence | None, one: ReplicatedHypothesis) -> str:
    """What the replication is held against: with its numbers, as long as they are in this evidence."""
    if hypothesis is None or hypothesis.test is None:
        return _cell("", one.registered)
    return _cell(sentences.estimate_with_interval(hypothesis, hypothesis.test), one.registered)


def _cell(estimate: str, verdict: Verdict) -> str:
    word = f"{wording.SYMBOLS[verdict]}\u00a0{verdict}"
    return f"{estimate}, {word}" if estimate else word


def _run(replication: Replication) -> str:
    run = replication.run
    tree = {None: "outside of any commit", True: "with uncommitted changes", False: "with a clean tree"}[run.dirty]
    commit = f" at {run.commit[:7]}" if run.commit else ""
    image = run.image.digest or run.image.id
    where = f" in image {plain(image)}" if image else ""
    return f"Run on {run.started[:10]}{commit}{where}, {tree}."


def _grade(replication: Replication) -> str | None:
    """Why it earns its hypotheses no grade, where that is so."""
    by_reason: dict[str, list[str]] = {}
    for one in replication.hypotheses:
        if (why := objection(replication, one)) is not None:
            by_reason.setdefault(why, []).append(one.id)
    if not by_reason:
        return None
    if len(by_reason) == 1 and len(next(iter(by_reason.values()))) == len(replication.hypotheses):
        return f"It earns no grade: {next(iter(by_reason))}."
    return " ".join(f"It earns {plain(', '.join(ids))} no grade: {why}." for why, ids in by_reason.items())
