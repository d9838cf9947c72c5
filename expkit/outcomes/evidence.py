"""Evidence: what the results of a question's arms say about its hypotheses.

Heavy modules (scipy, numba) are imported inside functions, so that an idle run can import this one and pay nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from expkit.ledger.results import ArmResults
from expkit.outcomes.draws import Redrawn, is_told, redrawn
from expkit.outcomes.elsewhere import elsewhere, evaluated, gains, is_measured, per_seed
from expkit.outcomes.freshness import ArmId, parameters, question_digest, science
from expkit.outcomes.iteration import previous_of
from expkit.outcomes.meaning import declared_by, in_order, measured_by
from expkit.outcomes.provenance import run_provenance
from expkit.outcomes.registration import Planned, standings
from expkit.outcomes.repeated import objection, with_repeats
from expkit.outcomes.replication import graded, unique
from expkit.outcomes.standing import Records, judge_by, with_results, with_trials
from expkit.plan import PlannedArm
from expkit.records.elsewhere import PlaceEstimate
from expkit.records.evidence import (
    ArmEvidence,
    Curve,
    Evidence,
    HypothesisEvidence,
    Interval,
    Replication,
)
from expkit.records.registration import Standing
from expkit.specs.criterion import Ratio, Value, metric_of
from expkit.specs.experiment import Experiment, RecordedArm, TabularArm, as_tabular
from expkit.specs.metric import TABULAR_METRICS, Metric, placed
from expkit.specs.question import Hypothesis, ResearchQuestion
from expkit.statistics.version import STATISTICS_VERSION

if TYPE_CHECKING:
    from expkit.statistics.claim import Claim
    from expkit.statistics.verdict import Decision


_MOST_KEPT = 8
"""Metrics of a program that are kept seed by seed although no hypothesis is decided on them."""


def build_evidence(
    *,
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    planned: Planned,
    results: Mapping[ArmId, ArmResults],
    records: Records,
    previous: Evidence | None,
    replications: Sequence[Replication] = (),
    before: Evidence | None = None,
) -> Evidence:
    """The evidence of a question, or `previous` itself where it says the same: then it was reproduced.

    Args:
        question: the question.
        experiments: at least its experiments, by id.
        planned: their arms.
        results: what the ledger holds of the declared seeds of every one of these arms, by (experiment, arm name).
        records: what evidence files tell of first recordings; see `expkit.outcomes.archive.read_records`.
        previous: the evidence that stands in the work tree.
        replications: what evidence files tell of replications; those of `previous` are kept in any case.
        before: the last evidence there was, where `previous` was deleted.

    Raises:
        TrialFailed: not one trial has finished, so there is nothing to write evidence from.
    """
    arms = [arm for experiment in question.experiments for arm in planned[experiment]]
    results = {(arm.experiment, arm.name): evaluated(arm, results[arm.experiment, arm.name]) for arm in arms}
    ours = list(results.values())
    records = with_results(records, ours)
    standing = standings(question, planned, experiments)
    kept_now = {*records.kept, *(stands.decision_digest for stands in standing)}
    drawn = {stands.hypothesis: redrawn(stands, records.first, kept_now) for stands in standing}
    records = with_trials(records, (trial for before in drawn.values() if before for trial in before.trials))
    family, kept = standing[0].family_digest, unique([*replications, *(previous.replications if previous else ())])
    decided_on = {"total_reward", *(name for one in question.hypotheses for name in _decided_on(one))}
    told = tuple(
        with_repeats(arm_evidence(arm, found, decided_on), arm, found, previous or before)
        for arm, found in zip(arms, ours, strict=True)
    )
    judged = _hypotheses(question, experiments, arms, results, told, standing, records, drawn)
    evidence = Evidence(
        question=question.id,
        question_digest=question_digest(question),
        family_digest=family,
        alpha=question.family.alpha,
        correction=question.family.correction,
        statistics_version=STATISTICS_VERSION,
        experiments={experiment: experiments[experiment].title for experiment in question.experiments},
        arms=told,
        hypotheses=graded(judged, family, kept),
        registrations=records.own,
        replications=kept,
        provenance=run_provenance(ours),
    )
    if previous is None:
        return evidence
    kept_records = (evidence.registrations, evidence.replications) == (previous.registrations, previous.replications)
    if science(evidence) == science(previous) and kept_records and is_told(previous, drawn):
        return previous
    if _origins(evidence) == _origins(previous):
        evidence = evidence.model_copy(update={"provenance": previous.provenance})
    statements = [hypothesis.statement for hypothesis in question.hypotheses]
    return evidence.model_copy(update={"previous": previous_of(evidence, previous, statements)})


def arm_evidence(arm: PlannedArm, results: ArmResults, decided_on: Collection[str]) -> ArmEvidence:
    """What one arm yielded.

    Args:
        arm: the arm as it is planned.
        results: what the ledger holds of its declared seeds.
        decided_on: the metrics whose per-seed values are kept whole. Where expkit does not train, the first of the
            declared ones are kept as well: nothing else tells of a trial.

    Raises:
        TrialFailed: rewards so large that no gain can be told.
    """
    from expkit.statistics.estimate import curve_with_band, summarize  # scipy: 0.8 s

    results, defined = evaluated(arm, results), _defined(arm)
    reported = in_order(_reported(arm, results, decided_on), defined)
    columns = {metric: per_seed(arm, results, metric) for metric in reported}
    kept = _kept(arm, results, set(decided_on), columns)
    summaries = {
        metric: summarize(values[np.isfinite(values)], better=measured_by(arm.arm, metric).better)
        for metric, values in columns.items()
        if np.isfinite(values).any()
    }
    unusable = {seed for seed in arm.seeds if not all(np.isfinite(columns[metric][seed]) for metric in kept)}
    finished = np.array([seed not in results.failed for seed in results.seeds], dtype=bool)
    optimal, random = _gains(arm) if isinstance(arm.arm, TabularArm) else (None, None)
    return ArmEvidence(
        experiment=arm.experiment,
        name=arm.name,
        key=arm.key,
        environment_digest=arm.environment_digest,
        parameters=parameters(arm.arm),
        varied=arm.arm.varied,
        root=arm.root,
        streams=arm.streams,
        count=len(arm.seeds),
        failed=tuple(seed for seed in arm.seeds if seed in unusable or seed in results.failed),
        results_digest=results.results_digest,
        optimal_gain=optimal,
        random_gain=random,
        summaries=summaries,
        seeds={
            metric: tuple(float(value) if np.isfinite(value) else None for value in columns[metric]) for metric in kept
        },
        curve=curve_with_band(results.curve[finished], arm.arm.trainer.steps)
        if finished.any() and isinstance(arm.arm, TabularArm)
        else Curve(steps=(), value=(), low=(), high=()),
        unwitnessed=isinstance(arm.arm, RecordedArm),
        metrics=declared_by(arm.arm),
        evaluated_on={target.name: elsewhere(arm, target) for target in arm.targets},
    )


def _defined(arm: PlannedArm) -> Mapping[str, Metric]:
    return TABULAR_METRICS if isinstance(arm.arm, TabularArm) else arm.arm.measured


def _reported(arm: PlannedArm, results: ArmResults, decided_on: Collection[str]) -> set[str]:
    """The metrics that evidence tells of: all that were measured, of what others run those that are declared."""
    if not isinstance(arm.arm, TabularArm):
        return results.metrics.keys() & arm.arm.measured.keys()
    return {*results.metrics, *(metric for metric in decided_on if is_measured(arm, results, metric))}


def _kept(
    arm: PlannedArm, results: ArmResults, decided_on: set[str], columns: Mapping[str, NDArray[np.float64]]
) -> list[str]:
    """The metrics whose per-seed values are kept whole."""
    kept = decided_on & columns.keys()
    if not isinstance(arm.arm, TabularArm):
        usable = [seed for seed in results.seeds if seed not in results.failed]
        # a seed that lacks a value counts as failed, and for want of what nobody decides on none has failed
        whole = [name for name, values in columns.items() if name not in kept and np.isfinite(values[usable]).all()]
        kept |= {*whole[: max(0, _MOST_KEPT - len(kept))]}
    return [name for name in columns if name in kept]


def _gains(arm: PlannedArm) -> tuple[float, float]:
    """The best average reward per step in an arm's environment, and that of the random walk."""
    return gains(as_tabular(arm.arm).environment, of=f"arm {arm.name} of {arm.experiment}")


