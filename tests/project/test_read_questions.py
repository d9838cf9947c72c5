from __future__ import annotations

import pytest

from tests.project.edits import COMPARED, COMPARED_BINARY, E, Q, edited, report


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "kind: difference",
            "kind: diff",
            "11:13: there is no criterion of the kind 'diff'; did you mean 'difference'?",
        ),
        ("at_least: 0", "within: [5, 3]", "16:15: the lower bound 5 is not below the upper bound 3"),
        ("at_least: 0", "within: [5]", "16:15: within is too short; write a list of 2 numbers, such as [0.9, 1.1]"),
        ("at_least: 0", "within: [1, 2, 3]", "16:15: within is too long; write a list of 2 numbers"),
        ("at_least: 0", "within: 3", "16:15: within: expected a list of 2 numbers, such as [0.9, 1.1], found the num"),
        ("at_least: 0", "within: [a, 1]", "16:16: item 1 of within: expected a number, found the text 'a'"),
        ("at_least: 0", "at_least: .inf", "16:17: .inf is not a finite number"),
        ("at_least: 0", "at_least: 0\n      at_most: 9", "11:7: a criterion claims exactly one of at_least, at_most,"),
        (
            "      at_least: 0\n",
            "",
            "11:7: a criterion claims exactly one of at_least, at_most, within; this one has no",
        ),
        (
            "treatment: accountant",
            "treatment: acountant",
            "14:18: experiment strategies has no arm 'acountant'; did yo",
        ),
        ("control: drunkard", "control: accountant", "11:7: treatment and control are the same arm, 'accountant'"),
        ("arm: gambler[learning_rate=0.5]", "arm: gambler[rate=0.5]", "23:12: experiment strategies has no arm 'gam"),
        ("metric: total_reward", "metric: reward", "12:15: the trainer measures no 'reward'; did you mean 'total_rew"),
        (
            "metric: total_reward",
            "metric: optimal_policy",
            "13:17: optimal_policy is 0 or 1 in every seed; what is est",
        ),
        (
            "estimand: mean",
            "estimand: median",
            "13:17: estimand cannot be 'median'; did you mean 'mean'? valid are iqm",
        ),
        ("experiments: [strategies]", "experiments: [strategy]", "5:15: there is no experiment 'strategy'; did you m"),
        ("experiments: [strategies]", "experiments: []", "5:14: experiments is empty; write at least one"),
        ("[strategies]", "[strategies, strategies]", "5:27: strategies is listed twice; list it once"),
        (
            "[strategies]",
            "strategies",
            "5:14: experiments: expected a list, each item text, found the text 'strategies'",
        ),
        ("- id: h2", "- id: h1", "17:9: there is a hypothesis 'h1' already, on line 7; give every hypothesis an id of"),
        (
            "- id: h2",
            "- id: H2",
            "17:9: id cannot be 'H2'; write lower-case letters, digits, '-' and '_', starting with",
        ),
        ("- id: h2", f"- id: {'h' * 61}", "17:9: id is 61 characters long; write at most 60"),
        ("scope: One dungeon.\n", "", "1:1: the question lacks the key 'scope'; add scope: text"),
        ("scope: One dungeon.", "scope: &a x", "4:8: &a is an anchor"),
        ("scope: One dungeon.", "scope: A: B", "4:9: a second ': ' in one line"),
        (
            "scope:",
            "family: {alpha: 0}\nscope:",
            "4:17: alpha: 0 is out of range; valid is a number above 0 and at most",
        ),
        (
            "scope:",
            "prior_evidence: [x]\nscope:",
            "4:18: item 1 of prior_evidence: expected a mapping with the keys so",
        ),
        (
            "id: rq01",
            "id: rq02",
            "1:5: the id 'rq02' differs from the folder's name 'rq01'; write id: rq01, or rename the",
        ),
        ("id: rq01", "id: rq01\nid: rq01", "2:1: the key 'id' is given twice, first on line 1; keep one of them"),
    ],
)
def test_a_mistake_in_a_question_is_placed_and_explained(old: str, new: str, said: str) -> None:
    """One slip, one line, and nothing that only follows from it."""
    found = report(edited(Q, old, new))
    assert len(found) == 1, found
    assert found[0].startswith(f"{Q}:{said}")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            (E, "count: 60", "count: 49"),
            "13:17: a mean over 49 seeds cannot be trusted on heavy tails; declare at least",
        ),
        ((E, "count: 60", "count: 60, streams: common"), "13:17: arms on common streams are compared by their IQM"),
        (
            (E, "{kind: accountant}, environment: {slip: 0.2}", "{kind: drunkard}"),
            "15:16: the arms accountant and drun",
        ),
        ((E, "seeds:", "outputs: [total_reward]\nseeds:"), "22:15: optimal_policy is not among the outputs of strat"),
        ((Q, COMPARED, COMPARED_BINARY), "11:13: optimal_policy is 0 or 1 in every seed, and there is no exact test"),
    ],
)
def test_what_no_single_file_shows_is_said_where_the_claim_is_made(edit: tuple[str, str, str], said: str) -> None:
    """A criterion that cannot be decided as its experiment is declared."""
    found = report(edited(*edit))
    assert len(found) == 1, found
    assert found[0].startswith(f"{Q}:{said}")


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("at_least: 5", "24:17: a share lies between 0 and 1, so this claim is false whatever is found; claim a bound"),
        ("within: [-2, -1]", "24:15: a share lies between 0 and 1, so this claim is false whatever is found"),
        ("at_least: 0.5\n      expected: 1.5", "25:17: a share lies between 0 and 1, so 1.5 cannot be expected"),
    ],
)
def test_a_share_that_no_seeds_can_have_is_no_claim(region: str, said: str) -> None:
    """It would be refuted whatever was run; said where it is claimed."""
    (found,) = report(edited(Q, "within: [0.5, 1]", region))
    assert found.startswith(f"{Q}:{said}"), found


def test_an_arm_that_is_another_under_a_second_name_cannot_be_compared_with_it() -> None:
    """A sweep that repeats the base arm's own setting yields one configuration under two names."""
    name = '"gambler[learning_rate=0.1]"'
    files = edited(Q, "treatment: accountant", f"treatment: {name}")
    files[Q] = files[Q].replace(b"control: drunkard", b"control: gambler")
    assert [line.partition(" ")[2] for line in report(files)] == [
        "the arms gambler[learning_rate=0.1] and gambler are the same configuration under two names; "
        "compare arms that differ"
    ]


def test_a_wrong_arm_of_a_sweep_is_answered_with_the_arms_of_the_sweep() -> None:
    """Whoever writes brackets means a swept arm; the others would only distract."""
    (line,) = report(edited(Q, "gambler[learning_rate=0.5]", "gambler[0.5]"))
    assert line.endswith("valid are gambler[learning_rate=0.1], gambler[learning_rate=0.5]")


def test_a_question_with_mistakes_still_has_its_sound_hypotheses_checked() -> None:
    """A typing mistake at the top does not hide a lost reference further down."""
    files = edited(Q, "title: Strategies", "title: 3")
    files[Q] = files[Q].replace(b"treatment: accountant", b"treatment: nobody")
    assert [line.split(": ")[0] for line in report(files)] == [f"{Q}:2:8", f"{Q}:14:18"]


def test_an_experiment_that_cannot_be_read_is_not_reported_as_missing() -> None:
    """What follows from a mistake is not a mistake."""
    found = report(edited(E, "title: Three strategies", "title: 'open"))
    assert [line.split(": ")[0] for line in found] == [f"{E}:2:8"]
