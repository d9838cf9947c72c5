"""Questions to the person at the terminal, for what no flag has said; every answer is checked where it is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from textwrap import wrap
from typing import TypeVar

import click
from rich.markup import escape

from expkit.cli.console import log, table
from expkit.errors import Interrupted, InvalidUsage
from expkit.project.names import suggestion
from expkit.project.scaffold.hypothesis import Claimed
from expkit.specs.metric import Metric

_Answer = TypeVar("_Answer")


def may_ask(command: str, needed: Mapping[str, object]) -> bool:
    """Whether to ask: something that is needed was not said, by option, and somebody is there to be asked.

    Raises:
        InvalidUsage: nobody is there; with every flag that is missing.
    """
    lacking = [option for option, given in needed.items() if given is None or given == ()]
    if not lacking:
        return False
    if _is_terminal():
        return True
    raise InvalidUsage(
        f"expkit {command} needs {', '.join(lacking)}",
        why="there is no terminal to ask on",
        mend=f"give them, or type the command in a terminal; all flags: expkit {command} --help",
    )


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def answer(prompt: str, read: Callable[[str], _Answer], *, default: str | None = None) -> _Answer:
    """What somebody types, as `read` understands it; asked again until it can be meant."""

    def understood(typed: str) -> _Answer:
        try:
            return read(typed.strip())
        except InvalidUsage as refused:
            said = "; ".join(filter(None, (refused.what, refused.mend)))
            raise click.UsageError(_wrapped(said, behind="Error: ")) from refused

    try:
        found: _Answer = click.prompt(prompt, default=default, value_proc=understood, err=True)
    except click.Abort:
        click.echo(err=True)  # the prompt's line has no end
        raise Interrupted("interrupted; nothing is written", mend="type the command again") from None
    return found


def _wrapped(said: str, *, behind: str) -> str:
    """A remark in lines that break between words, the first of which stands behind something."""
    lines = wrap(behind + said, width=log().width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).removeprefix(behind)


def go_on(prompt: str) -> None:
    """Ask for a yes.

    Raises:
        Interrupted: it was a no, or nothing.
    """
    try:
        agreed = click.confirm(prompt, err=True)
    except click.Abort:
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise Interrupted("nothing is written", mend="type the command again, and y to go on")


def one_of(what: str, known: Iterable[str]) -> Callable[[str], str]:
    """Reads a name that has to be one of some."""
    names = list(known)

    def read(given: str) -> str:
        if given not in names:
            raise InvalidUsage(f"there is no {what} {given!r}", mend=suggestion(given, names))
        return given

    return read


def text(given: str) -> str:
    """Reads anything but nothing."""
    if not given.strip():
        raise InvalidUsage("this cannot be empty", mend="write a few words")
    return given


def claimed(given: str) -> Claimed:
    """Reads a region: `at_least 3`, `at_most 3`, `within 1 2`, however the words are put together."""
    words = given.replace("_", " ").replace("-least", " least").replace("-most", " most").replace(",", " ").split()
    sort, rest = " ".join(words[:-1]).strip("-: "), words[-1:]
    if words[:1] == ["within"]:
        sort, rest = "within", words[1:]
    try:
        bounds = tuple(float(one.strip("[]:")) for one in rest if one.strip("[]:"))
    except ValueError:
        bounds = ()
    match sort, len(bounds):
        case ("at least", 1):
            return region(at_least=bounds[0])
        case ("at most", 1):
            return region(at_most=bounds[0])
        case ("within", 2):
            return region(within=(bounds[0], bounds[1]))
    raise InvalidUsage(f"{given!r} is no region", mend="type at_least 3, or at_most 3, or within 1 2")


def region(
    *, at_least: float | None = None, at_most: float | None = None, within: tuple[float, float] | None = None
) -> Claimed:
    """The one region that is claimed.

    Raises:
        InvalidUsage: it is not one, or no number.
    """
    given: list[Claimed] = []
    if at_least is not None:
        given.append(Claimed(word="at_least", bounds=(at_least,)))
    if at_most is not None:
        given.append(Claimed(word="at_most", bounds=(at_most,)))
    if within is not None:
        given.append(Claimed(word="within", bounds=within))
    if len(given) != 1:
        raise InvalidUsage("a criterion claims one region", mend="give one of --at-least, --at-most and --within")
    [one] = given
    if not all(abs(bound) < float("inf") for bound in one.bounds):
        raise InvalidUsage("a bound has to be a finite number", mend="write a number such as 3.5 or 1e-2")
    if one.word == "within" and not one.bounds[0] < one.bounds[1]:
        raise InvalidUsage("the lower bound is not below the upper one", mend="write the lower one first")
    return one


def show_metrics(metrics: Mapping[str, Metric]) -> None:
    """List what a hypothesis can be decided on."""
    made = table("metric", "", "what it is")
    for name, metric in metrics.items():
        better = "0 or 1" if metric.binary else f"{metric.better} is better"
        made.add_row(escape(name), f"[dim]{better}[/]", escape(metric.definition))
    log().print(made)
