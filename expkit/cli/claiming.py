"""A hypothesis from flags, and from answers to what they leave open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from expkit.cli.asking import answer, claimed, one_of, region, show_metrics, text
from expkit.cli.console import log
from expkit.errors import InvalidUsage
from expkit.project.names import listed
from expkit.project.scaffold.choices import Choices, choices
from expkit.project.scaffold.hypothesis import Claimed, Kind, NewHypothesis
from expkit.specs.experiment import Experiment
from expkit.specs.metric import Metric


@dataclass(frozen=True, kw_only=True)
class Said:
    """What flags said of a hypothesis; None where they said nothing."""

    experiment: str | None
    metric: str | None
    kind: Kind | None
    treatment: str | None
    control: str | None
    arm: str | None
    at_least: float | None
    at_most: float | None
    within: tuple[float, float] | None
    estimand: Literal["iqm", "mean"] | None
    expected: float | None
    statement: str | None

    def needed(self, experiments: Mapping[str, Experiment]) -> dict[str, object]:
        """What has to be said, by option, on one of these experiments; the only one goes without saying."""
        only = next(iter(experiments)) if len(experiments) == 1 else None
        arms: dict[str, object] = {"--treatment": self.treatment, "--control": self.control}
        if self.as_kind == "value":
            arms = {"--arm": self.arm}
        bounds = [one for one in (self.at_least, self.at_most, self.within) if one is not None]
        return {
            "--experiment": self.experiment or only,
            "--metric": self.metric,
            **arms,
            "--at-least, --at-most or --within": bounds or None,
        }

    @property
    def as_kind(self) -> Kind | None:
        """The kind that was said, or that one arm alone implies."""
        return self.kind or ("value" if self.arm is not None else None)


def hypothesis(said: Said, experiment: Experiment, *, id: str, asks: bool) -> NewHypothesis:
    """The hypothesis that was said, on an experiment; what is open is asked, where `asks`.

    Raises:
        InvalidUsage: something cannot be meant; with what is valid.
    """
    known = choices(experiment)
    metric = _metric(said, known)
    kind = _kind(said, metric, asks=asks, alone=len(known.arms) < 2)
    arms = _arms(said, kind, known)
    new = NewHypothesis(
        id=id,
        experiment=experiment.id,
        metric=metric,
        kind=kind,
        arms=arms,
        claimed=_claimed(said, kind, metric),
        statement=said.statement,
        estimand=said.estimand,
        expected=said.expected,
    )
    if said.statement is None and asks:
        statement = answer("the claim in words", text, default=new.sentence)
        return NewHypothesis(**{**new.__dict__, "statement": statement})
    return new


def experiment_of(said: Said, experiments: Mapping[str, Experiment], run: Collection[str]) -> Experiment:
    """The experiment that was said, or the only one, or the one that is answered; `run` are those that have data.

    Raises:
        InvalidUsage: there is no such one; with those there are.
    """
    if said.experiment is not None:
        return experiments[one_of("experiment", experiments)(said.experiment)]
    if len(experiments) == 1:
        return next(iter(experiments.values()))
    log().print("[dim]experiments:[/]")
    for name, one in experiments.items():
        log().print(f"  {name}  {one.title}{' (was run already)' if name in run else ''}", markup=False)
    default = next((name for name in experiments if name not in run), next(iter(experiments)))
    return experiments[answer("experiment", one_of("experiment", experiments), default=default)]


def _metric(said: Said, known: Choices) -> Metric:
    read = one_of("metric", known.metrics)
    if said.metric is not None:
        return known.metrics[read(said.metric)]
    show_metrics(known.metrics)
    return known.metrics[answer("metric", read, default=next(iter(known.metrics)))]


def _kind(said: Said, metric: Metric, *, asks: bool, alone: bool) -> Kind:
    kinds: tuple[Kind, ...] = ("value",) if alone else ("difference", "value")
    if not alone and not metric.binary:
        kinds = ("difference", "ratio", "value")
    if said.as_kind is not None:
        if said.as_kind not in kinds:
            why = f"{metric.name} is 0 or 1 in every seed" if metric.binary else "the experiment has one arm"
            raise InvalidUsage(f"there is no {said.as_kind} here: {why}", mend=f"take --kind {listed(kinds)}")
        return said.as_kind
    if not asks or said.treatment is not None or said.control is not None:
        return kinds[0]
    log().print("[dim]kinds: difference (treatment minus control), ratio (treatment / control), value (one arm)[/]")
    typed = answer(f"kind ({', '.join(kinds)})", one_of("kind here", kinds), default=kinds[0])
    return next(kind for kind in kinds if kind == typed)


def _arms(said: Said, kind: Kind, known: Choices) -> tuple[str, ...]:
    wrong = {"--treatment": said.treatment, "--control": said.control} if kind == "value" else {"--arm": said.arm}
    if surplus := [option for option, given in wrong.items() if given is not None]:
        right = "--arm" if kind == "value" else "--treatment and --control"
        raise InvalidUsage(f"a {kind} has no {listed(surplus)}", mend=f"name what it is about with {right}")
    found: list[str] = []
    given = {"arm": said.arm} if kind == "value" else {"treatment": said.treatment, "control": said.control}
    if any(one is None for one in given.values()):
        log().print(f"arms: {listed(known.arms)}", style="dim", markup=False)
    for role, name in given.items():
        # the first of a list is often the baseline
        left = [arm for arm in known.arms if arm not in found]
        read = one_of("arm", left if name is None else known.arms)
        default = left[0] if role == "control" else left[-1]
        found.append(answer(role, read, default=default) if name is None else read(name))
    return tuple(found)


def _claimed(said: Said, kind: Kind, metric: Metric) -> Claimed:
    if any(one is not None for one in (said.at_least, said.at_most, said.within)):
        return region(at_least=said.at_least, at_most=said.at_most, within=said.within)
    nothing = 1 if kind == "ratio" else 0.9 if kind == "value" and metric.binary else 0
    better = f"{'at_most' if metric.better == 'lower' else 'at_least'} {nothing}"
    what = {"difference": "treatment minus control", "ratio": "treatment / control", "value": "the arm"}[kind]
    return answer(f"claim about {what} (at_least X, at_most X, within LOW HIGH)", claimed, default=better)
