"""Errors planted in this project's own outcomes and questions, as a careful cheat or a tired colleague would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

from expkit.outcomes.figures.draw import draw
from expkit.outcomes.serialise import read_evidence
from expkit.outcomes.write import figure_digest
from expkit.project.read import read_project
from expkit.records.evidence import Interval
from tests.registration.bench import EVIDENCE, RQ01, STRATEGIES, Bench

Shown = Literal["check", "review", "check --replay", "nothing"]
"""What tells a reader; where several do, the one that is typed first."""
OUTCOME = "research_questions/rq01/outcome.md"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """An error, what shows it, and in which words."""

    act: Callable[[Bench], None]
    shown: Shown
    says: str
    base: str
    """What the review compares with: `shipped`, or `unanswered` where the outcome of rq01 is new."""

    @property
    def what(self) -> str:
        """The sentence that the page has for it."""
        return (self.act.__doc__ or "").strip().splitlines()[0].removesuffix(".")

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.act.__name__


PLANTED: list[Planted] = []

Act = Callable[[Bench], None]


def planted(shown: Shown, says: str = "", *, base: str = "shipped") -> Callable[[Act], Act]:
    """An error, as a function that plants it in a clone of this project, with what shows it."""

    def kept(act: Act) -> Act:
        PLANTED.append(Planted(act=act, shown=shown, says=says, base=base))
        return act

    return kept


@planted("check", "the generated part was edited by hand")
def verdict_on_the_page(bench: Bench) -> None:
    """A refuted claim is called supported in `outcome.md`: in its sentence, its row and the tally"""
    page = "research_questions/rq05/outcome.md"
    bench.change(
        page,
        ("(97.5 % interval 0.000 to 0.022), below the claimed 0.5 or more; refuted", "reached; supported"),
        ("✗\u00a0refuted", "✓\u00a0supported"),
        ("2 supported, 1 refuted,", "3 supported, 0 refuted,"),
    )


@planted("check", "h2 is called supported, its deciding interval says refuted")
def verdict_everywhere(bench: Bench) -> None:
    """A refuted claim is called supported in `evidence.json`, and the page is written from that"""
    bench.change(EVIDENCE, ('"verdict": "refuted"', '"verdict": "supported"'))
    bench.write_again()


@planted("check", "not the figure that was drawn from evidence.json")
def stale_figure(bench: Bench) -> None:
    """A figure is an old one"""
    figures = bench.root / "research_questions"
    shutil.copy(figures / "rq01/figures/seeds.svg", figures / "rq02/figures/seeds.svg")


@planted("review", "was drawn anew, and no number behind it moved")
def figure_of_other_numbers(bench: Bench) -> None:
    """A figure is drawn from nicer numbers than the evidence has, and its digest written into `evidence.json`"""
    evidence = read_evidence(bench.evidence, where=EVIDENCE)
    assert evidence is not None
    first, second, third = evidence.hypotheses
    assert second.test is not None
    nicer = second.model_copy(
        update={"test": second.test.model_copy(update={"estimate": 1.83, "interval": Interval(low=1.81, high=1.85)})}
    )
    drawn = draw(evidence.model_copy(update={"hypotheses": (first, nicer, third), "figures": {}}))
    file = bench.root / "research_questions/rq01/figures/intervals.svg"
    before = figure_digest(file)
    file.write_bytes(drawn["intervals.svg"])
    bench.change(EVIDENCE, (str(before), str(figure_digest(file))))


def _raise_gamblers(bench: Bench, *, digests: bool) -> None:
    true = bench.results()
    place = ("strategies", "gambler")
    forged = copy(true[place])
    better = true[place].metrics["total_reward"] * 1.25
    object.__setattr__(forged, "metrics", true[place].metrics | {"total_reward": better})
    if digests:
        object.__setattr__(forged, "trial_digests", tuple(one[::-1] for one in forged.trial_digests))
    bench.write_again(true | {place: forged})


@planted("review", "and the digest of its results is the same")
def forged_seeds(bench: Bench) -> None:
    """The reward of every gambler is raised by a quarter, and statistics, verdict, page and figures made from that"""
    _raise_gamblers(bench, digests=False)


@planted("review", "The same trials of strategies/gambler have other results")
def forged_digests(bench: Bench) -> None:
    """The same, and the digests of the results are others, too"""
    _raise_gamblers(bench, digests=True)


@planted("check --replay", "seed 0: total_reward is 23854.0 here and 29817.5 in evidence.json", base="unanswered")
def forged_from_the_first(bench: Bench) -> None:
    """The same, in an outcome that is committed for the first time, so that nobody has the true numbers"""
    _raise_gamblers(bench, digests=True)


@planted("review", "Hypothesis h2 of rq01 was amended after its data existed")
def widened_region(bench: Bench) -> None:
    """A refuted claim is given a lower bound, and the run is done again"""
    text = (bench.root / RQ01).read_text()
    before, after = text.split("  - id: h2", 1)
    bench.write(RQ01, before + "  - id: h2" + after.replace("at_least: 1.8", "at_least: 1.5", 1))
    bench.run()


@planted("review", "Rewords the statement of h3 in rq01")
def widened_statement(bench: Bench) -> None:
    """A statement says more than the criterion that it was tested by, and the run is done again"""
    bench.change(RQ01, ("the drunkard's total, at least 1.8 times as much", "the drunkard's total, and never loses"))
    bench.run()


@planted("check", "a tied number is stale: it says 99 %, and gambler.optimal_policy.mean is 97 %")
def tied_number(bench: Bench) -> None:
    """A number of the discussion is another one, and tied"""
    bench.change(OUTCOME, ("<!--= gambler.optimal_policy.mean -->97 %", "<!--= gambler.optimal_policy.mean -->99 %"))


@planted("review", "Rewords the discussion in rq01")
def untied_number(bench: Bench) -> None:
    """A number of the discussion is another one, and not tied"""
    bench.change(OUTCOME, ("about 4,900 ahead, and one in eight", "about 4,900 ahead, and one in eighty"))


@planted("nothing", base="unanswered")
def untied_from_the_first(bench: Bench) -> None:
    """The same, in an outcome that is committed for the first time"""
    untied_number(bench)


@planted("review", "Rewords the discussion in rq01")
def discussion_says_otherwise(bench: Bench) -> None:
    """The discussion says in words that a refuted claim holds"""
    words = "survive <!--= gambler.n -->200<!--/--> seeds, one falls."
    bench.change(OUTCOME, (words, "survive, and so does the third."))


@planted("review", "Hypothesis h2 of rq01 was removed after its data existed")
def dropped_hypothesis(bench: Bench) -> None:
    """A refuted hypothesis is dropped with its row, and the run is done again"""
    text = (bench.root / RQ01).read_text()
    before, after = text.split("  - id: h2", 1)
    bench.write(RQ01, before + "  - id: h3" + after.split("  - id: h3", 1)[1])
    words = (bench.root / OUTCOME).read_text()
    bench.write(OUTCOME, words.replace("Two of the tutorial's three claims survive", "Both claims survive"))
    bench.run()


@planted("review", "Its decision changed after its data were first recorded: seeds was 200, is 220")
def more_seeds(bench: Bench) -> None:
    """Seeds are added until a claim is decided as somebody would like"""
    bench.change(STRATEGIES, ("count: 200", "count: 220"))
    bench.run()


@planted("check", "and the files of that commit declare something else")
def older_registration(bench: Bench) -> None:
    """A registration is given an older commit than the one that held it"""
    older = bench.git("rev-list", "--max-parents=0", "HEAD").splitlines()[0]
    commit = json.loads(bench.evidence.read_text())["registrations"][0]["commit"]
    bench.change(EVIDENCE, (commit, older))
    bench.write_again()


@planted("check", "and the files of that commit declare something else")
def dirty_called_clean(bench: Bench) -> None:
    """A new root is run without a commit, and the run is called clean"""
    root = read_project(bench.root).experiments["strategies"].seeds.root
    bench.change(STRATEGIES, (str(root), "271828182845904"))
    bench.run()

    def edit(told: dict[str, Any]) -> None:
        told["provenance"]["dirty"] = False
        for one in [*told["registrations"]]:
            one["clean"] = True
        for one in told["hypotheses"]:
            one |= {"standing": "confirmatory", "grade": "self-registered"}

    bench.forge(edit)
    bench.write_again()


@planted("check", "stale: arm gambler of strategies is configured otherwise since it was written")
def setting_without_a_run(bench: Bench) -> None:
    """A setting of an arm is changed, and nothing is run"""
    bench.change(STRATEGIES, ("epsilon: {start: 1, end: 0,", "epsilon: {start: 1, end: 0.02,"))


@planted("nothing")
def readme_says_otherwise(bench: Bench) -> None:
    """A sentence of the README says otherwise than the outcome it sums up"""
    bench.change("README.md", ("Two of three. The gambler", "All three. The gambler"))
