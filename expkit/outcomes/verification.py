"""Verification: what git says about the registrations and replications of an evidence file. Light: no statistics."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from expkit.errors import InvalidDeclaration
from expkit.outcomes.committed import committed_files
from expkit.outcomes.registration import all_standings, arm_keys, is_unwitnessed
from expkit.outcomes.replication import objection, registered_standings, replicated
from expkit.project.read import parse_declarations
from expkit.provenance.history import History
from expkit.records.evidence import Evidence, Replication, Trust
from expkit.records.registration import Registration, Standing
from expkit.specs.metric import TABULAR_METRICS

Digests = tuple[str, str]
"""(decision digest, family digest) of a hypothesis."""


def verify(registrations: Sequence[Registration], history: History, keys: Collection[str]) -> tuple[Trust, ...]:
    """What git says of each registration, in their order.

    `verified`: the commit is here and its declarations give these digests. `contradicted`: it is here and they do not.
    `not verifiable here`: anything else, and that is no reproach. The commit may be gone with a squash or lie beyond a
    shallow clone; entries without a hypothesis or from a changed tree claim nothing that a commit could confirm; the
    digests of another engine or metric version cannot be computed any more.

    Args:
        registrations: those of an evidence file.
        history: the project's history.
        keys: the arm keys that this version of expkit gives the question's arms.
    """
    declared: dict[str, tuple[Standing, ...] | None] = {}
    return tuple(_trust(entry, frozenset(keys), history, declared) for entry in registrations)


def verify_replications(evidence: Evidence, history: History, keys: Collection[str]) -> tuple[Trust, ...]:
    """What git says of each replication in an evidence, in their order.

    `verified`: the commit that the roots were drawn from is here, it declares the decisions that it is said to, and a
    remote holds it. `contradicted`: it is here and does not declare them. Whether a remote held it *before* the trials
    ran, only who ran them can tell.
    """
    stood = registered_standings(evidence)
    return tuple(_trust_in(one, stood, frozenset(keys), history) for one in evidence.replications)


def trust_by_hypothesis(
    evidence: Evidence, trusts: Sequence[Trust], replications: Sequence[Trust] = ()
) -> dict[str, Trust]:
    """What git says of each hypothesis, by id: the worst it says of anything that its standing and grade rest on.

    `trusts` is what `verify` says of its registrations, `replications` what `verify_replications` says. A hypothesis
    on which no registration bears is not verifiable.
    """
    worst: dict[str, Trust] = {}
    order: tuple[Trust, ...] = ("contradicted", "not verifiable here", "verified")
    for hypothesis in evidence.hypotheses:
        digests = (hypothesis.decision_digest, evidence.family_digest)
        said = {
            trust
            for entry, trust in zip(evidence.registrations, trusts, strict=True)
            if entry.standing and _digests(entry.standing) == digests
        }
        if hypothesis.grade == "replicated" and replications:
            for replication, trust in zip(evidence.replications, replications, strict=True):
                one = replicated(replication, hypothesis, evidence.family_digest)
                said |= {trust} if one and objection(replication, one) is None else set()
        worst[hypothesis.id] = next((trust for trust in order if trust in said), "not verifiable here")
    return worst


def _trust_in(
    replication: Replication, stood: Mapping[Digests, Standing], keys: frozenset[str], history: History
) -> Trust:
    commit, claimed = replication.draw.commit, [one for one in replication.hypotheses if one.declared]
    there = _stood_at(commit, history) if commit and claimed else None
    if commit is None or there is None:
        return "not verifiable here"
    found = {*map(_digests, there)}
    missing = [digests for one in claimed if (digests := (one.decision_digest, replication.family_digest)) not in found]
    if any(digests in stood and _computable(stood[digests], keys, there) for digests in missing):
        return "contradicted"
    return "verified" if not missing and history.pushed(commit) else "not verifiable here"


def _trust(
    entry: Registration, keys: frozenset[str], history: History, declared: dict[str, tuple[Standing, ...] | None]
) -> Trust:
    standing, commit = entry.standing, entry.commit
    if standing is None or commit is None or not entry.clean:
        return "not verifiable here"
    if commit not in declared:
        declared[commit] = _stood_at(commit, history)
    stood = declared[commit]
    if stood is None:
        return "not verifiable here"
    if _digests(standing) in map(_digests, stood):
        return "verified"
    return "contradicted" if _computable(standing, keys, stood) else "not verifiable here"


def declared_at(commit: str, history: History) -> frozenset[Digests] | None:
    """The digests of every hypothesis that was declared at a commit; None where the commit cannot be read."""
    stood = _stood_at(commit, history)
    return None if stood is None else frozenset(map(_digests, stood))


def _stood_at(commit: str, history: History) -> tuple[Standing, ...] | None:
    files = committed_files(history, commit)
    if not history.has(commit):  # asked for second, when reading its files has told
        return None
    try:
        declarations = parse_declarations(files)
    except InvalidDeclaration:
        return None  # written for another version of expkit, which read more or less
    return all_standings(declarations.questions, declarations.experiments)


def _computable(standing: Standing, keys: frozenset[str], stood: Sequence[Standing]) -> bool:
    """Whether this version of expkit gives the keys and metrics that a decision was made of.

    A metric that a person defined is defined by the same commit. Its arms are not expkit's own either, and it may take
    more than the declared files to know their keys; so they count where the commit shows them.
    """
    decision = standing.decision
    if not set(arm_keys(standing)) <= keys:
        return False
    if is_unwitnessed(standing):  # what its metrics mean is declared beside them, and was read from that commit
        return True
    if "metric_binary" in decision:
        return set(arm_keys(standing)) <= {key for one in stood for key in arm_keys(one)}
    metric = TABULAR_METRICS.get(str(decision.get("metric")))
    return metric is not None and metric.version == decision.get("metric_version")


def _digests(standing: Standing) -> Digests:
    return standing.decision_digest, standing.family_digest
