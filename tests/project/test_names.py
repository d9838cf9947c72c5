from __future__ import annotations

import pytest

from expkit.errors import InvalidUsage
from expkit.project.names import listed, match, suggestion

KNOWN = ["rq01", "rq02", "rates", "rate"]


@pytest.mark.parametrize(("given", "meant"), [("rq01", "rq01"), ("rate", "rate"), ("rates", "rates"), ("rat", None)])
def test_an_exact_name_wins_over_being_the_beginning_of_another(given: str, meant: str | None) -> None:
    """`rate` is itself, though `rates` starts with it; `rat` could be either."""
    if meant:
        assert match("experiment", given, KNOWN) == meant
    else:
        with pytest.raises(InvalidUsage, match="'rat' can mean more than one experiment") as caught:
            match("experiment", given, KNOWN)
        assert caught.value.mend == "type more of one of these: rate, rates"


def test_a_unique_beginning_is_enough() -> None:
    """As with the ids of git."""
    assert match("question", "s", [*KNOWN, "strategies"]) == "strategies"


def test_an_unknown_name_is_answered_with_near_ones_and_all_others() -> None:
    """The person sees what is there without another command."""
    with pytest.raises(InvalidUsage, match="there is no question 'rq9'") as caught:
        match("question", "rq9", ["rq01", "rq02"])
    assert caught.value.mend == "did you mean 'rq02' or 'rq01'? valid are rq01, rq02"


@pytest.mark.parametrize("given", ["", "zzzz"])
def test_what_is_like_nothing_is_answered_with_what_there_is(given: str) -> None:
    """The empty name is the beginning of everything and means nothing."""
    with pytest.raises(InvalidUsage) as caught:
        match("question", given, ["rq01"])
    assert caught.value.mend == "valid is rq01"


def test_a_project_without_such_things_says_so() -> None:
    """There is nothing to suggest."""
    with pytest.raises(InvalidUsage) as caught:
        match("question", "rq01", [])
    assert caught.value.mend == "this project declares no question yet"


def test_near_names_are_found_whatever_their_case() -> None:
    """`RQ1` is `rq1`, typed in haste."""
    assert suggestion("Gambler", ["drunkard", "gambler"]).startswith("did you mean 'gambler'?")


def test_a_long_list_is_cut_and_says_so() -> None:
    """An error message is read in a terminal."""
    assert listed(str(n) for n in range(20)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"
