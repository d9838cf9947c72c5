"""The run of an arm: its settings, its summaries, every seed; its curve and Q-tables, or what its programs left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from expkit.records.attempt import TRAJECTORIES_FILE
from expkit.records.evidence import ArmEvidence
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion
from expkit.tracking.artifacts import SEEDS_TABLE, Artifact, attempts_provenance, q_tables, seeds_table, trajectories
from expkit.tracking.fields import finite, milliseconds, mixed_images, origin_tags, params, settings
from expkit.tracking.keys import arm_digests, run_key
from expkit.tracking.notes import note
from expkit.tracking.publication import Dataset, Family, RunContent
from expkit.tracking.trial_files import TrialFiles, trial_files

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults

_DATASET_DIGEST_LIMIT = 36
_STATISTICS = ("iqm", "mean", "sd", "min", "q05")
_TRANSITION_TABLE = {
    "mlflow_colspec": [
        {"name": name, "type": kind, "required": True}
        for name, kind in (
            ("state", "long"),
            ("action", "long"),
            ("next_state", "long"),
            ("reward", "double"),
            ("probability", "double"),
            ("terminal", "boolean"),
        )
    ]
}


def arm_run(
    *,
    project_id: str,
    question: ResearchQuestion | None,
    experiment: Experiment,
    arm: ArmEvidence,
    results: ArmResults,
    name: str,
    specs: Mapping[str, bytes],
) -> RunContent:
    """What the run of an arm holds. `specs` are the declared files to keep with it, by artifact path."""
    attempts = sorted(results.attempts, key=lambda attempt: attempt.id)
    newest = attempts[-1].provenance
    tabular, beside = arm.environment_digest is not None, trial_files(results)
    states = {attempt.provenance.git.state for attempt in attempts}
    owner = question.id if question else None
    family = Family(project=project_id, question=owner, experiment=arm.experiment, arm=arm.name)
    return RunContent(
        name=name,
        key=run_key(
            project_id,
            owner,
            arm.experiment,
            arm.name,
            *arm_digests(arm.key, arm.results_digest, arm.elsewhere),
        ),
        family=family,
        tags={
            **family.tags,
            "expkit.arm.key": arm.key,
            "expkit.results.digest": arm.results_digest,
            **({"expkit.environment.digest": arm.environment_digest} if arm.environment_digest else {}),
            **({"expkit.unwitnessed": "true"} if arm.unwitnessed else {}),
            **origin_tags(
                commit=newest.git.commit,
                branch=newest.git.branch,
                # one dirty attempt among clean ones is enough for numbers that no commit explains
                dirty="dirty" in states if states & {"clean", "dirty"} else None,
                image=newest.image,
                mixed=mixed_images([results], newest.image),
                executor=newest.executor,
                command=newest.command,
            ),
            # what mlflow's own log_table sets, so that the file is offered as a table
            "mlflow.loggedArtifacts": json.dumps([{"path": SEEDS_TABLE, "type": "table"}]),
        },
        params=params(settings(arm.parameters, root=arm.root, count=arm.count, streams=arm.streams)),
        metrics=tuple(finite(_points(arm))),
        datasets=(*_environment(arm), *_inputs(experiment)),
        artifacts=(
            *([Artifact(path="q_tables.npz", content=partial(q_tables, results))] if tabular else []),
            Artifact(path=SEEDS_TABLE, content=partial(seeds_table, results)),
            *(
                [Artifact(path=TRAJECTORIES_FILE, content=partial(trajectories, results))]
                if any(TRAJECTORIES_FILE in attempt.files for attempt in attempts)
                else []
            ),
            Artifact(path="provenance.json", content=partial(attempts_provenance, attempts)),
            *(Artifact(path=path, content=content) for path, content in specs.items()),
            *beside.artifacts,
        ),
        description=_description(question, experiment, arm, beside),
        status="FAILED" if len(arm.failed) == arm.count else "FINISHED",
        started_ms=min(milliseconds(attempt.started) for attempt in attempts),
        ended_ms=max(milliseconds(attempt.ended) for attempt in attempts),
    )


def _points(arm: ArmEvidence) -> Iterator[tuple[str, float | None, int]]:
    for metric, summary in arm.summaries.items():
        for statistic in _STATISTICS:
            yield f"{metric}.{statistic}", getattr(summary, statistic), 0
    for metric, values in arm.seeds.items():
        for seed, value in enumerate(values):
            yield f"seed.{metric}", value, seed
    curve = arm.curve
    for ending, levels in (("", curve.value), (".lo", curve.low), (".hi", curve.high)):
        for step, level in zip(curve.steps, levels, strict=True):
            yield f"curve.reward_per_step{ending}", level, step


def _environment(arm: ArmEvidence) -> Iterator[Dataset]:
    if arm.environment_digest is None:
        return
    prefix = "environment."
    acted_in = {name.removeprefix(prefix): value for name, value in arm.parameters.items() if name.startswith(prefix)}
    yield Dataset(
        name=str(acted_in["kind"]),
        digest=arm.environment_digest[:_DATASET_DIGEST_LIMIT],
        context="environment",
        source_type="expkit",
        source=json.dumps({"digest": arm.environment_digest, "environment": acted_in}),
        schema=json.dumps(_TRANSITION_TABLE),
        profile=json.dumps({"optimal_gain": arm.optimal_gain, "random_gain": arm.random_gain}),
    )


def _inputs(experiment: Experiment) -> Iterator[Dataset]:
    for name, one in experiment.inputs.items():
        assert one.sha256 is not None, "the project was read, which refuses an input without"
        yield Dataset(
            name=name,
            digest=one.sha256[:_DATASET_DIGEST_LIMIT],
            context="input",
            source_type="expkit",
            source=json.dumps({"sha256": one.sha256, "path": one.path}),
        )


def _description(
    question: ResearchQuestion | None, experiment: Experiment, arm: ArmEvidence, beside: TrialFiles
) -> str:
    asked = f" for {question.id}, “{question.title}”" if question else ""
    failed = f", {len(arm.failed)} of them failed or missing" if arm.failed else ""
    rows = "\n".join(
        f"| {metric} | {' | '.join(_number(getattr(summary, statistic)) for statistic in _STATISTICS)} |"
        for metric, summary in arm.summaries.items()
    )
    text = f"""**{arm.name}** of the experiment `{experiment.id}`, “{experiment.title}”{asked}.

{arm.count} seeds of root {arm.root}{failed}; {arm.streams} streams.
{_origin(arm)}

| metric | {" | ".join(_STATISTICS)} |
|---|{"---:|" * len(_STATISTICS)}
{rows}
{_left(beside)}"""
    return note(text, whole="the metrics of this run")


def _origin(arm: ArmEvidence) -> str:
    """What yielded the numbers, or how good they can be."""
    match arm.parameters.get("trainer.kind"):
        case "command":
            unseeded = arm.parameters.get("trainer.seed") == "unseeded"
            said = " It takes no seed: its trials are replicates." if unseeded else ""
            return f"Program: `{arm.parameters['trainer.command']}`.{said}"
        case "recorded":
            return f"**Unwitnessed**: these results existed before, in `{arm.parameters['trainer.file']}`."
    return f"The best policy earns {_number(arm.optimal_gain)} a step, a random walk {_number(arm.random_gain)}."


def _left(beside: TrialFiles) -> str:
    if not beside.left:
        return ""
    return f"\n{beside.left} files of its trials, {beside.left_bytes / 1e6:,.0f} MB, are not here: the ledger has them."


def _number(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
