"""Tables of results that exist already: which rows are whose, and where they are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.project.results import NoResults, read_results
from expkit.specs.program import Measured, Recorded

RETURN = {"return": Measured(definition="return")}
TRAINER = Recorded(kind="recorded", file="results/x.csv", metrics=RETURN)


def refused(text: str) -> list[str]:
    """What is said of a table, without its file's name."""
    with pytest.raises(NoResults) as caught:
        read_results("results/x.csv", text.encode(), TRAINER)
    return [str(mistake).removeprefix("results/x.csv:") for mistake in caught.value.mistakes]


def test_seeds_are_ordered_by_size_and_names_come_behind() -> None:
    """10 comes after 9, and `spare` after both; seed k is the k-th."""
    trials = read_results("x", b"arm,seed,return\na,10,1\na,spare,4\na,9,2\na,-1,3\n", TRAINER)["a"]
    assert trials.rows.seeds == ("-1", "9", "10", "spare")
    assert [trial.values for trial in trials.trials] == [(3.0,), (2.0,), (1.0,), (4.0,)]


@pytest.mark.parametrize("cell", ["", "NaN", "inf", "-Infinity", "n/a", "None"])
def test_a_cell_without_a_number_to_use_is_a_failed_trial(cell: str) -> None:
    """With the reason and the line, and without a value."""
    [trial] = read_results("x", f"arm,seed,return\na,0,{cell}\n".encode(), TRAINER)["a"].trials
    assert trial.values == (None,)
    assert trial.failed == f"return is {cell or 'empty'} in line 2 of x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "arm,seed,retrun\na,0,1\n",
            "1:1: there is no column 'return', which is declared as a metric; did you mean 'r",
        ),
        (
            "arm;seed;return\na;0;1\n",
            "1:1: columns are separated by ';'; a comma is needed: ",
        ),
        ("arm,seed,return,return\na,0,1,2\n", "1:17: there are two columns 'return'; name one of them otherwise"),
        ("arm,seed,return\na,0,1\na,0,2\n", "3:3: seed 0 of arm 'a' stands in line 2 already; keep one row"),
        ("arm,seed,return\na,0,1\na,1,high\n", "3:5: return is 'high', which is no number; write a number"),
        ('arm,seed,return\n"a, the\nfirst",0,x\n', "3:10: return is 'x', which is no number"),
        ("arm,seed,return\n,0,1\n", "2:1: arm is empty; name the arm and the seed of every row"),
        ("arm,seed,return\na,0\n", "2:1: 2 values, and the first row names 3 columns"),
        ("arm,seed,return\n", "1:1: there is no row below the names of the columns"),
        ("", "1:1: the file is empty"),
        ('arm,seed,return\na,0,"1\n', "2:1: the file is no CSV"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, said: str) -> None:
    """Line and column in the table itself, what is wrong, what would be right."""
    assert refused(text)[0].startswith(said), refused(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    """A table in another encoding shows as one mistake with its line."""
    with pytest.raises(NoResults) as caught:
        read_results("x", b"arm,seed,return\n\xe9,0,1\n", TRAINER)
    assert str(caught.value.mistakes[0]) == "x:2:1: byte 0xe9 is not UTF-8; save the file as UTF-8"


@given(
    rows=st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), st.floats(-1e6, 1e6), min_size=1),
    data=st.data(),
)
def test_an_arm_is_known_by_its_own_rows(rows: dict[tuple[str, int], float], data: st.DataObject) -> None:
    """Their order, other columns and other arms' rows are not in its digest; each of its values is."""
    lines = [f"{arm},{seed},{value!r}" for (arm, seed), value in rows.items()]
    [(arm, seed), *_] = rows
    one = read_results("x", "\n".join(["arm,seed,return", *lines]).encode(), TRAINER)[arm].rows
    wider = [f"note,{line}" for line in (*data.draw(st.permutations(lines)), "other,0,1")]
    same = read_results("y", "\n".join(["remark,arm,seed,return", *wider]).encode(), TRAINER)[arm].rows
    assert same == one
    changed = [*lines[1:], f"{arm},{seed},{rows[arm, seed] + 1!r}"]
    other = read_results("x", "\n".join(["arm,seed,return", *changed]).encode(), TRAINER)[arm].rows
    assert other.digest != one.digest
