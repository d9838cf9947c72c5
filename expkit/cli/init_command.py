"""`expkit init`: a project of one's own, with an example that runs."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
from rich.markup import escape

from expkit.cli.console import log, print_json, results
from expkit.errors import InvalidUsage, NotWritable
from expkit.project.scaffold.start import start
from expkit.provenance.repository import Refusal, Refused, find
from expkit.provenance.repository import start as start_repository


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, folder: str, as_json: bool) -> None:
    """Start a project of one's own in an empty folder, with one small example that runs.

    Writes pyproject.toml, .gitignore, Makefile, an experiment, a question with two hypotheses, and schemas for editors.
    Makes a git repository where there is none, and commits nothing. No file that is there is overwritten; a .gitignore
    gets the lines it lacks.

    \b
    Example:
      expkit init dungeon && cd dungeon
    """
    root = Path(ctx.obj or ".", folder).resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InvalidUsage("this is a file, not a folder", where=str(root), mend="name a folder") from None
    except OSError as error:
        raise NotWritable(
            "the folder cannot be made", where=str(root), why=error.strerror, mend="name another"
        ) from error
    written = start(root)
    repository, why_not = _repository(root)
    if as_json:
        print_json({"root": str(root), "written": sorted(written), "repository": repository})
        return
    for name in sorted(written):
        results().print(f"wrote {escape(name)}")
    if why_not:
        log().print(f"[yellow]no git repository:[/] {escape(why_not)}")
        log().print("without one every verdict is exploratory: nobody can tell that a hypothesis came before its data")
    results().print("next, in this order, since a hypothesis counts as tested only if git held it before its data:")
    change = "" if root == Path.cwd() else f"cd {shlex.quote(folder if not ctx.obj else str(root))} && "
    for line in (f"{change}git add -A && git commit -m 'The first question'", "expkit run rq01", "expkit status rq01"):
        results().print(f"  {line}", markup=False, soft_wrap=True)


def _repository(root: Path) -> tuple[str | None, str | None]:
    """Whether the folder is in a repository now, `started` or `there`, or else why not."""
    found = find(root)
    if not isinstance(found, Refusal):
        return "there", None
    if found.state == "unreadable":
        return None, found.reason
    try:
        start_repository(root)
    except Refused as refused:
        return None, str(refused)
    return "started", None
