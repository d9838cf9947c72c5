"""Reproducing: recorded trials executed again from their commit, in their image, and compared digest by digest.

    recorded trials -> their commit, checked out -> what it declares -> their image -> execution -> comparison

Nothing is kept: not in the ledger, not in the project, not in git.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from expkit.completion import Observer
from expkit.errors import InvalidUsage
from expkit.project.inputs import verify
from expkit.provenance.worktree import Worktree, patched, worktree
from expkit.reproduction.compare import Compared, against_evidence, against_results
from expkit.reproduction.declared import Declared, Otherwise, declared_arms, find_declared
from expkit.reproduction.execute import Executed, TrialId, execute
from expkit.reproduction.place import On, Place, Surroundings
from expkit.reproduction.recorded import Account, Origin, Recording
from expkit.reproduction.sample import sampled
from expkit.reproduction.versions import versions_said
from expkit.specs.experiment import ProgramArm, TabularArm


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How recorded trials are executed again."""

    observer: Observer
    on: On | None = None
    """None for the image they were recorded in, or this host where that was none."""
    image: str | None = None
    """The image to run in, instead of the recorded one."""
    sample: int | None = None
    """How many seeds of each arm; None for all."""
    workers: int | None = None
    """Cores to use; None for all."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one recording: trials of an arm, all of one origin."""

    recording: Recording
    experiment: str | None
    """As the commit names it; None where it declares no such arm."""
    place: Place | None
    compared: Compared | None
    """None where nothing was executed, as the commit declares another arm."""
    otherwise: str | None
    """How the commit declares the arm otherwise."""

    @property
    def matches(self) -> bool:
        return self.compared is not None and self.compared.first is None


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What came of executing recorded trials again."""

    account: Account
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    """What a reader must know beside the rows: where it ran, with what, and what was not as it was then."""

    @property
    def matches(self) -> bool:
        return all(row.matches for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A recording with what its commit declares, where it is to run, and which seeds."""

    recording: Recording
    declared: Declared | Otherwise
    place: Place | None
    seeds: tuple[int, ...]


def reproduce(root: Path, account: Account, terms: Terms) -> Reproduction:
    """Execute recorded trials again and compare them.

    Everything is found before anything is executed: every commit, every declaration, every image.

    Raises:
        ServiceAbsent: a commit, an engine or an image is not to be had, or this machine could only compute otherwise.
        InvalidUsage: no commit is recorded, or an input is not here as it was.
        CheckFailed: the declarations of a commit are refused.
        BuildFailed: an image had to be rebuilt, and a step failed.
        Interrupted: a signal came while trials ran.
        TrialFailed: a batch failed as a whole.
        LedgerDamaged: recorded arrays cannot be read.
    """
    surroundings = Surroundings(root, on=terms.on, image=terms.image, workers=terms.workers, phase=terms.observer.phase)
    remarks: list[str] = []
    with ExitStack() as folders:
        folders.callback(surroundings.leave)
        prepared = _prepare(root, account.recordings, terms, surroundings, remarks, folders)
        places = {one.place.name: one.place for one in prepared if one.place}
        remarks += dict.fromkeys(one.place.said for one in prepared if one.place)
        executed: dict[str, dict[TrialId, Executed]] = {}
        for name, place in places.items():
            executor = surroundings.executor(place)
            terms.observer.placed(executor.where)
            folder = folders.enter_context(TemporaryDirectory(prefix="expkit-", ignore_cleanup_errors=True))
            wanted = [
                (one.declared, one.seeds)
                for one in prepared
                if one.place and one.place.name == name and isinstance(one.declared, Declared)
            ]
            verify(root, [one.arm.arm for one, _ in wanted])
            executed[name] = execute(executor, wanted, Path(folder), terms.observer)
        for one in prepared:
            if one.place:
                inside = next(iter(executed[one.place.name].values())).inside
                remarks.append(versions_said(one.recording.origin, inside))
        rows = tuple(_row(one, executed) for one in prepared)
    return Reproduction(account=account, rows=rows, remarks=tuple(dict.fromkeys(remarks)))


