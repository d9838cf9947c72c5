"""Replaying: the trials behind committed evidence executed again as they are declared now, and compared with it.

    evidence.json -> its arms, as declared -> execution in a temporary folder -> digests, values, statistics, compared

`expkit reproduce` asks whether what was recorded can be had again from its commit and its image; this asks whether what
a work tree declares yields the evidence beside it. Nothing is kept, and nothing in the project is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from expkit.completion import How, train_missing
from expkit.dossier import Dossier
from expkit.errors import CheckFailed, Interrupted, InvalidDeclaration, TrialFailed
from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults
from expkit.outcomes.closeness import unlike
from expkit.outcomes.consistency import untold
from expkit.outcomes.evidence import arm_evidence, decisions
from expkit.outcomes.freshness import ArmId, Differing, staleness
from expkit.outcomes.meaning import told_by_seed
from expkit.outcomes.recomputed import decided_otherwise
from expkit.outcomes.snapshot import tree_at, tree_left, work_tree
from expkit.plan import PlannedArm, plan
from expkit.project.paths import Paths
from expkit.project.read import Project, parse_declarations
from expkit.provenance.history import History
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.experiment import Experiment, TabularArm
from expkit.specs.question import ResearchQuestion

_FOLLOWING = {"failed", "optimal_gain", "random_gain", "summaries", "curve", "evaluated_on", "unwitnessed"}
"""What follows from an arm's trials, beside their values and digests."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of replaying one question."""

    question: str
    evidence: str
    """The file, relative to the root."""
    trials: int
    """Those that were executed and compared."""
    differing: tuple[str, ...]
    """What the evidence says otherwise, one clause each; none where everything is equal."""
    left_out: tuple[str, ...]
    """What could not be replayed, and why."""


def replay(project: Project, questions: Sequence[ResearchQuestion], how: How) -> Iterator[Replayed]:
    """Each of some questions, replayed; what two of them share is executed once.

    Raises:
        Interrupted: a signal came while trials ran.
        TrialFailed: a batch failed as a whole.
        ServiceAbsent, InvalidUsage: as `expkit.completion.train_missing`.
    """
    with TemporaryDirectory(prefix="expkit-", ignore_cleanup_errors=True) as folder:
        for question in questions:
            yield _replayed(Dossier(project, question), replace(how, state=Path(folder)))


def touched(project: Project, questions: Sequence[ResearchQuestion], base: str) -> list[ResearchQuestion]:
    """Those of some questions that differ from where the work tree left a branch: in their declaration, their evidence,
    the files of their experiments, or anything that these mention and results follow from.

    Raises:
        InvalidUsage: `base` names no commit.
    """
    history, now = History(project.root), work_tree(project.root)
    named = tree_at(project.root, history, base)
    then = tree_left(project.root, history, named, now) or named
    try:
        declared: Mapping[str, Experiment] = parse_declarations(then.files).experiments
    except InvalidDeclaration:
        return list(questions)  # nobody can tell what it meant
    paths = Paths(project.root)

    def differs(question: ResearchQuestion) -> bool:
        own = [paths.question(question.id), paths.evidence(question.id), *map(paths.experiment, question.experiments)]
        names = [paths.relative(file) for file in own]
        return any(then.files.get(name) != now.files.get(name) for name in names) or any(
            _identity(declared[name]) != _identity(project.experiments[name]) for name in question.experiments
        )

    return [question for question in questions if differs(question)]


def _identity(experiment: Experiment) -> list[object]:
    """What the trials of an experiment follow from, files that it mentions included."""
    arms = plan(experiment, lambda *_: frozenset())
    return [(arm.name, arm.key, arm.root, arm.streams, arm.seeds, arm.elsewhere) for arm in arms]


def _replayed(dossier: Dossier, how: How) -> Replayed:
    question, place = dossier.question.id, dossier.paths.relative(dossier.paths.evidence(dossier.question.id))
    try:
        evidence = dossier.evidence
        why = _missing(dossier, place)
    except CheckFailed as error:
        evidence, why = None, f"{error.what}: {error.why}"
    if evidence is None:
        return Replayed(question=question, evidence=place, trials=0, differing=(), left_out=(why,))
    torn = [clause for known in evidence.arms for clause in untold(known, evidence.hypotheses)]
    if torn:  # nobody can say which of its trials to execute
        return Replayed(question=question, evidence=place, trials=0, differing=tuple(torn), left_out=())
    declared = {(known.experiment, known.name): _declared(known, dossier) for known in evidence.arms}
    differing = [
        f"arm {name} of {experiment}: another arm is declared now, and this one cannot be executed"
        for (experiment, name), arm in declared.items()
        if arm is None
    ]
    left_out = [
        f"arm {known.name} of {known.experiment} cannot be replayed: its program takes no seed"
        for known in evidence.arms
        if known.is_unseeded
    ]
    arms = {
        (known.experiment, known.name): arm
        for known in evidence.arms
        if (arm := declared[known.experiment, known.name]) and not known.is_unseeded
    }
    results = _execute(dossier, arms, how)
    for known in evidence.arms:
        at = known.experiment, known.name
        if at in arms and (difference := _difference(evidence, known, arms[at], results[at])):
            differing.append(difference)
    if not differing and len(arms) == len(evidence.arms):
        differing += _of_decisions(dossier, evidence, arms, results)
    return Replayed(
        question=question,
        evidence=place,
        trials=sum(len(arm.seeds) for arm in arms.values()),
        differing=tuple(differing),
        left_out=tuple(left_out),
    )


