from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.execution import lines as module
from expkit.execution.lines import LONGEST_LINE, Lines, Pace


@pytest.fixture
def lines() -> Lines:
    """A trial whose axis is `step`, with a metric `gain`."""
    return Lines("step", ["gain"])


def test_every_number_of_an_object_is_a_point_at_its_axis(lines):
    """A truth is 0 or 1; texts and what is nested are neither point nor log."""
    found = lines.read('{"step": 5, "gain": 1.5, "done": true, "name": "x", "inner": {"gain": 9}, "list": [1]}\r\n')
    assert found == [("gain", 5.0, 1.5), ("done", 5.0, 1.0)]
    assert list(lines.log.lines()) == []
    assert lines.last == {"gain": 1.5, "done": 1.0}


def test_lines_without_an_axis_are_counted(lines):
    """The first is at 0, and an axis that is no number is none."""
    found = [lines.read(line) for line in ('{"gain": 1}', '{"step": NaN, "gain": 2}', '{"step": 9, "gain": 3}')]
    assert [axis for ((_, axis, _),) in found] == [0.0, 1.0, 9.0]


def test_an_axis_that_is_a_declared_metric_is_both():
    """A program may be measured by how far it came."""
    assert Lines("step", ["step"]).read('{"step": 3}') == [("step", 3.0, 3.0)]


@pytest.mark.parametrize(
    "line",
    ["", "hello", "[1]", "3", '{"a": ', "{}", '{"a": "b"}', "[" * 9999, '{"a":' * 9999, '{"gain": 1}' + " " * 2**16],
)
def test_everything_else_is_log(lines, line):
    """However it is broken, reading goes on."""
    assert lines.read(line) == []
    assert list(lines.log.lines()) == [line[:LONGEST_LINE]]
    assert lines.read('{"gain": 2}') == [("gain", 0.0, 2.0)]


def test_what_is_no_finite_number_is_no_point_and_is_told(lines):
    """It still is the last value."""
    lines.read('{"gain": 1}')
    assert lines.read('{"gain": NaN, "a": -Infinity, "b": 1' + "0" * 400 + "}") == []
    assert math.isnan(lines.last["gain"])
    assert (lines.last["a"], lines.last["b"]) == (-math.inf, math.inf)
    assert lines.remarks == ["3 values are NaN or infinite, and no points"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"gain": "3.5"}', 'gain was text, "3.5", not a number'),
        ('{"gain": "\\u001b[31m' + "x" * 99 + '"}', 'gain was text, "\\u001b[31m' + "x" * 35 + '...", not a number'),
        ('{"a": 1, "gain": [1]}', "gain was a list, not a number"),
        ('{"gain": null}', "gain was null, not a number"),
        ('{"metrics": {"gain": 3}}', "gain lies deeper, in metrics"),
        ('{"\\n": {"gain": 3}}', 'gain lies deeper, in "\\n"'),
        ('{"other": {"a": 3}}', None),
    ],
)
def test_what_stood_where_a_number_was_looked_for_is_remembered(lines, line, said):
    """Whoever printed it takes it for a value of the metric."""
    lines.read(line)
    assert lines.unread.get("gain") == said


def test_one_oddity_is_told_in_the_singular(lines):
    """Its count and its words agree."""
    lines.read("{oops")
    assert lines.remarks == ["1 line begins like a JSON object and is none; it is log"]


def test_keys_are_bounded_and_declared_ones_always_taken(lines):
    """A program that invents keys fills neither memory nor a tracker."""
    for n in range(300):
        lines.read(json.dumps({f"key{n}": n, "": 1}))
    assert lines.read('{"gain": 1}') == [("gain", 300.0, 1.0)]
    assert len(lines.points.names) == 201
    assert len(lines.remarks) == 2


def test_points_are_bounded_and_the_last_value_is_not(lines, monkeypatch):
    """What is kept is stated; digest and result see everything."""
    monkeypatch.setattr(module, "MOST_POINTS", 2)
    other = Lines("step", ["gain"])
    for value in range(4):
        lines.read(json.dumps({"gain": value}))
        other.read(json.dumps({"gain": min(value, 2)}))
    assert lines.points.series("gain")[1].tolist() == [0.0, 1.0]
    assert lines.last["gain"] == 3.0
    assert lines.digest != other.digest


def test_a_long_log_keeps_its_beginning_and_its_end(lines):
    """And says how much lies between."""
    for number in range(100_000):
        lines.read(f"line {number}")
    kept = list(lines.log.lines())
    (gap,) = [line for line in kept if line.startswith("[expkit: ")]
    assert (kept[0], kept[-1]) == ("line 0", "line 99999")
    assert int(gap.split()[1].replace(",", "")) + len(kept) - 1 == 100_000


POINTS = st.lists(st.tuples(st.integers(0, 9), st.floats(allow_nan=False)))


@given(one=POINTS, other=POINTS, noise=st.text(st.characters(exclude_characters="\n")))
def test_two_trials_have_one_digest_exactly_when_their_declared_series_are_equal(one, other, noise):
    """Log lines and undeclared keys are in no digest."""

    def read(points: list[tuple[int, float]], more: str) -> str:
        lines = Lines("step", ["gain"])
        for axis, value in points:
            lines.read(json.dumps({"step": axis, "gain": value, "other": len(more)}))
            lines.read("." + more)
        return lines.digest

    assert read(one, noise) == read(one, "")
    as_told = [[(axis, str(value)) for axis, value in points] for points in (one, other)]
    assert (read(one, "") == read(other, "")) == (as_told[0] == as_told[1])


def test_a_flood_of_points_is_thinned_and_its_last_one_told():
    """Each key has a pace of its own."""
    pace = Pace(0.25)
    told = [point for n in range(100) for point in pace.due([("a", n, n)], now=n / 64)]
    assert [axis for _, axis, _ in told] == [0, 16, 32, 48, 64, 80, 96]
    assert list(pace.due([("b", 0, 0)], now=1.5)) == [("b", 0, 0)]
    assert pace.rest() == [("a", 99, 99)]
