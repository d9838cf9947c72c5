# ruff: noqa: RUF001 - the minus sign is what a reader gets
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from expkit.outcomes.document import MARKER
from expkit.outcomes.figures.draw import draw
from expkit.outcomes.markdown.render import render
from expkit.records.evidence import Evidence, Interval, Iteration, PastArm, PastHypothesis
from expkit.records.provenance import Image
from expkit.specs.question import ResearchQuestion

GOLDEN = Path(__file__).parent / "golden" / "outcome.md"
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next."""
    return text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_the_sample_outcome_is_the_golden_one(question: ResearchQuestion, evidence: Evidence) -> None:
    """Every change of a reviewer's page is seen in review: after one, write what `render` returns over the file."""
    assert render(question, evidence) == GOLDEN.read_text(encoding="utf-8")


def test_the_page_reads_from_findings_to_provenance(question: ResearchQuestion, evidence: Evidence) -> None:
    """What was asked, what was found, what to beware of, what changed, the arms, the tests, where it came from."""
    landmarks = [
        "# rq01: Strategies in the dungeon",
        "> Does Q-learning earn more",
        "- **The accountant's total reward exceeds",
        "2 supported, 1 refuted, 0 inconclusive, 0 invalid. All confirmatory, self-registered",
        "200 seeds an arm.",
        "| h1 | The accountant earns about 4000",
        "figures/intervals.svg",
        "## Read before trusting",
        "## Since the last iteration",
        "## Arms",
        "figures/curves.svg",
        "figures/seeds.svg",
        "## How each was decided",
        "<summary>Provenance</summary>",
        MARKER,
    ]
    text = render(question, evidence)
    places = [text.index(landmark) for landmark in landmarks]
    assert places == sorted(places)
    assert text.endswith(f"{MARKER}\n")
    assert text.count(MARKER) == 1


def test_every_picture_is_drawn_and_every_drawing_shown(question: ResearchQuestion, evidence: Evidence) -> None:
    """Pictures are the figures beside the document, and nothing else is fetched."""
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", render(question, evidence))
    assert sorted(shown) == sorted(f"figures/{name}" for name in draw(evidence))


def test_totals_are_never_abbreviated(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """A million steps' reward prints all its digits."""
    big = make.arm("gambler", [27_291_600.0 + 37 * k for k in range(20)], make.curve(1, 4, 0.1))
    evidence = make.evidence(arms=(*make.arms()[:2], big))
    assert "| `gambler` | 27,291,952 | 27,291,952 |" in render(question, evidence)
    assert not re.search(r"\d(?:k|M|e[+-]?\d+)\b", section(render(question, evidence), "Arms"))


@settings(max_examples=30, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("<>|`*_[]()!#@&\\\n-=~ ab1."), min_size=1, max_size=40).filter(str.strip))
def test_no_text_of_a_person_builds_markup(make: SimpleNamespace, evidence: Evidence, text: str) -> None:
    """Title, question, scope and statements may say anything: no column, no element, no heading comes of it."""

    def elements(words: str) -> list[str]:
        plainly = make.question()
        hypotheses = tuple(one.model_copy(update={"statement": words}) for one in plainly.hypotheses)
        asked = {"title": words, "question": words, "scope": words, "hypotheses": hypotheses}
        found = re.findall(r"<(/?\w+)", GITHUB.render(render(plainly.model_copy(update=asked), evidence)))
        return [element for element in found if element not in ("code", "/code")]

    assert elements(text) == elements("words")


def test_a_marker_in_a_statement_is_only_words(make: SimpleNamespace, evidence: Evidence) -> None:
    """Nobody moves the border between generated and written words."""
    text = render(make.question(scope=f"Here\n{MARKER}\nand there."), evidence)
    assert text.count(MARKER) == 1
    assert text.endswith(f"{MARKER}\n")


def test_a_heavy_tail_is_told_with_its_seeds(question: ResearchQuestion, evidence: Evidence) -> None:
    """Mean beside interquartile mean, how many seeds end below the arm next to it, and the 5 % quantile."""
    assert (
        "- **Heavy tail.** The accountant, total reward: mean 17,405, interquartile mean 17,930; 19 of 200 seeds "
        "(9.5 %) end below the median of the drunkard (13,125); one seed in twenty ends below 12,526; the standard "
        "deviation of 1,649 is 11 times what the middle half suggests."
    ) in render(question, evidence)
    assert render(question, evidence).count("Heavy tail") == 1


