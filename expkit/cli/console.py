"""What commands print with: results on stdout, everything else on stderr, JSON for machines."""

from __future__ import annotations

import json
import os
import sys
from functools import cache

from rich.console import Console
from rich.table import Table

_WIDTH_OF_A_PIPE = 160


@cache
def results() -> Console:
    """The console for what a command was asked for."""
    return _console(sys.stdout.isatty())


@cache
def log() -> Console:
    """The console for progress and remarks."""
    return _console(sys.stderr.isatty(), stderr=True)


class _Output(Console):
    """A console that leaves it to `main` what happens when the reader of a pipe goes away."""

    def on_broken_pipe(self) -> None:
        """Raise the error that rich has caught."""
        raise BrokenPipeError


def _console(terminal: bool, *, stderr: bool = False) -> Console:
    """Lines wrap between words on a terminal and nowhere else: what goes to a file is not cut.

    Nothing is an emoji: `outcome.md:100:7` is a place, and a title is what somebody wrote.
    """
    told = os.environ.get("COLUMNS", "")
    width = None if terminal else int(told) if told.isdecimal() and int(told) else _WIDTH_OF_A_PIPE
    return _Output(stderr=stderr, highlight=False, emoji=False, soft_wrap=not terminal, width=width)


def print_json(value: object) -> None:
    """Write a JSON value on stdout, two spaces an indent; with escapes for what the terminal's encoding lacks."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=plain) + "\n")


def print_link(label: str, url: str) -> None:
    """Write an address on one line whatever the width, so that a terminal knows it as one."""
    results().print(f"{label}{url}", soft_wrap=True, markup=False)


def table(*columns: str, header: bool = True) -> Table:
    """An empty table in the one style of all commands; a column that starts with `>` is right-aligned."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=header)
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return made


VERDICT_STYLES = {
    "supported": "bold green",
    "refuted": "bold red",
    "inconclusive": "bold yellow",
    "invalid": "bold magenta",
    "withdrawn": "dim",
}
"""The colour of each verdict; the word itself is always there too."""


def styled_verdict(verdict: str) -> str:
    """A verdict as rich markup."""
    style = VERDICT_STYLES.get(verdict, "dim")
    return f"[{style}]{verdict}[/]"
