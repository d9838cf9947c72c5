"""What Tab offers: the questions, hypotheses, experiments and arms of the project around the current folder.

Whoever presses Tab is in the middle of a word: nothing here ever fails. Questions and experiments are the names of
folders and files, which a mistake in one of them does not hide; hypotheses and arms are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def questions(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Questions by id."""
    return _offered(typed, lambda: _questions(_root(ctx)))


def targets(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Questions and experiments by id."""
    return _offered(typed, lambda: [*_questions(_root(ctx)), *_experiments(_root(ctx))])


def arms(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Arms as `experiment/arm`."""
    return _offered(typed, lambda: _arms(_root(ctx)))


def anything(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Questions, experiments, and behind a slash arms."""
    if "/" in typed:
        return arms(ctx, parameter, typed)
    return targets(ctx, parameter, typed)


def hypotheses(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """The hypotheses of the question that stands before, with their statements where the shell shows them."""
    return _offered(typed, lambda: _hypotheses(_root(ctx), ctx.params.get("question")))


def _offered(typed: str, found: Callable[[], Iterable[str | CompletionItem]]) -> list[CompletionItem]:
    try:
        items = [one if isinstance(one, CompletionItem) else CompletionItem(one) for one in found()]
    except Exception:  # there is no place for a message here, and the command itself will have one
        return []
    return [one for one in items if one.value.startswith(typed)]


def _root(ctx: click.Context) -> Path:
    from expkit.project.root import find_root  # on Tab, not whenever a command is imported

    outermost = ctx.find_root()
    return find_root(Path(outermost.params.get("folder") or "."))


def _questions(root: Path) -> list[str]:
    from expkit.project.paths import Paths

    return sorted(file.parent.name for file in Paths(root).questions.glob("*/question.yaml"))


def _experiments(root: Path) -> list[str]:
    from expkit.project.paths import Paths

    return sorted(file.stem for file in Paths(root).experiments.glob("*.yaml"))


def _hypotheses(root: Path, question: str | None) -> Iterator[CompletionItem]:
    from expkit.project.names import match
    from expkit.project.read import read_project

    project = read_project(root)
    found = project.questions[match("question", question or "", project.questions)]
    for one in found.hypotheses:
        yield CompletionItem(one.id, help=" ".join(one.statement.split()))


def _arms(root: Path) -> list[str]:
    from expkit.project.read import read_project
    from expkit.specs.resolve import resolve

    return [f"{one.id}/{arm.name}" for one in read_project(root).experiments.values() for arm in resolve(one)]