def test_tails_on_both_sides_are_told_though_the_means_agree(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Where outliers above and below cancel in the mean, the spread gives them away."""
    totals = [*make.spread(180, 18_000, 100), *make.spread(10, 10_000, 50), *make.spread(10, 26_000, 50)]
    both = make.arm("accountant", totals, make.curve(1.7, 1.8, 0.02))
    arms = make.arms()
    text = render(question, make.evidence(arms=(arms[0], both, arms[2])))
    assert "- **Heavy tail.** The accountant, total reward: mean 18,000, interquartile mean 18,000;" in text


def test_a_tail_below_every_arm_is_held_against_a_random_walk(
    question: ResearchQuestion, make: SimpleNamespace
) -> None:
    """Where no arm in question lies lower, what a random walk earns is the line that a reader knows."""
    totals = [*make.spread(180, 18_000, 100), *make.spread(20, 10_000, 50)]
    finding = make.hypothesis("h1", make.test(1.5, 1.4, 1.6), treatment="gambler", control="accountant")
    alone = make.arm("accountant", totals, make.curve(1.7, 1.8, 0.02))
    text = render(question, make.evidence(arms=(make.arms()[0], alone, make.arms()[2]), hypotheses=(finding,)))
    assert "20 of 200 seeds (10 %) end below what a random walk earns (13,125)" in text


def test_a_verdict_says_how_far_it_hangs_on_its_bound(question: ResearchQuestion, evidence: Evidence) -> None:
    """Refuted by how much, supported up to which bound, and what the other estimand would say."""
    trust = section(render(question, evidence), "Read before trusting")
    assert "h1: holds for any band that contains 3,999 to 4,568; claimed was 3,000 to 5,000." in trust
    assert "The difference of the interquartile means would be 4,805, inside the claimed region as well." in trust
    assert (
        "h2: stays refuted for any bound above 1.517; the claimed 1.8 would have to come down by 0.283 (16 %)." in trust
    )
    assert "h3: holds for any bound up to 2.04; claimed was 1.8." in trust


def test_an_estimand_that_would_say_otherwise_is_pointed_out(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Where mean and interquartile mean lie on different sides of the claim, a reviewer is told."""
    finding = make.hypothesis(
        "h2",
        make.test(4805.0, 4700.0, 4900.0),
        kind="difference",
        treatment="accountant",
        control="drunkard",
        region=Interval(low=4500.0, high=None),
        verdict="supported",
    )
    text = render(question, make.evidence(hypotheses=(finding,)))
    assert (
        "The difference of the means would be 4,280, below the claimed region, while the declared estimate is inside."
    ) in text


@pytest.mark.parametrize(
    ("verdict", "estimate", "interval", "region", "said"),
    [
        (
            "inconclusive", 1.79, (1.74, 1.84), (1.8, None),
            "would hold for a bound up to 1.74 and be refuted for one above 1.84; claimed was 1.8.",
        ),
        (
            "inconclusive", 1.79, (1.74, 1.84), (None, 1.8),
            "would hold for a bound down to 1.84 and be refuted for one below 1.74; claimed was 1.8.",
        ),
        ("supported", 1.5, (1.4, 1.6), (None, 1.8), "holds for any bound down to 1.60; claimed was 1.8."),
        (
            "refuted", 2.0, (1.9, 2.1), (1.0, 1.5),
            "stays refuted unless the upper bound of the claimed 1 to 1.5 should go up by 0.40 (27 %).",
        ),
    ],
)  # fmt: skip
def test_sensitivity_fits_verdict_and_region(
    question: ResearchQuestion,
    make: SimpleNamespace,
    verdict: str,
    estimate: float,
    interval: tuple[float, float],
    region: tuple[float | None, float | None],
    said: str,
) -> None:
    """Every kind of region has its own way of hanging on a bound."""
    finding = make.hypothesis(
        "h2", make.test(estimate, *interval), verdict=verdict, region=Interval(low=region[0], high=region[1])
    )
    assert f"h2: {said}" in render(question, make.evidence(hypotheses=(finding,)))


def test_what_weakens_a_finding_is_read_before_trusting(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Exploratory verdicts, rewordings, dirty trees, failed seeds, seeds left out and low n, each in one line."""
    arms = make.arms(8)
    failing = make.arm("gambler", make.spread(8, 27_000, 900), make.curve(1, 4, 0.1), failed=(2, 5))
    plain_run = make.evidence()
    evidence = make.evidence(
        arms=(*arms[:2], failing),
        hypotheses=(
            make.hypothesis(
                "h2",
                make.test(1.5, 1.4, 1.6, n_treatment=6, n_control=8),
                standing="exploratory",
                grade=None,
                standing_reason="Its data were first recorded before it was written.",
            ),
        ),
        registrations=(make.registration("h2", "The gambler doubles it.", arms),),
        provenance=plain_run.provenance.model_copy(update={"dirty": True}),
    )
    trust = section(render(question, evidence), "Read before trusting")
    for line in (
        "- **Scope.** The tutorial's dungeon, its three agents, 10000 steps.",
        "- **Exploratory.** h2: Its data were first recorded before it was written.",
        "- **Reworded.** h2 read “The gambler doubles it.” when its data were first recorded and reads “The gambler "
        "reaches almost double the accountant's total.” now; its criterion is what decides.",
        "- **Uncommitted changes.** The run was made from a tree that differed from its commit 4f1c9f0",
        "- **Missing or failed seeds.** gambler 2 of 8 (seeds 2, 5).",
        "- **Low n.** Finished seeds: accountant 8; gambler 6.",
        "- **Seeds used.** h2 is not decided on all declared seeds: gambler 6 of 8.",
    ):
        assert line in trust
    assert "Exploratory: a lead, not a test. 6 to 8 seeds an arm." in render(question, evidence)
    assert "| ✗\u00a0refuted, exploratory |" in render(question, evidence)


def test_a_clean_run_has_nothing_to_confess(question: ResearchQuestion, evidence: Evidence) -> None:
    """No warning without a cause."""
    trust = section(render(question, evidence), "Read before trusting")
    for cause in ("Exploratory", "Reworded", "Uncommitted", "No commit", "failed", "Low n", "Seeds used"):
        assert cause not in trust


def test_a_moved_verdict_is_told_first(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Then and now of each hypothesis, the parameters that changed, and the results that moved with them."""
    evidence = make.evidence()
    gambler = evidence.arms[2]
    past = Iteration(
        commit="ab" * 20,
        arms={
            "strategies/gambler": PastArm(
                parameters={**gambler.parameters, "agent.learning_rate": 0.2},
                root=1,
                count=20,
                iqm={"total_reward": 24100.4},
                mean={"total_reward": 24000.0},
            ),
            "strategies/old": PastArm(parameters={}, root=1, count=20, iqm={}, mean={}),
        },
        hypotheses={
            "h2": PastHypothesis(
                statement="Older words.",
                verdict="inconclusive",
                standing="confirmatory",
                estimate=1.74,
                interval=Interval(low=1.62, high=1.86),
            )
        },
    )
    since = section(render(question, make.evidence(previous=past)), "Since the last iteration")
    assert "**1 verdict moved: h2 from inconclusive to refuted.** The last iteration was run from abababa." in since
    assert "| h2 | ? inconclusive, 1.74 (1.62 to 1.86) | ✗ refuted, 1.504 (1.491 to 1.517) |" in since
    assert "| h1 | not asked | ✓ supported, 4,283 (3,999 to 4,568) |" in since
    assert "- h2 then read “Older words.”" in since
    assert (
        "- `strategies/gambler`: agent.learning\\_rate 0.2 → 0.1; root 1 → 20261120; seeds 20 → 200; "
        "interquartile mean of total reward 24,100 → 27,000"
    ) in since
    assert "- new: `strategies/drunkard`, `strategies/accountant`" in since
    assert "- gone: `strategies/old`" in since


def test_many_arms_of_a_sweep_are_folded_away(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Arms that hypotheses speak of stay open; the other fifty are one click away, none is lost."""
    sweep = [
        make.arm(f"gambler[learning_rate={k}]", make.spread(20, 20_000 + k, 300), make.curve(1, 3, 0.1))
        for k in range(50)
    ]
    text = section(render(question, make.evidence(arms=(*make.arms(), *sweep))), "Arms")
    opened, rest = text.split("<summary>50 more arms</summary>")
    assert "| `accountant` |" in opened
    assert "learning_rate=7]" not in opened
    assert all(f"| `gambler[learning_rate={k}]` |" in rest for k in range(50))


def test_an_arm_without_a_finished_seed_has_dashes(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Nothing to average is no reason to fall over, in words or in figures."""
    lost = make.arm("gambler", [1.0] * 5, make.curve(1, 1, 0), failed=(0, 1, 2, 3, 4))
    invalid = make.hypothesis("h2", None, verdict="invalid", reason="5 of 5 seeds of gambler failed")
    evidence = make.evidence(arms=(*make.arms()[:2], lost), hypotheses=(invalid,))
    text = render(question, evidence)
    assert "| `gambler` | – | – | – | – | – | 0 | 61,049 |" in text
    assert "cannot be decided: 5 of 5 seeds of gambler failed; invalid." in text
    assert set(draw(evidence)) == {"intervals.svg", "curves.svg", "seeds.svg"}


def test_an_image_and_a_missing_commit_are_told(question: ResearchQuestion, make: SimpleNamespace) -> None:
    """Provenance says what is known, and that nothing is where there is nothing."""
    image = Image(reference="expkit:1", id="sha256:12", digest=None)
    run = make.evidence().provenance.model_copy(update={"commit": None, "branch": None, "dirty": None, "image": image})
    text = render(question, make.evidence(provenance=run))
    assert "- **No commit.**" in text
    assert "| commit | none |" in text
    assert "| image | `expkit:1`, `sha256:12`, never pushed |" in text


def test_an_image_is_told_by_what_can_be_pulled_and_by_what_it_was_built_from(
    question: ResearchQuestion, make: SimpleNamespace
) -> None:
    """A reviewer sees whether the image can be had, for what machine, and whether it holds the commit of the run."""
    local = Image(reference="e:1", id="sha256:12", platform="linux/amd64", store="classic", revision="0" * 40)
    pushed = local.model_copy(update={"digest": "r:5000/e@sha256:34"})
    own = pushed.model_copy(update={"revision": make.evidence().provenance.commit})
    rows = {}
    for name, image in (("local", local), ("pushed", pushed), ("own", own)):
        run = make.evidence().provenance.model_copy(update={"image": image})
        (rows[name],) = [line for line in render(question, make.evidence(provenance=run)).splitlines() if "e:1" in line]
    built = "built from `000000000000`"
    assert rows == {
        "local": f"| image | `e:1`, `sha256:12`, never pushed, an id of the classic store, linux/amd64, {built} |",
        "pushed": f"| image | `e:1`, `r:5000/e@sha256:34`, linux/amd64, {built} |",
        "own": "| image | `e:1`, `r:5000/e@sha256:34`, linux/amd64 |",
    }


def test_equal_input_is_equal_bytes(question: ResearchQuestion, evidence: Evidence) -> None:
    """Evidence read back from its JSON gives the same document."""
    again = Evidence.model_validate_json(evidence.model_dump_json())
    assert render(ResearchQuestion.model_validate_json(question.model_dump_json()), again) == render(question, evidence)


def test_words_need_no_heavy_import() -> None:
    """Rendering, which `check` does on every call, imports no matplotlib, scipy or mlflow."""
    program = (
        "import sys, expkit.outcomes.markdown.render\n"
        "print(sorted({'matplotlib', 'scipy', 'mlflow', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_returns_are_measured_the_share_optimal_is_theirs(question: ResearchQuestion, evidence: Evidence) -> None:
    """Paths of any length may earn the same average a step; the shortest has the best return."""
    rare = evidence.arms[0].summaries["optimal_policy"].model_copy(update={"mean": 0.005})
    arms = [one.model_copy(update={"summaries": one.summaries | {"optimal_return": rare}}) for one in evidence.arms]
    text = render(question, evidence.model_copy(update={"arms": tuple(arms)}))
    assert "| 0.5 % | 200 |" in section(text, "Arms")
    assert "Two yardsticks" not in text


def test_only_persons_have_an_article(question: ResearchQuestion, evidence: Evidence) -> None:
    """It is the gambler's total, and that of sarsa."""
    renamed = evidence.model_validate_json(evidence.model_dump_json().replace('"gambler"', '"sarsa"'))
    text = render(question, renamed)
    assert "the total reward of sarsa" in text.lower()
    assert "sarsa's" not in section(text, "Hypotheses").lower()