def _prepare(
    root: Path,
    recordings: Sequence[Recording],
    terms: Terms,
    surroundings: Surroundings,
    remarks: list[str],
    folders: ExitStack,
) -> list[_Prepared]:
    """What every recording needs, its commit checked out only as long as it is looked at.

    A program's stays, in `folders`, until its trials were executed there.
    """
    seeds = sampled(recordings, terms.sample)
    prepared: dict[int, _Prepared] = {}
    for state in dict.fromkeys(_state(recording) for recording in recordings):
        here = [number for number, recording in enumerate(recordings) if _state(recording) == state]
        with ExitStack() as stack:
            with terms.observer.phase(f"checking out {state[0][:12]}"):
                tree = stack.enter_context(worktree(root, state[0]))
                applied = _as_it_was(recordings[here[0]].origin, tree, remarks)
                arms = declared_arms(tree.root, tree.commit)
            for number in here:
                declared = find_declared(recordings[number], arms)
                place = None
                if isinstance(declared, Declared) and seeds[number]:
                    if declared.other_root:
                        remarks.append(_on_another_root(recordings[number]))
                    place = surroundings.place(recordings[number], tree, patched=applied)
                    if isinstance(declared.arm.arm, ProgramArm):
                        place = replace(place, program=tree.root)
                prepared[number] = _Prepared(
                    recording=recordings[number], declared=declared, place=place, seeds=seeds[number]
                )
            if any((place := prepared[number].place) and place.program for number in here):
                folders.enter_context(stack.pop_all())
    # a sample may take no seed of a small recording beside a large one
    return [prepared[number] for number in sorted(prepared) if seeds[number]]


def _state(recording: Recording) -> tuple[str, str | None]:
    """The state of the files that trials were recorded from: a commit, and what the tree differed by."""
    origin = recording.origin
    if origin.commit is None:
        raise InvalidUsage(
            f"{recording.source} records no commit: {recording.arm} was run outside git, or before the first commit",
            why="what is executed again is taken from the commit, not from the record",
            mend="commit the declarations, then run on another root: only data with a commit can be reproduced",
        )
    return origin.commit, origin.patch_sha256


def _as_it_was(origin: Origin, tree: Worktree, remarks: list[str]) -> bool:
    """Apply to a checked-out commit what the tree differed by, where that is kept whole; whether it was."""
    if not origin.dirty:
        return False
    if origin.patch is None:
        refused: str | None = "what it differed by is not kept whole"
    elif refused := patched(tree, origin.patch.read_bytes()):
        refused = f"its patch cannot be applied ({refused})"
    commit = tree.commit[:12]
    if refused is None:
        remarks.append(f"the tree was dirty when this was recorded: its patch is applied to {commit}")
        return True
    remarks.append(
        f"the tree was dirty when this was recorded, and {refused}: {commit} as committed is held against it "
        "(results depend on what it declares and on the engine, which arm keys compare)"
    )
    return False


def _on_another_root(recording: Recording) -> str:
    why = "a replication, or what the tree differed by" if recording.origin.dirty else "a replication"
    return f"on root {recording.root}, which the commit does not declare ({why})"


def _row(one: _Prepared, executed: dict[str, dict[TrialId, Executed]]) -> Row:
    recording, declared = one.recording, one.declared
    if isinstance(declared, Otherwise) or one.place is None:
        why = declared.why if isinstance(declared, Otherwise) else None
        return Row(recording=recording, experiment=None, place=None, compared=None, otherwise=why)
    trials = executed[one.place.name]
    own = {seed: trials[recording.key, recording.root, recording.streams, seed] for seed in one.seeds}
    if recording.results is not None:
        arm = declared.arm.arm
        environment = arm.environment if isinstance(arm, TabularArm) else None
        compared = against_results(recording.results, own, environment, one.seeds)
    else:
        assert recording.evidence is not None
        compared = against_evidence(recording.evidence, own, one.seeds)
    return Row(
        recording=recording, experiment=declared.arm.experiment, place=one.place, compared=compared, otherwise=None
    )
