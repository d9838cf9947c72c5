"""A difference: what two evidences of a question say otherwise of its arms, its hypotheses and its origin. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from expkit.outcomes.meaning import places_in
from expkit.records.evidence import (
    ArmEvidence,
    Evidence,
    HypothesisEvidence,
    Replication,
    RunProvenance,
    Summary,
)
from expkit.records.registration import Registration

_Named = TypeVar("_Named", ArmEvidence, HypothesisEvidence)
_Entry = TypeVar("_Entry", Registration, Replication)

Plain = str | int | float | bool | None
Agreement = Literal["same", "other seeds", "other arm", "contradicting"]
Facet = Literal["verdict", "claim", "decision", "test", "standing", "wording", "reason"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One named value that is not the same; None on the side that lacks it."""

    name: str
    then: Plain
    now: Plain


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """A seed of the same arm under the same root that yielded something else."""

    seed: int
    metric: str
    then: float
    now: float


@dataclass(frozen=True, kw_only=True)
class ArmDifference:
    """An arm that is in both evidences and is not the same in them."""

    then: ArmEvidence
    now: ArmEvidence
    settings: tuple[Change, ...]
    """Parameters by their path, those of environments it is evaluated in, then `root`, `streams`, `seeds` and `failed
    seeds`; last, where no parameter explains another key, the digest of the `environment`, or the key itself as
    `engine`: what trains, be it a `program`, or as the `rows` that were recorded elsewhere."""
    agreement: Agreement
    """Of the results: `same` digests; `other seeds` of the same arm and root, those of both alike; another arm or root;
    or `contradicting`: the same trials with other results."""
    contradiction: Contradiction | None
    """The first seed that shows it; None where only Q-tables, visits or curves do."""

    @property
    def renamed(self) -> bool:
        """Whether it is the same arm under another name."""
        return place(self.then) != place(self.now)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose summary is not the same, or is on one side alone."""
        then, now = self.then.summaries, self.now.summaries
        return tuple(name for name in dict.fromkeys([*then, *now]) if then.get(name) != now.get(name))

    def summaries(self, metric: str) -> tuple[Summary | None, Summary | None]:
        """One metric, then and now."""
        return self.then.summaries.get(metric), self.now.summaries.get(metric)


@dataclass(frozen=True, kw_only=True)
class HypothesisDifference:
    """A hypothesis that is in both evidences and is not the same in them."""

    then: HypothesisEvidence
    now: HypothesisEvidence
    facets: tuple[Facet, ...]
    """What differs. `claim` is what is claimed of which arms; `decision` alone, other arms or seeds behind the same
    claim."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything that differs; empty tuples are what does not."""

    arms: tuple[ArmDifference, ...]
    arms_added: tuple[ArmEvidence, ...]
    arms_removed: tuple[ArmEvidence, ...]
    arms_same: int
    """Arms with the same name, settings and results."""
    hypotheses: tuple[HypothesisDifference, ...]
    hypotheses_added: tuple[HypothesisEvidence, ...]
    hypotheses_removed: tuple[HypothesisEvidence, ...]
    hypotheses_same: int
    family: tuple[Change, ...]
    """Alpha, correction, the version of the statistics, the experiments' titles."""
    registrations_added: tuple[Registration, ...]
    registrations_removed: tuple[Registration, ...]
    replications_added: tuple[Replication, ...]
    replications_removed: tuple[Replication, ...]
    origin: tuple[Change, ...]
    """Commit, branch, tree, command, executor, image, machine, packages of the run behind each."""

    @property
    def nothing(self) -> bool:
        """Whether both say the same, wherever they were computed."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__ if not name.endswith("_same"))


def difference(then: Evidence, now: Evidence) -> Difference:
    """What `now` says otherwise than `then`."""
    arms, gone, new = _paired(then.arms, now.arms, place, lambda arm: arm.key)
    hypotheses, dropped, asked = _paired(
        then.hypotheses,
        now.hypotheses,
        lambda one: one.id,
        lambda one: one.decision_digest,
        lambda one: one.wording_digest,
    )
    arm_differences = [found for found in (_of_arm(*pair) for pair in arms) if found]
    hypothesis_differences = [found for found in (_of_hypothesis(*pair) for pair in hypotheses) if found]
    return Difference(
        arms=tuple(arm_differences),
        arms_added=tuple(new),
        arms_removed=tuple(gone),
        arms_same=len(arms) - len(arm_differences),
        hypotheses=tuple(hypothesis_differences),
        hypotheses_added=tuple(asked),
        hypotheses_removed=tuple(dropped),
        hypotheses_same=len(hypotheses) - len(hypothesis_differences),
        family=tuple(_changes(_family(then), _family(now))),
        registrations_added=tuple(_without(now.registrations, then.registrations)),
        registrations_removed=tuple(_without(then.registrations, now.registrations)),
        replications_added=tuple(_without(now.replications, then.replications)),
        replications_removed=tuple(_without(then.replications, now.replications)),
        origin=tuple(_changes(_origin(then.provenance), _origin(now.provenance))),
    )


def place(arm: ArmEvidence) -> str:
    """An arm by its experiment and its name: `strategies/gambler`."""
    return f"{arm.experiment}/{arm.name}"


def _paired(
    then: Sequence[_Named], now: Sequence[_Named], name: Callable[[_Named], str], *contents: Callable[[_Named], str]
) -> tuple[list[tuple[_Named, _Named]], list[_Named], list[_Named]]:
    """What belongs together, in the order of `now`; then what is only in `then`, and what is only in `now`.

    Names decide. A name that is gone and one that is new belong together where their content is the same: renamed. Of
    several contents the first is the surest.
    """
    names = {name(one): one for one in then}
    here = {name(one) for one in now}
    gone = [one for one in then if name(one) not in here]
    former = {name(one): names[name(one)] for one in now if name(one) in names}
    for content in contents:
        for one in (one for one in now if name(one) not in former):
            if same := next((past for past in gone if content(past) == content(one)), None):
                former[name(one)] = same
                gone = [past for past in gone if past is not same]
    pairs = [(former[name(one)], one) for one in now if name(one) in former]
    return pairs, gone, [one for one in now if name(one) not in former]


def _of_arm(then: ArmEvidence, now: ArmEvidence) -> ArmDifference | None:
    settings = tuple(_changes(_settings(then), _settings(now)))
    if then.parameters == now.parameters and then.key != now.key:
        settings += (_unexplained(then, now),)
    contradiction = _contradiction(then, now)
    agreement = _agreement(then, now, contradiction)
    if place(then) == place(now) and not settings and agreement == "same":
        return None
    return ArmDifference(then=then, now=now, settings=settings, agreement=agreement, contradiction=contradiction)


def _settings(arm: ArmEvidence) -> dict[str, Plain]:
    failed = ", ".join(map(str, arm.failed)) or None
    elsewhere = {
        f"evaluate_on.{name}.{key}": value
        for name, one in arm.evaluated_on.items()
        for key, value in {**one.parameters, "unseen": one.unseen}.items()
    }
    drawn = {"root": arm.root, "streams": arm.streams, "seeds": arm.count, "failed seeds": failed}
    return {**arm.parameters, **elsewhere, **drawn}


def _unexplained(then: ArmEvidence, now: ArmEvidence) -> Change:
    """Why the same settings make another arm."""
    if then.environment_digest != now.environment_digest:
        return Change(name="environment", then=then.environment_digest, now=now.environment_digest)
    name = {"command": "program", "recorded": "rows"}.get(str(now.parameters.get("trainer.kind")), "engine")
    return Change(name=name, then=then.key, now=now.key)


def _agreement(then: ArmEvidence, now: ArmEvidence, contradiction: Contradiction | None) -> Agreement:
    if then.results_digest == now.results_digest:
        return "contradicting" if contradiction else "same"  # a number was changed and its digest was not
    if not _same_trials(then, now):
        return "other arm"
    alike = (then.count, then.failed) == (now.count, now.failed)
    return "contradicting" if contradiction or alike else "other seeds"


def _contradiction(then: ArmEvidence, now: ArmEvidence) -> Contradiction | None:
    if not _same_trials(then, now):
        return None
    for metric in (metric for metric in then.seeds if metric in now.seeds and _is_one(then, now, metric)):
        for seed, (past, here) in enumerate(zip(then.seeds[metric], now.seeds[metric], strict=False)):
            if past is not None and here is not None and past != here:
                return Contradiction(seed=seed, metric=metric, then=past, now=here)
    return None


def _is_one(then: ArmEvidence, now: ArmEvidence, metric: str) -> bool:
    """Whether a metric is measured in the same environments: elsewhere, another one may have got the name."""
    return all(then.elsewhere.get(name) == now.elsewhere.get(name) for name in places_in(then, metric))


def _same_trials(then: ArmEvidence, now: ArmEvidence) -> bool:
    """Whether one seed number means one trial in both."""
    return (then.key, then.root, then.streams) == (now.key, now.root, now.streams)


def _of_hypothesis(then: HypothesisEvidence, now: HypothesisEvidence) -> HypothesisDifference | None:
    pairs: dict[Facet, tuple[object, object]] = {
        "verdict": (then.verdict, now.verdict),
        "claim": (_claim(then), _claim(now)),
        "decision": (then.decision_digest, now.decision_digest),
        "test": (then.test, now.test),
        "standing": ((then.standing, then.grade), (now.standing, now.grade)),
        "wording": (then.wording_digest, now.wording_digest),
        "reason": (then.reason, now.reason),
    }
    facets = tuple(facet for facet, (past, here) in pairs.items() if past != here)
    return HypothesisDifference(then=then, now=now, facets=facets) if facets or then.id != now.id else None


def _claim(one: HypothesisEvidence) -> object:
    return one.experiment, one.metric, one.kind, one.treatment, one.control, one.region


def _family(evidence: Evidence) -> dict[str, Plain]:
    titles = {f"title of {name}": title for name, title in evidence.experiments.items()}
    return {
        "alpha": evidence.alpha,
        "correction": evidence.correction,
        "version of the statistics": evidence.statistics_version,
        **titles,
    }


def _origin(run: RunProvenance) -> dict[str, Plain]:
    image, machine = run.image, run.machine
    return {
        "commit": run.commit,
        "branch": run.branch,
        "tree": {None: None, True: "with uncommitted changes", False: "clean"}[run.dirty],
        "command": " ".join(run.command),
        "executor": run.executor,
        "image": image.reference,
        "image id": image.id,
        "image digest": image.digest,
        "image platform": image.platform,
        "image built from": image.revision,
        "processor": machine.cpu,
        "cores": machine.cores,
        "system": f"{machine.system}, {machine.architecture}",
        "Python": f"{machine.implementation} {machine.python}",
        **{f"package {name}": version for name, version in run.packages.items()},
    }


def _changes(then: Mapping[str, Plain], now: Mapping[str, Plain]) -> Iterator[Change]:
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            yield Change(name=name, then=then.get(name), now=now.get(name))


def _without(entries: Sequence[_Entry], others: Sequence[_Entry]) -> Iterator[_Entry]:
    """The entries that are not among others."""
    known = {other.model_dump_json() for other in others}
    return (entry for entry in entries if entry.model_dump_json() not in known)
