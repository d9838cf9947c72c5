# ruff: noqa: RUF001 - the minus sign is what a reader gets
from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from expkit.outcomes import sentences
from expkit.records.evidence import Interval, Verdict

REGIONS = (
    *((3.0, None), (1.0, None), (0.0, None), (-3.0, None)),
    *((None, 3.0), (None, 1.0), (None, 0.0), (None, -3.0)),
    *((1.0, 3.0), (-3.0, -1.0), (-2.0, 2.0), (-1.0, 3.0), (0.0, 3.0)),
)
CLAIMS = {
    "supported": "inside the claimed",
    "refuted": "the claimed",
    "inconclusive": "of the claimed",
}


def span(low: float | None, high: float | None) -> Interval:
    """A claimed region or an interval."""
    return Interval(low=low, high=high)


# kind, region, verdict, estimate, interval -> sentence; the gambler against the accountant at a third of 0.05
SENTENCES = [
    (
        "ratio", (1.8, None), "refuted", 1.5213, (1.5021, 1.5404),
        "The gambler's total reward does not reach 1.8 times the accountant's: the ratio of the interquartile means is "
        "1.52 (98.3 % interval 1.50 to 1.54), below the claimed 1.8 or more; refuted.",
    ),
    (
        "ratio", (1.8, None), "supported", 2.06, (2.04, 2.08),
        "The gambler's total reward reaches 1.8 times the accountant's: the ratio of the interquartile means is "
        "2.06 (98.3 % interval 2.04 to 2.08), inside the claimed 1.8 or more; supported.",
    ),
    (
        "ratio", (1.8, None), "inconclusive", 1.79, (1.74, 1.84),
        "Whether the gambler's total reward reaches 1.8 times the accountant's is undecided: the ratio of the "
        "interquartile means is 1.79 (98.3 % interval 1.74 to 1.84), which reaches across the bound of the claimed "
        "1.8 or more; inconclusive.",
    ),
    (
        "ratio", (None, 1.2), "refuted", 1.52, (1.5, 1.54),
        "The gambler's total reward is more than 1.2 times the accountant's: the ratio of the interquartile means is "
        "1.52 (98.3 % interval 1.50 to 1.54), above the claimed 1.2 or less; refuted.",
    ),
    (
        "ratio", (1.0, None), "supported", 1.52, (1.5, 1.54),
        "The gambler's total reward is no lower than the accountant's: the ratio of the interquartile means is "
        "1.52 (98.3 % interval 1.50 to 1.54), inside the claimed 1 or more; supported.",
    ),
    (
        "ratio", (0.98, 1.02), "inconclusive", 1.0, (0.97, 1.03),
        "Whether the gambler's total reward is 0.98 to 1.02 times the accountant's is undecided: the ratio of the "
        "interquartile means is 1.00 (98.3 % interval 0.97 to 1.03), which reaches across both bounds of the claimed "
        "0.98 to 1.02; inconclusive.",
    ),
    (
        "difference", (3000.0, 5000.0), "supported", 4283.2, (3998.6, 4567.9),
        "The gambler's total reward exceeds the accountant's by 3,000 to 5,000: the difference of the interquartile "
        "means is 4,283 (98.3 % interval 3,999 to 4,568), inside the claimed 3,000 to 5,000; supported.",
    ),
    (
        "difference", (3000.0, 5000.0), "inconclusive", 4983.2, (4798.6, 5167.9),
        "Whether the gambler's total reward exceeds the accountant's by 3,000 to 5,000 is undecided: the difference of "
        "the interquartile means is 4,983 (98.3 % interval 4,799 to 5,168), which reaches across the upper bound of "
        "the claimed 3,000 to 5,000; inconclusive.",
    ),
    (
        "difference", (3000.0, 5000.0), "refuted", 27291.6, (26990.0, 27590.0),
        "The gambler's total reward does not exceed the accountant's by 3,000 to 5,000: the difference of the "
        "interquartile means is 27,292 (98.3 % interval 26,990 to 27,590), above the claimed 3,000 to 5,000; refuted.",
    ),
    (
        "difference", (0.0, None), "refuted", -350.0, (-720.0, -12.0),
        "The gambler's total reward is lower than the accountant's: the difference of the interquartile means is "
        "−350 (98.3 % interval −720 to −12), below the claimed 0 or more; refuted.",
    ),
    (
        "difference", (None, -500.0), "supported", -800.0, (-900.0, -700.0),
        "The gambler's total reward falls short of the accountant's by at least 500: the difference of the "
        "interquartile means is −800 (98.3 % interval −900 to −700), inside the claimed −500 or less; supported.",
    ),
    (
        "difference", (-500.0, 500.0), "refuted", 800.0, (700.0, 900.0),
        "The gambler's total reward is not within 500 of the accountant's: the difference of the interquartile means "
        "is 800 (98.3 % interval 700 to 900), above the claimed −500 to 500; refuted.",
    ),
    (
        "difference", (-100.0, 500.0), "supported", 80.0, (-20.0, 180.0),
        "The gambler's total reward lies between 100 below and 500 above the accountant's: the difference of the "
        "interquartile means is 80 (98.3 % interval −20 to 180), inside the claimed −100 to 500; supported.",
    ),
    (
        "value", (25000.0, None), "refuted", 24000.0, (23000.0, 24900.0),
        "The gambler's total reward is below 25,000: the interquartile mean is 24,000 (98.3 % interval 23,000 to "
        "24,900), below the claimed 25,000 or more; refuted.",
    ),
    (
        "value", (None, 25000.0), "supported", 24000.0, (23000.0, 24900.0),
        "The gambler's total reward is at most 25,000: the interquartile mean is 24,000 (98.3 % interval 23,000 to "
        "24,900), inside the claimed 25,000 or less; supported.",
    ),
    (
        "value", (20000.0, 25000.0), "refuted", 19000.0, (18000.0, 19900.0),
        "The gambler's total reward does not lie between 20,000 and 25,000: the interquartile mean is 19,000 (98.3 % "
        "interval 18,000 to 19,900), below the claimed 20,000 to 25,000; refuted.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "region", "verdict", "estimate", "interval", "sentence"), SENTENCES)
def test_a_finding_is_one_grammatical_sentence(
    make: SimpleNamespace,
    kind: str,
    region: tuple[float | None, float | None],
    verdict: Verdict,
    estimate: float,
    interval: tuple[float, float],
    sentence: str,
) -> None:
    """Claim or denial in plain words, the estimate, its interval, where it lies, and the verdict."""
    control = None if kind == "value" else "accountant"
    finding = make.hypothesis(
        "h1",
        make.test(estimate, *interval),
        kind=kind,
        control=control,
        region=span(*region),
        verdict=verdict,
    )
    assert sentences.finding(make.evidence(), finding) == sentence


@pytest.mark.parametrize(
    ("kind", "region", "verdict"),
    list(
        itertools.product(
            ("difference", "ratio", "value"),
            REGIONS,
            ("supported", "refuted", "inconclusive", "invalid", "withdrawn"),
        )
    ),
)
def test_every_verdict_on_every_claim_has_a_sentence(
    make: SimpleNamespace, kind: str, region: tuple[float | None, float | None], verdict: Verdict
) -> None:
    """Whatever was claimed and found: one sentence with estimate, interval and verdict, and no hole in it."""
    decided = verdict in CLAIMS
    finding = make.hypothesis(
        "h1",
        make.test(1.5213, 1.5021, 1.5404) if decided else None,
        kind=kind,
        control=None if kind == "value" else "drunkard",
        region=span(*region),
        verdict=verdict,
        reason=None if decided else "a seed of the gambler failed.",
    )
    sentence = sentences.finding(make.evidence(), finding)
    assert sentence.endswith(f"; {verdict}.")
    assert sentence.startswith("Whether the gambler's" if verdict not in ("supported", "refuted") else "The gambler's")
    assert "None" not in sentence
    assert "  " not in sentence
    if decided:
        assert "1.52 (98.3 % interval 1.50 to 1.54)" in sentence
        assert CLAIMS.get(verdict, "settle the claimed") in sentence or "does not settle" in sentence
    else:
        assert "a seed of the gambler failed;" in sentence


def test_claim_and_denial_always_differ(make: SimpleNamespace) -> None:
    """A refuted claim never reads like a supported one."""
    for kind, region in itertools.product(("difference", "ratio", "value"), REGIONS):
        control = None if kind == "value" else "drunkard"
        both = {
            verdict: make.hypothesis(
                "h1", make.test(1.5, 1.4, 1.6), kind=kind, control=control, region=span(*region), verdict=verdict
            )
            for verdict in ("supported", "refuted")
        }
        said = {verdict: sentences.finding(make.evidence(), one).split(":")[0] for verdict, one in both.items()}
        assert said["supported"] != said["refuted"], (kind, region)


def test_an_arm_of_a_sweep_is_named_by_its_setting(make: SimpleNamespace) -> None:
    """`gambler[learning_rate=0.01]` reads `the gambler with learning rate 0.01`."""
    low = make.arm(
        "gambler[learning_rate=0.01]", [1.0, 2.0], make.curve(1, 2, 0.1), varied={"agent.learning_rate": 0.01}
    )
    evidence = make.evidence(arms=(*make.arms(), low))
    finding = make.hypothesis(
        "h1",
        make.test(1.01, 1.0, 1.02),
        treatment=low.name,
        control="drunkard",
        region=span(0.95, 1.05),
        verdict="supported",
    )
    assert sentences.finding(evidence, finding).startswith(
        "The total reward of the gambler with learning rate 0.01 is 0.95 to 1.05 times the drunkard's: "
    )


def test_a_name_that_is_no_noun_is_left_as_it_is(make: SimpleNamespace) -> None:
    """`gambler-0.1` gets no article, no capital and no apostrophe."""
    finding = make.hypothesis("h1", make.test(1.5, 1.4, 1.6), treatment="gambler-0.1", control="gambler-0.25")
    assert sentences.finding(make.evidence(), finding).startswith(
        "The total reward of gambler-0.1 does not reach 1.8 times that of gambler-0.25: "
    )


def test_a_binary_metric_is_a_share(make: SimpleNamespace) -> None:
    """Nobody reads of the interquartile mean of zeros and ones."""
    finding = make.hypothesis(
        "h1",
        make.test(0.955, 0.91, 0.98),
        kind="value",
        metric="optimal_policy",
        control=None,
        region=span(0.9, None),
        verdict="supported",
    )
    assert sentences.finding(make.evidence(), finding) == (
        "The gambler's share of optimal policies is at least 0.9: the share is 0.95 (98.3 % interval 0.91 to 0.98), "
        "inside the claimed 0.9 or more; supported."
    )


def test_a_question_of_several_experiments_says_where(make: SimpleNamespace) -> None:
    """The same claim under two rules is told apart by the experiment's title."""
    evidence = make.evidence(experiments={"strategies": "Under bump", "landing": "Under landing"})
    sentence = sentences.finding(evidence, evidence.hypotheses[1])
    assert sentence.startswith(
        "In “Under bump”, the gambler's total reward does not reach 1.8 times the accountant's: "
    )


def test_an_open_interval_is_said_in_words(make: SimpleNamespace) -> None:
    """An interval without an upper end does not print infinity."""
    finding = make.hypothesis("h1", make.test(2.4, 1.7, None), verdict="inconclusive")
    assert "2.4 (98.3 % interval 1.7 or more), which reaches across the bound" in sentences.finding(
        make.evidence(), finding
    )
