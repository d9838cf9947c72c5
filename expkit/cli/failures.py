"""Trials that failed by themselves: recorded, and told at the end of the command that ran them."""

from __future__ import annotations

from expkit.errors import TrialFailed
from expkit.execution.complete import Tally
from expkit.outcomes.numbers import counted
from expkit.specs.experiment import ProgramArm, RecordedArm

_SHOWN = 5


def refuse_failures(tally: Tally) -> None:
    """Nothing where every trial has a result.

    Raises:
        TrialFailed: some have none; the first of them by name, with the reason of each.
    """
    names = list(dict.fromkeys(attempt.work.arm.name for attempt in tally.attempts))
    places = sorted(
        (names.index(attempt.work.arm.name), trial.seed, trial.why)
        for attempt in tally.attempts
        # what failed before anything was run here is no failure of this run; the outcome names it
        if attempt.result and not isinstance(attempt.work.arm, RecordedArm)
        for trial in attempt.result.failed
    )
    if failed := [f"{names[place]} seed {seed}: {why}" for place, seed, why in places]:
        are = "it is" if len(failed) == 1 else "they are"
        more = len(failed) - _SHOWN
        raise TrialFailed(
            f"{counted(len(failed), 'trial')} failed; {are} recorded as failed and the verdicts say so",
            why="\n  ".join(failed[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])),
            mend="correct the arm's settings, which makes it a new arm, and run again"
            + ("; or run these trials again, for exploratory verdicts: --retry-failed" if _of_programs(tally) else ""),
        )


def _of_programs(tally: Tally) -> bool:
    return any(isinstance(attempt.work.arm, ProgramArm) for attempt in tally.attempts)
