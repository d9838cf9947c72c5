"""The page against its evidence: the generated part, tied numbers, and what nobody has written yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.document import SECTIONS, empty_sections, generated_part, visible, written_part
from expkit.outcomes.markdown.render import render
from expkit.outcomes.tied import references, tied_numbers
from expkit.outcomes.write import read_text
from expkit.project.paths import Paths
from expkit.records.evidence import Evidence
from expkit.specs.question import ResearchQuestion


def against_evidence(paths: Paths, question: ResearchQuestion, evidence: Evidence, *, fresh: bool) -> Iterator[Finding]:
    """What the outcome's page says otherwise than its evidence, or does not say.

    `fresh` is whether the evidence is of the question as it is declared.
    """
    place, again = paths.relative(paths.outcome(question.id)), f"expkit run {question.id}"
    text = read_text(paths.outcome(question.id))
    if text is None:
        yield Finding(severity="failure", file=place, what="missing", mend=again)
        return
    generated = generated_part(text)
    if generated is None:
        yield Finding(
            severity="failure",
            file=place,
            what="the marker line between the generated part and your own words is gone",
            mend=f"take the line from git again: git diff {place}",
        )
        return
    # a stale outcome differs from what would be rendered today: that says nothing about who edited it
    if fresh and (line := _first_difference(generated, render(question, evidence))):
        number, found, wanted = line
        yield Finding(
            severity="failure",
            file=f"{place}:{number}",
            what="the generated part was edited by hand, or by another version of expkit\n"
            f"  it says: {found}\n  evidence.json says: {wanted}",
            mend=f"write below the marker line instead; {again} writes this part again",
        )
    yield from _tied(place, text, evidence, again)
    if empty := empty_sections(written_part(text)):
        yield Finding(
            severity="warning",
            file=place,
            what=f"nothing is written yet under {', '.join(empty)}",
            mend="a reviewer needs your words, below the marker line",
        )
    if next(iter(SECTIONS)) not in empty and (silent := _undiscussed(text, evidence)):
        yield Finding(
            severity="warning",
            file=place,
            what=f"no word is written about {', '.join(silent)}",
            mend="say below the marker line what the verdict means, and name the hypothesis by its id",
        )


def _tied(place: str, text: str, evidence: Evidence, again: str) -> Iterator[Finding]:
    tied, flaws = tied_numbers(text, evidence)
    for flaw in flaws:
        at = f"{place}:{flaw.line}:{flaw.column}"
        yield Finding(severity="failure", file=at, what=flaw.why, mend=flaw.valid)
    for one in tied:
        at = f"{place}:{one.line}:{one.column}"
        if one.stale:
            yield Finding(
                severity="failure",
                file=at,
                what=f"a tied number is stale: it says {' '.join(one.says.split()) or 'nothing'}, and {one.reference} "
                f"is {one.evidence_says} in evidence.json",
                mend=f"{again} fills it in; read the words around it again",
            )
        if one.misplaced:
            yield Finding(severity="warning", file=at, what=one.misplaced)


def _undiscussed(text: str, evidence: Evidence) -> list[str]:
    """The hypotheses that the written part neither names nor ties a number of."""
    words = " ".join([visible(written_part(text)), *references(text)])
    return [
        one.id
        for one in evidence.hypotheses
        if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(one.id)}(?![A-Za-z0-9_])", words, re.IGNORECASE)
    ]


def _first_difference(found: str, wanted: str) -> tuple[int, str, str] | None:
    """The first line that differs, from 1, as it is and as it should be; line ends do not count."""
    lines = zip_longest(found.splitlines(), wanted.splitlines(), fillvalue="(nothing)")
    for number, (here, there) in enumerate(lines, start=1):
        if here != there:
            return number, here, there
    return None
