"""Outcomes of arms that expkit does not train: programs, and results recorded elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from expkit.outcomes.consistency import contradictions
from expkit.outcomes.difference import difference
from expkit.outcomes.evidence import arm_evidence, build_evidence
from expkit.outcomes.figures.draw import draw
from expkit.outcomes.freshness import differing, staleness
from expkit.outcomes.markdown.render import render
from expkit.outcomes.registration import standings
from expkit.outcomes.serialise import evidence_bytes, parse_evidence
from expkit.outcomes.standing import Records
from expkit.records.evidence import Evidence, Iteration, PastArm
from expkit.records.provenance import Image
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion
from tests import foreign

CRITERIA = {
    "h1": {"kind": "difference", "metric": "return/mean", "treatment": "fast", "control": "slow", "at_least": 0.05},
    "h2": {"kind": "difference", "metric": "solved", "treatment": "fast", "control": "slow", "at_least": 0.0},
    "h3": {"kind": "ratio", "metric": "regret", "treatment": "fast", "control": "slow", "at_most": 0.8},
}
Build = Callable[..., Evidence]


def question(criteria: Mapping[str, Any] = CRITERIA) -> ResearchQuestion:
    """A question about the walker's two arms."""
    hypotheses = [
        {"id": name, "statement": f"Statement {name}.", "experiment": "walker", "criterion": one}
        for name, one in criteria.items()
    ]
    fields = {
        "id": "rq07",
        "title": "Steps of the walker",
        "question": "Does a larger step help?",
        "scope": "One lake.",
    }
    return ResearchQuestion.model_validate_json(
        json.dumps({**fields, "experiments": ["walker"], "hypotheses": hypotheses})
    )


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Makes evidence of an experiment and a question; further settings are those of `foreign.results`."""

    def built(declared: Experiment, asked: ResearchQuestion | None = None, **settings: Any) -> Evidence:
        arms = foreign.planned(declared)
        return build_evidence(
            question=asked or question(),
            experiments={"walker": declared},
            planned={"walker": arms},
            results={("walker", arm.name): foreign.results(arm, tmp_path, **settings) for arm in arms},
            records=Records(own=(), first={}),
            previous=None,
        )

    return built


def test_what_a_metric_means_is_what_its_experiment_declares(build: Build) -> None:
    """A binary one gets an exact test, and a program's `regret` is its own, whatever expkit means by the name."""
    evidence = build(foreign.experiment())
    exact = evidence.hypotheses[1].test
    assert exact is not None
    assert "exact" in exact.method
    assert evidence.arms[0].metrics["regret"].definition == "what the best known policy earns more"
    worst = sorted(value for value in evidence.arms[0].seeds["regret"] if value is not None)[-3:]
    assert evidence.arms[0].summaries["regret"].cvar10 == pytest.approx(sum(worst) / 3)


def test_a_program_that_gives_a_tabular_name_to_another_direction_is_believed(build: Build) -> None:
    """Of a `regret` that is better when it is higher, the worst seeds are the lowest."""
    metrics = {"regret": {"definition": "how much it is missed", "better": "higher"}}
    declared = foreign.experiment(trainer=foreign.command(metrics=metrics))
    evidence = build(declared, question({"h3": CRITERIA["h3"]}))
    lowest = sorted(value for value in evidence.arms[0].seeds["regret"] if value is not None)[:3]
    assert evidence.arms[0].summaries["regret"].cvar10 == pytest.approx(sum(lowest) / 3)
    assert list(evidence.arms[0].summaries) == ["regret"]


def test_a_program_may_call_a_metric_as_expkit_calls_one_elsewhere(build: Build) -> None:
    """Its `normalized_score/windy` is a name and no environment: it stands whole in decision, evidence and words."""
    name = "normalized_score/windy"
    declared = foreign.experiment(trainer=foreign.command(metrics={name: {"definition": "its own"}}))
    asked = question({"h1": {"kind": "value", "metric": name, "arm": "fast", "at_least": 0.5}})
    evidence = build(declared, asked, columns={name: [0.6 + 0.01 * seed for seed in range(24)]})
    [standing] = standings(asked, {"walker": foreign.planned(declared)}, {"walker": declared})
    assert (standing.decision["metric"], "evaluated_on" in standing.decision) == (name, False)
    assert evidence.hypotheses[0].verdict == "supported"
    assert list(evidence.arms[0].seeds) == [name]
    assert [*contradictions(evidence)] == []
    assert "in windy" not in render(asked, evidence)


