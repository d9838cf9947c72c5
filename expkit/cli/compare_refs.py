"""`expkit compare --ref`: the evidence of two commits side by side, or of a commit and the work tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from expkit.cli.console import print_json
from expkit.cli.differences import print_difference
from expkit.errors import InvalidUsage
from expkit.outcomes.difference import ArmDifference, Difference, difference
from expkit.outcomes.snapshot import Snapshot, snapshots, tree_at, work_tree
from expkit.provenance.history import History
from expkit.records.evidence import ArmEvidence, HypothesisEvidence, Summary


def compare_refs(root: Path, question: str, refs: Sequence[str], metric: str, *, as_json: bool) -> None:
    """Print what differs between the evidence of two commits; with one, between it and the work tree.

    Raises:
        InvalidUsage: a reference names no commit, or a side has no evidence for the question.
    """
    if len(refs) > 2:
        raise InvalidUsage(f"{len(refs)} times --ref", mend="name one commit, or two")
    history = History(root)
    sides = [tree_at(root, history, ref) for ref in refs]
    then, now = snapshots(question, sides[0], sides[1] if len(sides) > 1 else work_tree(root))
    known = sorted({name for one in (then, now) for arm in one.evidence.arms for name in arm.summaries})
    if metric not in known:
        raise InvalidUsage(f"there is no metric {metric!r}", mend=f"the metrics are {', '.join(known)}")
    found = difference(then.evidence, now.evidence)
    if as_json:
        print_json(_as_json(then, now, found))
    else:
        print_difference(then, now, found, metric)


def _as_json(then: Snapshot, now: Snapshot, found: Difference) -> dict[str, Any]:
    return {
        "question": then.evidence.question,
        "then": _side(then),
        "now": _side(now),
        "same": found.nothing,
        "arms": {
            "changed": [_arm(one) for one in found.arms],
            "added": [_identity(arm) for arm in found.arms_added],
            "removed": [_identity(arm) for arm in found.arms_removed],
            "same": found.arms_same,
        },
        "hypotheses": {
            "changed": [
                {
                    "differs": list(one.facets),
                    "then": _hypothesis(then, one.then),
                    "now": _hypothesis(now, one.now),
                }
                for one in found.hypotheses
            ],
            "added": [_hypothesis(now, one) for one in found.hypotheses_added],
            "removed": [_hypothesis(then, one) for one in found.hypotheses_removed],
            "same": found.hypotheses_same,
        },
        "family": [asdict(change) for change in found.family],
        "registrations": _entries(found.registrations_added, found.registrations_removed),
        "replications": _entries(found.replications_added, found.replications_removed),
        "origin": [asdict(change) for change in found.origin],
    }


def _side(one: Snapshot) -> dict[str, Any]:
    tree = one.tree
    return {"name": tree.name, "commit": tree.commit, "names": list(tree.names), "remarks": list(one.remarks)}


def _identity(arm: ArmEvidence) -> dict[str, str]:
    return {"experiment": arm.experiment, "arm": arm.name, "arm_key": arm.key}


def _arm(one: ArmDifference) -> dict[str, Any]:
    return {
        "then": _identity(one.then),
        "now": _identity(one.now),
        "settings": [asdict(change) for change in one.settings],
        "results": one.agreement,
        "contradiction": asdict(one.contradiction) if one.contradiction else None,
        "metrics": {
            metric: dict(zip(("then", "now"), map(_summary, one.summaries(metric)), strict=True))
            for metric in one.metrics
        },
    }


def _summary(summary: Summary | None) -> dict[str, Any] | None:
    return summary.model_dump(mode="json") if summary else None


def _hypothesis(side: Snapshot, one: HypothesisEvidence) -> dict[str, Any]:
    return {"statement": side.statements[one.id], **one.model_dump(mode="json")}


def _entries(added: Sequence[Any], removed: Sequence[Any]) -> dict[str, Any]:
    return {
        "added": [entry.model_dump(mode="json") for entry in added],
        "removed": [entry.model_dump(mode="json") for entry in removed],
    }
