"""What is recorded and can be executed again: trials of an arm, from attempts or from evidence, with their origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from expkit.dossier import Dossier
from expkit.errors import InvalidUsage, LedgerDamaged
from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults, join
from expkit.outcomes.freshness import parameters
from expkit.outcomes.numbers import counted
from expkit.plan import PlannedArm
from expkit.records.attempt import PATCH_FILE, Attempt
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.records.provenance import Image, Machine, Patch
from expkit.specs.base import Setting
from expkit.specs.experiment import ProgramArm, RecordedArm, ResolvedArm, Streams

NUMERIC_PACKAGES = ("numpy", "numba", "llvmlite")
"""What the numbers of a tabular trial depend on, beside expkit and Python."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where recorded trials came from."""

    commit: str | None
    dirty: bool
    """Whether the tree differed from the commit."""
    patch: Path | None = field(compare=False)
    """The file of what it differed by, where that was kept whole; every attempt of a run has its own copy."""
    patch_sha256: str | None
    image: Image
    architecture: str
    versions: tuple[tuple[str, str], ...]
    """By name: expkit, Python, and the packages that numbers depend on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Trials of one arm as they were recorded, all of one origin."""

    experiment: str | None
    """None for an attempt, whose record does not name one."""
    arm: str
    key: str
    root: int
    streams: Streams
    seeds: tuple[int, ...]
    parameters: Mapping[str, Setting]
    engine_version: int | None
    """None for evidence, which does not say."""
    origin: Origin
    attempts: tuple[str, ...]
    """The ids of the attempts they are in; none for evidence."""
    results: ArmResults | None
    """Digests and arrays, from the ledger."""
    evidence: ArmEvidence | None
    """Where there are no attempts on this machine: metrics by seed, and one digest of all."""

    @property
    def of_question(self) -> bool:
        """Whether this stands for what a question declares; an attempt stands for itself."""
        return self.experiment is not None

    @property
    def source(self) -> str:
        """Where this stands, in words."""
        if not self.attempts:
            return "evidence.json"
        return self.attempts[0] if len(self.attempts) == 1 else counted(len(self.attempts), "attempt")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything recorded under a name, and what is not."""

    name: str
    title: str
    recordings: tuple[Recording, ...]
    absent: tuple[str, ...] = ()
    """Declared arms of which nothing whole is recorded, by `experiment/arm`."""
    unrepeatable: tuple[str, ...] = ()
    """Arms that nobody can execute again to the byte, and why, a sentence each."""


def unrepeatable(arm: ResolvedArm) -> str | None:
    """Why an arm's trials cannot be executed again to the byte; None where they can."""
    match arm:
        case ProgramArm() if arm.trainer.seed == "unseeded":
            return "takes no seed: it is replicated, never compared byte by byte"
        case RecordedArm():
            return "is unwitnessed: its results were made elsewhere"
    return None


