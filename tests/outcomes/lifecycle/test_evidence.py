"""Evidence from real results: what it holds, when it is the old one itself, and what it is compared by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from expkit.errors import TrialFailed
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.freshness import differing, is_current, science
from expkit.outcomes.standing import Records


def test_every_seed_is_kept_whole_and_every_statistic_follows_from_them(answered: Any) -> None:
    """Per-seed totals are those of the ledger, to the last bit; the mean is theirs."""
    results = answered.results()
    for arm in answered.evidence_on_disk().arms:
        totals = results[arm.experiment, arm.name].metrics["total_reward"]
        assert arm.seeds == {"total_reward": tuple(totals.tolist())}
        assert arm.summaries["total_reward"].mean == pytest.approx(totals.mean(), rel=1e-9)
        assert arm.count == arm.summaries["total_reward"].n == 6
        assert arm.results_digest == results[arm.experiment, arm.name].results_digest
        assert len(arm.curve.value) == 40


def test_parameters_are_the_resolved_arm_by_path(answered: Any) -> None:
    """Defaults included, so that two iterations can be compared parameter by parameter."""
    gambler = answered.evidence_on_disk().arms[2].parameters
    assert gambler["agent.kind"] == "gambler"
    assert gambler["agent.learning_rate"] == 0.1
    assert gambler["agent.epsilon.start"] == 1.0
    assert gambler["environment.slip"] == 0.1
    assert gambler["trainer.steps"] == 400
    assert "name" not in gambler


def test_every_metric_that_is_decided_on_keeps_its_seeds(laboratory: Any) -> None:
    """A reader can recompute a verdict on any metric from the file alone."""
    laboratory.edit_question(("{kind: difference, metric: total_reward,", "{kind: difference, metric: greedy_gain,"))
    for arm in laboratory.run().arms:
        assert list(arm.seeds) == ["total_reward", "greedy_gain"]


def test_provenance_names_no_place(answered: Any) -> None:
    """The command's program is a name, not somebody's folder; packages are those that numbers depend on."""
    provenance = answered.evidence_on_disk().provenance
    assert provenance.command == ("expkit", "run", "strategies")
    assert provenance.trials == 18
    assert set(provenance.packages) == {"expkit", "numpy", "numba", "llvmlite", "scipy"}
    assert str(answered.root) not in answered.paths.evidence("rq01").read_text()


def test_a_failed_seed_is_named_and_its_value_is_missing(laboratory: Any) -> None:
    """Failed trials are part of the evidence, and a claim on their arm is invalid."""
    laboratory.train()
    results = laboratory.results()
    place = ("strategies", "accountant")
    metrics = {name: values.copy() for name, values in results[place].metrics.items()}
    for values in metrics.values():
        values[2] = np.nan
    results[place] = replace(results[place], metrics=metrics, failed={2: "it diverged"})
    evidence = laboratory.build(results=results)
    arm = evidence.arms[1]
    assert arm.failed == (2,)
    assert arm.seeds["total_reward"][2] is None
    assert arm.summaries["total_reward"].n == 5
    assert {one.id: one.verdict for one in evidence.hypotheses} == {"h1": "invalid", "h2": "invalid"}
    assert len(arm.curve.value) == 40


def test_an_arm_without_a_finished_seed_has_no_summary_and_no_curve(laboratory: Any) -> None:
    """What failed altogether is shown as such instead of stopping the outcome of the others."""
    laboratory.train()
    results = laboratory.results()
    place = ("strategies", "accountant")
    metrics = {name: np.full(6, np.nan) for name in results[place].metrics}
    results[place] = replace(results[place], metrics=metrics, failed=dict.fromkeys(range(6), "it diverged"))
    arm = laboratory.build(results=results).arms[1]
    assert arm.failed == (0, 1, 2, 3, 4, 5)
    assert arm.summaries == {}
    assert arm.curve.value == ()


def test_without_a_single_trial_there_is_no_evidence(laboratory: Any) -> None:
    """Every batch failed as a whole: said in one message."""
    with pytest.raises(TrialFailed, match="no trial has finished"):
        laboratory.build()


def test_evidence_that_says_the_same_is_the_old_one_itself(answered: Any) -> None:
    """So that nothing is rewritten, wherever it was reproduced."""
    before = answered.evidence_on_disk()
    answered.lose_ledger()
    answered.train()
    assert answered.build() == before


def test_a_new_iteration_keeps_what_the_one_before_found(answered: Any) -> None:
    """Parameters, results and verdicts of the iteration that is replaced."""
    before = answered.evidence_on_disk()
    answered.edit_experiment(("root: 7", "root: 8"))
    answered.commit()
    after = answered.run()
    assert after.previous.commit == before.provenance.commit
    assert after.previous.arms["strategies/gambler"].root == 7
    assert (
        after.previous.arms["strategies/gambler"].mean["total_reward"] == before.arms[2].summaries["total_reward"].mean
    )
    past = after.previous.hypotheses["h1"]
    assert past.statement == "The accountant earns more than the drunkard."
    assert (past.verdict, past.estimate) == (before.hypotheses[0].verdict, before.hypotheses[0].test.estimate)
    assert after.provenance.commit != before.provenance.commit


def test_a_new_text_is_no_iteration(answered: Any) -> None:
    """Run again elsewhere, the iteration before stays the one before, and provenance the run that found the numbers."""
    answered.edit_experiment(("root: 7", "root: 8"))
    answered.commit()
    second = answered.run()
    answered.edit_question(("Does bookkeeping pay?", "Does bookkeeping pay at all?"))
    answered.commit()
    third = answered.clone("colleague").run()
    assert third.question_digest != second.question_digest
    assert third.previous == second.previous
    assert third.provenance == second.provenance


def test_current_evidence_is_recognised_without_statistics(answered: Any) -> None:
    """What an idle run asks: this declaration, these results?"""
    evidence, project = answered.evidence_on_disk(), answered.project
    digests = {place: results.results_digest for place, results in answered.results().items()}
    declared = {
        "question": project.questions["rq01"],
        "experiments": project.experiments,
        "planned": answered.planned(),
    }
    assert is_current(evidence, **declared, results_digests=digests)
    other = digests | {("strategies", "gambler"): "0" * 64}
    assert not is_current(evidence, **declared, results_digests=other)
    assert not is_current(evidence.model_copy(update={"statistics_version": 0}), **declared, results_digests=digests)
    described = evidence.arms[0].model_copy(update={"parameters": {"agent.kind": "a bystander"}})
    otherwise = evidence.model_copy(update={"arms": (described, *evidence.arms[1:])})
    assert not is_current(otherwise, **declared, results_digests=digests)


def test_results_that_agree_do_not_differ(answered: Any) -> None:
    """Neither the same seeds nor further ones contradict what was found."""
    evidence = answered.evidence_on_disk()
    assert differing(evidence, answered.planned()["strategies"], answered.results()) == ()
    answered.edit_experiment(("count: 6", "count: 8"))
    answered.train()
    assert differing(evidence, answered.planned()["strategies"], answered.results()) == ()


def test_other_results_of_the_same_arm_are_a_finding_that_names_the_seed(answered: Any) -> None:
    """The same key promises the same numbers: the first seed that breaks the promise is shown with both values."""
    results, evidence = answered.results(), answered.evidence_on_disk()
    place = ("strategies", "gambler")
    totals = results[place].metrics["total_reward"].copy()
    totals[3] += 1.0
    results[place] = replace(results[place], metrics=results[place].metrics | {"total_reward": totals})
    (found,) = differing(evidence, answered.planned()["strategies"], results)
    assert (found.arm, found.seed, found.metric) == ("gambler", 3, "total_reward")
    assert found.here == found.there + 1.0
    assert "seed 3" in str(found)


def test_other_tables_behind_the_same_totals_are_a_finding(answered: Any) -> None:
    """The digest covers Q-tables, visits and curves, too."""
    results = answered.results()
    place = ("strategies", "gambler")
    results[place] = replace(results[place], trial_digests=("0" * 64, *results[place].trial_digests[1:]))
    (found,) = differing(answered.evidence_on_disk(), answered.planned()["strategies"], results)
    assert found.seed is None
    assert "Q-tables" in str(found)


def test_science_leaves_out_who_ran_it_and_what_was_before(answered: Any) -> None:
    """Two runs that found the same are equal, whatever commit, machine and history they had."""
    evidence = answered.evidence_on_disk()
    elsewhere = evidence.model_copy(
        update={
            "provenance": evidence.provenance.model_copy(update={"commit": "0" * 40}),
            "registrations": (),
            "figures": {},
        }
    )
    assert science(elsewhere) == science(evidence)
    refuted = evidence.hypotheses[0].model_copy(update={"verdict": "refuted"})
    assert science(evidence.model_copy(update={"hypotheses": (refuted, *evidence.hypotheses[1:])})) != science(evidence)


def test_two_builds_from_the_same_records_are_equal(answered: Any) -> None:
    """Evidence is a function of declarations, ledger and archive."""
    project = answered.project
    first, second = (
        build_evidence(
            question=project.questions["rq01"],
            experiments=project.experiments,
            planned=answered.planned(),
            results=answered.results(),
            records=Records(),
            previous=None,
        )
        for _ in range(2)
    )
    assert first == second
