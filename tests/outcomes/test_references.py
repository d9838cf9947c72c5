from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from expkit.outcomes import references
from expkit.outcomes.markdown.render import render
from expkit.outcomes.references import ABSENT, Unknown, text_of

PAGE = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text()


@pytest.mark.parametrize(
    ("reference", "form", "text"),
    [
        ("h2.estimate", "", "1.504"),
        ("h2.estimate", ".1f", "1.5"),
        ("h2.interval", ".2f", "1.49 to 1.52"),
        ("h2.verdict", "", "refuted"),
        ("h2.standing", "", "confirmatory"),
        ("h3.probability_of_superiority", ".0%", "100 %"),
        ("h3.p", "", "p < 0.001"),
        ("h3.p", ".3f", "0.000"),
        ("h3.confidence", "", "97.5 %"),
        ("supported", "", "2"),
        ("hypotheses", "", "3"),
        ("gambler.n", "", "200"),
        ("gambler.optimal_policy.mean", "", "95.5 %"),
        ("gambler.optimal_policy.mean", ".0%", "96 %"),
        ("gambler.optimal_gain", "", "6.1049"),
        ("strategies/gambler.total_reward.max", ",.0f", "31,070"),
    ],
)
def test_a_reference_reads_as_the_generated_part_would_write_it(
    evidence: Any, reference: str, form: str, text: str
) -> None:
    """Thousands separated, digits that the interval earns, a blank before the percent sign."""
    assert text_of(evidence, reference, form) == text


def test_what_stands_in_the_generated_part_stands_there_in_the_same_digits(question: Any, evidence: Any) -> None:
    """A reader who compares a discussion with the tables above it finds one number, not two."""
    document = render(question, evidence)
    names = [
        f"{one.id}.{field}" for one in evidence.hypotheses for field in ("estimate", "interval", "interval95", "p")
    ]
    names += [f"{arm.name}.total_reward.{name}" for arm in evidence.arms for name in ("mean", "iqm", "sd", "q05", "n")]
    for name in names:
        assert re.search(rf"(?<![\d,.]){re.escape(text_of(evidence, name))}(?!,?\d)", document), name


def test_a_sign_is_a_minus_and_can_be_left_out(evidence: Any, make: Any) -> None:
    """`223 less` says in words which way it goes; a negative zero has no sign at all."""
    below = evidence.model_copy(update={"hypotheses": (make.hypothesis("h1", make.test(-223.4, -332.0, -0.04)),)})
    assert text_of(below, "h1.estimate") == "\u2212223"
    assert text_of(below, "h1.estimate", "abs") == "223"
    assert text_of(below, "h1.estimate", "abs .1f") == "223.4"
    assert text_of(below, "h1.estimate", "+.1f") == "\u2212223.4"
    assert text_of(below, "h1.high", ".1f") == "0.0"
    with pytest.raises(Unknown, match="no size"):
        text_of(below, "h1.interval", "abs")


def test_a_statistic_has_the_decimals_of_its_table(evidence: Any, make: Any) -> None:
    """As many as the widest of the arms beside it deserve; what no table shows has four significant digits."""
    flat = make.curve(1.31, 1.31, 0.03)
    steady = make.arm("steady", [2.0 + k % 2 * 0.02 for k in range(20)], flat)
    loose = make.arm("loose", [3.0 + k % 2 for k in range(20)], flat)
    assert text_of(evidence.model_copy(update={"arms": (loose,)}), "loose.total_reward.max") == "4.0"
    assert text_of(evidence.model_copy(update={"arms": (loose, steady)}), "loose.total_reward.max") == "4.000"
    untabled = loose.model_copy(update={"summaries": {**loose.summaries, "regret": loose.summaries["total_reward"]}})
    assert text_of(evidence.model_copy(update={"arms": (untabled, steady)}), "loose.regret.max") == "4"


def test_what_was_not_decided_is_a_dash(evidence: Any, make: Any) -> None:
    """The reference stays good, and the page shows that there is no number any more, whatever its format."""
    undecided = make.hypothesis("h1", None, verdict="invalid", reason="a seed failed")
    without = evidence.model_copy(update={"hypotheses": (undecided,)})
    assert text_of(without, "h1.estimate") == text_of(without, "h1.estimate", ".1f") == ABSENT
    assert text_of(without, "h1.verdict") == "invalid"


def test_names_with_dots_brackets_and_slashes_are_told_apart(evidence: Any, make: Any) -> None:
    """The longest arm name wins, and of two experiments with one name the reference has to say which."""
    flat = make.curve(1.31, 1.31, 0.03)
    arms = (
        make.arm("gambler", make.spread(20, 100, 1), flat),
        make.arm("gambler-0", make.spread(20, 150, 1), flat),
        make.arm("gambler-0.1", make.spread(20, 200, 1), flat),
        make.arm("gambler[learning_rate=0.01]", make.spread(20, 300, 1), flat),
        make.arm("idle", make.spread(20, 400, 1), flat),
        make.arm("idle", make.spread(20, 500, 1), flat, experiment="other"),
    )
    several = evidence.model_copy(update={"arms": arms, "experiments": {"strategies": "S", "other": "O"}})
    assert text_of(several, "gambler-0.1.total_reward.mean", ".0f") == "200"
    assert text_of(several, "gambler[learning_rate=0.01].total_reward.mean", ".0f") == "300"
    assert text_of(several, "other/idle.total_reward.mean", ".0f") == "500"
    with pytest.raises(Unknown) as unclear:
        text_of(several, "idle.total_reward.mean")
    assert "strategies/idle, other/idle" in unclear.value.valid
    with pytest.raises(Unknown) as unknown:
        text_of(several, "gambler[learning_rate=0.1].total_reward.mean")
    assert "did you mean 'gambler[learning_rate=0.01]'" in unknown.value.valid


@pytest.mark.parametrize("table", ["_COUNTS", "_FIELDS", "_OF_ARM", "_STATISTICS"])
def test_the_page_tells_every_reference(table: str) -> None:
    """What is not on the page is not found."""
    for name in getattr(references, table):
        assert f"`{name}`" in PAGE, f"docs/outcomes.md does not mention {name}"
