"""Environments whose numbers stand outside of their declaration: compiled where the project is read, and versioned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from expkit.errors import Mistake
from expkit.project.gymnasium import Untabled, gymnasium_table
from expkit.project.names import suggestion
from expkit.project.paths import ENVIRONMENTS
from expkit.project.tables import SUM_TOLERANCE, Rows, Unreadable, read_table
from expkit.project.yaml import Document, Location
from expkit.specs.environment import Gymnasium, OwnEnvironment, Table, Versioned
from expkit.specs.experiment import Experiment, ResolvedArm, TabularArm
from expkit.specs.targets import Target
from expkit.training.mdp import Mdp
from expkit.training.returns import endless_pay
from expkit.training.tables import keep

TABLE_SUFFIXES = (".csv", ".npz")


def with_tables(
    document: Document,
    experiment: Experiment,
    arms: Mapping[str, ResolvedArm],
    targets: Iterable[Target],
    files: Mapping[str, bytes],
) -> tuple[Experiment, list[Mistake]]:
    """An experiment that knows the versions of its environments, and every mistake in what they are made from.

    Args:
        document: the experiment's file.
        experiment: what it declares.
        arms: its arms, resolved, by name.
        targets: its environments of `evaluate_on`, resolved.
        files: every declared file by its path, tables among them.
    """
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    seen: dict[str, Mdp | None] = {}
    for environment, place in _declared(experiment, arms, targets):
        if environment.content not in seen:
            compiled = _compiled(document, environment, place, files)
            seen[environment.content] = compiled if isinstance(compiled, Mdp) else None
            mistakes += [] if isinstance(compiled, Mdp) else compiled
        if mdp := seen[environment.content]:
            mistakes += _objections(document, environment, place, mdp)
            found[environment.content] = keep(mdp)
    return experiment.with_versions(found), list(dict.fromkeys(mistakes))


def _declared(
    experiment: Experiment, arms: Mapping[str, ResolvedArm], targets: Iterable[Target]
) -> Iterator[tuple[Versioned, _Place]]:
    """Each environment of an experiment, with where it is declared."""
    if isinstance(experiment.environment, Versioned):
        yield experiment.environment, _Place(experiment, None)
    for arm in arms.values():
        if isinstance(arm, TabularArm) and isinstance(arm.environment, Versioned):
            yield arm.environment, _Place(experiment, arm)
    for target in targets:
        if isinstance(target.environment, Versioned):
            yield target.environment, _Place(experiment, None, target.name)


class _Place:
    """Where an environment of an experiment is declared: in the experiment, in an arm, by a sweep, as a target."""

    def __init__(self, experiment: Experiment, arm: TabularArm | None, target: str | None = None) -> None:
        self._experiment = experiment
        self._arm = arm
        self._target = target

    def of(self, key: str) -> Location:
        """Where a key of it stands."""
        if self._target and {key, "kind"} & self._experiment.evaluate_on[self._target].keys():
            return ("evaluate_on", self._target, key)
        if self._arm:
            path, sweep = f"environment.{key}", self._experiment.sweep
            if sweep and path in self._arm.varied:
                return ("sweep", "vary", path, sweep.vary[path].index(self._arm.varied[path]))
            name = sweep.arm if sweep and self._arm.name not in self._experiment.arms else self._arm.name
            if {key, "kind"} & self._experiment.arms[name].environment.keys():
                return ("arms", name, "environment", key)
        return ("environment", key)


def _compiled(
    document: Document, environment: Versioned, place: _Place, files: Mapping[str, bytes]
) -> Mdp | list[Mistake]:
    """The table of an environment, or what is wrong with it."""
    if isinstance(environment, Gymnasium | OwnEnvironment):
        try:
            return _made(environment, files)
        except Untabled as untabled:
            return [document.mistake(place.of(untabled.key), untabled.why, untabled.valid)]
    assert isinstance(environment, Table)
    if environment.file not in files:
        return [_absent(document, environment, place, files)]
    try:
        rows = _read(environment.file, files[environment.file])
    except Unreadable as unreadable:
        return [
            Mistake(
                file=environment.file,
                line=max(flaw.row, 1),
                column=1,
                why=f"entry {flaw.row}: {flaw.why}" if flaw.row and environment.file.endswith(".npz") else flaw.why,
                valid=flaw.valid,
            )
            for flaw in unreadable.flaws
        ]
    start = _start(environment, rows.states)
    if isinstance(start, str):
        valid = f"the states are 0 to {rows.states - 1}, and probabilities sum to 1"
        return [document.mistake(place.of("start"), start, valid)]
    return Mdp(
        next_state=rows.next_state,
        reward=rows.reward,
        probability=rows.probability,
        terminal=rows.terminal,
        start=start,
        discount=environment.discount,
    )


def _made(environment: Gymnasium | OwnEnvironment, files: Mapping[str, bytes]) -> Mdp:
    if isinstance(environment, Gymnasium):
        return gymnasium_table(environment)
    from expkit.project.own_code import own_table  # an import that few projects need

    return own_table(environment, files)


@lru_cache(maxsize=16)  # several experiments are often about one table
def _read(file: str, content: bytes) -> Rows:
    return read_table(file, content)


def _absent(document: Document, environment: Table, place: _Place, files: Mapping[str, bytes]) -> Mistake:
    """What is said of a table that is not there."""
    if ".." in environment.file.split("/"):
        why, valid = f"{environment.file} leads out of its folder", f"write the path from {ENVIRONMENTS}/ downwards"
    else:
        tables = [name for name in files if name.startswith(f"{ENVIRONMENTS}/") and name.endswith(TABLE_SUFFIXES)]
        why = f"there is no file {environment.file}; symbolic links are not followed"
        valid = suggestion(environment.file, tables)
    return document.mistake(place.of("file"), why, valid)


def _start(environment: Table, states: int) -> NDArray[np.float64] | str:
    """The distribution over states in which episodes start, or what is wrong with it."""
    match environment.start:
        case int() as state:
            chances = {state: 1.0}
        case tuple() as several:
            if len(set(several)) < len(several):
                return "a state is named twice in start"
            chances = dict.fromkeys(several, 1 / len(several))
        case mapping:
            chances = {int(state): chance for state, chance in mapping.items()}
    if beyond := [state for state in chances if state >= states]:
        return f"{environment.file} has no state {beyond[0]} to start in"
    start = np.zeros(states)
    start[list(chances)] = list(chances.values())
    total = float(start.sum())
    return start if abs(total - 1) <= SUM_TOLERANCE else f"the probabilities of start sum to {total!r}"


def _objections(document: Document, environment: Versioned, place: _Place, mdp: Mdp) -> Iterator[Mistake]:
    """What a table cannot be asked, or is not."""
    if environment.digest not in (None, mdp.digest):
        why = f"the table is version {mdp.digest}, not the declared one"
        yield document.mistake(place.of("digest"), why, "bring back the table that is meant, or declare this digest")
    if environment.discount == 1 and (pair := endless_pay(mdp)):
        state, action = pair
        why = f"with discount 1 a policy without a finite return exists: action {action} in state {state}, for ever"
        yield document.mistake(place.of("discount"), why, "declare a discount below 1, such as 0.99")
