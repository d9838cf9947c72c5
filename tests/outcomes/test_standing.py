from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.digests import digest
from expkit.outcomes.standing import Records, Trial, earliest, first_recordings, judge, judge_by, trials_of
from expkit.records.registration import Registration, Standing, TrialSet

KEY = "a" * 64
FIRST, SECOND = "1" * 40, "2" * 40


def standing(hypothesis: str = "h1", **changed: object) -> Standing:
    """A hypothesis on one arm with three seeds, whose decision differs in these keys."""
    decision = {"treatment": KEY, "control": None, "root": 7, "streams": "independent", "seeds": 3, **changed}
    return Standing(
        question="rq01",
        hypothesis=hypothesis,
        decision_digest=digest(decision),
        family_digest=digest("family"),
        wording_digest=digest("wording"),
        statement="It does.",
        decision=decision,
    )


def entry(
    stood: Standing | None, commit: str = FIRST, *, seeds: tuple[int, ...] = (0, 1, 2), day: int = 1
) -> Registration:
    """A registration of some seeds, made from a clean tree on a day of November."""
    return Registration(
        trials=(TrialSet(arm_key=KEY, root=7, streams="independent", seeds=seeds),),
        standing=stood,
        commit=commit,
        clean=True,
        recorded=f"2026-11-{day:02}T12:00:00Z",
    )


def trial(seed: int) -> Trial:
    """A seed of the arm."""
    return KEY, 7, "independent", seed


def test_an_entry_appended_later_replaces_nothing() -> None:
    """Within a file the first version that knows a trial tells, whatever later versions claim of earlier moments."""
    recorded, forged = entry(standing(seeds=4), day=5), entry(standing(), SECOND, day=1)
    first = first_recordings([[recorded], [recorded, forged]])
    assert judge(standing(), first).standing == "exploratory"


def test_versions_in_a_false_order_are_told_by_their_moments() -> None:
    """What was put before the first recording bears a later moment, and has to bear a false one as well."""
    recorded, forged = entry(standing(seeds=4), day=1), entry(standing(), SECOND, day=5)
    versions = [[forged], [recorded]]
    by_moment = earliest(first_recordings([version]) for version in versions)
    records = Records(first=first_recordings(versions), by_moment=by_moment)
    assert judge(standing(), records.first).standing == "confirmatory"
    assert judge_by(records, standing()).standing == "exploratory"
    assert judge_by(Records(first=records.first, by_moment=records.first), standing()).standing == "confirmatory"


def test_an_entry_appended_in_the_same_version_replaces_nothing_either() -> None:
    """Of entries from different commits, the one that stands first in the file tells."""
    first = first_recordings([[entry(None), entry(standing(), SECOND)]])
    assert [witness.commit for witness in first[trial(0)]] == [FIRST]
    assert judge(standing(), first).standing == "exploratory"


def test_a_new_entry_of_the_same_commit_in_a_later_version_adds_no_hypothesis() -> None:
    """A hypothesis that was not there when the file first told of a trial did not stand."""
    first = first_recordings([[entry(standing("h2", seeds=4))], [entry(standing("h2", seeds=4)), entry(standing())]])
    assert judge(standing(), first).standing == "exploratory"


def test_hypotheses_of_one_recording_stand_together() -> None:
    """One commit, one run, two hypotheses that spoke of the arm: both are confirmatory."""
    other = standing("h2", seeds=2)
    first = first_recordings([[entry(other), entry(standing())]])
    assert {judge(one, first).standing for one in (standing(), other)} == {"confirmatory"}


@pytest.mark.parametrize("order", [1, -1])
def test_between_files_the_earlier_moment_tells(order: int) -> None:
    """Two branches recorded the same arm: after the merge, the one that was first is believed."""
    files = [first_recordings([[entry(None, day=1)]]), first_recordings([[entry(standing(), SECOND, day=2)]])]
    assert judge(standing(), earliest(files[::order])).standing == "exploratory"


def test_a_fraction_of_a_second_is_later_than_the_whole_second() -> None:
    """Moments are compared as moments, not as text."""
    whole = entry(standing())
    later = entry(None, SECOND).model_copy(update={"recorded": "2026-11-01T12:00:00.25Z"})
    first = earliest([first_recordings([[later]]), first_recordings([[whole]])])
    assert judge(standing(), first).standing == "confirmatory"


def test_a_trial_without_data_is_no_test() -> None:
    """Exactly the registered seeds are used, not most of them."""
    judgement = judge(standing(), first_recordings([[entry(standing(), seeds=(0, 2))]]))
    assert judgement.standing == "exploratory"
    assert judgement.reason == "1 of its 3 registered trials has no data."


def test_a_broken_decision_is_never_confirmatory() -> None:
    """A registration that a hand has emptied registers nothing."""
    broken = standing(seeds="many")
    assert judge(broken, first_recordings([[entry(broken)]])).standing == "exploratory"


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True), max_size=6))
def test_the_first_recording_of_a_trial_never_changes_as_a_file_grows(groups: list[list[int]]) -> None:
    """Whatever is appended, in however many versions, what was known of a trial stays known."""
    entries = [entry(standing(seeds=n), f"{n:040x}", seeds=tuple(seeds)) for n, seeds in enumerate(groups, start=1)]
    versions = [entries[:length] for length in range(1, len(entries) + 1)]
    known: dict[Trial, object] = {}
    for length in range(1, len(versions) + 1):
        now = first_recordings(versions[:length])
        assert known.items() <= now.items()
        known = dict(now)
    assert known.keys() == {one for entry in entries for one in trials_of(entry)}
