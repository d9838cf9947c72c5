"""Freshness: whether evidence still answers its question, and whether new results agree with it. Light."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from expkit.digests import digest
from expkit.outcomes.meaning import declared_by
from expkit.outcomes.registration import Planned, standings, wording_digest
from expkit.plan import PlannedArm
from expkit.project.names import listed
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.base import Setting
from expkit.specs.experiment import Experiment, ProgramArm, RecordedArm, ResolvedArm
from expkit.specs.program import Command
from expkit.specs.question import ResearchQuestion
from expkit.specs.trainer import Tabular
from expkit.statistics.version import STATISTICS_VERSION

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults

ArmId = tuple[str, str]
"""An arm of a question: (experiment id, arm name)."""


def question_digest(question: ResearchQuestion) -> str:
    """The digest of a parsed question: of every word in it, but not of comments or key order."""
    return digest(question.model_dump(mode="json"))


def parameters(arm: ResolvedArm) -> dict[str, Setting]:
    """A resolved arm, flattened: `agent.kind`, `agent.epsilon.start`, `environment.slip`, `trainer.steps`.

    Of a program everything that is part of its identity: `parameters.learning_rate`, `trainer.command`,
    `trainer.digest`, `image`. Of results recorded elsewhere, where they stand.
    """
    match arm:
        case ProgramArm():
            return dict(flat(_program(arm), ""))
        case RecordedArm():
            told = arm.model_dump(mode="json", include={"recorded_as", "trainer"}, exclude={"trainer": {"metrics"}})
            left_out = {"trainer.ignored": ", ".join(arm.trainer.ignored)} if arm.trainer.ignored else {}
            return {**dict(flat(told, "")), **left_out}
    included = {"agent", "environment", "trainer", "inputs", "representation"}
    return dict(flat(arm.model_dump(mode="json", include=included), ""))


def science(evidence: Evidence) -> JsonValue:
    """The scientific content of evidence: two are equal exactly when they found the same about the same.

    Provenance, the bookkeeping of registrations, the iteration before and figures are not in it; summaries and curves
    follow from the results' digests and the statistics' version.
    """
    return {
        "question": evidence.question_digest,
        "family": evidence.family_digest,
        "statistics": evidence.statistics_version,
        "experiments": dict(evidence.experiments),
        "arms": [
            arm.model_dump(
                mode="json",
                include={
                    *("experiment", "name", "key", "parameters", "varied", "root", "streams", "count"),
                    *("failed", "results_digest", "seeds", "metrics", "evaluated_on", "restarted", "rerun", "replaced"),
                },
            )
            for arm in evidence.arms
        ],
        "hypotheses": [one.model_dump(mode="json", exclude={"standing_reason"}) for one in evidence.hypotheses],
    }


def is_current(
    evidence: Evidence,
    *,
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    planned: Planned,
    results_digests: Mapping[ArmId, str],
) -> bool:
    """Whether evidence is of this question as it is declared now, and of exactly these results."""
    found = {(arm.experiment, arm.name): arm.results_digest for arm in evidence.arms}
    return found == dict(results_digests) and not staleness(
        evidence, question=question, experiments=experiments, planned=planned
    )


def staleness(
    evidence: Evidence, *, question: ResearchQuestion, experiments: Mapping[str, Experiment], planned: Planned
) -> tuple[str, ...]:
    """What was declared otherwise when the evidence was written, one clause each; nothing when it is fresh.

    Args:
        evidence: what is committed.
        question: the question as it is declared now.
        experiments: at least the question's experiments, by id.
        planned: their arms.
    """
    changes = []
    if evidence.statistics_version != STATISTICS_VERSION:
        changes.append("statistics are computed otherwise by this version of expkit")
    changes += _changes_of_family(evidence, question, planned, experiments)
    changes += _changes_of_arms(evidence, [arm for name in question.experiments for arm in planned[name]])
    if evidence.question_digest != question_digest(question):
        changes += [] if changes else ["the question's text changed"]
    elif reworded := _reworded(evidence, question):
        changes.append(f"the wording of {listed(reworded)} changed")
    if evidence.experiments != {name: experiments[name].title for name in question.experiments}:
        changes.append("an experiment's title changed")
    return tuple(changes)


@dataclass(frozen=True, kw_only=True)
class Differing:
    """An arm whose results here are not those that the evidence has for the same arm key, root and streams.

    `seed` is the first one that shows it in `metric`; both are None when only Q-tables, visits or curves differ, or
    what a program has written. Trials of a program that takes no seed are `replicates`, which cannot be the same.
    """

    experiment: str
    arm: str
    seed: int | None = None
    metric: str | None = None
    there: float | None = None
    here: float | None = None
    replicates: bool = False
    tabular: bool = True

    def __str__(self) -> str:
        place = f"arm {self.arm} of {self.experiment}"
        if self.replicates:
            return f"{place}: its program takes no seed, and these are other replicates than evidence.json tells of"
        if self.seed is None:
            what = "Q-tables, visits or curves" if self.tabular else "results"
            return f"{place}: other {what} than evidence.json was written from"
        return f"{place}, seed {self.seed}: {self.metric} is {self.here!r} here and {self.there!r} in evidence.json"


def differing(
    evidence: Evidence, planned: Sequence[PlannedArm], results: Mapping[ArmId, ArmResults]
) -> tuple[Differing, ...]:
    """Arms of which other results are in the evidence than were found here; none when it was reproduced.

    Only seeds that finished in both are compared: new seeds and retried ones contradict nothing.
    """
    there = {(arm.key, arm.root, arm.streams): arm for arm in evidence.arms}
    pairs = [
        (arm, there[arm.key, arm.root, arm.streams]) for arm in planned if (arm.key, arm.root, arm.streams) in there
    ]
    found = (_difference(arm, known, results[arm.experiment, arm.name]) for arm, known in pairs)
    return tuple(one for one in found if one is not None)


def _difference(arm: PlannedArm, known: ArmEvidence, here: ArmResults) -> Differing | None:
    kind = arm.arm.trainer
    replicates, tabular = isinstance(kind, Command) and kind.seed == "unseeded", isinstance(kind, Tabular)
    index = {seed: place for place, seed in enumerate(here.seeds)}
    for seed in range(known.count):
        for metric, values in known.seeds.items():
            told = values[seed] if seed < len(values) else None
            if seed not in index or seed in here.failed or told is None or metric not in here.metrics:
                continue
            value = float(here.metrics[metric][index[seed]])
            if value != told:
                return Differing(
                    experiment=arm.experiment,
                    arm=arm.name,
                    seed=seed,
                    metric=metric,
                    there=told,
                    here=value,
                    replicates=replicates,
                )
    finished = {seed for seed in here.seeds if seed not in here.failed}
    same_seeds = finished == set(range(known.count)) - set(known.failed)
    if same_seeds and here.results_digest != known.results_digest:
        return Differing(experiment=arm.experiment, arm=arm.name, replicates=replicates, tabular=tabular)
    return None


def _changes_of_family(
    evidence: Evidence, question: ResearchQuestion, planned: Planned, experiments: Mapping[str, Experiment]
) -> list[str]:
    now = {one.hypothesis: one for one in standings(question, planned, experiments)}
    then = {one.id: one for one in evidence.hypotheses}
    decided = sorted(
        name for name in now.keys() & then.keys() if now[name].decision_digest != then[name].decision_digest
    )
    changes = [f"hypothesis {name} is new" for name in now if name not in then]
    changes += [f"hypothesis {name} is gone" for name in then if name not in now]
    if decided:
        changes.append(f"the decision{'s' if len(decided) > 1 else ''} of {listed(decided)} changed")
    family = next(iter(now.values())).family_digest
    if family != evidence.family_digest and not changes:
        changes.append("alpha or the correction changed")
    return sorted(changes)


def _reworded(evidence: Evidence, question: ResearchQuestion) -> list[str]:
    """The hypotheses that evidence has in other words than those of the question."""
    now = {one.id: wording_digest(one.statement) for one in question.hypotheses}
    return [one.id for one in evidence.hypotheses if one.wording_digest != now.get(one.id, one.wording_digest)]


def _changes_of_arms(evidence: Evidence, planned: Sequence[PlannedArm]) -> list[str]:
    now = {(arm.experiment, arm.name): arm for arm in planned}
    then = {(arm.experiment, arm.name): arm for arm in evidence.arms}
    changes = [(place, "is new", "are new") for place in now if place not in then]
    changes += [(place, "is gone", "are gone") for place in then if place not in now]
    for place in (place for place in now if place in then):
        arm, known = now[place], then[place]
        if version := _other_program(arm, known):
            changes.append(
                (place, f"has a program that changed ({version})", f"have a program that changed ({version})")
            )
        elif arm.key != known.key or parameters(arm.arm) != known.parameters or arm.arm.varied != known.varied:
            changes.append((place, "is configured otherwise", "are configured otherwise"))
        elif declared_by(arm.arm) != known.metrics:
            changes.append((place, "has metrics that are defined otherwise", "have metrics that are defined otherwise"))
        if arm.elsewhere != known.elsewhere:
            changes.append((place, "is evaluated elsewhere", "are evaluated elsewhere"))
        declared = {"root": arm.root, "streams": arm.streams, "count": len(arm.seeds)}
        kept = {"root": known.root, "streams": known.streams, "count": known.count}
        if declared != kept:
            said = ", ".join(f"{key} {kept[key]} is now {declared[key]}" for key in kept if kept[key] != declared[key])
            changes.append((place, f"has other seeds: {said}", f"have other seeds: {said}"))
    return _together(changes)


def _other_program(arm: PlannedArm, known: ArmEvidence) -> str | None:
    """The versions of an arm's program, where nothing else about the arm is otherwise."""
    key, here, there = "trainer.digest", parameters(arm.arm), known.parameters
    versions = there.get(key), here.get(key)
    if versions[0] == versions[1] or {**here, key: None} != {**there, key: None} or arm.arm.varied != known.varied:
        return None
    return "version " + " -> ".join(str(version)[:12] if version else "none" for version in versions)


