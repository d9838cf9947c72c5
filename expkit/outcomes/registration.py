"""Registration: a question's hypotheses as digests, and the annotated tag that can be pushed before the run. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from expkit.digests import digest
from expkit.outcomes.meaning import deciding, measured_by, where_measured
from expkit.plan import PlannedArm, plan
from expkit.records.registration import Standing
from expkit.specs.criterion import Value, arms_of, metric_of
from expkit.specs.experiment import Experiment, RecordedArm, Streams
from expkit.specs.question import Family, Hypothesis, ResearchQuestion

Planned = Mapping[str, Sequence[PlannedArm]]
"""The planned arms of every experiment, by experiment id."""


def standings(
    question: ResearchQuestion, planned: Planned, experiments: Mapping[str, Experiment]
) -> tuple[Standing, ...]:
    """Every hypothesis of a question as it stands now, in the question's order.

    Args:
        question: whose hypotheses.
        planned: the arms of at least the experiments that the hypotheses name.
        experiments: those experiments, by id.
    """
    decisions = [_decision(hypothesis, planned, experiments) for hypothesis in question.hypotheses]
    digests = [digest(decision) for decision in decisions]
    family = family_digest(digests, question.family)
    return tuple(
        Standing(
            question=question.id,
            hypothesis=hypothesis.id,
            decision_digest=decision_digest,
            family_digest=family,
            wording_digest=wording_digest(hypothesis.statement),
            statement=hypothesis.statement,
            decision=decision,
        )
        for hypothesis, decision, decision_digest in zip(question.hypotheses, decisions, digests, strict=True)
    )


def all_standings(
    questions: Mapping[str, ResearchQuestion], experiments: Mapping[str, Experiment]
) -> tuple[Standing, ...]:
    """Every hypothesis of every question of a project, or of what a commit holds of one, as it stands there."""
    planned = {name: plan(experiment, lambda *_: frozenset()) for name, experiment in experiments.items()}
    return tuple(one for question in questions.values() for one in standings(question, planned, experiments))


def family_digest(decision_digests: Iterable[str], family: Family) -> str:
    """The digest of what decides a family: its decisions in any order, alpha and the correction.

    A withdrawn hypothesis keeps its decision in it, so that withdrawing neither changes nor launders anything.
    """
    return digest({"decisions": sorted(decision_digests), "alpha": family.alpha, "correction": family.correction})


def wording_digest(statement: str) -> str:
    """The digest of a statement; white space does not count."""
    return digest(" ".join(statement.split()))


def spoken_of(standing: Iterable[Standing], *, arm_key: str, root: int, streams: Streams) -> tuple[Standing, ...]:
    """Those hypotheses that speak of an arm under a root: what an attempt on it carries."""
    return tuple(
        one
        for one in standing
        if arm_key in arm_keys(one) and one.decision["root"] == root and one.decision["streams"] == streams
    )


def arm_keys(standing: Standing) -> tuple[str, ...]:
    """The keys of the arms a decision is made on: of the treatment, and of the control where there is one."""
    keys = (standing.decision.get("treatment"), standing.decision.get("control"))
    return tuple(key for key in keys if isinstance(key, str))


def is_unwitnessed(standing: Standing) -> bool:
    """Whether a decision is made on results that expkit did not see being made."""
    return standing.decision.get("unwitnessed") is True


def tag(question: ResearchQuestion, standing: Sequence[Standing]) -> tuple[str, str]:
    """Name and message of the annotated tag that registers a question: `expkit/<question>/<start of family digest>`.

    The message holds the family and every decision with its digest as JSON, so that anybody can compute the digests
    again. `standing` is that of `standings`, at least one.
    """
    family = standing[0].family_digest
    message = {
        "question": question.id,
        "family_digest": family,
        "alpha": question.family.alpha,
        "correction": question.family.correction,
        "hypotheses": {
            one.hypothesis: {
                "statement": one.statement,
                "decision_digest": one.decision_digest,
                "decision": one.decision,
            }
            for one in standing
        },
    }
    return f"expkit/{question.id}/{family[:12]}", json.dumps(message, indent=2, ensure_ascii=False) + "\n"


def _decision(hypothesis: Hypothesis, planned: Planned, experiments: Mapping[str, Experiment]) -> dict[str, JsonValue]:
    """Everything that decides a hypothesis, resolved. No id, title, arm name, rationale or expectation is in it."""
    criterion = hypothesis.criterion
    experiment = experiments[hypothesis.experiment]
    arms = {arm.name: arm for arm in planned[hypothesis.experiment]}
    treatment, control = (
        (criterion.arm, None) if isinstance(criterion, Value) else (criterion.treatment, criterion.control)
    )
    decided_on = metric_of(criterion)
    metric = measured_by(arms[treatment].arm, decided_on)
    base, places = where_measured(arms[treatment].arm, decided_on)
    elsewhere: dict[str, JsonValue] = {"evaluated_on": _targets(hypothesis, places, planned)} if places else {}
    seeds = [experiment.seeds_of(arms[name].arm).count for name in (treatment, control) if name is not None]
    decision: dict[str, JsonValue] = {
        "metric": base,
        "metric_version": metric.version,
        **deciding(metric),
        **elsewhere,
        "estimand": criterion.estimand,
        "kind": criterion.kind,
        "region": {"low": criterion.low, "high": criterion.high},
        "treatment": arms[treatment].key,
        "control": None if control is None else arms[control].key,
        "streams": experiment.seeds.streams,
        "root": experiment.seeds.root,
        "seeds": max(seeds),
        "looks": 1,
        "failed_seed": experiment.failed_seed,
    }
    return {**decision, "unwitnessed": True} if isinstance(arms[treatment].arm, RecordedArm) else decision


def _targets(hypothesis: Hypothesis, places: Sequence[str], planned: Planned) -> list[JsonValue]:
    """The environments that a hypothesis is decided in, as content, in an order that no name decides."""
    arms = [arm for arm in planned[hypothesis.experiment] if arm.name in arms_of(hypothesis.criterion)]
    found: dict[str, str | None] = {}
    for target in (target for arm in arms for target in arm.targets if target.name in places):
        found[target.digest] = found.get(target.digest) or target.unseen
    return [{"environment": environment, "unseen": found[environment]} for environment in sorted(found)]
