"""Publishing: what of a question or an experiment a tracking store does not have yet, brought there once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from expkit.dossier import Dossier
from expkit.errors import PublishingPending
from expkit.ledger.ledger import Ledger
from expkit.ledger.receipts import Receipt, Receipts
from expkit.outcomes.document import generated_part
from expkit.outcomes.evidence import arm_evidence
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.records.evidence import Evidence
from expkit.specs.experiment import Experiment
from expkit.tracking.keys import arm_digests, experiment_name, outcome_key, run_key
from expkit.tracking.mapping import experiment_publication, question_publication
from expkit.tracking.outcome_run import Documents
from expkit.tracking.place import store_file, tracking_uri
from expkit.tracking.publication import Publication


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Where the runs of a question or an experiment are in a tracking store, or why they are not there yet."""

    uri: str
    name: str
    """The MLflow experiment's name."""
    receipts: dict[str, Receipt]
    """By run name: of an arm, or `outcome`. The runs without one are still to be published."""
    missing: tuple[str, ...] = ()
    """The runs that are still to be published, by name."""
    new: int = 0
    """Runs that were made just now."""
    fault: PublishingPending | None = None
    """Why the missing ones could not be published."""


def question_publishing(dossier: Dossier, evidence: Evidence) -> Publishing:
    """What is published of a question, as the receipts tell it; asks no store."""
    name = experiment_name(dossier.project.id, question=dossier.question.id)
    return _told(dossier.project, name, _question_keys(dossier, evidence))


def publish_question(dossier: Dossier, evidence: Evidence) -> Publishing:
    """Publish what a store lacks of a question, its arms and its `outcome`. A store that fails is told, not raised."""

    def publication() -> Publication:
        paths, question = dossier.paths, dossier.question
        outcome = paths.outcome(question.id).read_bytes()
        return question_publication(
            project_id=dossier.project.id,
            question=question,
            experiments=dossier.experiments,
            evidence=evidence,
            results=dossier.results,
            documents=Documents(
                question=paths.question(question.id).read_bytes(),
                experiments={name: paths.experiment(name).read_bytes() for name in dossier.experiments},
                evidence=paths.evidence(question.id).read_bytes(),
                outcome=outcome,
                head=generated_part(outcome.decode()) or "",
                figures={name: (paths.figures(question.id) / name).read_bytes() for name in evidence.figures},
            ),
        )

    return _publish(dossier.project, question_publishing(dossier, evidence), publication)


def publish_experiment(project: Project, experiment: Experiment, ledger: Ledger) -> Publishing:
    """Publish what a store lacks of an experiment run for no question. A store that fails is told, not raised."""
    planned = plan(experiment, ledger.recorded)
    results = {arm.name: ledger.results(arm.key, arm.root, arm.streams, arm.seeds) for arm in planned}

    def publication() -> Publication:
        return experiment_publication(
            project_id=project.id,
            experiment=experiment,
            arms=[arm_evidence(arm, results[arm.name], ["total_reward"]) for arm in planned],
            results=results,
            declaration=Paths(project.root).experiment(experiment.id).read_bytes(),
        )

    keys = {
        arm.name: run_key(
            project.id,
            None,
            experiment.id,
            arm.name,
            *arm_digests(arm.key, results[arm.name].results_digest, arm.elsewhere),
        )
        for arm in planned
    }
    return _publish(project, _told(project, experiment_name(project.id, experiment=experiment.id), keys), publication)


def _question_keys(dossier: Dossier, evidence: Evidence) -> dict[str, str]:
    """The key of every run of a question by its name: arms in order, then `outcome`."""
    project, question, paths = dossier.project.id, dossier.question.id, dossier.paths
    several = len(evidence.experiments) > 1
    keys = {
        (f"{arm.experiment}/{arm.name}" if several else arm.name): run_key(
            project, question, arm.experiment, arm.name, *arm_digests(arm.key, arm.results_digest, arm.elsewhere)
        )
        for arm in evidence.arms
    }
    document, data = paths.outcome(question).read_bytes(), paths.evidence(question).read_bytes()
    return {**keys, "outcome": outcome_key(project, question, evidence=data, outcome=document)}


def _told(project: Project, name: str, keys: Mapping[str, str]) -> Publishing:
    """What the receipts tell. Of a local store that is gone they tell nothing, whatever was published to it once."""
    uri = tracking_uri(project.root, os.environ)
    file, kept = store_file(uri), Receipts(Paths(project.root).receipts)
    known = {run: kept.get(uri, key) for run, key in keys.items()} if file is None or file.is_file() else {}
    receipts = {run: receipt for run, receipt in known.items() if receipt}
    missing = tuple(run for run in keys if run not in receipts)
    return Publishing(uri=uri, name=name, receipts=receipts, missing=missing)


def _publish(project: Project, told: Publishing, publication: Callable[[], Publication]) -> Publishing:
    if not told.missing:
        return told
    from expkit.tracking.store import connect  # mlflow: seconds that an idle run does not pay

    content, kept = publication(), Receipts(Paths(project.root).receipts)
    try:
        published = connect(told.uri, root=project.root).publish(content)
    except PublishingPending as fault:
        return Publishing(uri=told.uri, name=told.name, receipts=told.receipts, missing=told.missing, fault=fault)
    receipts = {
        run.name: kept.keep(told.uri, run.key, published[run.key].run_id, published[run.key].experiment_id)
        for run in content.runs
    }
    return Publishing(
        uri=told.uri, name=told.name, receipts=receipts, new=sum(run.created for run in published.values())
    )
