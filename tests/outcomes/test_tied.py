from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.outcomes import references
from expkit.outcomes.document import MARKER
from expkit.outcomes.references import ABSENT, Unknown, is_filled_in, text_of
from expkit.outcomes.tied import filled, tied_numbers
from tests.outcomes.conftest import evidence as make_evidence

if TYPE_CHECKING:
    from expkit.records.evidence import Evidence

GENERATED = f"# rq01\n\nFound `1.5`.\n\n{MARKER}\n"
EVIDENCE = make_evidence()
TIE = "<!--= h2.estimate -->"
END = "<!--/-->"
VALUE = "1.504"


def fill(words: str) -> str:
    """Words below the marker line, filled in."""
    document = filled(GENERATED + words, EVIDENCE)
    assert document.startswith(GENERATED)
    return document.removeprefix(GENERATED)


@pytest.mark.parametrize(
    "words",
    [
        "It earns {} times as much.",
        "It earns **{}** times as much.",
        "| arm | ratio |\n|---|---|\n| gambler | {} |",
        "- a point, {}\n- and {} again",
        "> quoted: {}",
        "`code` and {} and `code`",
        "a tick ` and {}",
        "```\nfenced\n```\nthen {}",
        "<!-- a remark --> then {}",
        "\\`{}\\`",
        "windows\r\nlines {}\r\n",
        "> ```\n> x\n\nthen {}",
        "- ```\n  x\n\nthen {}",
        "a paragraph\n    ```\nthen {}",
        "a list\n- of a ` tick\n- of {} and a ` tick",
        "<!-- a remark\n```\n-->\nthen {}",
        "<b>\nhtml ` {} `\n</b>",
    ],
)
def test_a_number_between_markers_is_filled_in_wherever_a_page_shows_it(words: str) -> None:
    """In tables, lists, bold and beside code; everything around it stays."""
    assert fill(words.replace("{}", f"{TIE}1.4{END}")) == words.replace("{}", f"{TIE}{VALUE}{END}")


@pytest.mark.parametrize(
    "words",
    [
        f"`{TIE}1{END}`",
        f"``a ` {TIE}1{END}``",
        f"```markdown\n{TIE}1{END}\n```",
        f"  ~~~~\n~~~\n{TIE}1{END}\n~~~~",
        f"- ```\n  {TIE}1{END}\n  ```",
        f"> ```\n> {TIE}1{END}",
        f"words\n\n    {TIE}1{END}\n",
        f"\\{TIE}1",
        "<!-- not = h2.estimate -->1",
    ],
)
def test_what_code_shows_is_no_marker(words: str) -> None:
    """A page can tell how markers are written; a fence ends with the quote or the list that it stands in."""
    assert fill(words) == words
    assert tied_numbers(GENERATED + words, EVIDENCE) == ([], [])


def test_markers_above_the_written_part_are_not_ours() -> None:
    """The generated part is a function of the evidence already."""
    document = GENERATED.replace("Found", f"{TIE}Found{END}") + "words"
    assert filled(document, EVIDENCE) == document


PIECES = [
    TIE,
    END,
    "<!--= h1.low | ,.1f -->",
    "<!--= h9.p -->",
    "<!--",
    "-->",
    "`",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "\\",
    "| ",
]


@given(st.lists(st.sampled_from([*PIECES, "words ", "1.5", "é", "\r\n", "<"]), max_size=14).map("".join))
def test_no_character_outside_of_markers_is_ever_touched(words: str) -> None:
    """Whatever is written, and however markers are torn; and filling a second time finds nothing to do."""
    between = re.compile(r"(<!--= ?[^>]*-->)(?:(?!<!--=).)*?(<!--/-->)", re.DOTALL)
    found = fill(words)
    assert between.sub(r"\1\2", found) == between.sub(r"\1\2", words)
    assert fill(found) == found


NUMBERS = st.one_of(st.just(""), st.floats().map(lambda value: f"{value:,.3f}"), st.sampled_from(["1 to 2", "invalid"]))


@given(st.lists(st.tuples(st.text(), NUMBERS), max_size=4))
def test_every_marker_in_prose_is_filled_and_the_prose_stays(parts: list[tuple[str, str]]) -> None:
    """Any prose without markup of its own, to the last character and line end."""
    told = [(re.sub(r"[`~<\\\t]|    ", "", prose), number) for prose, number in parts]
    words = "".join(f"{prose}{TIE}{number}{END}" for prose, number in told)
    assert fill(words) == "".join(f"{prose}{TIE}{VALUE}{END}" for prose, _ in told)


