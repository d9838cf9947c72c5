"""What declared files say about each other: every reference leads somewhere, and every criterion can be decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from expkit.errors import Mistake
from expkit.project.names import listed, suggestion
from expkit.project.yaml import Document, Location
from expkit.specs.agent import OwnAgent
from expkit.specs.base import typed
from expkit.specs.criterion import Criterion, Difference, Ratio, Value, arms_of, metric_of
from expkit.specs.experiment import Experiment, ProgramArm, RecordedArm, ResolvedArm, TabularArm
from expkit.specs.metric import GAIN_METRICS, TABULAR_METRICS, Metric, placed, unplaced
from expkit.specs.program import Recorded
from expkit.specs.question import Hypothesis
from expkit.specs.targets import Target, measured_elsewhere

FEWEST_SEEDS = 5
"""Of every arm of a test."""
FEWEST_SEEDS_FOR_A_MEAN = 50
"""Under so many, the interval of a mean is wrong too often on heavy tails."""
LONGEST_METRIC = 200
"""Characters of a metric's name; MLflow takes 250, with what is put before and behind it."""
_COMPARABLE = ("normalized_score", "normalized_return")
"""What has one scale in every environment: 0 for a random walk, 1 for the best policy."""


@dataclass(frozen=True, kw_only=True)
class ExperimentFile:
    """An experiment's file: None stands for what could not be read."""

    document: Document
    experiment: Experiment | None
    arms: Mapping[str, ResolvedArm] | None
    targets: Sequence[Target] | None = ()


@dataclass(frozen=True, kw_only=True)
class QuestionFile:
    """A question's file: what could be read of it, by its place in the lists."""

    document: Document
    id: str
    experiments: Mapping[int, str] | None
    """None where the list has mistakes of its own."""
    hypotheses: Mapping[int, Hypothesis]


def crosscheck(questions: Iterable[QuestionFile], experiments: Mapping[str, ExperimentFile]) -> list[Mistake]:
    """Every mistake that no single file shows.

    Args:
        questions: every question's file.
        experiments: every experiment's file by the id its name gives it.
    """
    mistakes: list[Mistake] = []
    tested: dict[str, list[str]] = {}
    for question in questions:
        mistakes += _listed_experiments(question, experiments)
        mistakes += _hypothesis_ids(question)
        for index, hypothesis in question.hypotheses.items():
            mistakes += _hypothesis(question, index, hypothesis, experiments)
            tested.setdefault(hypothesis.experiment, []).append(f"{question.id} {hypothesis.id}")
    for name, file in experiments.items():
        mistakes += _experiment(file, tested.get(name, []))
    return mistakes


def _experiment(file: ExperimentFile, tested: list[str]) -> Iterator[Mistake]:
    experiment, document = file.experiment, file.document
    if experiment is None:
        return
    known = _measured(file)
    for index, output in enumerate(experiment.outputs):
        if output not in known:
            yield document.mistake(("outputs", index), *_unmeasured(output, known, known))
        elif output in experiment.outputs[:index]:
            yield document.mistake(("outputs", index), f"{output} is named twice", "name it once")
    if experiment.record:
        for index, seed in enumerate(experiment.record.trajectories.seeds):
            if seed >= experiment.seeds.count:
                valid = f"the seeds are 0 to {experiment.seeds.count - 1}"
                at: Location = ("record", "trajectories", "seeds", index)
                yield document.mistake(at, f"there is no seed {seed} to record", valid)
    # recorded results differ in how many there are of each arm, and are looked at arm by arm
    recorded = isinstance(experiment.trainer, Recorded)
    if tested and not recorded and experiment.seeds.count < FEWEST_SEEDS:
        why = f"{experiment.seeds.count} seeds are too few to decide {listed(tested)}"
        yield document.mistake(("seeds", "count"), why, f"declare at least {FEWEST_SEEDS}")


