"""Criteria: what a hypothesis claims, as a region of a difference, a ratio or a value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from expkit.specs.base import ArmReference, Id, Spec, is_empty
from expkit.specs.metric import placed

Estimand = Literal["iqm", "mean"]
"""What is estimated of an arm's seeds: the interquartile mean (25 % trimmed) or the mean."""


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    if not low < high:
        raise ValueError(f"the lower bound {low:g} is not below the upper bound {high:g}")
    return bounds


Band = Annotated[tuple[float, float], AfterValidator(_ascending)]


class Region(Spec):
    """The claimed region: exactly one of `at_least`, `at_most` and `within`. Bounds belong to the region."""

    at_least: float | None = None
    """The claim is this much or more."""
    at_most: float | None = None
    """The claim is this much or less."""
    within: Band | None = None
    """The claim lies between these two, as equivalence does."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Region:
        given = [name for name in ("at_least", "at_most", "within") if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) if given else "none"
            raise ValueError(f"a criterion claims exactly one of at_least, at_most, within; this one has {said}")
        return self

    @property
    def low(self) -> float | None:
        """The region's lower end, None where it has none."""
        return self.within[0] if self.within else self.at_least

    @property
    def high(self) -> float | None:
        """The region's upper end, None where it has none."""
        return self.within[1] if self.within else self.at_most


class _OfTwoArms(Region):
    metric: str
    """One number per seed, by name."""
    estimand: Estimand = "iqm"
    """What is estimated of an arm's seeds: their interquartile mean, or their mean, which needs 50 seeds."""
    treatment: ArmReference
    """The arm the claim is about."""
    control: ArmReference
    """The arm it is measured against."""

    @model_validator(mode="after")
    def _two_arms(self) -> _OfTwoArms:
        if self.treatment == self.control:
            raise ValueError(f"treatment and control are the same arm, {self.treatment!r}; a comparison needs two")
        return self


def _is_nowhere(places: object) -> bool:
    return places == ()


def _each_once(places: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(places)) < len(places):
        raise ValueError("an environment is named twice; name each once")
    return places


Across = Annotated[tuple[Id, ...], Field(min_length=1, exclude_if=_is_nowhere), AfterValidator(_each_once)]
"""Environments of `evaluate_on`; what is decided on is each seed's mean over them."""

Spread = Annotated[float | None, Field(gt=0, exclude_if=is_empty)]
"""A standard deviation; what declares none is written as it always was."""


class Difference(_OfTwoArms):
    """treatment minus control."""

    kind: Literal["difference"]
    across: Across = ()
    """Environments of `evaluate_on`, by name: each seed counts with its mean over them."""
    expected: float | None = None
    """The difference the team expects, for power before the run; decides nothing."""
    expected_sd: Spread = None
    """The standard deviation over seeds that the team expects of each arm; on common streams, of the differences seed
    by seed. For power before the run; decides nothing."""


class Ratio(_OfTwoArms):
    """treatment divided by control; refused unless the control is clearly positive."""

    kind: Literal["ratio"]
    expected: float | None = None
    """The ratio the team expects, for power before the run; decides nothing."""
    expected_sd: Spread = None
    """The standard deviation over seeds that the team expects of each arm, as a share of the control; on common
    streams, of treatment minus the claimed multiple of control. For power before the run; decides nothing."""


class Value(Region):
    """One arm against a constant."""

    kind: Literal["value"]
    across: Across = ()
    """Environments of `evaluate_on`, by name: each seed counts with its mean over them."""
    metric: str
    """One number per seed, by name."""
    estimand: Estimand = "iqm"
    """What is estimated of the arm's seeds: their interquartile mean, or their mean, which needs 50 seeds."""
    arm: ArmReference
    """The arm the claim is about."""
    expected: float | None = None
    """The value the team expects, for power before the run; decides nothing."""
    expected_sd: Spread = None
    """The standard deviation over seeds that the team expects. For power before the run; decides nothing."""


Criterion = Annotated[Difference | Ratio | Value, Field(discriminator="kind")]
"""Every criterion, told apart by `kind`."""


def arms_of(criterion: Difference | Ratio | Value) -> tuple[str, ...]:
    """The arms a criterion speaks of: treatment and control, or the one arm."""
    return (criterion.arm,) if isinstance(criterion, Value) else (criterion.treatment, criterion.control)


def metric_of(criterion: Difference | Ratio | Value) -> str:
    """The metric a criterion is decided on, with the environments it is averaged over: one number per seed."""
    return criterion.metric if isinstance(criterion, Ratio) else placed(criterion.metric, criterion.across)