def decisions(
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    arms: Sequence[PlannedArm],
    results: Mapping[ArmId, ArmResults],
) -> dict[str, Decision]:
    """The verdict on every hypothesis of a question by its id, by the results of its arms under their roots."""
    from expkit.statistics.verdict import decide  # scipy: 0.8 s

    planned = {(arm.experiment, arm.name): arm for arm in arms}
    results = {place: evaluated(arm, results[place]) for place, arm in planned.items()}
    made = decide([_claim(one, experiments, planned, results) for one in question.hypotheses], question.family.alpha)
    return {one.id: decision for one, decision in zip(question.hypotheses, made, strict=True)}


def _hypotheses(
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    arms: Sequence[PlannedArm],
    results: Mapping[ArmId, ArmResults],
    told: Sequence[ArmEvidence],
    standing: Sequence[Standing],
    records: Records,
    drawn: Mapping[str, Redrawn | None],
) -> tuple[HypothesisEvidence, ...]:
    decided = decisions(question, experiments, arms, results)
    evidence = []
    for hypothesis, stands in zip(question.hypotheses, standing, strict=True):
        criterion, decision = hypothesis.criterion, decided[hypothesis.id]
        treatment, control = _arms(hypothesis)
        drawn_on = [arm for arm in told if arm.experiment == hypothesis.experiment and arm.name in (treatment, control)]
        before = drawn[hypothesis.id]
        against = objection(drawn_on) or (before.objection if before else None)
        judgement = judge_by(records, stands, against, before.amendment if before else None)
        evidence.append(
            HypothesisEvidence(
                id=hypothesis.id,
                experiment=hypothesis.experiment,
                metric=metric_of(criterion),
                kind=criterion.kind,
                treatment=treatment,
                control=control,
                region=Interval(low=criterion.low, high=criterion.high),
                decision_digest=stands.decision_digest,
                wording_digest=stands.wording_digest,
                verdict=decision.verdict,
                reason=decision.reason,
                test=decision.test,
                standing=judgement.standing,
                standing_reason=judgement.reason,
                grade=judgement.grade,
                places=_by_place(hypothesis, experiments, arms, results),
            )
        )
    return tuple(evidence)


