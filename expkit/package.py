"""Packaging: an arm's chosen trial as an image that needs nothing else, and as a version of a registered model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from expkit.checkpoint.choose import best_seed
from expkit.checkpoint.names import image_reference, model_name
from expkit.checkpoint.stored import checkpoint_bytes, table_bytes, verified
from expkit.digests import file_digest
from expkit.dossier import Dossier
from expkit.errors import CheckFailed, InvalidUsage, PublishingPending, ServiceAbsent
from expkit.ledger.results import ArmResults
from expkit.outcomes.check import check_outcome
from expkit.outcomes.freshness import parameters
from expkit.outcomes.registration import all_standings
from expkit.plan import PlannedArm
from expkit.provenance.history import History
from expkit.publish import publish_question
from expkit.records.checkpoint import CHECKPOINT_FILE, ENVIRONMENT_FILE, TABLE_FILE, Checkpoint
from expkit.records.evidence import ArmEvidence
from expkit.records.provenance import Image, Provenance
from expkit.specs.experiment import PROJECT_IMAGE, RecordedArm, TabularArm, as_tabular
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.tables import to_bytes, travels

if TYPE_CHECKING:
    from expkit.containers.engine import Engine
    from expkit.containers.image import Inspected
    from expkit.tracking.model import Registered

Phase = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Packaged:
    """What packaging came to."""

    checkpoint: Checkpoint
    sha256: str
    """Of `checkpoint.json`."""
    image: Inspected
    parent_is: str
    """Why it is built on this parent, in words."""
    model: Registered | None
    """None where MLflow could not be reached."""
    fault: PublishingPending | None
    """Why."""


def package(
    dossier: Dossier, arm: PlannedArm, *, seed: int | None, image: str | None, push: bool, phase: Phase
) -> Packaged:
    """Make an arm's checkpoint image, push it if asked to, and register it as a model of its arm.

    seed: the seed to take; None for the one that the rule `best` chooses. image: the image to build on; None for the
    one that the seed was trained in, or else the project's.

    Raises:
        CheckFailed: the evidence is stale or edited, of other results than the ledger's, or the seed failed.
        InvalidUsage: results are missing on this machine, or there is no such seed, or no registry to push to.
        ServiceAbsent: no engine answers, the parent image is not to be had, or the registry refuses.
        BuildFailed, LedgerDamaged: see `expkit.errors`.
    """
    from expkit.containers.engine import connect

    registry = _registry(dossier.project.root) if push else None
    results = _sound_results(dossier, arm)
    chosen = _chosen(arm, results, seed)
    engine = connect()
    with phase("finding the image to build on"):
        parent, parent_is = _parent(engine, dossier.project.root, results, chosen, image)
    files, checkpoint = _checkpoint(dossier, arm, results, chosen, named=seed is not None, parent=parent.record)
    sha256 = hashlib.sha256(files[CHECKPOINT_FILE]).hexdigest()
    with phase("building the image of the checkpoint"):
        from expkit.images.checkpoint import build_checkpoint

        built = build_checkpoint(
            engine,
            checkpoint,
            sha256=sha256,
            files=files,
            reference=image_reference(checkpoint, _provenance(results, chosen).git.patch),
            on_line=lambda line: None,
        )
    if registry is not None:
        from expkit.images.registry import push as push_to

        with phase(f"pushing to {registry}"):
            built = push_to(engine, built, registry=registry, tags=(built.reference,), on_line=lambda line: None)
    model, fault = None, None
    with phase("registering the model in MLflow"):
        try:
            model = _register(dossier, arm, checkpoint, sha256, files, built.record)
        except PublishingPending as pending:
            fault = pending
    return Packaged(checkpoint=checkpoint, sha256=sha256, image=built, parent_is=parent_is, model=model, fault=fault)


def _registry(root: Path) -> str:
    from expkit.images.names import registry_of

    registry = registry_of(root)
    if registry is None:
        raise InvalidUsage(
            "no registry is configured to push to",
            mend="name one in EXPKIT_REGISTRY, or as registry in [tool.expkit.image] of pyproject.toml",
        )
    return registry


def _sound_results(dossier: Dossier, arm: PlannedArm) -> ArmResults:
    """The arm's results, which are all here and those that sound, fresh evidence was drawn from."""
    question = dossier.question
    again = f"expkit run {question.id}"
    if isinstance(arm.arm, RecordedArm):
        raise InvalidUsage(
            f"{arm.name} has no agent to package",
            where=dossier.paths.relative(dossier.paths.experiment(arm.experiment)),
            why=f"only its results are known, from {arm.arm.trainer.file}",
            mend="package an arm that expkit has trained",
        )
    if not isinstance(arm.arm, TabularArm):
        raise InvalidUsage(
            f"{arm.name} has no Q-table to package",
            where=dossier.paths.relative(dossier.paths.experiment(arm.experiment)),
            why=f"its trainer is of kind {arm.arm.trainer.kind}",
            mend="package an arm of a tabular trainer",
        )
    if arm.arm.representation:
        raise InvalidUsage(
            f"{arm.name} cannot be packaged: its learner does not see states as they are",
            where=dossier.paths.relative(dossier.paths.experiment(arm.experiment)),
            why=f"its representation is of kind {arm.arm.representation.kind}, and a package has a row for every state",
            mend="package an arm without representation",
        )
    place = dossier.paths.relative(dossier.paths.evidence(question.id))
    evidence = dossier.evidence
    if evidence is None:
        raise InvalidUsage(f"{question.id} has no evidence yet", where=place, mend=f"run it: {again}")
    found = check_outcome(
        dossier.paths,
        History(dossier.project.root),
        question=question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        standing=all_standings(dossier.project.questions, dossier.project.experiments),
    )
    if failures := [one for one in found if one.severity == "failure"]:
        raise CheckFailed(
            f"the evidence for {question.id} does not pass its check: nothing is packaged on it",
            why="\n  ".join(f"{one.file}: {one.what}" for one in failures),
            mend=f"see expkit check {question.id}; where it is stale: {again}",
        )
    if arm.missing:
        raise InvalidUsage(
            f"{len(arm.missing)} of the {len(arm.seeds)} seeds of {arm.name} are not in this machine's ledger",
            why="a checkpoint is made of recorded Q-tables, which the evidence does not hold",
            mend=f"train them here, which reproduces the evidence: {again}",
        )
    results = dossier.results[arm.experiment, arm.name]
    known = _evidence_of(dossier, arm)
    optimal, random = known.optimal_gain, known.random_gain
    assert optimal is not None, "every tabular arm has both gains"
    assert random is not None, "every tabular arm has both gains"
    if results.results_digest != known.results_digest:
        raise CheckFailed(
            f"the results of {arm.name} in this machine's ledger are not those of the evidence",
            where=place,
            why=f"their digest is {results.results_digest[:12]}; the evidence has {known.results_digest[:12]}",
            mend=f"{again} says where they differ",
        )
    return results


