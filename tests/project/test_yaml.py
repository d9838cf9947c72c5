from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.project.yaml import DEEPEST, LARGEST_FILE, Place, read_yaml

FILE = "experiments/a.yaml"


def said(content: str | bytes) -> list[str]:
    """The mistakes of a file, each as `line:column: why; valid`."""
    document = read_yaml(FILE, content.encode() if isinstance(content, str) else content)
    return [str(mistake).removeprefix(f"{FILE}:") for mistake in document.mistakes]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.0", -0.0),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("+3", 3),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
        ("e3", "e3"),
        (".", "."),
        ("nan", "nan"),
        ("inf", "inf"),
        ("'12'", "12"),
        ('"true"', "true"),
        ('"a\\tb"', "a\tb"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">-\n  one\n  line\n", "one line"),
        ("[1, no, {b: ~}]", [1, "no", {"b": None}]),
        ("9007199254740991", 2**53 - 1),
    ],
)
def test_a_scalar_means_what_the_core_schema_of_yaml_1_2_says(text: str, value: object) -> None:
    """YAML 1.1's booleans, octals, underscores, base-60 numbers and dates are text or decimal."""
    document = read_yaml(FILE, f"a: {text}".encode())
    assert document.mistakes == []
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1: the key 'a' is given twice, first on line 1; keep one of them"]),
        ("a: {b: 1, 'b': 2}\n", ["1:11: the key 'b' is given twice, first on line 1; keep one of them"]),
        ("a: !!python/object/apply:os.system [ls]\n", ["1:4: !!python/object/apply:os.system is a tag"]),
        ("a: !x 1\n", ["1:4: !x is a tag, and tags are not read; write the plain value"]),
        ("a: !!str 1\n", ["1:4: !!str is a tag"]),
        ("a: ! 1\n", ["1:4: ! is a tag"]),
        ("a: !u!x 1\n", ["1:4: unquoted text cannot start with !, and tags are not read"]),
        ("a: &b 1\n", ["1:4: &b is an anchor, and anchors are not read; delete it"]),
        ("a: &b 1\nc: *b\n", ["1:4: &b is an anchor", "2:4: *b is an alias, and aliases are not read; write the"]),
        ("a: *b\n", ["1:4: *b is an alias"]),
        ("<<: {a: 1}\n", ["1:1: << is a merge key, and merge keys are not read; write the keys out"]),
        ("a: 1\n---\nb: 2\n", ["2:1: a second document starts here; one file holds one declaration"]),
        ("a: 1\n...\nb: 2\n", ["3:1: a second document starts here"]),
        ("a: .nan\n", ["1:4: .nan is not a finite number; write a finite number"]),
        ("a: [1, -.Inf]\n", ["1:8: -.Inf is not a finite number"]),
        ("a: 1e999\n", ["1:4: 1e999 is too large for a number"]),
        ("a: 9007199254740992\n", ["1:4: the whole number is beyond 2**53 - 1"]),
        (f"a: {'9' * 5000}\n", ["1:4: the whole number is beyond 2**53 - 1"]),
        ("1: x\n", ['1:1: the key 1 is not text; write "1" in quotes']),
        ("true: x\n", ["1:1: the key true is not text"]),
        ("~: x\n", ["1:1: the key ~ is not text"]),
        ("? [a, b]\n: c\n", ["1:3: a list or a mapping cannot be a key; keys are text"]),
        ("", ["1:1: the file holds no declaration"]),
        ("# only a comment\n", ["1:1: the file holds no declaration"]),
        ("%YAML 1.1\n---\na: no\n", ["1:1: directives other than %YAML 1.2 are not read"]),
        ("# c\n%TAG ! x:\n---\na: 1\n", ["2:1: directives other than %YAML 1.2 are not read"]),
        ("a:\n\tb: 1\n", ["2:1: a tab cannot indent; indent with spaces"]),
        ("a: b: c\n", ["1:5: a second ': ' in one line, or a line that is indented too far; put text"]),
        ("a: 1\n  b: 2\n", ["2:4: a second ': ' in one line"]),
        ("a: @b\n", ["1:4: unquoted text cannot start with '@'; put the text in quotes"]),
        ("a: 'b\nc: d\n", ["1:4: this quote is never closed; close it"]),
        ("a: {b: [1, 2}\n", ["1:13: expected ',' or ']' for what line 1 has opened; close it"]),
        ("a: [1,\nb: 2\n", ["3:1: expected ',' or ']' for what line 1 has opened"]),
        ("- a\nb: c\n", ["2:1: this line does not fit the ones above; align the keys, or the dashes"]),
        (" a: 1\nb: 2\n", ["2:1: this line does not fit the ones above; align the keys"]),
        ('a: "\\q"\n', ["1:6: a backslash in double quotes starts an escape, and this is none; use single quotes"]),
        ("a: |b\n", ["1:5: text after | or > starts on the next line; put the text in quotes"]),
        ("a: * b\n", ["1:5: unquoted text cannot start with & or * or %; put the text in quotes"]),
        ("a: [,]\n", ["1:5: a value is missing here; put the text in quotes"]),
        ('a: "\\U00110000"\n', ["1:1: not readable as YAML after this place"]),
        ('a: "\\ud800"\n', ["1:4: the text holds the character U+D800; delete it"]),
        ('a: "\\0"\n', ["1:4: the text holds the character U+0000"]),
        ("a: \x07\n", ["1:4: the character U+0007 is not allowed in YAML"]),
        ("[" * 10_000, [f"1:{DEEPEST + 2}: nested deeper than {DEEPEST} levels"]),
        ("- " * 10_000, [f"1:{2 * DEEPEST + 3}: nested deeper than {DEEPEST} levels"]),
    ],
)
def test_what_is_no_plain_data_is_refused_at_its_place(text: str, mistakes: list[str]) -> None:
    """Each trap is named by line and column, in words, with what to write instead."""
    found = said(text)
    assert len(found) == len(mistakes), found
    for one, start in zip(found, mistakes, strict=True):
        assert one.startswith(start)


