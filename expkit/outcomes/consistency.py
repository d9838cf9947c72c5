"""Consistency: whether evidence agrees with itself, recomputed from its own per-seed values. Light: numpy only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from expkit.digests import digest
from expkit.outcomes.closeness import close
from expkit.outcomes.meaning import recorded_in, told_by_seed
from expkit.outcomes.registration import arm_keys, wording_digest
from expkit.outcomes.repeated import objection
from expkit.outcomes.replication import agreement, drawn_root, is_replicated, registered_standings, unique
from expkit.outcomes.standing import first_recordings, judge
from expkit.outcomes.wording import roots_phrase
from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence, Interval, Replication
from expkit.records.registration import Standing
from expkit.specs.criterion import Estimand
from expkit.specs.experiment import Streams
from expkit.specs.metric import CURVE_WINDOWS, unplaced

_Place = tuple[str, int, Streams, int]
"""An arm as it was registered: (arm_key, root, streams, count)."""
_Decided = tuple[Interval, frozenset[_Place]]
"""Of a decision, the claimed region and its arms."""


def contradictions(evidence: Evidence) -> tuple[str, ...]:
    """What an evidence says in one place and denies in another, one clause each; none when it is sound."""
    found: list[str] = []
    arms: dict[tuple[str, str], ArmEvidence] = {}
    for arm in evidence.arms:
        if (arm.experiment, arm.name) in arms:
            found.append(f"arm {arm.name} of {arm.experiment} is there twice")
        arms[arm.experiment, arm.name] = arm
        found += [*untold(arm, evidence.hypotheses), *_of_arm(arm)]
    for hypothesis in evidence.hypotheses:
        if sum(other.id == hypothesis.id for other in evidence.hypotheses) > 1:
            found.append(f"{hypothesis.id} is there twice")
        names = [name for name in (hypothesis.treatment, hypothesis.control) if name is not None]
        spoken_of = [arms[hypothesis.experiment, name] for name in names if (hypothesis.experiment, name) in arms]
        if len(spoken_of) < len(names):
            found.append(f"{hypothesis.id} speaks of an arm that is not there")
        else:
            found += _of_hypothesis(hypothesis, spoken_of)
    found += _of_registrations(evidence)
    found += _of_replications(evidence)
    return tuple(dict.fromkeys(found))


def untold(arm: ArmEvidence, hypotheses: Sequence[HypothesisEvidence]) -> Iterator[str]:
    """What an arm has to tell seed by seed and does not, one clause each.

    Args:
        arm: the arm.
        hypotheses: those of its evidence: what they are decided on is kept whole, and so is what was earned in all.
    """
    place = f"arm {arm.name} of {arm.experiment}"
    own = [one for one in hypotheses if one.experiment == arm.experiment and arm.name in (one.treatment, one.control)]
    tested = {metric for one in own if one.test for metric in told_by_seed(one)}
    earned = {"total_reward"} if arm.environment_digest and len(arm.failed) < arm.count else set[str]()
    summed_up = {"total_reward", *(metric for one in hypotheses for metric in told_by_seed(one))} & arm.summaries.keys()
    for metric in sorted((tested | earned | summed_up) - arm.seeds.keys()):
        yield f"{place}: {metric} has no value for any seed"
    for metric, values in arm.seeds.items():
        if len(values) != arm.count:
            yield f"{place}: {len(values)} values of {metric} for {arm.count} seeds"


def _of_arm(arm: ArmEvidence) -> Iterator[str]:
    place = f"arm {arm.name} of {arm.experiment}"
    lengths = {len(column) for column in (arm.curve.steps, arm.curve.value, arm.curve.low, arm.curve.high)}
    if lengths not in ({CURVE_WINDOWS}, {0}):
        yield f"{place}: its curve has not {CURVE_WINDOWS} windows"
    for metric, values in arm.seeds.items():
        if len(values) != arm.count:
            continue
        finite = np.array([value for value in values if value is not None])
        summary = arm.summaries.get(metric)
        if summary is None:
            if finite.size:
                yield f"{place}: {metric} has values and no summary"
            continue
        if not finite.size:
            yield f"{place}: {metric} has a summary and no values"
            continue
        if summary.n != finite.size:
            yield f"{place}: {metric} is said to have {summary.n} finished seeds and has {finite.size}"
            continue
        recomputed = {
            "mean": (summary.mean, float(finite.mean())),
            "iqm": (summary.iqm, _trimmed_mean(finite)),
            "min": (summary.min, float(finite.min())),
            "median": (summary.median, _median(finite)),
            "max": (summary.max, float(finite.max())),
        }
        for name, (said, value) in recomputed.items():
            if not close(said, value):
                yield f"{place}: the {name} of {metric} is said to be {said:.10g}, its seeds give {value:.10g}"
    without = {seed for values in arm.seeds.values() for seed, value in enumerate(values) if value is None}
    if not without <= set(arm.failed):
        yield f"{place}: seeds without a value that are not called failed"


def _of_hypothesis(hypothesis: HypothesisEvidence, arms: list[ArmEvidence]) -> Iterator[str]:
    if hypothesis.standing == "confirmatory" and (why := objection(arms)):
        yield f"{hypothesis.id} is called confirmatory, and its arms say otherwise: {why.removesuffix('.')}"
    test = hypothesis.test
    if (test is None) != (hypothesis.verdict in ("invalid", "withdrawn")):
        yield f"{hypothesis.id} is {hypothesis.verdict} {'without' if test is None else 'with'} a test"
    if test is None:
        return
    if (verdict := _verdict(test.interval, hypothesis.region)) != hypothesis.verdict:
        yield f"{hypothesis.id} is called {hypothesis.verdict}, its deciding interval says {verdict}"
    estimate = _estimate(hypothesis, arms, test.estimand)
    if estimate is not None and not close(test.estimate, estimate):
        yield f"{hypothesis.id} is estimated as {test.estimate:.10g}, its seeds give {estimate:.10g}"


def _of_registrations(evidence: Evidence) -> Iterator[str]:
    current = {}
    for entry in evidence.registrations:
        if standing := entry.standing:
            if digest(standing.decision) != standing.decision_digest:
                yield f"a registration of {standing.hypothesis} has a decision that its digest is not of"
                continue
            if wording_digest(standing.statement) != standing.wording_digest:
                yield f"a registration of {standing.hypothesis} has a statement that its digest is not of"
            current[standing.decision_digest, standing.family_digest] = standing
    first = first_recordings([evidence.registrations])
    for hypothesis in evidence.hypotheses:
        if hypothesis.standing == "confirmatory":
            standing = current.get((hypothesis.decision_digest, evidence.family_digest))
            if standing is None or judge(standing, first).standing == "exploratory":
                yield f"{hypothesis.id} is called confirmatory, and no registration says so"
            elif not _is_of(hypothesis, standing):
                yield f"{hypothesis.id} is judged by another criterion than the one registered"


def _of_replications(evidence: Evidence) -> Iterator[str]:
    if len(unique(evidence.replications)) < len(evidence.replications):
        yield "a replication is there twice"
    known = _decided(evidence)
    for replication in evidence.replications:
        for what in _of_replication(replication, known):
            yield f"the replication on {roots_phrase(replication)}: {what}"
    for hypothesis in evidence.hypotheses:
        earned = is_replicated(evidence, hypothesis)
        if earned != (hypothesis.grade == "replicated"):
            yield f"{hypothesis.id} is {'not ' if earned else ''}called replicated, its replications say otherwise"


def _of_replication(replication: Replication, known: Mapping[str, _Decided]) -> Iterator[str]:
    commit, places = replication.draw.commit, set[_Place]()
    for arm in replication.arms:
        places.add((arm.key, arm.registered_root, arm.streams, arm.count))
        name = f"arm {arm.name} of {arm.experiment}"
        if arm.root == arm.registered_root:
            yield f"{name} has the registered root, which replicates nothing"
        elif commit and arm.root != (root := drawn_root(commit, arm.registered_root)):
            yield f"{name} has root {arm.root}, its commit gives {root}"
    for one in replication.hypotheses:
        tested = one.verdict not in ("invalid", "withdrawn")
        if {one.estimate is not None, one.interval is not None, one.level is not None} != {tested}:
            yield f"{one.id} is {one.verdict} {'without' if tested else 'with'} a test"
        elif one.interval and (verdict := _verdict(one.interval, one.region)) != one.verdict:
            yield f"{one.id} is called {one.verdict}, its deciding interval says {verdict}"
        if one.agree != agreement(one.registered, one.verdict):
            yield f"{one.id} is {one.verdict} and was {one.registered}, and is said {_said_to_agree(one.agree)}"
        if (decided := known.get(one.decision_digest)) is not None:
            region, arms = decided
            if region != one.region:
                yield f"{one.id} is judged by another region than the one registered"
            if not arms <= places:
                yield f"{one.id} was registered on arms, roots or seeds that it does not replicate"


def _said_to_agree(agree: bool | None) -> str:
    return {None: "to be neither alike nor not", True: "to agree", False: "to differ"}[agree]


def _decided(evidence: Evidence) -> dict[str, _Decided]:
    """What is known of decisions by their digests: from what stood, and from the hypotheses as they are judged."""
    known: dict[str, _Decided] = {}
    for standing in registered_standings(evidence).values():
        match standing.decision:
            case {
                "region": {"low": float() | int() | None as low, "high": float() | int() | None as high},
                "root": int() as root,
                "streams": "independent" | "common" as streams,
                "seeds": int() as seeds,
            } if digest(standing.decision) == standing.decision_digest:
                arms = frozenset((key, root, streams, seeds) for key in arm_keys(standing))
                known[standing.decision_digest] = Interval(low=low, high=high), arms
    for one in evidence.hypotheses:
        names = {(one.experiment, name) for name in (one.treatment, one.control)}
        spoken_of = [arm for arm in evidence.arms if (arm.experiment, arm.name) in names]
        places = frozenset((arm.key, arm.root, arm.streams, arm.count) for arm in spoken_of)
        known[one.decision_digest] = one.region, places
    return known


def _is_of(hypothesis: HypothesisEvidence, standing: Standing) -> bool:
    """Whether a hypothesis in the evidence is the one that a decision was registered for."""
    elsewhere = "evaluated_on" in standing.decision  # by content; names of environments decide nothing
    decided = {
        "metric": unplaced(hypothesis.metric)[0] if elsewhere else hypothesis.metric,
        "kind": hypothesis.kind,
        "region": {"low": hypothesis.region.low, "high": hypothesis.region.high},
    }
    return all(standing.decision.get(key) == value for key, value in decided.items())


def _verdict(interval: Interval, region: Interval) -> str:
    """The verdict of a printed interval on a claimed region, as `expkit.statistics` reads it (which loads scipy)."""
    (low, high), (lowest, highest) = _ends(interval), _ends(region)
    if lowest <= low and high <= highest:
        return "supported"
    return "refuted" if high < lowest or highest < low else "inconclusive"


def _estimate(hypothesis: HypothesisEvidence, arms: list[ArmEvidence], estimand: Estimand) -> float | None:
    """The estimate from per-seed values; None where a failed seed or a binary metric asks for more than a mean."""
    metric = hypothesis.metric
    meaning = recorded_in(arms[0], metric)
    if (meaning and meaning.binary) or any(None in (arm.seeds.get(metric) or (None,)) for arm in arms):
        return None
    values = [np.array(arm.seeds[metric], dtype=np.float64) for arm in arms]
    points = [float(column.mean()) if estimand == "mean" else _trimmed_mean(column) for column in values]
    if len(points) == 1:
        return points[0]
    treatment, control = points
    return treatment - control if hypothesis.kind == "difference" else treatment / control if control else math.nan


def _trimmed_mean(values: NDArray[np.float64]) -> float:
    """The mean of float64 [n] without a quarter of them, rounded down, at each end."""
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean())


def _ends(span: Interval) -> tuple[float, float]:
    return (-math.inf if span.low is None else span.low), (math.inf if span.high is None else span.high)


def _median(values: NDArray[np.float64]) -> float:
    """The median of float64 [n]; np.median would import numpy.ma, and `statistics` as much again."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)
