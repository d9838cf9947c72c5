"""The figures of an outcome by file name: pure functions of the evidence, the same bytes everywhere."""

from __future__ import annotations

from functools import partial
from typing import Literal

from expkit.outcomes import wording
from expkit.outcomes.figures import canvas, environments, generalisation, policy, sweep
from expkit.outcomes.figures.curves import curves
from expkit.outcomes.figures.intervals import intervals
from expkit.outcomes.figures.learned import Learned
from expkit.outcomes.figures.seeds import seeds
from expkit.outcomes.varied import parameter, sweeps
from expkit.records.evidence import ArmEvidence, Evidence


def draw(evidence: Evidence) -> dict[str, bytes]:
    """Every figure as SVG: `intervals.svg`, `curves.svg` where expkit has trained, `seeds.svg`.

    Where arms are evaluated elsewhere, `generalisation.svg`; where hypotheses span environments, `environments.svg`;
    where two parameters are varied together, `sweep.svg`.
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
    if varied := sweeps(evidence):
        pair = " and ".join(map(parameter, varied[0].paths))
        drawn["sweep.svg"] = (partial(sweep.sweep, evidence), f"{wording.primary_phrase(evidence)} by {pair}")
    return {name: canvas.svg(figure, question + title) for name, (figure, title) in drawn.items()}


def draw_learned(table: Learned) -> bytes:
    """What an arm has learned, as SVG."""
    return canvas.svg(partial(policy.policy, table), f"{table.arm}: greedy actions and Q-values")


def draw_arm(evidence: Evidence, arm: ArmEvidence, kind: Literal["curve", "seeds"]) -> bytes:
    """One arm of a question by itself: its learning curve with its band, or every seed, as SVG."""
    alone = evidence.model_copy(update={"arms": (arm,)})
    figure = {"curve": curves, "seeds": seeds}[kind]
    phrase = (
        "reward per step over the training" if kind == "curve" else f"{wording.primary_phrase(alone)} of every seed"
    )
    styles = canvas.styles(alone, [arm.name])
    return canvas.svg(partial(figure, alone, styles), f"{arm.experiment}/{arm.name}: {phrase}")
