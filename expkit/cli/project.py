"""The project a command works in, and what its arguments mean there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from expkit.errors import InvalidUsage
from expkit.plan import PlannedArm
from expkit.project.names import listed, match
from expkit.project.paths import Paths
from expkit.project.read import Project, read_project
from expkit.project.root import find_root
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


def project_root(ctx: click.Context) -> Path:
    """The root of the project around the current folder, or around the one that `-C` names."""
    folder = Path(ctx.obj or ".")
    if not folder.is_dir():
        raise InvalidUsage(f"there is no folder {str(folder)!r}", mend="name the folder of a project after -C")
    return find_root(folder.resolve())


def open_project(ctx: click.Context) -> tuple[Project, Paths]:
    """The project, read and checked, and its files.

    Raises:
        InvalidDeclaration: with every mistake of every file.
    """
    project = read_project(project_root(ctx))
    return project, Paths(project.root)


def question_named(project: Project, given: str) -> ResearchQuestion:
    """The question that is meant; a unique beginning will do."""
    return project.questions[match("question", given, project.questions)]


def target_named(project: Project, given: str) -> ResearchQuestion | Experiment:
    """The question or the experiment that is meant; an exact name wins, then a unique beginning of either."""
    name = match("question or experiment", given, [*project.questions, *project.experiments])
    return project.questions.get(name) or project.experiments[name]


def questions_named(project: Project, given: str | None) -> list[ResearchQuestion]:
    """The question that is meant, or all of them when none is named."""
    return (
        [question_named(project, given)] if given else [project.questions[name] for name in sorted(project.questions)]
    )


def arm_named(planned: Mapping[str, Sequence[PlannedArm]], given: str) -> PlannedArm:
    """The arm that is meant: by `experiment/arm`, or by a name that one experiment has. `planned` is by experiment."""
    experiment, slash, arm = given.partition("/")
    if slash:
        experiment = match("experiment", experiment, planned)
        arms = {one.name: one for one in planned[experiment]}
        return arms[match("arm", arm, arms, of=experiment)]
    by_name: dict[str, list[PlannedArm]] = {}
    for one in (arm for arms in planned.values() for arm in arms):
        by_name.setdefault(one.name, []).append(one)
    found = by_name[match("arm", given, by_name)]
    if len(found) > 1:
        raise InvalidUsage(
            f"{len(found)} experiments have an arm {found[0].name!r}",
            mend=f"name one of these: {listed(f'{one.experiment}/{one.name}' for one in found)}",
        )
    return found[0]
