"""`expkit history`: a question's iterations, newest first: what each changed, what came of it, what was made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from expkit.cli import offers
from expkit.cli.console import log, print_json, results, table
from expkit.cli.differences import moved, print_science
from expkit.cli.project import project_root
from expkit.cli.verdicts import verdict_table
from expkit.errors import InvalidUsage
from expkit.outcomes.difference import Difference, place
from expkit.outcomes.iteration import iteration_of
from expkit.outcomes.iterations import Chronicle, Iterated, chronicle
from expkit.outcomes.numbers import counted, significant
from expkit.outcomes.wording import metric_phrase, primary, setting_text
from expkit.project.names import listed, match
from expkit.project.paths import QUESTIONS, Paths
from expkit.provenance.history import History
from expkit.records.evidence import Evidence

_SHORT = 7
_DISCUSSION = "Discussion"


@click.command("history")
@click.argument("question", shell_complete=offers.questions)
@click.option("--full", is_flag=True, help="Print everything that was written below each outcome, not its first words.")
@click.option("--metric", help="The metric to show of changed arms; by default the one that figures show.")
@click.option("-n", "--last", type=click.IntRange(1), metavar="N", help="Only the last N iterations.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, oldest first.")
@click.pass_context
def command(ctx: click.Context, question: str, full: bool, metric: str | None, last: int | None, as_json: bool) -> None:
    """A question's iterations: what each changed, what came of it, what was made of it.

    Newest first.

    An iteration is a state of parameters, results and verdicts that a commit holds, or the work tree. Commits that
    changed words alone belong to the iteration before. Deleted questions have a history, too, and renamed ones keep
    theirs.

    \b
    Examples:
      expkit history rq01
      expkit history rq01 -n 2 --full       (this iteration and the last one, discussions whole)
    """
    root = project_root(ctx)
    paths, history = Paths(root), History(root)
    name = match("question", question, _questions(paths, history))
    found = chronicle(paths, history, name)
    if not found.iterations:
        raise InvalidUsage(
            f"{name} has no iteration yet",
            why=f"{counted(found.unreadable, 'commit')} hold evidence in another format" if found.unreadable else None,
            mend=f"run it, and commit what it writes: expkit run {name}",
        )
    first = max(0, len(found.iterations) - last) if last else 0
    if as_json:
        iterations = [_as_json(one, found.changes[one.number - 1]) for one in found.iterations[first:]]
        print_json(
            {"question": name, "formerly": found.formerly, "unreadable": found.unreadable, "iterations": iterations}
        )
        return
    if found.formerly:
        log().print(f"[dim]renamed: {escape(name)} was called {escape(listed(found.formerly))} before[/]")
    if found.unreadable:
        log().print(f"[yellow]left out:[/] {counted(found.unreadable, 'commit')} with evidence in another format")
    if history.shallow:
        log().print("[yellow]this clone is shallow:[/] earlier iterations may be missing: git fetch --unshallow")
    for one in reversed(found.iterations[first:]):
        _print(one, found, metric=metric, full=full)
        if one.number > first + 1:
            results().print()


def _questions(paths: Paths, history: History) -> frozenset[str]:
    """Every question that has a folder, or had evidence in a commit."""
    now = (
        {folder.name for folder in paths.questions.iterdir() if folder.is_dir()} if paths.questions.is_dir() else set()
    )
    return frozenset(now | {path.split("/")[1] for path in history.paths(QUESTIONS) if path.endswith("/evidence.json")})


def _print(one: Iterated, found: Chronicle, *, metric: str | None, full: bool) -> None:
    evidence, commit = one.evidence, one.commit
    since = f"{commit.id[:_SHORT]} · {commit.date[:10]} · {commit.subject}" if commit else "not committed yet"
    results().print(
        f"[bold]{evidence.question}, iteration {one.number} of {len(found.iterations)}[/] · {escape(since)}"
    )
    results().print(verdict_table(evidence))
    changes = found.changes[one.number - 1]
    if changes is None:
        results().print("\n[dim]arms and seeds[/]")
        results().print(_arms(evidence, metric))
    else:
        before = found.iterations[one.number - 2]
        results().print(f"\nsince iteration {before.number}: {moved(changes)}")
        heads = f"iteration {before.number}", f"iteration {one.number}"
        print_science(heads, (before.statements, one.statements), changes, metric or _shown(evidence))
    _print_discussion(one.discussion, full=full)


def _print_discussion(discussion: Mapping[str, str], *, full: bool) -> None:
    told = discussion if full else {title: discussion[title] for title in (_DISCUSSION,) if title in discussion}
    if not told:
        results().print(f"\n[dim]no {_DISCUSSION.lower()} was written[/]")
    for title, text in told.items():
        results().print(f"\n[dim]{escape(title.lower())}[/]")
        results().print(text if full else _beginning(text), markup=False)


def _beginning(text: str) -> str:
    """The first paragraph of a text, with a sign that there is more."""
    first, _, rest = text.partition("\n\n")
    return f"{first}\n… (--full prints the rest)" if rest.strip() else first


def _arms(evidence: Evidence, metric: str | None) -> Table:
    """Where a first iteration started from: the settings in which its arms differ, seeds, and what they yielded."""
    shown = metric or _shown(evidence)
    varying = dict.fromkeys(
        path
        for arm in evidence.arms
        for path, value in arm.parameters.items()
        if any(other.parameters.get(path) != value for other in evidence.arms)
    )
    made = table("", "settings", ">root", ">seeds", f">IQM of {metric_phrase(shown)}")
    for arm in evidence.arms:
        settings = ", ".join(
            f"{path.partition('.')[2]} {setting_text(arm.parameters[path])}"
            for path in varying
            if path in arm.parameters
        )
        summary = arm.summaries.get(shown)
        value = significant(summary.iqm, 5) if summary else "[dim]none[/]"
        made.add_row(f"[bold]{escape(place(arm))}[/]", escape(settings), str(arm.root), str(arm.count), value)
    return made


def _shown(evidence: Evidence) -> str:
    return primary(evidence, next(iter(evidence.experiments)))


def _as_json(one: Iterated, changes: Difference | None) -> dict[str, Any]:
    return {
        "number": one.number,
        "commit": asdict(one.commit) if one.commit else None,
        "run_commit": one.evidence.provenance.commit,
        **iteration_of(one.evidence, (text for text in one.statements.values() if text)).model_dump(
            mode="json", exclude={"commit"}
        ),
        "discussion": one.discussion,
        "changed": None if changes is None else _changed(changes),
    }


def _changed(changes: Difference) -> dict[str, Any]:
    return {
        "arms": {place(one.now): [asdict(change) for change in one.settings] for one in changes.arms},
        "arms_added": [place(arm) for arm in changes.arms_added],
        "arms_removed": [place(arm) for arm in changes.arms_removed],
        "hypotheses": {one.now.id: list(one.facets) for one in changes.hypotheses},
        "hypotheses_added": [one.id for one in changes.hypotheses_added],
        "hypotheses_removed": [one.id for one in changes.hypotheses_removed],
        "family": [asdict(change) for change in changes.family],
    }