def _listed_experiments(question: QuestionFile, experiments: Mapping[str, ExperimentFile]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, name in (question.experiments or {}).items():
        if name in seen:
            yield question.document.mistake(("experiments", index), f"{name} is listed twice", "list it once")
        elif name not in experiments:
            why = f"there is no experiment {name!r}"
            yield question.document.mistake(("experiments", index), why, suggestion(name, experiments))
        seen.add(name)


def _hypothesis_ids(question: QuestionFile) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, hypothesis in question.hypotheses.items():
        if hypothesis.id in first:
            line = question.document.at(("hypotheses", first[hypothesis.id], "id")).line
            why = f"there is a hypothesis {hypothesis.id!r} already, on line {line}"
            yield question.document.mistake(("hypotheses", index, "id"), why, "give every hypothesis an id of its own")
        first.setdefault(hypothesis.id, index)


def _hypothesis(
    question: QuestionFile, index: int, hypothesis: Hypothesis, experiments: Mapping[str, ExperimentFile]
) -> Iterator[Mistake]:
    """What is wrong with a hypothesis, given the experiments."""
    own = tuple((question.experiments or {}).values())
    at: Location = ("hypotheses", index, "experiment")
    # a list with a mistake in it has been reported, and may be why this one is not found there
    if own and hypothesis.experiment not in own and all(name in experiments for name in own):
        exists = hypothesis.experiment in experiments
        valid = f"add {hypothesis.experiment} to experiments" if exists else suggestion(hypothesis.experiment, own)
        why = f"the question lists no experiment {hypothesis.experiment!r}"
        yield question.document.mistake(at, why, valid)
    if (file := experiments.get(hypothesis.experiment)) and file.experiment:
        at = ("hypotheses", index, "criterion")
        criterion, elsewhere = hypothesis.criterion, measured_elsewhere(file.targets or ())
        if isinstance(criterion, Ratio) or not criterion.across:
            yield from _metric(question.document, at, criterion, file.experiment, _measured(file), elsewhere)
        elif file.targets is not None:
            yield from _across(question.document, at, criterion, file.experiment, elsewhere)
        if file.arms is not None:
            yield from _arms(question.document, at, hypothesis, file.arms)


def _measured(file: ExperimentFile) -> Mapping[str, Metric]:
    """The metrics that every arm of an experiment has; all there are where its arms could not be resolved."""
    return min((arm.measured for arm in (file.arms or {}).values()), key=len, default=TABULAR_METRICS)


def _unmeasured(metric: str, known: Collection[str], offered: Collection[str]) -> tuple[str, str]:
    """Why a metric is not measured, and what would do."""
    trained_here = GAIN_METRICS.keys() <= set(known)
    base, places = unplaced(metric)
    if trained_here and places and not any(unplaced(name)[1] for name in known):
        why = f"the experiment evaluates nowhere but where its arms are trained, so it has no {metric!r}"
        return why, f"declare the environment in evaluate_on, or take {base}"
    if trained_here and metric in TABULAR_METRICS:
        why = f"{metric} is measured only where every environment declares a discount"
        return why, f"add discount to the environment, or take one of {listed(known)}"
    return f"the trainer measures no {metric!r}", suggestion(metric, offered)


def _metric(
    document: Document,
    at: Location,
    criterion: Criterion,
    experiment: Experiment,
    measured: Mapping[str, Metric],
    elsewhere: Mapping[str, Metric],
) -> Iterator[Mistake]:
    """What is wrong with what a criterion measures, where arms are trained or in an environment of `evaluate_on`."""
    known = {**measured, **elsewhere}
    metric = known.get(criterion.metric)
    if metric is None:
        said = _unmeasured(criterion.metric, known, experiment.outputs or known)
        yield document.mistake((*at, "metric"), *said)
        return
    if experiment.outputs and metric.name in measured and metric.name not in experiment.outputs:
        why = f"{metric.name} is not among the outputs of {experiment.id}"
        valid = f"add it there, or take one of {listed(experiment.outputs)}"
        yield document.mistake((*at, "metric"), why, valid)
    if metric.binary:
        yield from _binary(document, at, criterion)
    else:
        yield from _mean(document, at, criterion, experiment)


def _across(
    document: Document, at: Location, criterion: Difference | Value, experiment: Experiment, known: Mapping[str, Metric]
) -> Iterator[Mistake]:
    """What is wrong with a criterion that is decided on each seed's mean over several environments."""
    if criterion.metric not in _COMPARABLE:
        why = f"{criterion.metric} cannot be averaged over environments: each has its own scale, or seeds are 0 or 1"
        yield document.mistake((*at, "metric"), why, f"take {' or '.join(_COMPARABLE)}")
        return
    for index, name in enumerate(criterion.across):
        if name not in experiment.evaluate_on:
            why = f"{experiment.id} does not evaluate on {name!r}"
            yield document.mistake((*at, "across", index), why, suggestion(name, experiment.evaluate_on))
        elif placed(criterion.metric, (name,)) not in known:
            why = f"{criterion.metric} is measured only where the environment declares a discount"
            others = [base for base in _COMPARABLE if placed(base, (name,)) in known]
            valid = f"add discount to {name}, or take one of {listed(others)}"
            yield document.mistake((*at, "across", index), why, valid)
    if len(metric_of(criterion)) > LONGEST_METRIC:
        why = "together, the names of these environments are longer than a tracking store takes"
        yield document.mistake((*at, "across"), why, f"shorten them to {LONGEST_METRIC} characters in all")
    yield from _mean(document, at, criterion, experiment)


def _mean(document: Document, at: Location, criterion: Criterion, experiment: Experiment) -> Iterator[Mistake]:
    """What is wrong with a criterion on a mean over the seeds."""
    if criterion.estimand != "mean":
        return
    if experiment.seeds.count < FEWEST_SEEDS_FOR_A_MEAN:
        why = f"a mean over {experiment.seeds.count} seeds cannot be trusted on heavy tails"
        valid = f"declare at least {FEWEST_SEEDS_FOR_A_MEAN} seeds, or take estimand: iqm"
        yield document.mistake((*at, "estimand"), why, valid)
    if experiment.seeds.streams == "common" and not isinstance(criterion, Value):
        why = "arms on common streams are compared by their IQM, not by their mean"
        valid = f"take estimand: iqm, or streams: independent in {experiment.id}"
        yield document.mistake((*at, "estimand"), why, valid)


def _binary(document: Document, at: Location, criterion: Criterion) -> Iterator[Mistake]:
    """What is wrong with a criterion on a metric of zeros and ones, which an exact test decides."""
    if isinstance(criterion, Ratio):
        why = f"{criterion.metric} is 0 or 1 in every seed, and there is no exact test of a ratio"
        yield document.mistake((*at, "kind"), why, "take kind: difference or kind: value")
    if "estimand" in criterion.model_fields_set:
        why = f"{criterion.metric} is 0 or 1 in every seed; what is estimated is the share of ones"
        yield document.mistake((*at, "estimand"), why, "leave estimand out")
    if criterion.expected_sd is not None:
        why = f"{criterion.metric} is 0 or 1 in every seed; its spread follows from the expected share"
        yield document.mistake((*at, "expected_sd"), why, "leave expected_sd out, and declare expected")
    if not isinstance(criterion, Ratio):
        yield from _share(document, at, criterion)


def _share(document: Document, at: Location, criterion: Difference | Value) -> Iterator[Mistake]:
    """What is wrong with a claim on a share, or on a difference of shares, that no share can be."""
    what, least = ("a share", 0) if isinstance(criterion, Value) else ("a difference of shares", -1)
    key = next(key for key in ("at_least", "at_most", "within") if getattr(criterion, key) is not None)
    if (criterion.low is not None and criterion.low > 1) or (criterion.high is not None and criterion.high < least):
        why = f"{what} lies between {least} and 1, so this claim is false whatever is found"
        yield document.mistake((*at, key), why, f"claim a bound between {least} and 1")
    if criterion.expected is not None and not least <= criterion.expected <= 1:
        why = f"{what} lies between {least} and 1, so {criterion.expected:g} cannot be expected"
        yield document.mistake((*at, "expected"), why, f"take a number between {least} and 1")


def _arms(
    document: Document, at: Location, hypothesis: Hypothesis, arms: Mapping[str, ResolvedArm]
) -> Iterator[Mistake]:
    """What is wrong with the arms of a criterion."""
    criterion = hypothesis.criterion
    keys = ("arm",) if isinstance(criterion, Value) else ("treatment", "control")
    known = [name for name in arms_of(criterion) if name in arms]
    for key, name in zip(keys, arms_of(criterion), strict=True):
        if name not in arms:
            # who writes gambler[...] means an arm of the sweep; the others are beside the point
            swept = [arm for arm in arms if "[" in name and arm.startswith(f"{name.partition('[')[0]}[")]
            why = f"experiment {hypothesis.experiment} has no arm {name!r}"
            yield document.mistake((*at, key), why, suggestion(name, swept or arms))
        elif isinstance(arm := arms[name], RecordedArm) and 0 < len(arm.seeds) < FEWEST_SEEDS:
            why = f"{arm.trainer.file} has {len(arm.seeds)} seeds of {name}, too few to decide on"
            yield document.mistake((*at, key), why, f"at least {FEWEST_SEEDS} are needed")
    if len(known) == 2 and _same(arms[known[0]], arms[known[1]]):
        why = f"the arms {known[0]} and {known[1]} are the same configuration under two names"
        yield document.mistake((*at, "control"), why, "compare arms that differ")


def _same(one: ResolvedArm, other: ResolvedArm) -> bool:
    """Whether two arms would be one to the ledger."""
    names = {"name", "varied"}
    return _handed(one) == _handed(other) and one.model_dump(exclude=names) == other.model_dump(exclude=names)


def _handed(arm: ResolvedArm) -> str | None:
    """What somebody's own code is handed, where 1 and 1.0 are two things to it."""
    if isinstance(arm, ProgramArm):
        return typed({**arm.parameters})
    return typed(arm.agent.kwargs) if isinstance(arm, TabularArm) and isinstance(arm.agent, OwnAgent) else None
