"""Draws: data that a hypothesis was given before and that no question tells of any more, so that somebody could choose.

A draw is the root, the streams and the arms under which data were first recorded while a decision stood, committed and
clean. It is kept as long as a question of the project declares that decision and has its verdict in its evidence, and
dropped otherwise. Data that were first recorded without such a decision are no draw: they become nobody's confirmation.
Light, and pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from expkit.outcomes.numbers import counted
from expkit.outcomes.registration import arm_keys, is_unwitnessed
from expkit.outcomes.standing import Recording, Trial, moment_of, registered_trials, witness_of
from expkit.records.evidence import Evidence, HypothesisEvidence
from expkit.records.registration import Registration, Standing

_CHOICE = "which draw is kept is then a choice"
_AMENDED = "amended after an earlier draw under"
_MEND = "To ask again, keep the earlier question with its outcome, and ask in one of its own beside it."


@dataclass(frozen=True, kw_only=True)
class Redrawn:
    """The dropped draws of a hypothesis, oldest first, and what they come to.

    `objection` makes it exploratory, `amendment` is added to why it is confirmatory; one of the two is there.
    """

    dropped: tuple[Standing, ...]
    objection: str | None = None
    amendment: str | None = None

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of these draws."""
        return tuple(trial for standing in self.dropped for trial in registered_trials(standing))


def kept_draws(standing: Iterable[Standing], question: str, told: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The digests of all decisions that are declared and whose verdicts everybody sees.

    Args:
        standing: every hypothesis of the project as it stands now.
        question: the one that is asked about; what it declares is about to be told.
        told: by question, the digests of the decisions that its evidence in the work tree has verdicts on.
    """
    return frozenset(
        one.decision_digest
        for one in standing
        if one.question == question or one.decision_digest in told.get(one.question, ())
    )


def redrawn(standing: Standing, first: Mapping[Trial, Recording], kept: Collection[str]) -> Redrawn | None:
    """What a hypothesis was drawn on before; None where its data are its first, or every earlier verdict still stands.

    Args:
        standing: the hypothesis as it stands now.
        first: the first recording of each trial.
        kept: the digests of the decisions whose draws are kept; see `kept_draws`.
    """
    ours = [moment_of(first[trial]) for trial in registered_trials(standing) if trial in first]
    known = {
        (one.standing.decision_digest, one.standing.family_digest): one.standing
        for recording in first.values()
        for one in recording
        if one.standing
    }
    found: dict[object, tuple[str, str, Standing]] = {}
    for one in _may_be_dropped(standing, known.values(), kept):
        drawn = _drawn(one, first)
        if drawn and ours and drawn[0] < min(ours):
            # several decisions on one draw are one draw; the one that claims the same says most about it
            known_as = found.get(_place(one))
            if known_as is None or (_claim(known_as[2]) != _claim(standing) and _claim(one) == _claim(standing)):
                found[_place(one)] = (*drawn, one)
    draws = sorted(found.values(), key=lambda draw: draw[:2])
    if not draws:
        return None
    dropped = tuple(one for _, _, one in draws)
    if same := [draw for draw in draws if _claim(draw[2]) == _claim(standing)]:
        said = f"The same claim was drawn before, {_where(standing, same[0])}: {_CHOICE}. {_MEND}"
        return Redrawn(dropped=dropped, objection=said)
    if len(draws) > 1:
        places = ", ".join(_where(standing, draw) for draw in draws)
        said = f"It was amended after {counted(len(draws), 'earlier draw')}, {places}: {_CHOICE}. {_MEND}"
        return Redrawn(dropped=dropped, objection=said)
    return Redrawn(dropped=dropped, amendment=f"{_AMENDED} root {dropped[0].decision['root']}")


def may_be_redrawn(standing: Iterable[Standing], registrations: Iterable[Registration], kept: Collection[str]) -> bool:
    """Whether there is anything to look into: a glance at what stood, before any trial is looked up."""
    stood = {entry.standing.decision_digest: entry.standing for entry in registrations if entry.standing}
    return any(_may_be_dropped(one, stood.values(), kept) for one in standing)


def is_amended(hypothesis: HypothesisEvidence) -> bool:
    """Whether a hypothesis is confirmatory on a second draw, for another claim than the first one was made for."""
    return hypothesis.standing == "confirmatory" and _AMENDED in hypothesis.standing_reason


def is_told(evidence: Evidence, now: Mapping[str, Redrawn | None]) -> bool:
    """Whether evidence says of earlier draws what there is to say now; `now` is by hypothesis, where anything is."""
    return not untold(evidence, now)


def untold(evidence: Evidence, now: Mapping[str, Redrawn | None]) -> tuple[str, ...]:
    """The hypotheses whose standing says otherwise of earlier draws than there is to say now."""
    return tuple(one.id for one in evidence.hypotheses if not _is_told(one, now.get(one.id)))


def _is_told(hypothesis: HypothesisEvidence, now: Redrawn | None) -> bool:
    said = hypothesis.standing_reason
    if hypothesis.standing == "exploratory":  # what else stands against it may be said instead
        return _CHOICE not in said or bool(now and now.objection)
    if now is None:
        return _AMENDED not in said
    return bool(now.amendment and now.amendment in said)


def _may_be_dropped(standing: Standing, stood: Iterable[Standing], kept: Collection[str]) -> list[Standing]:
    """Those of what stood that nobody keeps and that were the same hypothesis on other data."""
    return [
        one
        for one in stood
        if one.decision_digest not in kept
        and not is_unwitnessed(one)
        and _place(one) != _place(standing)
        and _is_same(one, standing)
    ]


def _is_same(one: Standing, other: Standing) -> bool:
    """Whether two are one hypothesis: by its id, by its words, or by what it compares."""
    return (
        (one.question, one.hypothesis) == (other.question, other.hypothesis)
        or one.wording_digest == other.wording_digest
        or _comparison(one) == _comparison(other)
    )


def _comparison(standing: Standing) -> object:
    """Which arms are compared: in reward or regret, as a difference or a ratio, it is one comparison."""
    return frozenset(arm_keys(standing))


def _claim(standing: Standing) -> object:
    """What is claimed of the arms, whichever they are."""
    return tuple(standing.decision.get(key) for key in ("metric", "estimand", "kind", "region"))


def _place(standing: Standing) -> object:
    """What a draw is: its root, its streams and its arms."""
    return tuple(standing.decision.get(key) for key in ("root", "streams")), frozenset(arm_keys(standing))


def _drawn(standing: Standing, first: Mapping[Trial, Recording]) -> tuple[str, str] | None:
    """When and at which commit a decision was first given data; None where it could not have been confirmatory then.

    Its first data tell: whatever is recorded after somebody could look at them makes nothing a pilot that was none.
    """
    recorded = [first[trial] for trial in registered_trials(standing) if trial in first]
    if not recorded:
        return None
    begun = min(recorded, key=moment_of)
    witness = witness_of(standing, begun)
    return (moment_of(begun), witness.commit) if witness and witness.commit and witness.clean else None


def _where(standing: Standing, draw: tuple[str, str, Standing]) -> str:
    _, commit, one = draw
    others = "" if set(arm_keys(one)) == set(arm_keys(standing)) else " with other arms"
    return f"under root {one.decision['root']}{others} at {commit[:7]}"