def account_of_attempts(ledger: Ledger, prefix: str) -> Account:
    """The attempts whose ids begin with a text, each by itself.

    Raises:
        InvalidUsage: there is none, or none that finished.
        LedgerDamaged: there is one, and its files are not those that were recorded.
    """
    attempts = ledger.find(prefix)
    if not attempts:
        for damage in ledger.damaged:
            if damage.folder.name.startswith(prefix):
                raise LedgerDamaged(
                    f"attempt {damage.folder.name} is damaged: there is nothing to compare with",
                    where=str(damage.folder),
                    why=damage.why,
                    mend="delete that folder; its seeds run again with the next expkit run",
                )
        raise InvalidUsage(
            f"there is no attempt whose id begins with {prefix!r}",
            mend="the attempts of an arm are listed by: expkit show ARM",
        )
    finished = [attempt for attempt in attempts if attempt.result]
    if not finished:
        raise InvalidUsage(
            f"attempt {attempts[0].id} failed: it recorded no results to compare with",
            why=attempts[0].error,
            mend=f"name one that finished; they are listed by: expkit show {attempts[0].work.arm.name}",
        )
    arms = list(dict.fromkeys(attempt.work.arm.name for attempt in finished))
    if any(isinstance(attempt.work.arm, RecordedArm) for attempt in finished):
        raise _nothing_to_execute(f"attempt {finished[0].id}")
    whys = dict.fromkeys(f"{one.work.arm.name} {why}" for one in finished if (why := unrepeatable(one.work.arm)))
    finished = [attempt for attempt in finished if not unrepeatable(attempt.work.arm)]
    if not finished:
        raise InvalidUsage(
            f"no attempt whose id begins with {prefix!r} can be compared",
            why="\n  ".join(whys),
            mend="test the hypotheses of its question on fresh seeds: expkit replicate QUESTION",
        )
    return Account(
        name=finished[0].id if len(finished) == 1 else f"{counted(len(finished), 'attempt')} {prefix}…",
        title=f"arm {arms[0]}" if len(arms) == 1 else f"arms {', '.join(arms)}",
        recordings=tuple(
            _of_attempts(None, [attempt], attempt.work.seeds, ledger, attempt.work.arm.name) for attempt in finished
        ),
        unrepeatable=tuple(whys),
    )


def _nothing_to_execute(name: str) -> InvalidUsage:
    return InvalidUsage(
        f"{name} cannot be reproduced: nothing was executed",
        why="its results existed before and were read from a file; expkit knows of no program that makes them",
        mend="expkit check tells whether evidence, outcome and file still agree",
    )


def account_of_question(dossier: Dossier) -> Account:
    """The newest complete attempts of every arm of a question, or else what its evidence holds of the arm.

    Evidence may be of an earlier declaration: then its arms count, with the attempts of them that the ledger has.

    Raises:
        InvalidUsage: nothing whole is recorded of any arm, or no arm can be executed again to the byte.
        CheckFailed: the evidence is there and is no evidence.
    """
    if dossier.unwitnessed and len(dossier.unwitnessed) == len(dossier.arms):
        raise _nothing_to_execute(dossier.question.id)
    recordings, absent, whys = list[Recording](), list[str](), list[str]()
    evidence = dossier.evidence
    known = {(arm.experiment, arm.name): arm for arm in evidence.arms} if evidence else {}
    for arm in dossier.arms:
        if why := unrepeatable(arm.arm):
            whys.append(f"{arm.experiment}/{arm.name} {why}")
            continue
        found = _of_declared(arm, dossier.ledger)
        past = known.get((arm.experiment, arm.name))
        if not found and evidence and past and not past.unwitnessed:
            found = _of_past(past, evidence, dossier.ledger)
        recordings += found
        if not found:
            absent.append(f"{arm.experiment}/{arm.name}")
    if whys and not recordings and not absent:
        raise InvalidUsage(
            f"nothing of {dossier.question.id} can be compared",
            why="\n  ".join(whys),
            mend=f"test its hypotheses on fresh seeds: expkit replicate {dossier.question.id}",
        )
    if not recordings:
        name, missing = dossier.question.id, sum(len(arm.missing) for arm in dossier.arms)
        started = missing < sum(len(arm.seeds) for arm in dossier.arms)
        raise InvalidUsage(
            f"{name} was {'not run to its end' if started else 'never run'}: there is nothing to reproduce",
            why="neither the ledger of this machine nor evidence.json holds all declared seeds of any arm",
            mend=f"run it: expkit run {name}",
        )
    return Account(
        name=dossier.question.id,
        title=dossier.question.title,
        recordings=tuple(recordings),
        absent=tuple(absent),
        unrepeatable=tuple(whys),
    )


