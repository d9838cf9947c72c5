"""Standing: what stood when data were first recorded, and whether a hypothesis is confirmatory for it. Pure.

The first recording of a trial decides, wherever it happened. Evidence files tell of recordings on any machine and win
over this machine's ledger. Within one file the order of its versions decides, so that an entry added later cannot
replace an earlier one; between files the earlier moment decides. The order of versions is git's, and dates of commits
on two branches can be set; so a hypothesis has to have stood in what bears the earliest moment of all versions, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from expkit.outcomes.registration import arm_keys, is_unwitnessed
from expkit.records.attempt import Attempt
from expkit.records.evidence import Grade
from expkit.records.registration import Registration, Standing, TrialSet
from expkit.specs.experiment import Streams

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults

UNWITNESSED = "Unwitnessed: its results existed before, and expkit did not see them being made."
"""Why a decision on recorded results is exploratory, whenever it was written."""
Trial = tuple[str, int, Streams, int]
"""One arm at one seed: (arm_key, root, streams, k)."""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What one recording says of one hypothesis: how it stood, and in which state the tree was.

    `standing` is None where no hypothesis spoke of the data.
    """

    standing: Standing | None
    commit: str | None
    clean: bool
    pushed: bool | None
    recorded: str

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for witnesses that say the same, whenever they say it."""
        one = self.standing
        stood = one and (one.question, one.hypothesis, one.decision_digest, one.family_digest, one.wording_digest)
        return stood, self.commit, self.clean, self.pushed


Recording = tuple[Witness, ...]
"""The first recording of a trial: a witness for each hypothesis that spoke of it, or one without a hypothesis."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """What is known of first recordings.

    `own` are the entries of the question's own evidence file, oldest first; `first` is the first recording of each
    trial, whatever file or ledger tells of it; `by_moment` is the one that bears the earliest moment, whatever the
    order of versions; `kept` are the digests of the decisions that are declared and told of now.
    """

    own: tuple[Registration, ...] = ()
    first: Mapping[Trial, Recording] = field(default_factory=dict)
    by_moment: Mapping[Trial, Recording] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether a hypothesis is confirmatory, why in one sentence, and how strong its registration is."""

    standing: Literal["confirmatory", "exploratory"]
    reason: str
    grade: Grade | None = None


def trials_of(registration: Registration) -> Iterator[Trial]:
    """Every trial an entry speaks of."""
    for group in registration.trials:
        for seed in group.seeds:
            yield group.arm_key, group.root, group.streams, seed


def first_recordings(versions: Iterable[Sequence[Registration]]) -> dict[Trial, Recording]:
    """The first recording of each trial, as one evidence file tells it.

    Args:
        versions: the file's entries, version by version, oldest first.
    """
    first: dict[Trial, Recording] = {}
    for entries in versions:
        here: dict[Trial, list[Witness]] = {}
        for entry in entries:
            witness = Witness(
                standing=entry.standing,
                commit=entry.commit,
                clean=entry.clean,
                pushed=entry.pushed,
                recorded=entry.recorded,
            )
            for trial in trials_of(entry):
                if trial not in first:
                    recording = here.setdefault(trial, [])
                    if not recording or _tree(recording[0]) == _tree(witness):
                        recording.append(witness)
        first.update({trial: tuple(recording) for trial, recording in here.items()})
    return first


def earliest(files: Iterable[Mapping[Trial, Recording]]) -> dict[Trial, Recording]:
    """The first recording of each trial over several evidence files: the one with the earliest moment."""
    first: dict[Trial, Recording] = {}
    for file in files:
        for trial, recording in file.items():
            known = first.get(trial)
            if known is None or (known is not recording and moment_of(recording) < moment_of(known)):
                first[trial] = recording
    return first


