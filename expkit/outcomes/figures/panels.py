"""Panels: what is drawn together, arms of one experiment in one environment, and what is left out of a crowd."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from expkit.outcomes import wording
from expkit.outcomes.figures import canvas
from expkit.records.evidence import ArmEvidence, Evidence

_MOST_PANELS = 6


_Place = tuple[str, str | None]
"""An experiment, and the digest of an environment in it."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Arms of one experiment that share an environment, so that gains and totals can be compared."""

    title: str
    experiment: str
    arms: tuple[ArmEvidence, ...]


def panels(evidence: Evidence, *, tabular: bool = False) -> tuple[tuple[Panel, ...], int]:
    """The panels to draw, and how many were left out: those that no hypothesis speaks of go first.

    `tabular` asks for the environments whose transition table is known, and for no programs.
    """
    groups: dict[_Place, list[ArmEvidence]] = {}
    for arm in evidence.arms:
        if tabular and arm.environment_digest is None:
            continue
        groups.setdefault((arm.experiment, arm.environment_digest), []).append(arm)
    spoken_of = wording.arms_spoken_of(evidence)
    order = list(groups)
    kept = sorted(order, key=lambda key: not any((arm.experiment, arm.name) in spoken_of for arm in groups[key]))
    shown = [key for key in order if key in set(kept[:_MOST_PANELS])]
    drawn = [Panel(title=_title(evidence, key, groups), experiment=key[0], arms=tuple(groups[key])) for key in shown]
    return tuple(drawn), len(order) - len(shown)


def with_omitted(figure: Figure, omitted: int, what: str) -> None:
    """A line at the foot of a figure that says what it does not show."""
    if omitted:
        figure.text(
            0.012, 0.004, f"{omitted} more {what} not drawn", fontsize=canvas.TINY, color=canvas.SOFT, va="bottom"
        )


def _title(evidence: Evidence, key: _Place, groups: dict[_Place, list[ArmEvidence]]) -> str:
    """The experiment's title, with what sets this environment apart from the experiment's others."""
    experiment, _ = key
    title = evidence.experiments.get(experiment, experiment)
    siblings = [arms[0].parameters for (other, _), arms in groups.items() if other == experiment]
    own = groups[key][0].parameters
    apart = [
        f"{name.removeprefix('environment.').replace('_', ' ')} {wording.setting_text(own[name])}"
        for name in own
        if name.startswith("environment.") and any(sibling.get(name) != own[name] for sibling in siblings)
    ]
    return f"{title}: {', '.join(apart)}" if apart else title