@pytest.mark.parametrize(("key", "value"), [("version", 2), ("better", "lower"), ("binary", True)])
def test_whoever_changes_what_decides_about_a_metric_changes_the_decision(key: str, value: object) -> None:
    """Version, direction and being binary are part of what is registered; wording is not."""

    def decided(**changed: object) -> tuple[str, ...]:
        meaning = {**foreign.METRICS["return/mean"], **changed}
        metrics = foreign.METRICS | {"return/mean": meaning}
        declared = foreign.experiment(trainer=foreign.command(metrics=metrics))
        arms = {"walker": foreign.planned(declared)}
        return tuple(one.decision_digest for one in standings(question(), arms, {"walker": declared}))

    assert decided(definition="in other words") == decided()
    assert decided(**{key: value})[0] != decided()[0]
    assert decided(**{key: value})[1:] == decided()[1:]


@pytest.mark.parametrize("name", ["a//b", "a/", "a/../b", "a/./b"])
def test_a_metric_that_mlflow_would_refuse_cannot_be_declared(name: str) -> None:
    """It could be decided on and never be published."""
    with pytest.raises(ValidationError):
        foreign.experiment(trainer=foreign.command(metrics={name: {"definition": "something"}}))


def test_an_arm_of_a_program_tells_how_it_was_called(build: Build) -> None:
    """Flat, each setting a plain value, and what the arm passes over what the trainer declares."""
    declared = foreign.experiment(trainer=foreign.command(variables={"MODE": "quick"}), image="walker:1")
    slow, fast = build(declared).arms
    assert slow.parameters == {
        "parameters.learning_rate": 0.01,
        "parameters.episodes": 200,
        "parameters.double": False,
        "trainer.kind": "command",
        "trainer.command": "python train.py --out={output} --seed={seed}",
        "trainer.seed": "given",
        "trainer.digest": foreign.command()["digest"],
        "trainer.metrics": "regret, return/mean, solved",
        "trainer.variables.MODE": "quick",
        "image": "walker:1",
    }
    assert fast.parameters["parameters.learning_rate"] == 0.1
    assert (slow.optimal_gain, slow.random_gain, slow.environment_digest, slow.curve.steps) == (None, None, None, ())


def test_a_value_that_nobody_decides_on_may_be_missing(tmp_path: Path) -> None:
    """Such a column is summed up and not kept seed by seed: no seed has failed for want of it."""
    arm = foreign.planned(foreign.experiment())[0]
    columns = foreign.drawn(arm, 0.6)
    columns["solved"][5] = None
    found = arm_evidence(arm, foreign.results(arm, tmp_path, columns), ["return/mean"])
    assert list(found.seeds) == ["return/mean", "regret"]
    assert found.summaries["solved"].n == 23
    assert found.failed == ()
    decided = arm_evidence(arm, foreign.results(arm, tmp_path / "again", columns), ["solved"])
    assert decided.failed == (5,)


@pytest.mark.parametrize("declared", [foreign.experiment(), foreign.recorded()], ids=["program", "recorded"])
def test_the_outcome_has_no_holes(build: Build, declared: Experiment) -> None:
    """No curve, no optimum, no share of optimal policies: and no column, figure or sentence that misses them."""
    evidence = build(declared)
    assert contradictions(evidence) == ()
    read = parse_evidence(evidence_bytes(evidence))
    text = render(question(), read)
    assert text == render(question(), evidence)
    for hole in ("None", "curves.svg", "ptimum", "share optimal", "0 steps", "random walk", "total reward"):
        assert hole not in text
    assert "| arm | mean | IQM | sd | 5 % quantile | n |" in text
    assert "in points; higher is better. Defined as: mean return of the last ten episodes." in text
    assert "| `fast` | 95.8 % | 24 |" in text
    assert "The return/mean of fast exceeds that of slow by at least 0.05" in text
    figures = draw(evidence)
    assert set(figures) == {"intervals.svg", "seeds.svg"}
    assert b"return/mean of a seed" in figures["seeds.svg"]
    assert b"random walk" not in figures["seeds.svg"]


