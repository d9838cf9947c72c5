"""The mapping: from records and documents to the MLflow experiment that holds them. Nothing is read or sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion
from expkit.tracking.arm_run import arm_run
from expkit.tracking.keys import experiment_name
from expkit.tracking.notes import note
from expkit.tracking.outcome_run import OUTCOME_RUN, Documents, outcome_run
from expkit.tracking.publication import Publication
from expkit.tracking.view import VIEW_TAG, ordered, placed, shared_view

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults


def question_publication(
    *,
    project_id: str,
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    evidence: Evidence,
    results: Mapping[tuple[str, str], ArmResults],
    documents: Documents,
) -> Publication:
    """A question's MLflow experiment: one flat run per arm of the evidence, and the run `outcome`.

    `experiments` is by id and `results` by (experiment id, arm name); both know every arm of the evidence.
    """
    description = note(documents.head, whole=f"the artifact outcome.md of the run {OUTCOME_RUN}")
    several = len(question.experiments) > 1
    places = {
        (arm.experiment, arm.name): place for place, arm in enumerate(ordered(evidence.arms, evidence.hypotheses), 1)
    }
    arms = [
        placed(
            arm_run(
                project_id=project_id,
                question=question,
                experiment=experiments[arm.experiment],
                arm=arm,
                results=results[arm.experiment, arm.name],
                name=f"{arm.experiment}/{arm.name}" if several else arm.name,
                specs={"experiment.yaml": documents.experiments[arm.experiment], "question.yaml": documents.question},
            ),
            places[arm.experiment, arm.name],
        )
        for arm in evidence.arms
    ]
    outcome = outcome_run(
        project_id=project_id,
        question=question,
        evidence=evidence,
        results=[results[arm.experiment, arm.name] for arm in evidence.arms],
        documents=documents,
        description=description,
    )
    return Publication(
        name=experiment_name(project_id, question=question.id),
        tags={
            "expkit.project": project_id,
            "expkit.rq": question.id,
            "expkit.title": question.title,
            VIEW_TAG: shared_view(evidence.arms, evidence.hypotheses),
        },
        description=description,
        runs=(*arms, placed(outcome, 0)),
    )


def experiment_publication(
    *,
    project_id: str,
    experiment: Experiment,
    arms: Sequence[ArmEvidence],
    results: Mapping[str, ArmResults],
    declaration: bytes,
) -> Publication:
    """The MLflow experiment of an experiment that was run for no question: its arms, and no verdict.

    `results` is by arm name; `declaration` is the experiment's YAML.
    """
    said = f"## {experiment.title}\n\nAn experiment that was run for no research question: records, and no verdict."
    return Publication(
        name=experiment_name(project_id, experiment=experiment.id),
        tags={
            "expkit.project": project_id,
            "expkit.experiment": experiment.id,
            "expkit.title": experiment.title,
            VIEW_TAG: shared_view(arms, []),
        },
        description=note(f"{said}\n\n{experiment.scope or ''}", whole="the artifact experiment.yaml"),
        runs=tuple(
            placed(
                arm_run(
                    project_id=project_id,
                    question=None,
                    experiment=experiment,
                    arm=arm,
                    results=results[arm.name],
                    name=arm.name,
                    specs={"experiment.yaml": declaration},
                ),
                place,
            )
            for place, arm in enumerate(arms, 1)
        ),
    )
