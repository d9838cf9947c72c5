"""The iteration before: parameters, results and verdicts of the evidence that a new one replaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expkit.outcomes.registration import wording_digest
from expkit.records.evidence import Evidence, HypothesisEvidence, Iteration, PastArm, PastHypothesis


def iteration_of(evidence: Evidence, statements: Iterable[str] = ()) -> Iteration:
    """An evidence as the iteration before another.

    Args:
        evidence: what was found then.
        statements: how the question words its hypotheses today. Evidence keeps only the digest of a wording; its text
            is taken from the registrations, or from here where it did not change since.
    """
    known = wordings(evidence, statements)
    return Iteration(
        commit=evidence.provenance.commit,
        arms={
            f"{arm.experiment}/{arm.name}": PastArm(
                parameters=arm.parameters,
                root=arm.root,
                count=arm.count,
                iqm={metric: summary.iqm for metric, summary in arm.summaries.items()},
                mean={metric: summary.mean for metric, summary in arm.summaries.items()},
            )
            for arm in evidence.arms
        },
        hypotheses={one.id: _past(one, known) for one in evidence.hypotheses},
    )


def previous_of(evidence: Evidence, before: Evidence | None, statements: Iterable[str] = ()) -> Iteration | None:
    """The iteration before a new evidence, given the one it replaces.

    Where both found the same in the same arms, only texts or names changed: that is no iteration, and the one before
    stays the one before.
    """
    if before is None:
        return None
    return before.previous if same_results(evidence, before) else iteration_of(before, statements)


def same_results(one: Evidence, other: Evidence) -> bool:
    """Whether two evidences found the same in the same arms, whatever they are called and however they are worded."""
    return _results(one) == _results(other)


def wordings(evidence: Evidence, statements: Iterable[str] = ()) -> dict[str, str]:
    """The texts of statements by wording digest: those of the registrations, and those that are given."""
    known = {wording_digest(statement): statement for statement in statements}
    return known | {
        entry.standing.wording_digest: entry.standing.statement for entry in evidence.registrations if entry.standing
    }


def _results(evidence: Evidence) -> object:
    arms = {(arm.key, arm.root, arm.streams, arm.count, arm.results_digest) for arm in evidence.arms}
    verdicts = [(one.decision_digest, one.verdict, one.standing, one.test) for one in evidence.hypotheses]
    return arms, evidence.family_digest, sorted(verdicts, key=lambda verdict: verdict[0])


def _past(hypothesis: HypothesisEvidence, known: Mapping[str, str]) -> PastHypothesis:
    test = hypothesis.test
    return PastHypothesis(
        statement=known.get(hypothesis.wording_digest, f"hypothesis {hypothesis.id}, in a wording that was not kept"),
        verdict=hypothesis.verdict,
        standing=hypothesis.standing,
        estimate=test.estimate if test else None,
        interval=test.interval if test else None,
    )