def _evidence_of(dossier: Dossier, arm: PlannedArm) -> ArmEvidence:
    assert dossier.evidence is not None
    return next(one for one in dossier.evidence.arms if (one.experiment, one.name) == (arm.experiment, arm.name))


def _chosen(arm: PlannedArm, results: ArmResults, seed: int | None) -> int:
    if seed is None:
        found = best_seed(results.seeds, results.metrics, results.failed)
        if found is None:
            raise CheckFailed(
                f"every seed of {arm.name} failed", why=next(iter(results.failed.values())), mend="correct its settings"
            )
        return found
    if seed not in results.seeds:
        raise InvalidUsage(f"{arm.name} has no seed {seed}", mend=f"its seeds are 0 to {len(arm.seeds) - 1}")
    if seed in results.failed:
        raise CheckFailed(
            f"seed {seed} of {arm.name} failed", why=results.failed[seed], mend="name another seed, or leave --seed out"
        )
    return seed


def _parent(engine: Engine, root: Path, results: ArmResults, seed: int, named: str | None) -> tuple[Inspected, str]:
    """The image to build on, and why this one."""
    from expkit.containers.image import resolve
    from expkit.images.names import project_reference

    trained = _provenance(results, seed).image
    if named not in (None, PROJECT_IMAGE):
        found = resolve(engine, named)
        return found, "named by --image" if found.id == trained.id else f"named by --image; {_where(trained)}"
    if named == PROJECT_IMAGE or trained.id is None:
        own = resolve(engine, project_reference(root), pull=False)
        return own, f"the image of the project's own commit; {_where(trained)}"
    for reference in (trained.id, trained.digest):  # its id names it here, its digest wherever it was pushed
        try:
            if reference is not None:
                found = resolve(engine, reference)
                return replace(found, reference=trained.reference or reference), "the one that it was trained in"
        except ServiceAbsent:
            continue
    raise ServiceAbsent(
        f"the image that seed {seed} was trained in is not to be had",
        where=trained.reference or trained.id,
        why=f"{trained.id} is not on this machine, and {trained.digest or 'it was never pushed'}"
        + (" cannot be pulled" if trained.digest else ""),
        mend="name another to build on: --image IMAGE, or --image project for this commit's",
    )


