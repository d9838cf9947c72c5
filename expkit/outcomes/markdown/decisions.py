"""Decisions: one short paragraph per hypothesis, on how it was tested, with what result and what it could have seen."""

from __future__ import annotations

from expkit.outcomes import numbers, sentences, wording
from expkit.outcomes.markdown.text import plain
from expkit.records.evidence import Evidence, HypothesisEvidence, Test


def decisions(evidence: Evidence) -> str:
    """The section: how the family shares its alpha, then a paragraph per hypothesis."""
    count = len(evidence.hypotheses)
    alpha = f"{numbers.declared(evidence.alpha)}"
    family = (
        f"{numbers.counted(count, 'hypothesis', 'hypotheses')} at \u03b1 = {alpha}."
        if count == 1
        else f"{count} hypotheses share \u03b1 = {alpha} (Holm): each has its own level, and its deciding interval the "
        "matching confidence, so that test and interval always agree."
    )
    paragraphs = [_paragraph(evidence, hypothesis) for hypothesis in evidence.hypotheses]
    return "\n\n".join(["## How each was decided", family, *paragraphs])


def _paragraph(evidence: Evidence, hypothesis: HypothesisEvidence) -> str:
    grade = f" ({hypothesis.grade})" if hypothesis.grade else ""
    parts = [
        f"**{plain(hypothesis.id)}**, {hypothesis.standing}{grade}: {plain(_sentence(hypothesis.standing_reason))}"
    ]
    if hypothesis.test is None:
        parts.append(
            plain(_sentence(f"No test: {hypothesis.verdict}, {hypothesis.reason or 'no reason was recorded'}"))
        )
    else:
        parts += [plain(part) for part in _tested(evidence, hypothesis, hypothesis.test)]
    return " ".join(parts)


def _tested(evidence: Evidence, hypothesis: HypothesisEvidence, test: Test) -> list[str]:
    places = sentences.places(hypothesis, test)
    measure = wording.measure(evidence, hypothesis, test.estimand)
    p = numbers.p_value(test.p, test.level)
    return [
        f"{_capitalised(_method(test))}.",
        f"{_capitalised(measure)} {numbers.number(test.estimate, places)}; two-sided {p}, {_pointing(test)}, "
        f"decided at level {numbers.significant(test.level)}.",
        f"{numbers.confidence(test.level)} interval {numbers.interval(test.interval, places)}; "
        f"plain 95 % interval {numbers.interval(test.interval95, places)}.",
        *_power(test),
        *_effects(hypothesis, test),
    ]


def _method(test: Test) -> str:
    if test.n_control is None:
        return f"{test.method}, {numbers.counted(test.n_treatment, 'seed')} against a constant"
    if test.paired:
        return f"{test.method}, {numbers.counted(test.n_treatment, 'pair')} of seeds that met the same luck"
    return f"{test.method}, {test.n_treatment:,} seeds against {test.n_control:,}"


def _pointing(test: Test) -> str:
    if test.p_for == test.p_against:
        return "pointing to neither side"
    return "pointing to the claim" if test.p_for < test.p_against else "pointing against the claim"


def _power(test: Test) -> list[str]:
    said = []
    if test.minimum_detectable_effect is not None:
        distance = numbers.significant(test.minimum_detectable_effect)
        said.append(
            f"Minimum detectable effect {distance}: that far from the bound, four such experiments in five decide."
        )
    if test.seeds_needed is not None:
        seeds = numbers.counted(test.seeds_needed, "seed")
        said.append(f"About {seeds} an arm would decide the estimate as observed, under a new registration.")
    return said


def _effects(hypothesis: HypothesisEvidence, test: Test) -> list[str]:
    shown = []
    if (share := test.effects.probability_of_superiority) is not None and hypothesis.control is not None:
        shown.append(f"P({hypothesis.treatment} > {hypothesis.control}) = {numbers.probability(share)}")
    if (g := test.effects.hedges_g) is not None:
        shown.append(f"Hedges' g = {numbers.number(g, 2)}")
    return [f"Effect size, shown and not decided on: {', '.join(shown)}."] if shown else []


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".") + "."
