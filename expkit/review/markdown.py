"""A review as markdown: what must be mended first, then what changed, and nothing where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from expkit.outcomes.markdown.text import bullets, code, folded, plain, table
from expkit.outcomes.numbers import counted
from expkit.outcomes.snapshot import Tree
from expkit.review.changes import ArmChange, QuestionChange
from expkit.review.diff import diff_block
from expkit.review.hypotheses import HypothesisChange
from expkit.review.page import Section
from expkit.review.problems import REDRAWN, Problem
from expkit.review.results import Move
from expkit.review.review import Review
from expkit.review.shifts import Shift
from expkit.review.wordings import Rewording

_MOST_ROWS = 30
"""Rows and points before the rest is only counted: a sweep may have two hundred arms."""
_MOST_FILES = 3
"""Files named in the beginning before they are only counted."""
_SHORT = 7


def sections(review: Review) -> list[Section]:
    """The parts of a review, the first without a heading; those with nothing in them are left out."""
    changed, moved = review.changed, review.moved
    late = [one for one in changed.hypotheses if one.after_data and one.deed in ("added", "amended", "removed")]
    families = [one for one in changed.questions if one.deed == "amended" and one.after_data]
    told: dict[str, Iterable[str]] = {
        "Must be mended before a merge": _problems(review.failures),
        "Changed after data existed": [*map(_late, late), *map(_family, families)],
        "Registrations removed or rewritten": _points(f"{plain(name)}: {plain(text)}" for name, text in moved.gone),
        "Verdicts": [
            *_points(f"{plain(name)} {plain(text)}" for name, text in [*moved.findings, *moved.replications]),
            *_moves([*moved.verdicts, *moved.lost, *_standings(moved.standings, late)]),
        ],
        "The same trials, other numbers": _moves(moved.contradictions),
        "Numbers that moved": _moves(moved.numbers),
        "Figures drawn anew of the same numbers": _points(
            f"{code(one.file)} {plain(one.what)}{_mend(one)}" for one in review.problems if one.title == REDRAWN
        ),
        "Questions and hypotheses": _points(
            [
                *(_question(one) for one in changed.questions if one not in families),
                *(_hypothesis(one) for one in changed.hypotheses if one not in late),
            ]
        ),
        "Changed code and tables": _points(_arm(one) for one in changed.arms if one.source),
        "Arms": _points([*_groups(changed.arms), *(_arm(one) for one in changed.arms if _is_told_alone(one))]),
        "Run from trees that no commit holds": _points(f"{plain(name)}: {plain(text)}" for name, text in moved.dirty),
        "Reworded": list(map(_rewording, changed.wordings)),
        "To look at": _once([one for one in review.problems if one.severity == "warning" and _is_to_look_at(one)]),
        "What this review cannot know": _points(map(plain, review.remarks)),
        "": _notes([one for one in review.problems if one.severity == "note" or _is_aside(one)]),
    }
    made = [Section(title or None, list(blocks)) for title, blocks in told.items()]
    return [Section(None, list(_head(review))), *(one for one in made if one.blocks)]


def _head(review: Review) -> Iterator[str]:
    yield f"**{plain(review.sentence)}**"
    if review.failures:
        files = [code(file) for file in dict.fromkeys(one.file for one in review.failures)]
        where = ", ".join(files) if len(files) <= _MOST_FILES else counted(len(files), "file")
        yield f"**Not to be merged as it is: {counted(len(review.failures), 'failure')} in {where}.**"
    yield f"Compared: {_tree(review.base)} → {_tree(review.head)}."


def _tree(tree: Tree) -> str:
    return f"{plain(tree.name)} ({tree.commit[:_SHORT]})" if tree.commit else plain(tree.name)


def _problems(found: Sequence[Problem]) -> list[str]:
    return _points(f"{code(_place(one))} {_lines(one.what)}{_before(one)}{_mend(one)}" for one in found)


def _once(found: Sequence[Problem]) -> list[str]:
    """What is the same in several files is said once."""
    places: dict[tuple[str, str], list[str]] = {}
    for one in found:
        places.setdefault((_lines(one.what), _mend(one)), []).append(code(_place(one)))
    return _points(f"{', '.join(files)} {what}{mend}" for (what, mend), files in places.items())


def _is_to_look_at(one: Problem) -> bool:
    return one.checked and not one.untouched


def _is_aside(one: Problem) -> bool:
    return one.severity == "warning" and one.untouched is not None


def _before(one: Problem) -> str:
    return f"<br>{plain(one.before)}" if one.before else ""


def _place(one: Problem) -> str:
    return one.file if one.line == 1 else f"{one.file}:{one.line}"


def _lines(text: str) -> str:
    """A text line by line; where two lines say nearly the same, the words that differ are bold."""
    lines = [plain(line) for line in text.splitlines()]
    if len(lines) == 3:
        lines[1:] = _contrasted(*(line.split(" ") for line in lines[1:]))
    return "<br>".join(lines)


def _contrasted(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    matched = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    sides: tuple[list[str], list[str]] = ([], [])
    for deed, start, end, first, last in matched:
        for side, words in zip(sides, (one[start:end], other[first:last]), strict=True):
            text = " ".join(words)
            side += [text if deed == "equal" else f"<strong>{text}</strong>"] if words else []
    return " ".join(sides[0]), " ".join(sides[1])


def _mend(one: Problem) -> str:
    return f"<br>To mend: {_lines(one.mend)}" if one.mend else ""


def _notes(found: Sequence[Problem]) -> list[str]:
    return [folded(counted(len(found), "note") + " of expkit check", "\n".join(_problems(found)))] if found else []


def _late(one: HypothesisChange) -> str:
    """One block: the heading line, what it was and is, and what the evidence says of it."""
    name = f"{one.hypothesis} of {one.question}{f' (formerly {one.former})' if one.former else ''}"
    parts = [f"**{plain(name)} was {one.deed} after its data existed.** {plain(one.statement)}"]
    if one.shifts:
        parts.append(_shifts(one.shifts))
    if one.note:
        parts.append(f"{plain(one.note[0].upper() + one.note[1:])}")
    elif one.deed != "removed":
        parts.append(f"The evidence does not speak of it yet: expkit run {plain(one.question)}.")
    return "\n\n".join(parts)


def _family(one: QuestionChange) -> str:
    return f"**The family of {plain(one.question)} was amended after its data existed.**\n\n{_shifts(one.shifts)}"


def _shifts(shifts: Sequence[Shift]) -> str:
    shown = [[plain(one.name), _side(one.then), _side(one.now)] for one in shifts[:_MOST_ROWS]]
    return _table(["", "then", "now"], shown, len(shifts))


def _side(text: str | None) -> str:
    return "none" if text is None else plain(text)


def _moves(moves: Sequence[Move]) -> list[str]:
    several = len({one.question for one in moves}) > 1
    rows = [
        [
            plain(f"{one.question} {one.name}" if several else one.name),
            plain(one.what),
            plain(one.then),
            plain(f"{one.now}. {one.why}" if one.why else one.now),
        ]
        for one in moves
    ]
    head = ["" if several or not moves else plain(moves[0].question), "", "then", "now"]
    return [_table(head, rows[:_MOST_ROWS], len(rows))] if rows else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> str:
    more = f"\n\nand {counted(count - len(rows), 'row')} more" if count > len(rows) else ""
    return f"{table(head, rows)}{more}"


def _points(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    more = [f"and {len(every) - _MOST_ROWS} more"] if len(every) > _MOST_ROWS else []
    return [bullets([*every[:_MOST_ROWS], *more])] if every else []


def _question(one: QuestionChange) -> str:
    match one.deed:
        case "added":
            data = (
                " **Data of its arms had been recorded already**, and what they decide is exploratory." * one.after_data
            )
            return f"{plain(one.question)} is new: {plain(one.title)} ({_asked(one)}).{data}"
        case "removed":
            data = " Its data had been recorded; to give a question up, withdraw its hypotheses." * one.after_data
            return f"{plain(one.question)} is gone: {plain(one.title)} ({_asked(one)}).{data}"
        case "renamed":
            return f"{plain(one.former or '')} is called {plain(one.question)} now"
        case "amended":
            return f"the family of {plain(one.question)} was amended before data: {_inline(one.shifts)}"


def _asked(one: QuestionChange) -> str:
    return counted(one.hypotheses, "hypothesis", "hypotheses")


def _hypothesis(one: HypothesisChange) -> str:
    name = f"{plain(one.hypothesis)} of {plain(one.question)}"
    match one.deed:
        case "renamed":
            return f"{plain(one.former or '')} of {plain(one.question)} is called {plain(one.hypothesis)} now"
        case "amended":
            return f"{name} was amended before its data: {_inline(one.shifts)}"
        case "withdrawn":
            return f"{name} was withdrawn{' after its data existed' if one.after_data else ''}: {plain(one.note or '')}"
        case "taken up again":
            return f"{name} was taken up again; it had been withdrawn: {plain(one.note or '')}"
        case "added" | "removed":
            return f"{name} was {one.deed} before any data: {plain(one.statement)}"


def _groups(arms: Sequence[ArmChange]) -> Iterator[str]:
    """The arms of each experiment that are new, and those that are gone, in one line."""
    for deed, word in (("added", "new"), ("removed", "gone")):
        for experiment in dict.fromkeys(one.experiment for one in arms if one.deed == deed):
            names = [code(one.arm) for one in arms if (one.deed, one.experiment) == (deed, experiment)]
            more = f" and {len(names) - _MOST_ROWS} more" if len(names) > _MOST_ROWS else ""
            yield f"{word} in {code(experiment)}: {', '.join(names[:_MOST_ROWS])}{more}"


def _is_told_alone(one: ArmChange) -> bool:
    return one.deed in ("amended", "renamed") and not one.source


def _arm(one: ArmChange) -> str:
    name = code(f"{one.experiment}/{one.arm}")
    if one.deed == "renamed":
        return f"{code(one.former or '')} is called {name} now"
    former = f" (formerly {code(one.former)})" if one.former else ""
    return f"{name}{former}: {_inline(one.shifts)}"


def _standings(moves: Sequence[Move], late: Sequence[HypothesisChange]) -> list[Move]:
    """Without the reason where it has been told."""
    told = {(one.question, one.hypothesis) for one in late if one.note}
    return [replace(one, why=None) if (one.question, one.name) in told else one for one in moves]


def _inline(shifts: Sequence[Shift]) -> str:
    return "; ".join(f"{plain(one.name)} {_side(one.then)} → {_side(one.now)}" for one in shifts)


def _rewording(one: Rewording) -> str:
    of = f" ({plain(one.question)})" if one.question else ""
    what = plain(one.what)
    return f"{what[0].upper()}{what[1:]}{of}:\n\n{diff_block(one.then, one.now)}"