def with_attempts(records: Records, attempts: Iterable[Attempt]) -> Records:
    """The records once attempts on whatever arms and roots are taken in: what they first recorded, and no file tells.

    An attempt of which no trial has a result is passed over: it gave nothing that could be chosen or left.
    """
    first = dict(records.first)
    for attempt in sorted(attempts, key=lambda attempt: attempt.id):
        work, result = attempt.work, attempt.result
        if result is not None and len(result.failed) < len(work.seeds):
            recording = _recorded_in(attempt)
            for seed in work.seeds:
                first.setdefault((work.arm_key, work.root, work.streams, seed), recording)
    return replace(records, first=first)


def with_results(records: Records, results: Iterable[ArmResults]) -> Records:
    """The records once the data of some arms are taken in: `own` grows at its end, nothing in it changes.

    A trial that any evidence file knows keeps what stood there; of any other, the attempt that first finished it tells.
    """
    first, by_moment = dict(records.first), dict(records.by_moment)
    trials = []
    for arm in results:
        recordings = [_recorded_in(attempt) for attempt in arm.attempts]
        for seed, (position, _) in zip(arm.seeds, arm.rows, strict=True):
            trial = (arm.arm_key, arm.root, arm.streams, seed)
            first.setdefault(trial, recordings[position])
            by_moment.setdefault(trial, recordings[position])
            trials.append(trial)
    return with_trials(replace(records, first=first, by_moment=by_moment), trials)


def judge_by(
    records: Records, standing: Standing, objection: str | None = None, amendment: str | None = None
) -> Judgement:
    """Whether a hypothesis is confirmatory for both orders that recordings have: that of versions, and of moments."""
    judgement = judge(standing, records.first, objection, amendment)
    if judgement.standing == "exploratory" or records.by_moment == records.first:
        return judgement
    doubt = judge(standing, records.by_moment)
    return doubt if doubt.standing == "exploratory" else judgement


def with_trials(records: Records, trials: Iterable[Trial]) -> Records:
    """The records once `own` tells of these trials, too, as far as anything is known of them."""
    own = first_recordings([records.own])
    unwritten: dict[tuple[object, ...], list[tuple[Trial, Witness]]] = {}
    for trial in trials:
        known = records.first.get(trial)
        if known and (trial not in own or _identities(own[trial]) != _identities(known)):
            own[trial] = known
            for witness in known:
                unwritten.setdefault(witness.identity, []).append((trial, witness))
    return replace(records, own=(*records.own, *(_entry(told) for told in unwritten.values())))


def judge(
    standing: Standing,
    first: Mapping[Trial, Recording],
    objection: str | None = None,
    amendment: str | None = None,
) -> Judgement:
    """Whether a hypothesis, as it stands now, stood committed and clean when all its data were first recorded.

    `objection` is what speaks against it all the same, in a sentence: see `expkit.outcomes.repeated` and
    `expkit.outcomes.draws`; `amendment` is what has to be added where it is confirmatory, in a clause.
    """
    if is_unwitnessed(standing):
        return _exploratory(UNWITNESSED)
    trials = registered_trials(standing)
    if not trials:
        return _exploratory("Its decision names no trials.")
    if without := sum(trial not in first for trial in trials):
        return _exploratory(
            f"{without} of its {len(trials)} registered trials {'has' if without == 1 else 'have'} no data."
        )
    witnesses = []
    for trial in trials:
        witness = witness_of(standing, first[trial])
        if witness is None:
            return _exploratory(_why_not(standing, first[trial]))
        if witness.commit is None:
            return _exploratory("No commit held it when its data were first recorded.")
        if not witness.clean:
            return _exploratory(f"The tree differed from {witness.commit[:7]} when its data were first recorded.")
        witnesses.append(witness)
    if objection:
        return _exploratory(objection)
    commits = dict.fromkeys(witness.commit[:7] for witness in witnesses if witness.commit)
    return Judgement(
        standing="confirmatory",
        reason=f"It stood, committed and clean, at {' and '.join(commits)} when its data were first recorded"
        f"{f'; {amendment}' if amendment else ''}.",
        grade="pushed before the run" if all(witness.pushed for witness in witnesses) else "self-registered",
    )


