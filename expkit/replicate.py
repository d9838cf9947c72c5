"""Replicating: a question's hypotheses on a root drawn afresh, beside what was registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from expkit.completion import How, train_missing
from expkit.dossier import Dossier
from expkit.errors import CheckFailed, InvalidUsage
from expkit.execution.complete import Tally
from expkit.ledger.ledger import Ledger
from expkit.ledger.results import ArmResults
from expkit.outcomes.consistency import contradictions
from expkit.outcomes.evidence import decisions
from expkit.outcomes.freshness import staleness
from expkit.outcomes.provenance import run_provenance
from expkit.outcomes.replication import agreement, drawn_root, identity, with_replication
from expkit.outcomes.verification import declared_at
from expkit.outcomes.write import write_outcome
from expkit.plan import PlannedArm
from expkit.project.paths import EXPERIMENTS, Paths
from expkit.project.read import Project
from expkit.provenance.history import History
from expkit.records.attempt import Attempt
from expkit.records.evidence import Draw, Evidence, ReplicatedArm, ReplicatedHypothesis, Replication
from expkit.specs.experiment import Experiment
from expkit.specs.program import Recorded
from expkit.specs.question import ResearchQuestion
from expkit.statistics.version import STATISTICS_VERSION


@dataclass(frozen=True, kw_only=True)
class Roots:
    """Which roots take the place of the registered ones, by experiment, and the commit they were drawn from.

    `commit` is None where somebody chose the root; `pushed` says whether a remote held the commit at that moment.
    """

    by_experiment: Mapping[str, int]
    commit: str | None = None
    pushed: bool | None = None

    @property
    def options(self) -> str:
        """What to type behind `expkit replicate QUESTION` to have the same ones again."""
        chosen = next(iter(self.by_experiment.values()))
        return f"--commit {self.commit}" if self.commit else f"--root {chosen}"


@dataclass(frozen=True, kw_only=True)
class Replicated:
    """What a replication came to.

    `evidence` holds the registered verdicts, and the replication where it is recorded; `known` says that it had been
    recorded before; `changed` are the files written, relative to the root.
    """

    evidence: Evidence
    replication: Replication
    tally: Tally
    known: bool
    changed: tuple[str, ...]
    unrecorded: tuple[int, ...]
    """Other roots on which this machine's ledger has every seed of every arm, and of which no record speaks."""


def draw(project: Project, question: ResearchQuestion, *, root: int | None = None, commit: str = "HEAD") -> Roots:
    """The roots of a replication: `root` for every experiment, or what a commit gives in the place of each one's own.

    Args:
        project: the project.
        question: the question.
        root: a root that somebody chose; None to draw from `commit`.
        commit: what names a commit to git: a branch, a tag, an id or the beginning of one.

    Raises:
        InvalidUsage: there is no such commit, or an experiment has that root already.
    """
    if recorded := [name for name in question.experiments if isinstance(project.experiments[name].trainer, Recorded)]:
        raise InvalidUsage(
            f"{question.id} cannot be replicated",
            where=f"{EXPERIMENTS}/{recorded[0]}.yaml",
            why="its results existed before: there is no program here that could be given fresh seeds",
            mend="declare the program as an experiment of its own (kind: command), and ask the same question of that",
        )
    registered = {name: project.experiments[name].seeds.root for name in question.experiments}
    if root is not None:
        roots = Roots(by_experiment=dict.fromkeys(registered, root))
    else:
        history = History(project.root)
        found = history.commit(commit)
        if found is None:
            raise InvalidUsage(
                f"there is no commit {commit!r} to draw a root from",
                where=question.id,
                why="git knows no such commit, or more than one" if history.available else "there is no repository",
                mend="name a branch, a tag or a commit after --commit, or choose a root with --root",
            )
        roots = Roots(
            by_experiment={name: drawn_root(found, own) for name, own in registered.items()},
            commit=found,
            pushed=history.pushed(found),
        )
    if same := [name for name, own in registered.items() if roots.by_experiment[name] == own]:
        raise InvalidUsage(
            f"root {roots.by_experiment[same[0]]} is the registered one of {same[0]}",
            where=question.id,
            why="The same root gives the same trials and the same verdicts, whatever is true.",
            mend="choose another root, or leave --root out to have one drawn",
        )
    return roots