@pytest.mark.parametrize(
    ("words", "where", "why", "valid"),
    [
        (f"a\n b <!--= h9.p -->1{END}", "7:4", "nothing is called 'h9'", "valid are h1, h2, h3"),
        (f"<!--= h2.estimat -->1{END}", "6:1", "hypothesis h2 has no 'estimat'", "did you mean 'estimate'"),
        (f"<!--= -->1{END}", "6:1", "names nothing", "valid are h1, h2, h3, drunkard"),
        (f"<!--= gambler.total_reward.iq -->1{END}", "6:1", "no 'iq'", "did you mean 'iqm'"),
        (f"<!--= gambler.reward.iqm -->1{END}", "6:1", "no 'reward'", "did you mean 'total_reward'"),
        (f"<!--= h2.p | .1z -->1{END}", "6:1", "no format '.1z'", "such as .1f"),
        (f"<!--= h2.p | 999999999f -->1{END}", "6:1", "no format", "such as .1f"),
        (f"<!--= h2.verdict | .1f -->1{END}", "6:1", "is no number", "leave the format out"),
        (f"{TIE}1.5 and so on", "6:1", "without its end", f"write {END} right behind"),
        (f"{TIE}1.5\n\nMore words.{END}", "6:1", "without its end", f"write {END} right behind"),
        (f"{TIE}{'many words ' * 12}{END}", "6:1", "words many wo ...'", f"move {END} right"),
        (f"a {TIE}1.52 times as much{END}", "6:3", "'1.52 times as much' is not what would be", f"move {END} right"),
        (f"{TIE}1 of 2{END}", "6:1", "'1 of 2' is not what would be", f"move {END} right behind the number"),
        (f"- a {TIE}1\n- b {END}", "6:5", "'1 - b' is not what", f"move {END} right behind the number"),
        (f"a\n\n ```\n{TIE}1{END}\n", "8:2", "a code block that does not end hides", "where the code ends"),
        (f"a {TIE}1 {TIE}2{END}", "6:3", "before the next one begins, at 6:26", "none can stand inside another"),
        (f"a {END}", "6:3", "nothing is tied", "delete it"),
        ("a <!--= h2.estimate", "6:3", "without its -->", "write it as"),
    ],
)
def test_a_marker_that_cannot_be_meant_is_told_with_its_place(words: str, where: str, why: str, valid: str) -> None:
    """With what would be valid; and not one number is filled in, the sound ones of the same page included."""
    sound = f"Sound: {TIE}1.4{END}\n\n"
    _, flaws = tied_numbers(GENERATED + words, EVIDENCE)
    assert f"{flaws[0].line}:{flaws[0].column}" == where
    assert why in flaws[0].why
    assert valid in flaws[0].valid
    assert fill(sound + words) == sound + words


@pytest.mark.parametrize("form", ["", ".2f", "+,.1f", ".3g", ".1%", "abs"])
def test_what_was_filled_in_can_always_be_filled_in_again(form: str) -> None:
    """Whatever is tied, in whatever format: no text of ours is taken for somebody's words."""
    names = [f"{one.id}.{field}" for one in EVIDENCE.hypotheses for field in references._FIELDS]
    names += [
        f"{arm.name}.{metric}.{name}"
        for arm in EVIDENCE.arms
        for metric in arm.summaries
        for name in references._STATISTICS
    ]
    names += [*references._COUNTS, "gambler.n", "gambler.optimal_gain"]
    for name in names:
        with suppress(Unknown):
            assert is_filled_in(text_of(EVIDENCE, name, form), instead_of="")
    assert all(
        is_filled_in(text, instead_of="") for text in ("-1,234.5", " 12 % ", "1 to\n2", "any value", "?", ABSENT)
    )


def test_a_line_that_an_editor_folded_is_not_stale() -> None:
    """White space counts as one blank, within the number and within its marker; it is left as it is."""
    words = f"from <!--= h1.interval\n-->3,999\nto\n4,568{END}"
    (one,), flaws = tied_numbers(GENERATED + words, EVIDENCE)
    assert not flaws
    assert one.evidence_says == "3,999 to 4,568"
    assert not one.stale
    assert fill(words) == words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{TIE}1{END} times", "begins a line"),
        (f"- {TIE}1{END}", "begins a line"),
        (f"> {TIE}1{END}", "begins a line"),
        (f"so {TIE}1\n{END}", "begins a line"),
        (f"| a | <!--= h2.estimate | .1f -->1{END} |", "ends a table's cell"),
        (f"| a | <!--= h2.estimate \\| .1f -->1{END} |", None),
        (f"a | <!--= h2.estimate | .1f -->1{END}", None),
    ],
)
def test_a_place_where_markdown_takes_a_marker_for_something_else_is_told(words: str, said: str | None) -> None:
    """Such a page shows something else than was written; the number is filled in all the same."""
    (one,), _ = tied_numbers(GENERATED + words, EVIDENCE)
    assert (one.misplaced is None) if said is None else said in (one.misplaced or "")
    assert f"1.5{'04' if '.1f' not in words else ''}{END}" in fill(words).replace("\n", "")


def test_the_values_follow_the_evidence(evidence: Evidence) -> None:
    """Another evidence, another number: nothing is remembered."""
    (first, *others) = evidence.hypotheses
    assert first.test is not None
    moved = first.model_copy(update={"test": first.test.model_copy(update={"estimate": 4_321.0})})
    later = evidence.model_copy(update={"hypotheses": (moved, *others)})
    assert filled(f"{GENERATED}a <!--= h1.estimate -->1{END}", later).endswith(f"4,321{END}")
