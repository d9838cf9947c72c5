"""`expkit doctor`: what is missing on this machine, and the command that mends it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from expkit.cli.console import print_json, results, table
from expkit.doctor.examine import examine, probes
from expkit.doctor.finding import Finding
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.outcomes.numbers import counted
from expkit.project.root import find_root

_STYLES = {"ok": "green", "missing": "bold red", "note": "yellow"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int:
    """What is missing on this machine, and the command that mends it; exit 5 when a run would lack something.

    Python, git, the compiled kernel, the project, its ledger and disk, the MLflow store and the container engine are
    looked at, each for a few seconds at most. Nothing is changed. Outside a project, the machine alone is looked at.
    """
    folder = Path(ctx.obj or ".").resolve()
    if not folder.is_dir():
        raise InvalidUsage(f"there is no folder {str(folder)!r}", mend="name the folder of a project after -C")
    root = None
    with suppress(InvalidUsage):
        root = find_root(folder)
    found = examine(probes(folder, root, os.environ))
    missing = [one for one in found if one.state == "missing"]
    code = ServiceAbsent.exit_code if missing else 0
    if as_json:
        print_json({"project": str(root) if root else None, "findings": [asdict(one) for one in found]})
        return code
    _print(found)
    notes = sum(one.state == "note" for one in found)
    said = [f"{counted(len(missing), 'thing')} missing" if missing else "everything that a run needs is here"]
    results().print("; ".join(said + ([counted(notes, "note")] if notes else [])))
    return code


def _print(found: tuple[Finding, ...]) -> None:
    made = table("", "", "", header=False)
    for one in found:
        said = escape(one.said)
        if one.mend and one.state != "ok":
            said += f"\n  {escape(one.mend)}"
        made.add_row(f"[{_STYLES[one.state]}]{one.state}[/]", one.name, said)
    results().print(made)
