"""Situation: what git and the records say about a hypothesis right now, and what a run would make of it.

A trial that has no data yet is taken as if it were recorded at this moment; the judgement is then the one that every
run makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from expkit.outcomes.draws import redrawn
from expkit.outcomes.registration import is_unwitnessed
from expkit.outcomes.standing import Judgement, Records, Trial, Witness, judge_by, registered_trials
from expkit.plan import PlannedArm
from expkit.records.provenance import Git
from expkit.records.registration import Standing

_SHOWN = 3
_ANY_ROOT = -1
"""A root that nobody has drawn on, as none is negative."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A hypothesis between its files, git and the records."""

    git: Git
    trials: int
    """Trials it is decided on."""
    recorded: int
    """How many of them have data, on this machine or by what an evidence file tells."""
    since: str | None
    """When the first of these were recorded; None where there are none."""
    unwitnessed: bool
    """Whether its results existed before, so that nothing can make it confirmatory."""
    earlier: str | None
    """What has to be said of earlier draws of it that were dropped; None where there is nothing to say."""
    redrawn: bool
    """Whether these keep it from being confirmatory."""
    renewable: bool
    """Whether it would be confirmatory on the fresh seeds of another root."""
    judgement: Judgement
    """What it would be if all that is missing ran now."""

    @property
    def is_committed(self) -> bool:
        """Whether the tree is that of a commit."""
        return self.git.state == "clean"

    @property
    def is_spent(self) -> bool:
        """Whether data that exist already keep it from ever being confirmatory as it is declared."""
        spent = self.redrawn or (self.recorded > 0 and self.judgement.standing == "exploratory")
        return spent and not self.unwitnessed


def situation(standing: Standing, arms: Sequence[PlannedArm], records: Records, git: Git) -> Situation:
    """Where a hypothesis stands.

    Args:
        standing: the hypothesis as it is declared now.
        arms: those it speaks of.
        records: what is known of first recordings, this machine's included.
        git: the state of the repository.
    """
    trials: list[Trial] = [(arm.key, arm.root, arm.streams, seed) for arm in arms for seed in arm.seeds]
    known = {trial: records.first[trial] for trial in trials if trial in records.first}
    now = Witness(
        standing=standing, commit=git.commit, clean=git.state == "clean", pushed=git.pushed, recorded="9999-12-31"
    )
    ran = dict.fromkeys(trials, (now,))
    foretold = replace(records, first=ran | {**records.first}, by_moment=ran | {**records.by_moment})
    drawn = redrawn(standing, foretold.first, records.kept)
    objection, amendment = (drawn.objection, drawn.amendment) if drawn else (None, None)
    return Situation(
        git=git,
        trials=len(trials),
        recorded=len(known),
        since=min((witness.recorded for one in known.values() for witness in one), default=None),
        unwitnessed=is_unwitnessed(standing),
        earlier=objection or amendment,
        redrawn=objection is not None,
        renewable=_is_renewable(standing, records, now),
        judgement=judge_by(foretold, standing, objection, amendment),
    )


def _is_renewable(standing: Standing, records: Records, now: Witness) -> bool:
    """Whether nothing would speak against a hypothesis if its root alone were another one."""
    fresh = standing.model_copy(update={"decision": {**standing.decision, "root": _ANY_ROOT}})
    first = dict.fromkeys(registered_trials(fresh), (now,)) | {**records.first}
    drawn = redrawn(fresh, first, records.kept - {standing.decision_digest})
    return drawn is None or drawn.objection is None


def tree(git: Git) -> str:
    """The state of the repository as a clause."""
    match git.state:
        case "clean":
            return f"committed and clean, at {(git.commit or '')[:7]}"
        case "dirty":
            changed = [*git.modified, *git.untracked, *git.hidden]
            more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
            return f"the tree differs from {(git.commit or '')[:7]}: {', '.join(changed[:_SHOWN])}{more}"
        case "no_commits":
            return "nothing is committed yet"
        case "no_repository":
            return "the project is not in a git repository"
    return f"git could not be read: {git.reason}"


def prediction(now: Situation) -> str:
    """What a run would make of it, in a sentence."""
    if now.unwitnessed:
        return "Its verdict is exploratory whatever happens: its results existed before."
    grade = f", {now.judgement.grade}" if now.judgement.grade else ""
    if now.recorded == now.trials:
        return f"Its verdict on these data is {now.judgement.standing}{grade}. {now.judgement.reason}"
    if now.judgement.standing == "confirmatory":
        return f"Run now, it would be confirmatory{grade}{f'; {now.earlier}' if now.earlier else ''}."
    # of a tree that nobody has recorded in yet, its state has just been told
    reason = now.judgement.reason if now.recorded else now.earlier if now.redrawn else None
    return f"Run now, it would be exploratory.{f' {reason}' if reason else ''}"


def exploratory_if(now: Situation) -> str:
    """What would make it exploratory, whatever stands now."""
    if now.unwitnessed:
        return "its results existed before it was written"
    return (
        "if its data are first recorded while it is not committed or the tree is changed; if its arms, metric, region, "
        "seeds or root, or a sibling's, or alpha change once data exist; if an earlier draw of it is dropped"
    )


def next_step(question: str, experiment: str, now: Situation, *, answered: bool) -> str:
    """The exact next command, with what has to be changed before it where something has."""
    run = f"expkit run {question}"
    if now.is_spent and not now.renewable:
        return (
            "for a confirmatory verdict put the earlier question back with its outcome, and ask in one of its own "
            f"beside it: expkit new experiment --like {experiment} && expkit new question"
        )
    if now.is_spent:
        root = f"for a confirmatory verdict write another seeds.root in experiments/{experiment}.yaml"
        return f"{root}, then: git add -A && git commit -m 'New luck for {question}' && {run}"
    if not answered and now.recorded < now.trials and not now.unwitnessed:
        commit = f"git add -A && git commit -m 'Ask {question}'"
        match now.git.state:
            case "no_repository":
                return f"git init && {commit} && {run}"
            case "no_commits" | "dirty":
                return f"{commit} && {run}"
        return f"git push && {run}" if now.git.remote and not now.git.pushed else run
    return f"expkit show {question}" if answered else run
