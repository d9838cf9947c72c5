"""Repeated: trials, starts and results that there was more than one of, so that somebody could choose. Light.

What failed or was discarded says something about what is left: whoever runs failures again until they pass has the best
of many. Evidence therefore carries how often that was done, and what it did once it goes on saying.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from expkit.outcomes.freshness import ArmId, differing
from expkit.outcomes.numbers import counted
from expkit.outcomes.standing import trials_of
from expkit.plan import PlannedArm
from expkit.records.evidence import ArmEvidence, Evidence

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults


def with_repeats(told: ArmEvidence, arm: PlannedArm, results: ArmResults, before: Evidence | None) -> ArmEvidence:
    """What one arm yielded, with what was repeated until it did.

    Args:
        told: the arm's evidence without that.
        arm: the arm as it is planned.
        results: what the ledger holds of it.
        before: the evidence that was there; what it tells of the same arm under the same root is carried on.
    """
    known = _same_arm(before, told)
    again = {*results.rerun}
    replaced = 0
    if before and known:
        again |= {*known.rerun} | _recovered(before, known, results)
        replaced = known.replaced
        if told.is_unseeded and differing(before, [arm], {(arm.experiment, arm.name): results}):
            replaced += 1
    rerun = tuple(seed for seed in sorted(again) if seed < told.count)
    return told.model_copy(update={"restarted": results.failed_starts, "rerun": rerun, "replaced": replaced})


def is_told(evidence: Evidence, results: Mapping[ArmId, ArmResults]) -> bool:
    """Whether evidence knows of every seed that was run again.

    Its results may be equal all the same: of a trial that failed when it had printed everything.
    """
    pairs = ((arm, results[arm.experiment, arm.name]) for arm in evidence.arms)
    return all({*arm.rerun} >= {*found.rerun} | _recovered(evidence, arm, found) for arm, found in pairs)


def objection(arms: Iterable[ArmEvidence]) -> str | None:
    """Why a decision on some arms is exploratory whenever it was written, in a sentence; None where nothing was chosen.

    Retries that were declared of a program that takes its seed are no objection: each start is the same trial.
    """
    text = "; ".join(clause for arm in arms for clause in _objections(arm))
    return f"{text[0].upper()}{text[1:]}." if text else None


def _objections(arm: ArmEvidence) -> Iterator[str]:
    if arm.rerun:
        were = "was" if len(arm.rerun) == 1 else "were"
        yield (
            f"{counted(len(arm.rerun), 'trial')} of arm {arm.name} had failed and {were} run again: which failures are "
            "kept is then a choice"
        )
    if arm.is_unseeded and arm.restarted:
        yield (
            f"{counted(arm.restarted, 'failed start')} of arm {arm.name} {'was' if arm.restarted == 1 else 'were'} "
            "retried: retries of a program that takes no seed draw again"
        )
    if arm.replaced:
        yield (
            f"results of arm {arm.name} were replaced {counted(arm.replaced, 'time')}: its program takes no seed, so "
            "which replicates are kept is then a choice"
        )


def _same_arm(evidence: Evidence | None, told: ArmEvidence) -> ArmEvidence | None:
    arms = evidence.arms if evidence else ()
    same = (arm for arm in arms if (arm.key, arm.root, arm.streams) == (told.key, told.root, told.streams))
    return next(same, None)


def _recovered(before: Evidence, known: ArmEvidence, results: ArmResults) -> set[int]:
    """Seeds of a program that had failed by the evidence and have a result now, whatever the ledger remembers.

    A seed that was only missing there has no registration, and was never run.
    """
    if not known.failed or known.parameters.get("trainer.kind") != "command":
        return set()
    ran = {trial for entry in before.registrations for trial in trials_of(entry)}
    failed = {seed for seed in known.failed if (known.key, known.root, known.streams, seed) in ran}
    return failed & {*results.seeds} - {*results.failed}