def _together(changes: Sequence[tuple[ArmId, str, str]]) -> list[str]:
    """One clause for all arms of an experiment that changed alike; each with its predicate in singular and plural."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for (experiment, name), one, several in changes:
        alike.setdefault((experiment, one, several), []).append(name)
    return [
        f"arm {names[0]} of {experiment} {one}"
        if len(names) == 1
        else f"arms {listed(names)} of {experiment} {several}"
        for (experiment, one, several), names in alike.items()
    ]


def _program(arm: ProgramArm) -> dict[str, JsonValue]:
    trainer = arm.trainer
    unusual = trainer.model_dump(
        mode="json", include={"pass_as", "pass_each_as", "variables", "axis"}, exclude_defaults=True
    )
    called: dict[str, JsonValue] = {
        "kind": trainer.kind,
        "command": " ".join(_argument(one) for one in trainer.command),
        "seed": trainer.seed,
        "digest": trainer.digest,
        "metrics": ", ".join(sorted(trainer.metrics)),
    }
    inputs = arm.model_dump(mode="json", include={"inputs"})
    return {"parameters": dict(arm.parameters), "trainer": {**called, **unusual}, "image": arm.image, **inputs}


def _argument(text: str) -> str:
    """An argument as it would be typed, but for the braces of what is filled in."""
    return text if text and not set(text) & set(" \t\n\"'\\$`&|;<>()*?#~!") else shlex.quote(text)


def flat(settings: Mapping[str, JsonValue], prefix: str) -> list[tuple[str, Setting]]:
    """Every setting of a declared thing by its path; lists are left out."""
    found: list[tuple[str, Setting]] = []
    for key, value in settings.items():
        if isinstance(value, dict):
            found += flat(value, f"{prefix}{key}.")
        elif isinstance(value, str | int | float):
            found.append((f"{prefix}{key}", value))
    return found
