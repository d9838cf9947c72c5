"""Tied numbers: places in the written part whose text is the evidence's, between two markers that a page does not show.

    The gambler earns <!--= h2.estimate -->1.52<!--/--> times what the accountant earns.

What code shows is no marker: a fenced block or inline code can tell how markers are written. And what stands between
two markers is only ever replaced where it could have been filled in: anything else is somebody's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from expkit.outcomes.blocks import Blocks, blocks
from expkit.outcomes.document import generated_part
from expkit.outcomes.references import Unknown, is_filled_in, text_of
from expkit.records.evidence import Evidence

CLOSING = "<!--/-->"
"""What ends a tied number."""
_SHOWN = 40
"""Characters of somebody's words that a message shows."""
_TOKEN = re.compile(
    r"(?P<escaped>\\[`<\\])"
    r"|(?P<code>`+)"
    r"|(?P<opening><!--=)"
    rf"|(?P<closing>{CLOSING})"
    r"|(?P<comment><!--)"
)
_NEXT = re.compile(rf"(?P<opening><!--=)|{CLOSING}")
_BLANK = re.compile(r"\n[ \t>]*\r?\n")
_STARTS_LINE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d+[.)])[ \t]+)?")
_BARE_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, kw_only=True)
class Tied:
    """A number that is tied: where it stands, what it says, and what the evidence says."""

    line: int
    """From 1, in the whole document; so with columns."""
    column: int
    start: int
    """Where the text between the markers begins, and where it ends."""
    end: int
    reference: str
    says: str
    evidence_says: str
    misplaced: str | None
    """What the place does to the page, where markdown takes the marker for something else."""

    @property
    def stale(self) -> bool:
        """Whether it says something else; how white space is folded does not count."""
        return self.says.split() != self.evidence_says.split()


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A marker that cannot be meant, with what would be valid."""

    line: int
    column: int
    why: str
    valid: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.why}; {self.valid}"


@dataclass(frozen=True, kw_only=True)
class _Marker:
    """An opening marker with its text, and where what it ties begins and ends."""

    at: int
    inside: str
    start: int
    end: int


def tied_numbers(document: str, evidence: Evidence) -> tuple[list[Tied], list[Flaw]]:
    """Every tied number of a document's written part, in order, and every marker that cannot be meant."""
    tied, flaws = list[Tied](), list[Flaw]()
    for found in _markers(document, len(generated_part(document) or "")):
        if isinstance(found, Flaw):
            flaws.append(found)
            continue
        reference, _, form = (" ".join(part.split()) for part in found.inside.replace("\\|", "|").partition("|"))
        line, column = _position(document, found.at)
        try:
            text = text_of(evidence, reference, form)
        except Unknown as unknown:
            flaws.append(Flaw(line=line, column=column, why=unknown.why, valid=unknown.valid))
            continue
        says = document[found.start : found.end]
        if not is_filled_in(says, instead_of=text):
            flaws.append(_words(says, line, column))
            continue
        tied.append(
            Tied(
                line=line,
                column=column,
                start=found.start,
                end=found.end,
                reference=reference,
                says=says,
                evidence_says=text,
                misplaced=_misplaced(document, found),
            )
        )
    return tied, sorted(flaws, key=lambda flaw: (flaw.line, flaw.column))


def filled(document: str, evidence: Evidence) -> str:
    """A document whose tied numbers say what the evidence says. With one flawed marker, none of them is touched."""
    tied, flaws = tied_numbers(document, evidence)
    if flaws:
        return document
    for one in reversed(tied):
        if one.stale:
            document = document[: one.start] + one.evidence_says + document[one.end :]
    return document


def references(document: str) -> Iterator[str]:
    """What the markers of a document's written part name, whether there is such a thing or not."""
    found = _markers(document, len(generated_part(document) or ""))
    return (one.inside.strip() for one in found if isinstance(one, _Marker))


def _markers(text: str, place: int) -> Iterator[_Marker | Flaw]:
    """Every marker behind a place, outside of code and of other comments; and every fence that hides some."""
    if not _NEXT.search(text, place):
        return
    page = blocks(text, place)
    for start, end in page.prose(place, len(text)):
        yield from _in_prose(text, page, start, end)
    for fence in page.code:
        if fence.unclosed and _NEXT.search(text, fence.start):
            at = fence.start + len(text[fence.start :]) - len(text[fence.start :].lstrip(" "))
            why = "a code block that does not end hides the tied numbers behind it"
            yield _flaw(text, at, why, "write the same marks on a line of their own where the code ends")


def _in_prose(text: str, page: Blocks, place: int, limit: int) -> Iterator[_Marker | Flaw]:
    while token := _TOKEN.search(text, place, limit):
        place = token.end()
        match token.lastgroup:
            case "code":
                place = _behind_code(text, token, page)
            case "comment":
                end = text.find("-->", place, limit)
                place = end + 3 if end >= 0 else place
            case "closing":
                yield _flaw(text, token.start(), f"nothing is tied that {CLOSING} would end", "delete it")
            case "opening":
                one = _marker(text, token, limit)
                place = one.end + len(CLOSING) if isinstance(one, _Marker) else place
                yield one


def _marker(text: str, opening: re.Match[str], limit: int) -> _Marker | Flaw:
    at, end = opening.start(), text.find("-->", opening.end(), limit)
    if end < 0 or _BLANK.search(text, at, end) or "<!--" in text[opening.end() : end]:
        return _flaw(text, at, "a marker without its -->", "write it as <!--= h1.estimate -->")
    start = end + len("-->")
    following = _NEXT.search(text, start, limit)
    if following is None or _BLANK.search(text, start, following.start()):
        return _flaw(text, at, "a tied number without its end", f"write {CLOSING} right behind the number")
    if following["opening"]:
        line, column = _position(text, following.start())
        why = f"a tied number does not end before the next one begins, at {line}:{column}"
        return _flaw(text, at, why, f"write {CLOSING} right behind the number; none can stand inside another")
    return _Marker(at=at, inside=text[opening.end() : end], start=start, end=following.start())


def _behind_code(text: str, ticks: re.Match[str], page: Blocks) -> int:
    """Where inline code ends; ticks that nothing closes in their paragraph are ticks."""
    limit = page.paragraph_end(ticks.start()) or ticks.end()
    closing = re.compile(rf"(?<!`){ticks.group()}(?!`)").search(text, ticks.end(), limit)
    return closing.end() if closing else ticks.end()


def _words(says: str, line: int, column: int) -> Flaw:
    """What stands where a number belongs and is none."""
    said = " ".join(says.split())
    shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN].rstrip()} ..."
    valid = f"move {CLOSING} right behind the number, and your words behind {CLOSING}"
    return Flaw(line=line, column=column, why=f"{shown!r} is not what would be filled in there", valid=valid)


def _misplaced(text: str, marker: _Marker) -> str | None:
    for at in (marker.at, marker.end):
        before = text[text.rfind("\n", 0, at) + 1 : at]
        if _STARTS_LINE.fullmatch(before):
            return "a marker begins a line, which markdown then takes for HTML; put a word of the line before it"
    row = text[text.rfind("\n", 0, marker.at) + 1 : marker.at].lstrip()
    if row.startswith("|") and _BARE_PIPE.search(marker.inside):
        return "the | before a format ends a table's cell; write \\| there"
    return None


def _flaw(text: str, at: int, why: str, valid: str) -> Flaw:
    line, column = _position(text, at)
    return Flaw(line=line, column=column, why=why, valid=valid)


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
