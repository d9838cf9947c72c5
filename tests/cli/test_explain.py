from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Desk, Said


def test_before_a_run_it_foretells_what_the_run_then_says(desk: Desk, first_run: Said) -> None:
    """Committed and clean: it would be confirmatory, and it is. Nothing is written meanwhile."""
    said = desk.expkit("explain", "rq01", "h1")
    assert said.code == 0, said
    assert not (desk.root / ".expkit").exists()
    for words in (
        "accountant with drunkard, of experiment strategies",
        "agent.kind: accountant | drunkard",
        "Yuen-Welch, 25 % trimmed",
        "if the whole deciding interval of the difference of the interquartile means lies at 0 or more",
        "no data exist yet. Run now, it would be confirmatory, self-registered.",
        "to know more, declare expected, the difference you expect, and expected_sd",
    ):
        assert words in " ".join(said.out.split())
    assert said.out.rstrip().endswith("next: expkit run rq01")
    assert first_run.out.count("(confirmatory, self-registered)") == 2


def test_what_is_not_committed_is_told_with_the_command_that_commits_it(desk: Desk) -> None:
    """The spread that the team declares gives the power, and too few seeds are a warning with a number."""
    desk.edit(desk.question, "at_least: 0}", "at_least: 0, expected: 50, expected_sd: 100}")
    said = desk.expkit("explain", "rq01", "h1")
    assert "the tree differs from" in said.out
    assert "research_questions/rq01/question.yaml" in said.out
    assert "Run now, it would be exploratory." in said.out
    assert "next: git add -A && git commit -m 'Ask rq01' && expkit run rq01" in said.out
    assert "warning rq01 h1: 6 seeds of each arm are too few: 80 % takes" in said.err
    both = desk.expkit("explain", "rq01").out
    assert both.count("rq01 h") == 2
    assert both.count("next: ") == 1  # what is the same for all is said once


def test_once_data_exist_a_changed_claim_needs_another_root(answered: Desk) -> None:
    """The verdict's standing is told for every hypothesis, and the way back to a confirmatory one."""
    told = answered.json("explain", "rq01")
    assert [one["hypothesis"] for one in told] == ["h1", "h2"]
    assert [one["situation"]["judgement"]["standing"] for one in told] == ["confirmatory"] * 2
    assert [one["next"] for one in told] == ["expkit show rq01"] * 2
    assert told[0]["power"][0]["spread"] == "recorded"
    assert told[0]["power"][0]["strictest"]["level"] == 0.025
    answered.edit(answered.question, "at_least: 0.5", "at_least: 0.4")
    answered.commit()
    changed = " ".join(answered.expkit("explain", "rq01", "h2").out.split())
    assert "is exploratory. Its decision changed after its data were first recorded" in changed
    assert "next: for a confirmatory verdict write another seeds.root in experiments/strategies.yaml" in changed


def test_another_root_after_data_is_told_to_be_another_draw(answered: Desk) -> None:
    """The same claim would be exploratory, and is told how to be asked again; a changed one may be drawn once more."""
    answered.edit(answered.question, "at_least: 0.5", "at_least: 0.4")
    answered.edit(answered.experiment, "root: 7", "root: 8")
    answered.commit()
    same, changed = (" ".join(answered.expkit("explain", "rq01", name).out.split()) for name in ("h1", "h2"))
    assert "Run now, it would be exploratory. The same claim was drawn before, under root 7 at" in same
    assert "next: for a confirmatory verdict put the earlier question back with its outcome, and ask in one" in same
    assert "Run now, it would be confirmatory, self-registered; amended after an earlier draw under root 7." in changed
    assert changed.endswith("next: expkit run rq01")


def test_more_seeds_under_another_root_are_no_way_out(answered: Desk) -> None:
    """Nothing is claimed otherwise, so that fresh seeds would be a second draw as well."""
    answered.edit(answered.experiment, "count: 6", "count: 8")
    answered.commit()
    assert "put the earlier question back with its outcome" in answered.json("explain", "rq01", "h1")[0]["next"]


def test_what_is_withdrawn_is_told_with_its_reason_and_nothing_else(desk: Desk) -> None:
    """Conditions and power of what nothing decides would only mislead."""
    desk.edit(desk.question, "at_least: 0}", "at_least: 0}\n    withdrawn: Nobody asks any more.")
    said = desk.expkit("explain", "rq01", "h1")
    assert said.code == 0
    assert "withdrawn: Nobody asks any more." in said.out
    assert "supported" not in said.out
    assert "power" not in said.out
    assert "0.025: Holm shares alpha 0.05" in " ".join(desk.expkit("explain", "rq01", "h2").out.split())


def test_an_unknown_hypothesis_is_refused_with_the_known_ones(desk: Desk) -> None:
    """Like any other id; and a declared spread of zeros and ones has its place in the file."""
    said = desk.expkit("explain", "rq01", "h7")
    assert said.code == 2
    assert "there is no hypothesis 'h7' in rq01" in said.err
    assert "valid are h1, h2" in said.err
    edited = "metric: optimal_policy, treatment: accountant, control: drunkard, at_least: 0, expected_sd: 1}"
    desk.edit(desk.question, "metric: total_reward, treatment: accountant, control: drunkard, at_least: 0}", edited)
    refused = desk.expkit("explain", "rq01")
    assert refused.code == 2
    assert "question.yaml:10:" in refused.err
    assert "leave expected_sd out, and declare expected" in refused.err
