"""Replication: the root that a commit gives, what agreement is, and which hypotheses are called replicated. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from expkit.digests import digest
from expkit.outcomes.standing import first_recordings, judge
from expkit.records.evidence import (
    Evidence,
    Grade,
    HypothesisEvidence,
    ReplicatedHypothesis,
    Replication,
    Verdict,
)
from expkit.records.registration import Standing

_HEX_DIGITS = 13
"""Of a digest: 52 bits, so that every root that can be drawn can be declared (below 2**53)."""


def drawn_root(commit: str, registered_root: int) -> int:
    """The root that a commit gives in the place of a registered one.

    The commit's id covers every declaration in it, so that nobody knew this root when they wrote them. Experiments
    that share a root, and with it trials, share the drawn one as well; no name enters it.
    """
    return int(digest({"commit": commit, "root": registered_root})[:_HEX_DIGITS], 16)


def agreement(registered: Verdict, verdict: Verdict) -> bool | None:
    """Whether a replication's verdict is the registered one; None where that decided nothing by a test."""
    return None if registered in ("invalid", "withdrawn") else verdict == registered


def agreed(replication: Replication) -> tuple[int, int]:
    """How many verdicts agree, and of how many that can be told."""
    told = [one.agree for one in replication.hypotheses if one.agree is not None]
    return sum(told), len(told)


def within_registered(hypothesis: HypothesisEvidence, one: ReplicatedHypothesis) -> bool | None:
    """Whether a replication's estimate lies in the registered plain 95 % interval; None where one of them is lacking.

    No measure of success: of estimates that differ by luck alone, from as many seeds, about five in six lie there.
    """
    if hypothesis.test is None or one.estimate is None:
        return None
    low, high = hypothesis.test.interval95.low, hypothesis.test.interval95.high
    return (low is None or low <= one.estimate) and (high is None or one.estimate <= high)


def identity(replication: Replication) -> object:
    """Equal for replications of one family on the same roots, whoever ran them, whenever and from whichever commit."""
    arms = {(arm.key, arm.streams, arm.count, arm.registered_root, arm.root) for arm in replication.arms}
    return replication.family_digest, frozenset(arms)


def unique(replications: Iterable[Replication]) -> tuple[Replication, ...]:
    """Replications in the order they were recorded, each once: as it was recorded first."""
    first: dict[object, Replication] = {}
    for replication in replications:
        first.setdefault(identity(replication), replication)
    return tuple(first.values())


def replicated(
    replication: Replication, hypothesis: HypothesisEvidence, family_digest: str
) -> ReplicatedHypothesis | None:
    """What a replication says of a hypothesis as it stands: of this decision, family and registered verdict.

    None where it speaks of an earlier declaration, or of results that were replaced since.
    """
    if replication.family_digest != family_digest:
        return None
    for one in replication.hypotheses:
        if (one.decision_digest, one.registered) == (hypothesis.decision_digest, hypothesis.verdict):
            return one
    return None


def is_current(evidence: Evidence, replication: Replication) -> bool:
    """Whether a replication speaks of every hypothesis as it stands."""
    return all(replicated(replication, one, evidence.family_digest) for one in evidence.hypotheses)


def objection(replication: Replication, one: ReplicatedHypothesis) -> str | None:
    """Why a replication of a hypothesis earns no grade, whatever its verdict; None where it can."""
    commit = replication.draw.commit
    if commit is None:
        return "somebody chose its root"
    if not replication.draw.pushed:
        return f"no remote is known to have held {commit[:7]} before its trials ran"
    if not one.declared:
        return f"{commit[:7]} does not declare this decision in this family"
    if replication.run.dirty is not False:
        return "its tree differed from its commit"
    return None


def grade(
    hypothesis: HypothesisEvidence, registered: Grade | None, family_digest: str, replications: Sequence[Replication]
) -> Grade | None:
    """How strong a hypothesis is, given what its registration alone comes to.

    It is replicated when it was decided, and every replication that can earn the grade decided it alike, one at least.
    """
    if registered is None or hypothesis.verdict not in ("supported", "refuted"):
        return registered
    spoken = [(replication, replicated(replication, hypothesis, family_digest)) for replication in replications]
    counting = [one.agree for replication, one in spoken if one and objection(replication, one) is None]
    return "replicated" if counting and all(counting) else registered


def is_replicated(evidence: Evidence, hypothesis: HypothesisEvidence) -> bool:
    """Whether the replications in an evidence earn a hypothesis of it that grade."""
    registered: Grade | None = "self-registered" if hypothesis.standing == "confirmatory" else None
    return grade(hypothesis, registered, evidence.family_digest, evidence.replications) == "replicated"


def graded(
    hypotheses: Sequence[HypothesisEvidence], family_digest: str, replications: Sequence[Replication]
) -> tuple[HypothesisEvidence, ...]:
    """Hypotheses that bear the grades of their registrations, with those that replications earn them."""
    return tuple(
        one.model_copy(update={"grade": grade(one, one.grade, family_digest, replications)}) for one in hypotheses
    )


def with_replication(evidence: Evidence, replication: Replication) -> Evidence:
    """Evidence with one more replication, and the grades that follow from all of them."""
    replications = unique([*evidence.replications, replication])
    hypotheses = graded(_as_registered(evidence), evidence.family_digest, replications)
    return evidence.model_copy(update={"replications": replications, "hypotheses": hypotheses})


def _as_registered(evidence: Evidence) -> list[HypothesisEvidence]:
    """The hypotheses with the grades that their registrations alone come to."""
    if all(one.grade != "replicated" for one in evidence.hypotheses):
        return list(evidence.hypotheses)
    first, stood = first_recordings([evidence.registrations]), registered_standings(evidence)
    hypotheses = []
    for one in evidence.hypotheses:
        standing = stood.get((one.decision_digest, evidence.family_digest))
        alone = judge(standing, first).grade if standing and one.grade == "replicated" else one.grade
        hypotheses.append(one.model_copy(update={"grade": alone}))
    return hypotheses


def registered_standings(evidence: Evidence) -> dict[tuple[str, str], Standing]:
    """What stood when data were first recorded, by decision and family digest."""
    stood = (entry.standing for entry in evidence.registrations)
    return {(one.decision_digest, one.family_digest): one for one in stood if one}