def test_the_outcome_says_what_ran(build: Build) -> None:
    """The program, its version, the image it ran in, whatever is declared; an unseeded one warns who reproduces it."""
    evidence = build(foreign.experiment(image="walker:1"))
    text = render(question(), evidence)
    program = "Program `python train.py --out={output} --seed={seed}`, version `ed183d67207d`"
    assert f"{program}, on a bare host, where the image `walker:1` is declared." in text
    for ran, said in (
        ("walker:1", "in image `walker:1`."),
        ("walker:2", "in image `walker:2`, where the image `walker:1` is declared."),
    ):
        image = Image(reference=ran, id="sha256:" + "1" * 64)
        run = evidence.provenance.model_copy(update={"image": image})
        assert f"{program}, {said}" in render(question(), evidence.model_copy(update={"provenance": run}))
    assert "Unseeded" not in text
    unseeded = foreign.experiment(trainer=foreign.command(command=["./walk"], seed="unseeded"))
    text = render(question(), build(unseeded))
    assert "trials are replicates; nothing compares them byte by byte" in text
    assert "- **Unseeded.** slow; fast:" in text
    assert "Recorded elsewhere, in `results/walker.csv`" in render(question(), build(foreign.recorded()))


def test_another_program_is_told_by_the_beginning_of_its_digest(build: Build) -> None:
    """Nobody compares 64 digits by eye; `evidence.json` has them."""
    evidence = build(foreign.experiment())
    arm = evidence.arms[0]
    past = PastArm(parameters=arm.parameters | {"trainer.digest": "ab" * 32}, root=1, count=24, iqm={}, mean={})
    before = Iteration(commit=None, arms={f"{arm.experiment}/{arm.name}": past}, hypotheses={})
    text = render(question(), evidence.model_copy(update={"previous": before}))
    assert "trainer.digest `abababababab` → `ed183d67207d`" in text


def test_another_definition_makes_an_outcome_stale(build: Build) -> None:
    """The same arm key, the same results, and yet the reader was told something else."""
    declared = foreign.experiment()
    evidence = build(declared)
    reworded = {**foreign.METRICS, "regret": {**foreign.METRICS["regret"], "definition": "something else"}}
    now = foreign.experiment(trainer=foreign.command(metrics=reworded))

    def said(experiment: Experiment) -> tuple[str, ...]:
        planned = {"walker": foreign.planned(experiment)}
        return staleness(evidence, question=question(), experiments={"walker": experiment}, planned=planned)

    assert said(declared) == ()
    assert said(now) == ("arms slow, fast of walker have metrics that are defined otherwise",)


def test_other_numbers_of_an_unseeded_program_are_called_replicates(build: Build, tmp_path: Path) -> None:
    """They replace committed evidence only if asked to, but nobody is told to look for a fault."""
    declared = foreign.experiment(trainer=foreign.command(command=["./walk"], seed="unseeded"))
    evidence, arms = build(declared), foreign.planned(declared)
    here = {("walker", arm.name): foreign.results(arm, tmp_path / "b", foreign.drawn(arm, 0.65)) for arm in arms}
    said = [str(one) for one in differing(evidence, arms, here)]
    assert said[0].startswith("arm slow of walker: its program takes no seed, and these are other replicates")


def test_a_key_that_no_setting_explains_is_another_program(build: Build) -> None:
    """Or other rows, where results were recorded elsewhere."""
    for declared, name in ((foreign.experiment(), "program"), (foreign.recorded(), "rows")):
        evidence = build(declared)
        other = evidence.model_copy(
            update={"arms": tuple(arm.model_copy(update={"key": "0" * 64}) for arm in evidence.arms)}
        )
        assert [change.name for change in difference(evidence, other).arms[0].settings] == [name]


def test_a_program_with_no_usable_trial_is_told_as_such(build: Build) -> None:
    """Its arm has a row without numbers, and its hypotheses are invalid."""
    arms = foreign.planned(foreign.experiment())
    columns = foreign.drawn(arms[0], 0.6)
    evidence = build(foreign.experiment(), columns=columns, failed=dict.fromkeys(range(24), "exit code 2"))
    assert all(hypothesis.verdict == "invalid" for hypothesis in evidence.hypotheses)
    assert "| `slow` | – | – | – | – | 0 |" in render(question(), evidence)  # noqa: RUF001
    assert set(draw(evidence)) == {"intervals.svg", "seeds.svg"}


def test_programs_stand_beside_the_dungeon(build: Build, make: Any) -> None:
    """One question on both kinds: curves are of the arms that have them, and every experiment shows its own metric."""
    tabular, program = make.evidence(), build(foreign.experiment())
    both = tabular.model_copy(
        update={
            "experiments": tabular.experiments | program.experiments,
            "arms": tabular.arms + program.arms,
        }
    )
    text, figures = render(make.question(), both), draw(both)
    assert "figures/curves.svg" in text
    assert "![Total reward and return/mean of every seed, by arm](figures/seeds.svg)" in text
    assert b"A walker on a frozen lake" not in figures["curves.svg"]
    assert b"A walker on a frozen lake" in figures["seeds.svg"]
    assert "environment or program" in text