def _missing(dossier: Dossier, place: str) -> str:
    """Why there is no evidence, and what brings it."""
    known = History(dossier.project.root).versions(place)
    if not known:
        return f"it was not run yet: expkit run {dossier.question.id}"
    commit, _ = known[0]
    return f"{place} is gone, and a commit has it: git checkout {commit[:7]} -- {place}"


def _declared(known: ArmEvidence, dossier: Dossier) -> PlannedArm | None:
    """An arm of the evidence as it is declared now, with the seeds that the evidence has."""
    for arm in sorted(dossier.arms, key=lambda arm: (arm.experiment, arm.name) != (known.experiment, known.name)):
        if (arm.key, arm.root, arm.streams) == (known.key, known.root, known.streams):
            seeds = tuple(range(known.count))
            return replace(arm, seeds=seeds, missing=seeds, record=None)
    return None


def _execute(dossier: Dossier, arms: Mapping[ArmId, PlannedArm], how: How) -> dict[ArmId, ArmResults]:
    """The results of some arms, executed unless another question of this replay had them executed."""
    ledger = Ledger(Paths(dossier.project.root, how.state).ledger)
    recorded = {at: ledger.recorded(arm.key, arm.root, arm.streams) for at, arm in arms.items()}
    missing = [
        replace(arm, missing=tuple(seed for seed in arm.seeds if seed not in recorded[at])) for at, arm in arms.items()
    ]
    again = f"check {dossier.question.id} --replay"
    try:
        train_missing(dossier.project, missing, how, again=again)
    except Interrupted:
        raise Interrupted("interrupted; nothing is left behind", mend=f"type it again: expkit {again}") from None
    except TrialFailed as failed:
        raise TrialFailed(
            f"trials of {dossier.question.id} could not be executed again",
            why=failed.why,
            mend=f"nothing is left behind; mend what failed, then type: expkit {again}",
        ) from failed
    return {at: ledger.results(arm.key, arm.root, arm.streams, arm.seeds) for at, arm in arms.items()}


def _difference(evidence: Evidence, known: ArmEvidence, arm: PlannedArm, results: ArmResults) -> str | None:
    """What the evidence says of an arm and its trials do not, the first seed that shows it first."""
    decided_on = {"total_reward", *(metric for one in evidence.hypotheses for metric in told_by_seed(one))}
    here = arm_evidence(arm, results, decided_on)
    said = f"arm {known.name} of {known.experiment}"
    for metric in dict.fromkeys([*here.seeds, *known.seeds]):
        if metric not in known.seeds:
            return f"{said}: {metric} is kept seed by seed here, and not in evidence.json"
        if metric not in here.seeds:
            return f"{said}: {metric} is kept seed by seed in evidence.json, and not here"
    for seed in range(known.count):
        for metric, values in known.seeds.items():
            value = here.seeds[metric][seed]
            if value == values[seed]:
                continue
            if seed in results.failed:
                return (
                    f"{said}, seed {seed}: its trial failed here, and did not by evidence.json: {results.failed[seed]}"
                )
            return f"{said}, seed {seed}: {metric} is {value!r} here and {values[seed]!r} in evidence.json"
    if here.results_digest != known.results_digest:
        tabular = isinstance(arm.arm, TabularArm)
        return str(Differing(experiment=known.experiment, arm=known.name, tabular=tabular))
    there = known.model_dump(mode="json", include=_FOLLOWING)
    other = unlike(there, here.model_dump(mode="json", include=_FOLLOWING))
    return f"{said}: {other}" if other else None


def _of_decisions(
    dossier: Dossier, evidence: Evidence, arms: Mapping[ArmId, PlannedArm], results: Mapping[ArmId, ArmResults]
) -> list[str]:
    """Hypotheses that come out otherwise; none where the evidence is of another declaration, which a check says."""
    question, experiments = dossier.question, dossier.experiments
    if staleness(evidence, question=question, experiments=experiments, planned=dossier.planned):
        return []
    return [*decided_otherwise(evidence, decisions(question, experiments, list(arms.values()), results))]