def _provenance(results: ArmResults, seed: int) -> Provenance:
    position, _ = results.rows[results.seeds.index(seed)]
    return results.attempts[position].provenance


def _where(trained: Image) -> str:
    return (
        f"the seed was trained in {trained.reference or trained.id}" if trained.id else "the seed was trained on a host"
    )


def _checkpoint(
    dossier: Dossier, arm: PlannedArm, results: ArmResults, seed: int, *, named: bool, parent: Image
) -> tuple[dict[str, bytes], Checkpoint]:
    """The checkpoint of a seed and its files by name, proven to be the recorded trial."""
    from expkit.checkpoint.proof import prove

    known = _evidence_of(dossier, arm)
    optimal, random = known.optimal_gain, known.random_gain
    assert optimal is not None, "every tabular arm has both gains"
    assert random is not None, "every tabular arm has both gains"
    row = results.seeds.index(seed)
    position, own_row = results.rows[row]
    attempt = results.attempts[position]
    assert attempt.result is not None
    recorded = {name: column[own_row] for name, column in attempt.result.metrics.items()}
    table = table_bytes(results.q[row], results.visits[row], results.curve[row])
    git, resolved = attempt.provenance.git, as_tabular(arm.arm)
    environment = compile_environment(resolved.environment)
    checkpoint = Checkpoint(
        project=dossier.project.id,
        question=dossier.question.id,
        experiment=arm.experiment,
        arm=arm.name,
        label=_label(dossier, arm),
        seed=seed,
        rule="named" if named else "best",
        among=len(results.seeds) - len(results.failed),
        resolved=resolved,
        arm_key=arm.key,
        environment_digest=environment.digest,
        engine_version=ENGINE_VERSION,
        root=arm.root,
        streams=arm.streams,
        table_digest=hashlib.sha256(table).hexdigest(),
        trial_digest=results.trial_digests[row],
        results_digest=results.results_digest,
        evidence_digest=file_digest(dossier.paths.evidence(dossier.question.id)),
        metrics={name: value for name, value in recorded.items() if value is not None},
        optimal_gain=optimal,
        random_gain=random,
        attempt=attempt.id,
        commit=git.commit,
        dirty=git.state == "dirty" if git.commit else None,
        trained_in=attempt.provenance.image,
        parent=parent,
    )
    files = {CHECKPOINT_FILE: checkpoint_bytes(checkpoint), TABLE_FILE: table}
    if travels(resolved.environment):
        files[ENVIRONMENT_FILE] = to_bytes(environment)
    prove(verified(checkpoint, files, where=results.folder / attempt.id))
    return files, checkpoint


def _label(dossier: Dossier, arm: PlannedArm) -> str:
    """What the run of an arm is called among those of its question."""
    return f"{arm.experiment}/{arm.name}" if len(dossier.question.experiments) > 1 else arm.name


def _register(
    dossier: Dossier, arm: PlannedArm, checkpoint: Checkpoint, sha256: str, files: dict[str, bytes], image: Image
) -> Registered:
    assert dossier.evidence is not None
    published = publish_question(dossier, dossier.evidence)  # the model belongs to the run of its arm
    if published.fault:
        raise published.fault
    from expkit.tracking.model import ModelContent, register
    from expkit.tracking.store import connect

    run = published.receipts[checkpoint.label]
    content = ModelContent(
        name=model_name(checkpoint),
        checkpoint=checkpoint,
        sha256=sha256,
        files=files,
        image=image,
        parameters=parameters(arm.arm),
    )
    store = connect(published.uri, root=dossier.project.root)
    return register(store, content, run_id=run.run_id, experiment_id=run.experiment_id)
