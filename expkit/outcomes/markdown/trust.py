"""Read before trusting: what a reviewer must know before believing the verdicts, written from data alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from expkit.outcomes import numbers, wording
from expkit.outcomes.draws import is_amended
from expkit.outcomes.markdown import sensitivity, tails
from expkit.outcomes.markdown.text import bullets, plain
from expkit.outcomes.replication import replicated
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.question import ResearchQuestion

FEW_SEEDS = 10
"""Under so many finished seeds an arm is stamped `low n`."""
_WITH_THE_REWARDS_ZERO = frozenset({"total_reward", "final_reward_rate", "greedy_gain"})
"""Metrics that move with every reward; regret, gaps and scores do not."""
_MOST_ARMS = 6
"""Arms named before the rest is only counted."""
_MOST_SEEDS = 10
"""Failed seeds named before the rest is only counted."""


def read_before_trusting(question: ResearchQuestion, evidence: Evidence) -> str:
    """The section: where the answer holds, what stands against it, and how far each verdict hangs on its bound."""
    points = [
        f"**Scope.** {plain(question.scope)}",
        *_standing(evidence),
        *_replications(evidence),
        *_rewordings(question, evidence),
        *_trees(evidence),
        *_unseeded(evidence),
        *_repeated(evidence),
        *_seeds(evidence),
        *_tails(evidence),
        *_bounds(evidence),
        *_kinds(evidence),
    ]
    return f"## Read before trusting\n\n{bullets(points)}"


def _standing(evidence: Evidence) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for hypothesis in evidence.hypotheses:
        if hypothesis.standing == "exploratory":
            by_reason.setdefault(hypothesis.standing_reason, []).append(hypothesis.id)
    for reason, ids in by_reason.items():
        yield f"**Exploratory.** {plain(', '.join(ids))}: {plain(reason)}"
    amended: dict[str, list[str]] = {}
    for hypothesis in evidence.hypotheses:
        if is_amended(hypothesis):
            amended.setdefault(hypothesis.standing_reason, []).append(hypothesis.id)
    for reason, ids in amended.items():
        yield f"**Second draw.** {plain(', '.join(ids))}: {plain(reason)} The claim was another one then."


def _replications(evidence: Evidence) -> Iterator[str]:
    for replication in evidence.replications:
        for hypothesis in evidence.hypotheses:
            one = replicated(replication, hypothesis, evidence.family_digest)
            if one is not None and one.agree is False:
                where = wording.roots_phrase(replication)
                yield f"**Not found again.** {plain(one.id)} is {one.registered} here and {one.verdict} on {where}."


def _rewordings(question: ResearchQuestion, evidence: Evidence) -> Iterator[str]:
    statements = {hypothesis.id: hypothesis.statement for hypothesis in question.hypotheses}
    told = set()
    for registration in evidence.registrations:
        stood = registration.standing
        if stood is None or stood.question != question.id or stood.hypothesis not in statements:
            continue
        then, now = (" ".join(text.split()) for text in (stood.statement, statements[stood.hypothesis]))
        if then == now or (stood.hypothesis, then) in told:
            continue
        told.add((stood.hypothesis, then))
        yield (
            f"**Reworded.** {plain(stood.hypothesis)} read \u201c{plain(then)}\u201d when its data were first recorded "
            f"and reads \u201c{plain(now)}\u201d now; its criterion is what decides."
        )


def _trees(evidence: Evidence) -> Iterator[str]:
    run = evidence.provenance
    if run.commit is None:
        yield "**No commit.** The run was made from no commit: nothing ties its numbers to a version of the files."
    elif run.dirty:
        yield (
            f"**Uncommitted changes.** The run was made from a tree that differed from its commit {run.commit[:7]}, "
            "so that commit alone may not give these numbers."
        )
    unclean = dict.fromkeys(one.commit[:7] for one in evidence.registrations if not one.clean and one.commit)
    if unclean and not run.dirty:
        yield f"**Uncommitted changes.** Some data were first recorded from a changed tree, at {', '.join(unclean)}."


def _unseeded(evidence: Evidence) -> Iterator[str]:
    found = [plain(_named(evidence, arm)) for arm in _arms(evidence) if arm.is_unseeded]
    if found:
        yield (
            f"**Unseeded.** {_capped(found)}: the program takes no seed, so who runs it again gets other numbers. They "
            "can replicate a verdict and reproduce none."
        )


def _repeated(evidence: Evidence) -> Iterator[str]:
    arms = [(plain(_named(evidence, arm)), arm) for arm in _arms(evidence)]
    if rerun := [f"{name} {len(arm.rerun)} of {arm.count:,} ({_listed(arm.rerun)})" for name, arm in arms if arm.rerun]:
        yield (
            f"**Run again by hand.** {_capped(rerun)}: these trials had failed. Whoever runs failures again until they "
            "pass has the best of many."
        )
    started = {
        drawn: [
            f"{name} {numbers.counted(arm.restarted, 'failed start')}"
            for name, arm in arms
            if arm.restarted and arm.is_unseeded is drawn
        ]
        for drawn in (True, False)
    }
    if started[True]:
        yield (
            f"**Started again.** {_capped(started[True])}, each followed by another start: a program that takes no "
            "seed draws again, so what is left are the draws that passed."
        )
    if started[False]:
        yield (
            f"**Started again.** {_capped(started[False])}, each followed by another start with the same seed, as its "
            "retries allow."
        )
    if replaced := [f"{name} {numbers.counted(arm.replaced, 'time')}" for name, arm in arms if arm.replaced]:
        yield (
            f"**Replicates replaced.** {_capped(replaced)}: earlier replicates of a program that takes no seed were "
            "discarded for these."
        )


def _seeds(evidence: Evidence) -> Iterator[str]:
    failed = [
        f"{plain(_named(evidence, arm))} {len(arm.failed)} of {arm.count:,} ({_listed(arm.failed)})"
        for arm in _arms(evidence)
        if arm.failed
    ]
    if failed:
        yield f"**Missing or failed seeds.** {_capped(failed)}."
    low = [
        f"{plain(_named(evidence, arm))} {wording.finished(arm)}"
        for arm in _arms(evidence)
        if wording.finished(arm) < FEW_SEEDS
    ]
    if low:
        yield f"**Low n.** Finished seeds: {_capped(low)}. Under {FEW_SEEDS}, one seed can turn a verdict."
    for hypothesis in evidence.hypotheses:
        if hypothesis.test is None:
            continue
        used = [(hypothesis.treatment, hypothesis.test.n_treatment), (hypothesis.control, hypothesis.test.n_control)]
        parts = [
            f"{plain(_named(evidence, arm))} {count} of {arm.count:,}"
            for name, count in used
            if name is not None
            and (arm := wording.find_arm(evidence, hypothesis.experiment, name)) is not None
            and count != arm.count
        ]
        if parts:
            yield f"**Seeds used.** {plain(hypothesis.id)} is not decided on all declared seeds: {'; '.join(parts)}."


def _tails(evidence: Evidence) -> Iterator[str]:
    metrics: dict[tuple[str, str], dict[str, None]] = {}
    for hypothesis in evidence.hypotheses:
        for name in (hypothesis.treatment, hypothesis.control):
            if name is not None:
                metrics.setdefault((hypothesis.experiment, name), {})[hypothesis.metric] = None
    found = [
        sentence
        for arm in _arms(evidence)
        for metric in metrics[arm.experiment, arm.name]
        if (sentence := tails.heavy_tail(evidence, arm, metric))
    ]
    for sentence in found[:_MOST_ARMS]:
        yield f"**Heavy tail.** {plain(sentence[0].upper() + sentence[1:])}."
    if len(found) > _MOST_ARMS:
        yield f"**Heavy tails** in {len(found) - _MOST_ARMS} more; the table of arms shows mean and interquartile mean."


def _bounds(evidence: Evidence) -> Iterator[str]:
    lines = []
    for hypothesis in evidence.hypotheses:
        parts = [sensitivity.of_bound(hypothesis), sensitivity.of_estimand(evidence, hypothesis)]
        if said := " ".join(part for part in parts if part):
            lines.append(plain(f"{hypothesis.id}: {said}"))
    if lines:
        yield f"**How far each verdict hangs on its bound**, at the same level:\n{bullets(lines, indent=2)}"


def _kinds(evidence: Evidence) -> Iterator[str]:
    with_ratio = [one for one in evidence.hypotheses if one.kind == "ratio"]
    foreign = [one.id for one in with_ratio if wording.is_declared(evidence, one.experiment, one.metric)]
    ratios = [one.id for one in with_ratio if one.id not in foreign and one.metric in _WITH_THE_REWARDS_ZERO]
    if foreign:
        yield (
            f"**A ratio needs a true zero** ({plain(', '.join(foreign))}). Where the zero of a metric is a convention, "
            "only differences mean something."
        )
    if ratios:
        yield (
            f"**A ratio needs a true zero** ({plain(', '.join(ratios))}). One more reward a step for everybody would "
            "draw every ratio towards 1 and leave the differences as they are."
        )
    discounts = dict.fromkeys(
        wording.setting_text(arm.parameters["agent.discount"])
        for arm in _arms(evidence)
        if "agent.discount" in arm.parameters
        and "optimal_policy" in arm.summaries
        # where returns are measured, the column is about them
        and "optimal_return" not in arm.summaries
    )
    if discounts:
        yield (
            f"**Two yardsticks.** Training optimises a discounted return (discount {plain(', '.join(discounts))}); "
            "the column \u201cshare optimal\u201d asks for the best average reward a step."
        )


def _arms(evidence: Evidence) -> list[ArmEvidence]:
    """The arms that hypotheses speak of, in the evidence's order."""
    spoken_of = wording.arms_spoken_of(evidence)
    return [arm for arm in evidence.arms if (arm.experiment, arm.name) in spoken_of]


def _named(evidence: Evidence, arm: ArmEvidence) -> str:
    return f"{arm.experiment}/{arm.name}" if len(evidence.experiments) > 1 else arm.name


def _listed(seeds: Iterable[int]) -> str:
    ordered = sorted(seeds)
    shown = ", ".join(str(seed) for seed in ordered[:_MOST_SEEDS])
    more = f" and {len(ordered) - _MOST_SEEDS} more" if len(ordered) > _MOST_SEEDS else ""
    return f"{'seed' if len(ordered) == 1 else 'seeds'} {shown}{more}"


def _capped(parts: list[str]) -> str:
    more = f"; and {len(parts) - _MOST_ARMS} more arms" if len(parts) > _MOST_ARMS else ""
    return "; ".join(parts[:_MOST_ARMS]) + more