def versions(expkit: str, machine: Machine, packages: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The versions that numbers depend on, by name."""
    python = {"expkit": expkit, machine.implementation.replace("CPython", "Python"): machine.python}
    return tuple((python | {name: packages[name] for name in NUMERIC_PACKAGES if name in packages}).items())


def _of_declared(arm: PlannedArm, ledger: Ledger) -> list[Recording]:
    if arm.missing:
        return []
    return list(_by_origin(arm.experiment, arm.name, ledger, arm.key, arm.root, arm.streams, arm.seeds))


def _of_past(arm: ArmEvidence, evidence: Evidence, ledger: Ledger) -> list[Recording]:
    seeds = tuple(range(arm.count))
    if ledger.recorded(arm.key, arm.root, arm.streams).issuperset(seeds):
        return list(_by_origin(arm.experiment, arm.name, ledger, arm.key, arm.root, arm.streams, seeds))
    run = evidence.provenance
    return [
        Recording(
            experiment=arm.experiment,
            arm=arm.name,
            key=arm.key,
            root=arm.root,
            streams=arm.streams,
            seeds=seeds,
            parameters=arm.parameters,
            engine_version=None,
            origin=Origin(
                commit=run.commit,
                dirty=bool(run.dirty),
                patch=None,
                patch_sha256=None,
                image=run.image,
                architecture=run.machine.architecture,
                versions=versions(run.packages.get("expkit", "unknown"), run.machine, run.packages),
            ),
            attempts=(),
            results=None,
            evidence=arm,
        )
    ]


def _by_origin(
    experiment: str, name: str, ledger: Ledger, key: str, root: int, streams: Streams, seeds: Sequence[int]
) -> Iterator[Recording]:
    """The newest attempts of some seeds, those of one origin together."""
    ours = [
        attempt
        for attempt in reversed(ledger.attempts(key))
        if attempt.result and attempt.work.root == root and attempt.work.streams == streams
    ]
    wanted = set(seeds)
    chosen: dict[Origin, list[tuple[Attempt, set[int]]]] = {}
    for attempt in ours:
        if taken := wanted & set(attempt.work.seeds):
            wanted -= taken
            chosen.setdefault(_origin(attempt, ledger), []).append((attempt, taken))
    for parts in chosen.values():
        attempts = [attempt for attempt, _ in parts]
        yield _of_attempts(experiment, attempts, set().union(*(taken for _, taken in parts)), ledger, name)


def _of_attempts(
    experiment: str | None, attempts: Sequence[Attempt], seeds: Iterable[int], ledger: Ledger, name: str
) -> Recording:
    """Some seeds of attempts of one origin, newest attempt first: of a seed that two have, the newer one counts."""
    work = attempts[0].work
    results = join(
        attempts,
        arm_key=work.arm_key,
        root=work.root,
        streams=work.streams,
        seeds=seeds,
        folder=_folder(attempts[0], ledger).parent,
    )
    return Recording(
        experiment=experiment,
        arm=name,
        key=work.arm_key,
        root=work.root,
        streams=work.streams,
        seeds=results.seeds,
        parameters=parameters(work.arm),
        engine_version=work.engine_version,
        origin=_origin(attempts[0], ledger),
        attempts=tuple(sorted(attempt.id for attempt in results.attempts)),
        results=results,
        evidence=None,
    )


def _origin(attempt: Attempt, ledger: Ledger) -> Origin:
    provenance, git = attempt.provenance, attempt.provenance.git
    return Origin(
        commit=git.commit,
        dirty=git.state == "dirty",
        patch=_whole_patch(attempt, git.patch, ledger),
        patch_sha256=git.patch.sha256 if git.patch else None,
        image=provenance.image,
        architecture=provenance.machine.architecture,
        versions=versions(provenance.expkit, provenance.machine, provenance.packages),
    )


def _whole_patch(attempt: Attempt, patch: Patch | None, ledger: Ledger) -> Path | None:
    kept = attempt.files.get(PATCH_FILE)
    if patch is None or kept is None or patch.truncated or kept.sha256 != patch.sha256:
        return None
    return _folder(attempt, ledger) / PATCH_FILE


def _folder(attempt: Attempt, ledger: Ledger) -> Path:
    work = attempt.work
    return ledger.results(work.arm_key, work.root, work.streams, ()).folder / attempt.id
