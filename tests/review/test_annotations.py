"""Annotations: workflow commands that GitHub's runner reads back as what they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from expkit.review.annotations import MOST, data, value, workflow_commands
from expkit.review.problems import Problem

_DATA = {"\r": "%0D", "\n": "%0A", "%": "%25"}
_PROPERTY = {"\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C", "%": "%25"}
PIECES = [
    "%",
    "%0A",
    "%25",
    "%3A",
    "25",
    "::",
    ":",
    ",",
    "=",
    "\r",
    "\n",
    "\t",
    "##[",
    "::error::",
    "`|",
    "é",
    "😀",
    "a",
]
AWKWARD = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=10)


def unescaped(text: str, mapping: dict[str, str]) -> str:
    """What GitHub's runner makes of an escaped text: one replacement after the other, that of `%` last."""
    for token, written in mapping.items():
        text = text.replace(written, token)
    return text


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Command, properties and message, as GitHub's runner reads a line."""
    assert line.startswith("::")
    head, _, message = line[2:].partition("::")
    command, _, listed = head.partition(" ")
    pairs = (part.partition("=") for part in listed.split(","))
    return command, {key: unescaped(text, _PROPERTY) for key, _, text in pairs}, unescaped(message, _DATA)


@given(AWKWARD)
def test_escaped_texts_read_the_same(text: str) -> None:
    """Whatever is in them; and an escaped one ends neither its line nor its property."""
    assert unescaped(data(text), _DATA) == text
    assert unescaped(value(text), _PROPERTY) == text
    assert not {"\r", "\n"} & set(data(text))
    assert not {"\r", "\n", ":", ","} & set(value(text))


@given(file=AWKWARD, title=AWKWARD, what=AWKWARD, mend=AWKWARD | st.none(), line=st.integers(1, 10**6))
def test_a_command_reads_as_the_problem_that_it_tells(
    file: str, title: str, what: str, mend: str | None, line: int
) -> None:
    """File, line, column, title and message, on one line."""
    problem = Problem(severity="failure", file=file, line=line, column=3, title=title, what=what, mend=mend)
    (told,) = workflow_commands([problem], "below/")
    command, properties, message = read(told)
    assert command == "error"
    assert properties == {"file": f"below/{file}", "line": str(line), "col": "3", "title": title}
    assert message == (what if mend is None else f"{what}\n{mend}")


def test_there_are_at_most_ten_and_the_worst_come_first() -> None:
    """GitHub shows no more of one step; notes get none."""
    kinds = ("note", "warning", "failure", "warning", "failure") * 4
    told = workflow_commands([Problem(severity=kind, file="f", title="t", what="w") for kind in kinds])
    assert len(told) == MOST
    assert [line.split(" ")[0] for line in told] == ["::error"] * 8 + ["::warning"] * 2


def test_warnings_of_questions_that_are_not_touched_are_not_annotated() -> None:
    """Failures are: they stop a merge, and the message says that they seem to be older."""
    both = (Problem(severity=kind, file="f", title="t", what="w", untouched="rq02") for kind in ("warning", "failure"))
    (told,) = workflow_commands([*both])
    assert read(told)[2] == "w\nIt seems to have been there before: this change touches nothing of rq02."