def replicate(
    project: Project, question: ResearchQuestion, roots: Roots, how: How, *, record: bool = False
) -> Replicated:
    """Test a question's hypotheses on other roots, and with `record` write that into its evidence and outcome.

    What is declared stays as it is but for the root; the ledger keeps the trials under theirs. No hypothesis speaks of
    those, so that a question which declares such a root later is exploratory.

    Raises:
        InvalidUsage: the question has no evidence yet.
        CheckFailed: its evidence is stale or contradicts itself, or a recorded replication on these roots had other
            results; nothing is written.
        Interrupted, TrialFailed, ServiceAbsent, NotWritable, LedgerDamaged: as `expkit.run.run_question`.
    """
    evidence = _sound_evidence(Dossier(project, question))
    replica = replace(project, experiments=project.experiments | _on_other_roots(project, roots))
    planned = Dossier(replica, question).arms
    again = f"replicate {question.id} {roots.options}{' --record' if record else ''}"
    tally = train_missing(project, planned, how, again=again)
    with how.observer.phase("judging hypotheses"):
        found = _replication(Dossier(replica, question), evidence, roots, tally)
        recorded = next((one for one in evidence.replications if identity(one) == identity(found)), None)
        if recorded is not None:
            _refuse_other_results(question, recorded, found)
    unrecorded = _unrecorded(Dossier(project, question).ledger, evidence, found)
    if recorded is not None or not record:
        return Replicated(
            evidence=evidence,
            replication=recorded or found,
            tally=tally,
            known=recorded is not None,
            changed=(),
            unrecorded=unrecorded,
        )
    written = write_outcome(Paths(project.root), question, with_replication(evidence, found))
    return Replicated(
        evidence=written.evidence,
        replication=found,
        tally=tally,
        known=False,
        changed=written.changed,
        unrecorded=unrecorded,
    )


def _unrecorded(ledger: Ledger, evidence: Evidence, found: Replication) -> tuple[int, ...]:
    """Where somebody has looked without saying so: choosing among replications is choosing among seeds."""
    tried = [
        {
            attempt.work.root
            for attempt in ledger.attempts(arm.key)
            if attempt.work.streams == arm.streams
            and ledger.recorded(arm.key, attempt.work.root, arm.streams) >= set(range(arm.count))
        }
        for arm in found.arms
    ]
    told = {arm.root for arm in evidence.arms} | {arm.root for arm in found.arms}
    told |= {arm.root for one in evidence.replications for arm in one.arms}
    return tuple(sorted(set.union(*tried) - told))


def _sound_evidence(dossier: Dossier) -> Evidence:
    """The evidence to replicate, of the question as it is declared now."""
    question, evidence = dossier.question, dossier.evidence
    if evidence is None:
        raise InvalidUsage(
            f"{question.id} has no evidence that could be replicated", mend=f"run it first: expkit run {question.id}"
        )
    place = dossier.paths.relative(dossier.paths.evidence(question.id))
    changes = staleness(evidence, question=question, experiments=dossier.experiments, planned=dossier.planned)
    if changes:
        raise CheckFailed(
            "the evidence is stale, so there is nothing to hold a replication against",
            where=place,
            why="\n  ".join(f"{change} since it was written" for change in changes),
            mend=f"bring it up to date first: expkit run {question.id}",
        )
    if found := contradictions(evidence):
        raise CheckFailed(
            "the evidence contradicts itself, so there is nothing to hold a replication against",
            where=place,
            why="\n  ".join(found),
            mend=f"git restore {place}, or delete it; then expkit run {question.id}",
        )
    return evidence