def _claim(
    hypothesis: Hypothesis,
    experiments: Mapping[str, Experiment],
    planned: Mapping[ArmId, PlannedArm],
    results: Mapping[ArmId, ArmResults],
    metric: str | None = None,
) -> Claim:
    """A hypothesis with its seeds; with another metric than its own where one is named."""
    from expkit.statistics.claim import Claim  # scipy: 0.8 s

    criterion, experiment = hypothesis.criterion, experiments[hypothesis.experiment]
    metric = metric or metric_of(criterion)

    def values(name: str) -> NDArray[np.float64]:
        place = (hypothesis.experiment, name)
        return per_seed(planned[place], results[place], metric)

    treatment, control = _arms(hypothesis)
    meaning = measured_by(planned[hypothesis.experiment, treatment].arm, metric)
    return Claim(
        kind=criterion.kind,
        region=Interval(low=criterion.low, high=criterion.high),
        estimand=criterion.estimand,
        binary=meaning.binary,
        paired=experiment.seeds.streams == "common" and control is not None,
        treatment=values(treatment),
        control=None if control is None else values(control),
        failed_seed=experiment.failed_seed,
        better=meaning.better,
        withdrawn=hypothesis.withdrawn,
        expected=criterion.expected,
    )


def _by_place(
    hypothesis: Hypothesis,
    experiments: Mapping[str, Experiment],
    arms: Sequence[PlannedArm],
    results: Mapping[ArmId, ArmResults],
) -> dict[str, PlaceEstimate | None]:
    """What a hypothesis that spans environments comes to in each of them alone."""
    criterion = hypothesis.criterion
    if isinstance(criterion, Ratio) or not criterion.across:
        return {}
    from expkit.statistics.compare import shown  # scipy: 0.8 s

    planned = {(arm.experiment, arm.name): arm for arm in arms}
    claims = {
        place: _claim(hypothesis, experiments, planned, results, placed(criterion.metric, (place,)))
        for place in criterion.across
    }
    return {place: shown(claim) for place, claim in claims.items()}


def _decided_on(hypothesis: Hypothesis) -> tuple[str, ...]:
    """The metric a hypothesis is decided on, and where it spans environments, that of each."""
    criterion = hypothesis.criterion
    places = () if isinstance(criterion, Ratio) else criterion.across
    return (metric_of(criterion), *(placed(criterion.metric, (place,)) for place in places))


def _arms(hypothesis: Hypothesis) -> tuple[str, str | None]:
    criterion = hypothesis.criterion
    return (criterion.arm, None) if isinstance(criterion, Value) else (criterion.treatment, criterion.control)


def _origins(evidence: Evidence) -> set[tuple[object, ...]]:
    """Which results an evidence was written from."""
    return {(arm.key, arm.root, arm.streams, arm.count, arm.failed, arm.results_digest) for arm in evidence.arms}
