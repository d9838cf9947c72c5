"""The figures of an outcome by file name: pure functions of the evidence, the same bytes everywhere."""

from __future__ import annotations

from functools import partial

from expkit.outcomes import wording
from expkit.outcomes.figures import canvas, environments, generalisation
from expkit.outcomes.figures.curves import curves
from expkit.outcomes.figures.intervals import intervals
from expkit.outcomes.figures.seeds import seeds
from expkit.records.evidence import Evidence


def draw(evidence: Evidence) -> dict[str, bytes]:
    """Every figure as SVG: `intervals.svg`, `curves.svg` where expkit has trained, `seeds.svg`.

    Where arms are evaluated elsewhere, `generalisation.svg`; where hypotheses span environments, `environments.svg`.
    """
    named = [name for one in evidence.hypotheses for name in (one.treatment, one.control) if name is not None]
    styles = canvas.styles(evidence, named)
    question = f"{evidence.question}: "
    drawn = {
        "intervals.svg": (partial(intervals, evidence), "estimates against the claimed regions"),
        "curves.svg": (partial(curves, evidence, styles), "reward per step over the training"),
        "seeds.svg": (partial(seeds, evidence, styles), f"{wording.primary_phrase(evidence)} of every seed"),
    }
    if not any(arm.environment_digest for arm in evidence.arms):
        del drawn["curves.svg"]
    if generalisation.is_drawn(evidence):
        heat_map = partial(generalisation.generalisation, evidence)
        drawn["generalisation.svg"] = (heat_map, "normalised score by arm and environment")
    if environments.is_drawn(evidence):
        forest = partial(environments.environments, evidence)
        drawn["environments.svg"] = (forest, "estimates by environment and their mean")
    return {name: canvas.svg(figure, question + title) for name, (figure, title) in drawn.items()}