def _why_not(standing: Standing, recording: Recording) -> str:
    """Why none of the hypotheses that stood is this one."""
    stood = [witness.standing for witness in recording if witness.standing]
    if not stood:
        return "Its data were first recorded before any hypothesis spoke of them."
    same = [one for one in stood if one.decision_digest == standing.decision_digest]
    if same and all(one.question != standing.question for one in same):
        return f"When its data were first recorded it stood in the family of {same[0].question}, not in this one."
    if same:
        return "Its family changed after its data were first recorded: the decision of a sibling, or alpha."
    for one in stood:
        if (one.question, one.hypothesis) == (standing.question, standing.hypothesis):
            then, now = one.decision, standing.decision
            said = "; ".join(_change(key, then.get(key), now[key]) for key in now if now[key] != then.get(key))
            return f"Its decision changed after its data were first recorded: {said}."
    return "Its data were first recorded before it was written."


def _change(key: str, then: object, now: object) -> str:
    if key in ("treatment", "control"):
        return f"the {key} was another arm"
    return f"{key.replace('_', ' ')} was {_plain(then)}, is {_plain(now)}"


def _plain(value: object) -> str:
    match value:
        case {"low": low, "high": None}:
            return f"at least {low}"
        case {"low": None, "high": high}:
            return f"at most {high}"
        case {"low": low, "high": high}:
            return f"within [{low}, {high}]"
    return str(value)


def _exploratory(reason: str) -> Judgement:
    return Judgement(standing="exploratory", reason=reason)


def _same(one: Standing, other: Standing) -> bool:
    return (one.decision_digest, one.family_digest) == (other.decision_digest, other.family_digest)


def witness_of(standing: Standing, recording: Recording) -> Witness | None:
    """The witness of a recording that saw this very hypothesis stand, decision and family; None where none did."""
    return next((one for one in recording if one.standing and _same(one.standing, standing)), None)


def registered_trials(standing: Standing) -> list[Trial]:
    """Seeds 0 to seeds - 1 of each arm of a decision; none where a hand has broken it."""
    match standing.decision:
        case {"root": int() as root, "streams": "independent" | "common" as streams, "seeds": int() as seeds}:
            return [(key, root, streams, seed) for key in arm_keys(standing) for seed in range(seeds)]
    return []


def _tree(witness: Witness) -> tuple[str | None, bool, bool | None]:
    """The state of the repository: what all witnesses of one recording share."""
    return witness.commit, witness.clean, witness.pushed


def moment_of(recording: Recording) -> str:
    """When a recording was made, comparable as text."""
    # without the Z, fractions of a second sort behind the whole second
    return min(witness.recorded for witness in recording).removesuffix("Z")


def _identities(recording: Recording) -> set[tuple[object, ...]]:
    return {witness.identity for witness in recording}


def _recorded_in(attempt: Attempt) -> Recording:
    git = attempt.provenance.git
    return tuple(
        Witness(
            standing=standing,
            commit=git.commit,
            clean=git.state == "clean",
            pushed=git.pushed,
            recorded=attempt.ended,
        )
        for standing in attempt.standing or (None,)
    )


def _entry(told: Sequence[tuple[Trial, Witness]]) -> Registration:
    """One entry for all trials of which the same is told; it bears the earliest moment."""
    witness = min((witness for _, witness in told), key=lambda witness: witness.recorded.removesuffix("Z"))
    seeds: dict[tuple[str, int, Streams], list[int]] = {}
    for (arm_key, root, streams, seed), _ in told:
        seeds.setdefault((arm_key, root, streams), []).append(seed)
    return Registration(
        trials=tuple(
            TrialSet(arm_key=arm_key, root=root, streams=streams, seeds=tuple(sorted(numbers)))
            for (arm_key, root, streams), numbers in seeds.items()
        ),
        standing=witness.standing,
        commit=witness.commit,
        clean=witness.clean,
        pushed=witness.pushed,
        recorded=witness.recorded,
    )
