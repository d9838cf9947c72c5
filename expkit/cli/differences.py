"""Differences: two evidences of a question on a terminal, what is not the same in them and, in a line, what is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from rich.markup import escape
from rich.table import Table

from expkit.cli.console import log, results, styled_verdict, table
from expkit.cli.verdicts import standing
from expkit.outcomes import numbers
from expkit.outcomes.difference import ArmDifference, Change, Difference, HypothesisDifference, place
from expkit.outcomes.sentences import estimate_with_interval
from expkit.outcomes.snapshot import Snapshot
from expkit.outcomes.wording import SYMBOLS, comparison, metric_phrase, setting_text
from expkit.records.evidence import HypothesisEvidence, Replication, Summary
from expkit.records.registration import Registration

_Entry = TypeVar("_Entry", Registration, Replication)
Statements = Mapping[str, str | None]
"""The text of every hypothesis by its id; None for a wording that was not kept."""
_SHORT = 12
"""Hex digits of a commit or a digest that tell it from any other here; `--json` has them all."""
_DIGESTS = ("environment", "engine", "program", "rows", "commit", "image built from")
_RESULTS = {
    "same": "same results",
    "other seeds": "other seeds; those in both agree",
    "other arm": "",
    "contradicting": "[bold red]contradicting: the same trials, other results[/]",
}
_NONE = "[dim]none[/]"


def print_difference(then: Snapshot, now: Snapshot, found: Difference, metric: str) -> None:
    """The two sides, what moved, then a table for everything of which there is something to tell."""
    heads = escape(then.tree.name), escape(now.tree.name)
    results().print(f"[bold]{then.evidence.question}[/] · {moved(found)}")
    sides = table("", "", header=False)
    for head, one in zip(heads, (then, now), strict=True):
        sides.add_row(head, f"[dim]{escape(_commit(one))}[/]")
        for remark in one.remarks:
            log().print(f"[yellow]{head}:[/] {escape(remark)}")
    results().print(sides)
    _print_parts(
        _science(heads, (then.statements, now.statements), found, metric)
        | {
            "registrations": _entries(heads, found.registrations_removed, found.registrations_added, _registered),
            "replications": _entries(heads, found.replications_removed, found.replications_added, _replicated),
            "where it was computed": _changes(heads, found.origin),
        }
    )
    results().print(f"\n{_the_rest(found)}")


def print_science(
    heads: tuple[str, str], statements: tuple[Statements, Statements], found: Difference, metric: str
) -> None:
    """What differs in the hypotheses, the arms, a metric and the family, each as a table where there is something."""
    _print_parts(_science(heads, statements, found, metric))


def _science(
    heads: tuple[str, str], statements: tuple[Statements, Statements], found: Difference, metric: str
) -> dict[str, Table]:
    return {
        "hypotheses": _hypotheses(statements, heads, found),
        "arms and seeds": _settings(heads, found),
        metric_phrase(metric): _measured(heads, found, metric),
        "family": _changes(heads, found.family),
    }


def _print_parts(parts: Mapping[str, Table]) -> None:
    for title, part in parts.items():
        if part.row_count:
            results().print(f"\n[dim]{escape(title)}[/]")
            results().print(part)


def moved(found: Difference) -> str:
    """The verdicts that are not the same, in a clause."""
    others = [
        f"{escape(one.now.id)} from {one.then.verdict} to {one.now.verdict}"
        for one in found.hypotheses
        if "verdict" in one.facets
    ]
    return f"{numbers.counted(len(others), 'verdict')} moved: {'; '.join(others)}" if others else "no verdict moved"


def _commit(one: Snapshot) -> str:
    tree = one.tree
    if tree.commit is None:
        return "no commit yet"
    others = [name for name in tree.names if name != tree.name]
    return " · ".join([tree.commit[:_SHORT], *([", ".join(others)] if others else [])])


def _hypotheses(statements: tuple[Statements, Statements], heads: tuple[str, str], found: Difference) -> Table:
    """Of every hypothesis that is not the same, its verdict, and what else differs."""
    made = table("", "", *heads)
    for one in found.hypotheses:
        _block(made, one.now.id, _facets(statements, one))
    for gone in found.hypotheses_removed:
        made.add_row(f"[bold]{escape(gone.id)}[/]", "[dim]verdict[/]", _verdict(gone), "[dim]not asked[/]")
    for new in found.hypotheses_added:
        made.add_row(f"[bold]{escape(new.id)}[/]", "[dim]verdict[/]", "[dim]not asked[/]", _verdict(new))
    return made


def _facets(statements: tuple[Statements, Statements], one: HypothesisDifference) -> Iterator[tuple[str, str, str]]:
    past, here = one.then, one.now
    yield "verdict", _verdict(past), _verdict(here)
    if past.id != here.id:
        yield "id", escape(past.id), escape(here.id)
    if "test" in one.facets:
        yield "estimate", _estimate(past), _estimate(here)
    if "reason" in one.facets:
        yield "reason", escape(past.reason or "") or _NONE, escape(here.reason or "") or _NONE
    if "standing" in one.facets:
        yield "standing", standing(past), standing(here)
    if "claim" in one.facets:
        yield "claim", _claim(past), _claim(here)
    elif "decision" in one.facets:
        yield "claim", "the same, with other arms, seeds or rules behind it", ""
    if "wording" in one.facets:
        yield "wording", _quoted(statements[0][past.id]), _quoted(statements[1][here.id])


def _verdict(one: HypothesisEvidence) -> str:
    return f"{SYMBOLS[one.verdict]} {styled_verdict(one.verdict)}"


def _estimate(one: HypothesisEvidence) -> str:
    return escape(estimate_with_interval(one, one.test)) if one.test else _NONE


def _claim(one: HypothesisEvidence) -> str:
    return escape(f"{metric_phrase(one.metric)} of {comparison(one)}: {numbers.region(one.region)}")


def _quoted(statement: str | None) -> str:
    return f"“{escape(' '.join(statement.split()))}”" if statement else "[dim]not kept[/]"


def _block(made: Table, name: str, rows: Iterator[tuple[str, str, str]]) -> None:
    """Rows with a name before the first of them."""
    for index, (label, then, now) in enumerate(rows):
        made.add_row("" if index else f"[bold]{escape(name)}[/]", f"[dim]{escape(label)}[/]", then, now)


def _settings(heads: tuple[str, str], found: Difference) -> Table:
    """Every setting that changed, and the arms that one side lacks."""
    made = table("", "", *heads)
    for one in found.arms:
        _block(made, one.now.name, _settings_of(one))
    for gone in found.arms_removed:
        made.add_row(f"[bold]{escape(gone.name)}[/]", "[dim]arm[/]", escape(place(gone)), _NONE)
    for new in found.arms_added:
        made.add_row(f"[bold]{escape(new.name)}[/]", "[dim]arm[/]", _NONE, escape(place(new)))
    return made


def _settings_of(one: ArmDifference) -> Iterator[tuple[str, str, str]]:
    if one.renamed:
        yield "name", escape(place(one.then)), escape(place(one.now))
    for change in one.settings:
        yield change.name, _value(change.name, change.then), _value(change.name, change.now)


def _value(name: str, value: str | int | float | bool | None) -> str:
    if value is None:
        return _NONE
    if name == "root":  # a name, not a quantity: its digits are not grouped
        return str(value)
    return escape(str(value)[:_SHORT] if name in _DIGESTS else setting_text(value))


def _measured(heads: tuple[str, str], found: Difference, metric: str) -> Table:
    """Interquartile mean with its 95 % interval, and mean, of every arm whose results are not the same."""
    made = table("", "", *heads, ">difference", "")
    for one in found.arms:
        name = f"[bold]{escape(one.now.name)}[/]"
        then, now = one.summaries(metric)
        if one.agreement == "same" or then is None or now is None:
            made.add_row(name, "", "", "", "", _RESULTS[one.agreement])
            continue
        places = max(_places(then), _places(now))
        cells = [_with_interval(summary, places) for summary in (then, now)]
        made.add_row(name, "[dim]IQM[/]", *cells, _signed(now.iqm - then.iqm, places), _RESULTS[one.agreement])
        means = [numbers.number(summary.mean, places) for summary in (then, now)]
        why = f"first in seed {one.contradiction.seed}" if one.contradiction else ""
        made.add_row("", "[dim]mean[/]", *means, _signed(now.mean - then.mean, places), why)
    return made


def _places(summary: Summary) -> int:
    interval = summary.iqm_interval
    return numbers.places_of(summary.iqm, interval) if interval else numbers.places_for((summary.sd or 0) / 3)


def _with_interval(summary: Summary, places: int) -> str:
    value, span = numbers.number(summary.iqm, places), summary.iqm_interval
    return f"{value} ({numbers.interval(span, places)})" if span else value


def _signed(value: float, places: int) -> str:
    return f"{'+' if value > 0 else ''}{numbers.number(value, places)}"


def _changes(heads: tuple[str, str], changes: Sequence[Change]) -> Table:
    made = table("", *heads)
    for one in changes:
        made.add_row(f"[dim]{escape(one.name)}[/]", _value(one.name, one.then), _value(one.name, one.now))
    return made


def _entries(
    heads: tuple[str, str], gone: Sequence[_Entry], new: Sequence[_Entry], said: Callable[[_Entry], str]
) -> Table:
    """What only one side has."""
    made = table("", "", header=False)
    for head, entries in zip(heads, (gone, new), strict=True):
        for entry in entries:
            made.add_row(f"[dim]only in {head}[/]", escape(said(entry)))
    return made


def _registered(entry: Registration) -> str:
    who = entry.standing.hypothesis if entry.standing else "data without a hypothesis"
    at = f"at {entry.commit[:_SHORT]}" if entry.commit else "outside git"
    return f"{who} {at}{'' if entry.clean else ', with uncommitted changes'}, first data {entry.recorded}"


def _replicated(entry: Replication) -> str:
    roots = ", ".join(dict.fromkeys(str(arm.root) for arm in entry.arms))
    judged = [one.agree for one in entry.hypotheses if one.agree is not None]
    return f"on root {roots}: {sum(judged)} of {numbers.counted(len(judged), 'verdict')} agree"


def _the_rest(found: Difference) -> str:
    """What is the same, in a line."""
    counts = {
        f"{numbers.counted(found.arms_same, 'arm')} with the same results": found.arms_same,
        f"{numbers.counted(found.hypotheses_same, 'hypothesis', 'hypotheses')} with the same verdict": (
            found.hypotheses_same
        ),
    }
    same = [text for text, count in counts.items() if count]
    return f"nothing {'' if found.nothing else 'else '}differs{': ' + ', '.join(same) if same else ''}"