def _on_other_roots(project: Project, roots: Roots) -> dict[str, Experiment]:
    experiments = {}
    for name, root in roots.by_experiment.items():
        experiment = project.experiments[name]
        seeds = experiment.seeds.model_copy(update={"root": root})
        experiments[name] = experiment.model_copy(update={"seeds": seeds})
    return experiments


def _replication(dossier: Dossier, evidence: Evidence, roots: Roots, tally: Tally) -> Replication:
    """What the ledger says of a question on other roots, as a record."""
    results = dossier.results
    registered = {(arm.experiment, arm.name): arm.root for arm in evidence.arms}
    return Replication(
        family_digest=evidence.family_digest,
        statistics_version=STATISTICS_VERSION,
        draw=Draw(commit=roots.commit, pushed=_pushed_before(roots, results.values(), tally)),
        arms=tuple(
            _arm(arm, results[arm.experiment, arm.name], registered[arm.experiment, arm.name]) for arm in dossier.arms
        ),
        hypotheses=_hypotheses(dossier, evidence, roots.commit),
        run=run_provenance(results.values()),
    )


def _arm(arm: PlannedArm, results: ArmResults, registered_root: int) -> ReplicatedArm:
    finished = set(results.seeds) - set(results.failed)
    return ReplicatedArm(
        experiment=arm.experiment,
        name=arm.name,
        key=arm.key,
        streams=arm.streams,
        registered_root=registered_root,
        root=arm.root,
        count=len(arm.seeds),
        failed=tuple(seed for seed in arm.seeds if seed not in finished),
        results_digest=results.results_digest,
    )


def _hypotheses(dossier: Dossier, evidence: Evidence, commit: str | None) -> tuple[ReplicatedHypothesis, ...]:
    stood = (declared_at(commit, History(dossier.project.root)) if commit else None) or frozenset()
    decided = decisions(dossier.question, dossier.experiments, dossier.arms, dossier.results)
    pairs = [(registered, decided[registered.id]) for registered in evidence.hypotheses]
    return tuple(
        ReplicatedHypothesis(
            id=registered.id,
            decision_digest=registered.decision_digest,
            declared=(registered.decision_digest, evidence.family_digest) in stood,
            region=registered.region,
            registered=registered.verdict,
            verdict=decision.verdict,
            reason=decision.reason,
            estimate=decision.test.estimate if decision.test else None,
            interval=decision.test.interval if decision.test else None,
            level=decision.test.level if decision.test else None,
            agree=agreement(registered.verdict, decision.verdict),
        )
        for registered, decision in pairs
    )


def _pushed_before(roots: Roots, results: Iterable[ArmResults], tally: Tally) -> bool | None:
    """Whether a remote held the commit before any of the trials ran.

    Trials that were there already tell it of themselves: they ran from that very commit, and it was pushed then.
    """
    if not roots.commit or not roots.pushed:
        return roots.pushed
    just_now = {attempt.id for attempt in tally.attempts}
    earlier = [attempt for arm in results for attempt in arm.attempts if attempt.id not in just_now]
    return all(_ran_from_pushed(attempt, roots.commit) for attempt in earlier)


def _ran_from_pushed(attempt: Attempt, commit: str) -> bool:
    git = attempt.provenance.git
    return git.commit == commit and git.pushed is True


def _refuse_other_results(question: ResearchQuestion, recorded: Replication, found: Replication) -> None:
    there = {(arm.key, arm.root): arm.results_digest for arm in recorded.arms}
    others = [arm for arm in found.arms if there[arm.key, arm.root] != arm.results_digest]
    if others:
        raise CheckFailed(
            "these trials came out otherwise than in the recorded replication; nothing was written",
            where=question.id,
            why="\n  ".join(f"arm {arm.name} of {arm.experiment}, root {arm.root}: other digests" for arm in others),
            mend="one of the two is not what these seeds give: find out which, and why",
        )
