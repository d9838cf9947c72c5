"""What a checkpoint says of itself, for people: where it came from, what it does in a state, what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from expkit.checkpoint.policy import GREEDY, action_chances, action_names, described
from expkit.checkpoint.stored import Stored
from expkit.records.checkpoint import Checkpoint, Evaluation
from expkit.records.provenance import Image

_LABEL_WIDTH = 13


def provenance(stored: Stored) -> str:
    """The card: one line a fact."""
    one = stored.checkpoint
    gain = one.metrics["greedy_gain"]
    optimum = "the optimum" if one.metrics["optimal_policy"] == 1 else f"the optimum is {one.optimal_gain:.6g}"
    facts = {
        "project": one.project,
        "question": one.question,
        "experiment": one.experiment,
        "arm": f"{one.arm}, key {one.arm_key[:12]}",
        "seed": f"{one.seed} of root {one.root}, {one.streams} streams",
        "chosen": chosen(one),
        "policy": described(one.resolved.agent),
        "exact gain": f"{gain:.6g} a step, {optimum}; a random walk earns {one.random_gain:.6g}",
        "trained": f"{one.resolved.trainer.steps:,} steps, total reward {one.metrics['total_reward']:,.2f}",
        "commit": commit_words(one),
        "attempt": one.attempt,
        "trained in": image_words(one.trained_in),
        "parent image": image_words(one.parent),
        "evidence": one.evidence_digest,
        "checkpoint": stored.sha256,
    }
    return "\n".join(f"{label:<{_LABEL_WIDTH}} {fact}" for label, fact in facts.items())


def chosen(checkpoint: Checkpoint) -> str:
    """How its seed was chosen, in words."""
    if checkpoint.rule == "named":
        return f"named, of {_finished(checkpoint)}"
    return (
        f"the greatest exact gain of {_finished(checkpoint)}, then the greatest total reward, then the smallest seed: "
        "a selection, so its own total reward is optimistic"
    )


def commit_words(checkpoint: Checkpoint) -> str:
    """The commit it was trained from, in words."""
    if checkpoint.commit is None:
        return "none: it was trained outside of git"
    return f"{checkpoint.commit}{', and uncommitted changes' if checkpoint.dirty else ''}"


def image_words(image: Image) -> str:
    """An image, in words."""
    if image.id is None:
        return "no image: on a bare host"
    named = f"{image.reference}, " if image.reference and image.reference != image.id else ""
    return f"{named}{image.id}, {image.digest or 'never pushed'}"


def action_document(stored: Stored, state: int, drawn: int) -> dict[str, Any]:
    """What the policy does in a state, for machines. `drawn` is the action taken."""
    checkpoint = stored.checkpoint
    names = action_names(checkpoint.resolved.environment)
    chances = action_chances(checkpoint.resolved.agent, stored.q)[state].tolist()
    columns = zip(names, stored.q[state].tolist(), stored.visits[state].tolist(), chances, strict=True)
    return {
        "state": state,
        "action": drawn,
        "name": names[drawn],
        "tie": sum(chance > 0 for chance in chances) > 1,
        "actions": [
            {"action": number, "name": name, "q": q, "visits": visits, "chance": chance}
            for number, (name, q, visits, chance) in enumerate(columns)
        ],
    }


def action_text(stored: Stored, document: dict[str, Any]) -> str:
    """The same for people."""
    return "\n".join(_action_lines(stored, document))


def _action_lines(stored: Stored, document: dict[str, Any]) -> Iterator[str]:
    yield f"state {document['state']}: {document['name']} ({document['action']})"
    width = max(len(action["name"]) for action in document["actions"])
    for action in document["actions"]:
        yield f"  {action['name']:<{width}}  Q {action['q']:.10g}, taken {action['visits']:,} times in training"
    if document["tie"]:
        possible = [action["name"] for action in document["actions"] if action["chance"] > 0]
        if described(stored.checkpoint.resolved.agent) == GREEDY:
            yield f"  a tie: {_listed(possible)} are worth the same and taken equally often; this one was drawn"
        else:
            yield f"  this agent acts at random: {_listed(possible)} are taken equally often; this one was drawn"
    if not any(action["visits"] for action in document["actions"]):
        yield "  this state was never met in training: the table says nothing about it"


def evaluation_text(checkpoint: Checkpoint, found: Evaluation) -> str:
    """What a policy returned, in four lines."""
    mean, interval = f"mean {found.mean:,.2f}", found.interval
    if interval and found.sd is not None and interval.low is not None and interval.high is not None:
        mean += f", 95 % interval {interval.low:,.2f} to {interval.high:,.2f}, sd {found.sd:,.2f}"
        inside = interval.low <= found.expected <= interval.high
        beside = "inside the interval" if inside else "outside the interval, as one evaluation in twenty is"
    else:
        beside = "one episode has no interval"
    return "\n".join(
        [
            f"{checkpoint.title} · {found.policy}",
            f"{found.episodes:,} episodes of {found.steps:,} steps, root {found.root}, on luck that no training met",
            f"return   {mean}",
            f"exactly  {found.expected:,.2f} expected, by the transition table: {beside}",
        ]
    )


def _finished(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.among:,} finished seed{'' if checkpoint.among == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
