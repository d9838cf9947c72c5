"""Syntax errors of YAML in words, for people who do not know how a parser works."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

_CLOSING = str.maketrans("[{", "]}")
_QUOTE = "put the text in quotes"
_PROBLEMS = (
    ("<block end>", "this line does not fit the ones above", "align the keys, or the dashes, of one block"),
    ("'<document start>'", "this line does not fit the ones above", "align the keys, or the dashes, of one block"),
    ("unknown escape", "a backslash in double quotes starts an escape, and this is none", "use single quotes"),
    ("escape sequence", "an escape is cut short here", "use single quotes"),
    ("node content", "a value is missing here", _QUOTE),
    ("chomping", "text after | or > starts on the next line", _QUOTE),
    ("comment or a line break", "text after | or > starts on the next line", _QUOTE),
    ("alphabetic or numeric", "unquoted text cannot start with & or * or %", _QUOTE),
    ("tag handle", "unquoted text cannot start with !, and tags are not read", _QUOTE),
    ("URI", "unquoted text cannot start with !, and tags are not read", _QUOTE),
    ("expected '!'", "unquoted text cannot start with !, and tags are not read", _QUOTE),
)
"""What the parser says of common slips, in part; what a person can make of it; what to do."""


def syntax_error(error: MarkedYAMLError, text: str) -> tuple[int, str, str | None]:
    """Where a syntax error is (an offset into the text), what it is in words, and what to do about common ones."""
    problem = str(error.problem or error.context or "not readable as YAML")
    at = error.problem_mark.index if error.problem_mark else 0
    opened = error.context_mark.index if error.context_mark else at
    here = text[at : at + 1]
    if "mapping values are not allowed" in problem:
        why = "a second ': ' in one line, or a line that is indented too far"
        return at, why, "put text that holds ': ' in quotes"
    if here == "\t" and "that cannot start" in problem:
        return at, "a tab cannot indent", "indent with spaces"
    if "that cannot start" in problem:
        return at, f"unquoted text cannot start with {here!r}", "put the text in quotes"
    if "unexpected end of stream" in problem:
        return opened, "this quote is never closed", "close it"
    if "expected ',' or" in problem:
        line = text.count("\n", 0, opened) + 1
        closing = text[opened].translate(_CLOSING)
        why = f"expected ',' or {closing!r} for what line {line} has opened"
        return at, why, "close it, or put text that holds [ ] { } or , in quotes"
    for part, why, valid in _PROBLEMS:
        if part in problem:
            return at, why, valid
    return at, problem, None