def test_a_file_that_is_not_utf_8_is_refused_at_the_first_wrong_byte() -> None:
    """Columns count characters, so the two-byte e-acute before the place counts once."""
    assert said("a: 1\nb: é".encode() + b"\xff\n") == ["2:5: byte 0xff is not UTF-8; save the file as UTF-8"]
    assert said("a: 1".encode("utf-16")) == ["1:1: byte 0xff is not UTF-8; save the file as UTF-8"]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """Editors that write one are not punished, and columns do not shift."""
    document = read_yaml(FILE, b"\xef\xbb\xbfa: 1")
    assert (document.value, document.at(("a",), key=True)) == ({"a": 1}, Place(1, 1))


def test_a_file_beyond_the_size_limit_is_not_parsed() -> None:
    """A declaration is written by hand; a megabyte of it is something else."""
    assert said(b"a: 1\n" + b"#" * LARGEST_FILE) == [
        "1:1: the file is larger than 1000000 bytes; a declaration is a page or two of text"
    ]


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    """Nothing is ever expanded."""
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 200))
    assert [one.split(",")[0] for one in said(bomb)] == [
        "1:5: &a0 is an anchor",
        "2:5: &a1 is an anchor",
        "2:10: *a0 is an alias",
    ]


def test_several_mistakes_of_one_file_are_found_in_one_go() -> None:
    """Only what ends the reading, such as an alias or a syntax error, hides what follows."""
    assert [one.partition(" ")[0] for one in said("a: .nan\nb: !x 1\nb: 2\n1: 3\nc: 'open\n")] == [
        "1:4:",
        "2:4:",
        "3:1:",
        "4:1:",
        "5:4:",
    ]


def test_every_key_and_value_knows_its_place() -> None:
    """Lines and columns count from 1, whatever ends the lines."""
    document = read_yaml(FILE, b"top:\r\n  - {x: 1, 'y': [2, 3]}\r\nempty:\r\n")
    assert document.at(()) == Place(1, 1)
    assert document.at(("top", 0, "y"), key=True) == Place(2, 12)
    assert document.at(("top", 0, "y", 1)) == Place(2, 21)
    assert document.at(("empty",)) == Place(3, 1)
    assert document.at(("top", 0, "z", "deeper")) == Place(2, 5), "what is not there is placed at what is around it"


@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!|>'\"%@#? \n\t,.0\\x~<", max_size=60).map(str.encode))
def test_whatever_bytes_a_file_holds_it_is_read_or_refused_inside_itself(content: bytes) -> None:
    """No content raises, and every mistake lies within the file."""
    document = read_yaml(FILE, content)
    assert document.readable or document.mistakes
    lines = re.split(r"\r\n|\r|\n", content.decode("utf-8-sig", errors="replace"))
    for mistake in document.mistakes:
        assert 1 <= mistake.line <= len(lines)
        assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1
        assert "\n" not in mistake.why


_keys = st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=5)
_scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | _keys
_values = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(_keys, inner), max_leaves=8)


@given(_values.filter(lambda value: not _infinite(value)))
def test_json_is_read_as_itself(value: object) -> None:
    """JSON is a part of YAML 1.2: what one writes, the other reads, with its types."""
    document = read_yaml(FILE, json.dumps(value).encode())
    assert document.mistakes == []
    assert json.dumps(document.value) == json.dumps(value)


def _infinite(value: object) -> bool:
    if isinstance(value, list | dict):
        return any(map(_infinite, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and math.isinf(value)
