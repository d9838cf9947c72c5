"""Evidence: what the outputs say about the hypotheses, as data. `evidence.json` is committed and reviewed.

Derived statistics are rounded to 10 significant digits; per-seed values are kept whole, so that every statistic can be
recomputed from this file alone.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from expkit.records.base import Commit, Digest, Moment, Record
from expkit.records.elsewhere import Elsewhere, PlaceEstimate
from expkit.records.interval import Interval as Interval
from expkit.records.provenance import Image, Machine
from expkit.records.registration import Registration
from expkit.specs.base import Setting
from expkit.specs.criterion import Estimand
from expkit.specs.experiment import Streams
from expkit.specs.metric import Metric

Verdict = Literal["supported", "refuted", "inconclusive", "invalid", "withdrawn"]
Grade = Literal["self-registered", "pushed before the run", "replicated"]
Trust = Literal["verified", "not verifiable here", "contradicted"]


class Summary(Record):
    """One metric of one arm over its finished seeds."""

    n: int
    """Finished seeds."""
    mean: float
    iqm: float
    """Interquartile mean: the mean of the middle half (25 % trimmed from each end)."""
    iqm_interval: Interval | None = None
    """Plain 95 % interval of the IQM; None where it does not exist (fewer than 5 seeds, or no spread)."""
    sd: float | None
    """Sample standard deviation; None for a single seed."""
    min: float
    q05: float | None
    """5 % quantile; None under 20 seeds."""
    median: float
    max: float
    cvar10: float
    """Mean of the worst tenth of the seeds (rounded up to whole seeds), worst by the metric's own direction."""


class Curve(Record):
    """Reward per step over the training: IQM over the seeds with its pointwise 95 % band, one entry per window."""

    estimand: Literal["iqm"] = "iqm"
    steps: tuple[int, ...]
    """The environment step each window ends on."""
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def _is_none_declared(value: object) -> bool:
    return value == {}


def _is_false(value: object) -> bool:
    return value is False


def _is_zero(value: object) -> bool:
    return value == 0


def _is_empty(value: object) -> bool:
    return value == ()


class ArmEvidence(Record):
    """What one arm yielded."""

    experiment: str
    name: str
    key: Digest
    environment_digest: Digest | None
    """Of the transition table; None for a program and for results recorded elsewhere. So with both gains."""
    parameters: dict[str, Setting]
    """The resolved arm, flattened: `agent.kind`, `agent.learning_rate`, `environment.slip`, `trainer.steps`."""
    varied: dict[str, Setting] = {}
    """The sweep's settings of this arm."""
    root: int
    streams: Streams
    count: int
    """Declared seeds: 0 to count - 1."""
    failed: tuple[int, ...] = ()
    """Seeds that are missing or without a usable result."""
    results_digest: Digest
    """Of all trial digests in seed order."""
    optimal_gain: float | None
    """Exact: the best average reward per step in this arm's environment."""
    random_gain: float | None
    """Exact: the average reward per step of the random walk."""
    summaries: dict[str, Summary]
    """By metric."""
    seeds: dict[str, tuple[float | None, ...]]
    """Per-seed values in seed order, of `total_reward` and every metric decided on. None for a failed seed."""
    curve: Curve
    """Empty where nothing was recorded along the way."""
    metrics: dict[str, Metric] = Field(default_factory=dict, exclude_if=_is_none_declared)
    """What its metrics mean, where expkit does not define them."""
    unwitnessed: bool = Field(default=False, exclude_if=_is_false)
    """Whether its results existed before, so that expkit cannot say how they came about."""
    restarted: int = Field(default=0, ge=0, exclude_if=_is_zero)
    """Starts of its program that failed and were followed by another one, as its `retries` allow."""
    rerun: tuple[int, ...] = Field(default=(), exclude_if=_is_empty)
    """Seeds whose trials had failed and were run again because somebody asked for that."""
    replaced: int = Field(default=0, ge=0, exclude_if=_is_zero)
    """How often results of a program that takes no seed gave way to others of the same arm under the same root."""
    evaluated_on: dict[str, Elsewhere] = Field(default_factory=dict, exclude_if=_is_none_declared)
    """By name, in the order they are declared. What policies are worth there stands in `summaries`, as
    `normalized_score/<name>`."""

    @property
    def is_unseeded(self) -> bool:
        """Whether it is a program that takes no seed, so that every start of a trial draws afresh."""
        return self.parameters.get("trainer.seed") == "unseeded"

    @property
    def elsewhere(self) -> dict[str, tuple[str, str | None]]:
        """What decides where it was evaluated: digest of the table and rule for unseen states, by name."""
        return {name: (one.environment_digest, one.unseen) for name, one in self.evaluated_on.items()}


class EffectSizes(Record):
    """Shown, never decided on."""

    probability_of_superiority: float | None = None
    """P(treatment > control) + P(equal) / 2."""
    hedges_g: float | None = None
    """Standardised mean difference with Hedges' correction; None without spread."""


class Test(Record):
    """The test of one hypothesis, as it was decided."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    method: str
    """Such as `Yuen-Welch, 25 % trimmed`."""
    paired: bool
    estimand: Estimand
    n_treatment: int
    n_control: int | None
    """None where one arm is held against a constant."""
    estimate: float
    """The difference, the ratio or the value."""
    interval: Interval
    """The deciding interval: of level 1 - `level`."""
    level: float
    """The share of the family's alpha this hypothesis was decided at (Holm)."""
    interval95: Interval
    """The plain 95 % interval, whatever the family."""
    p_for: float
    """One-sided p, small where the data support the claim (of a band, the larger of its two sides)."""
    p_against: float
    """One-sided p, small where the data refute the claim (of a band, the smaller of its two sides)."""
    p: float
    """min(1, 2 min(p_for, p_against))."""
    degrees_of_freedom: float | None
    """None for exact tests."""
    standard_error: float | None
    minimum_detectable_effect: float | None
    """Distance from the claim's bound that these seeds would have found with a probability of 0.8 at `level`."""
    seeds_needed: int | None = None
    """For the observed estimate, under a new registration; None where it was decided or no number would do."""
    power_at_expected: float | None = None
    """Probability of deciding at `level` had the declared expected effect been true; None where none was declared."""
    effects: EffectSizes


class HypothesisEvidence(Record):
    """What became of one hypothesis."""

    id: str
    experiment: str
    metric: str
    kind: Literal["difference", "ratio", "value"]
    treatment: str
    """The arm the claim is about, by its name within the experiment."""
    control: str | None
    region: Interval
    """The claimed region."""
    decision_digest: Digest
    wording_digest: Digest
    verdict: Verdict
    reason: str | None = None
    """Why it is invalid or withdrawn."""
    test: Test | None
    """None where it is invalid or withdrawn."""
    standing: Literal["confirmatory", "exploratory"]
    standing_reason: str
    """Why it is the one or the other, in one sentence."""
    grade: Grade | None
    """How strong a confirmatory registration is; None for an exploratory one."""
    places: dict[str, PlaceEstimate | None] = Field(default_factory=dict, exclude_if=_is_none_declared)
    """By environment, where it is decided on the mean over several; None where one alone cannot be tested."""


class RunProvenance(Record):
    """The run that first produced this evidence, without paths, host names or remotes."""

    commit: Commit | None
    branch: str | None
    dirty: bool | None
    """None where there was no commit to differ from."""
    image: Image
    machine: Machine
    packages: dict[str, str]
    """Of what numbers depend on: expkit, numpy, numba, llvmlite, scipy."""
    command: tuple[str, ...]
    executor: str
    started: Moment
    ended: Moment
    trials: int


class PastArm(Record):
    """One arm of the iteration before."""

    parameters: dict[str, Setting]
    root: int
    count: int
    iqm: dict[str, float]
    """By metric."""
    mean: dict[str, float]


class PastHypothesis(Record):
    """One hypothesis of the iteration before."""

    statement: str
    verdict: Verdict
    standing: Literal["confirmatory", "exploratory"]
    estimate: float | None
    interval: Interval | None


class Iteration(Record):
    """Parameters, results and verdicts of the iteration before."""

    commit: Commit | None
    """The commit the iteration before was run from."""
    arms: dict[str, PastArm]
    """By `experiment/arm`."""
    hypotheses: dict[str, PastHypothesis]


class Draw(Record):
    """Where the roots of a replication came from."""

    commit: Commit | None
    """The commit whose id they were derived from; None where somebody chose the root."""
    pushed: bool | None
    """Whether a remote held that commit before any of the trials ran; None without such a commit or a remote."""


class ReplicatedArm(Record):
    """What one arm yielded under another root, as a digest: the trials can be executed again from it."""

    experiment: str
    name: str
    key: Digest
    streams: Streams
    registered_root: int
    """The root that the question declared."""
    root: int
    count: int
    failed: tuple[int, ...] = ()
    """Seeds that are missing or without a usable result."""
    results_digest: Digest
    """Of all trial digests in seed order."""


class ReplicatedHypothesis(Record):
    """What became of one registered decision under another root."""

    id: str
    decision_digest: Digest
    """Of the decision that is replicated, with the root that was registered."""
    declared: bool
    """Whether the commit that the roots were drawn from declared this decision in this family; so it came first."""
    region: Interval
    """The claimed region."""
    registered: Verdict
    """What the registered root had said."""
    verdict: Verdict
    reason: str | None = None
    """Why it is invalid or withdrawn."""
    estimate: float | None
    """None where nothing was decided; so with interval and level."""
    interval: Interval | None
    """The deciding interval: of level 1 - `level`."""
    level: float | None
    agree: bool | None
    """Whether both verdicts are the same; None where the registered one is invalid or withdrawn."""


class Replication(Record):
    """The hypotheses of a question on roots drawn afresh: same arms, same count, same decisions."""

    family_digest: Digest
    """Of the family whose decisions are replicated."""
    statistics_version: int
    draw: Draw
    arms: tuple[ReplicatedArm, ...]
    hypotheses: tuple[ReplicatedHypothesis, ...]
    run: RunProvenance


class Evidence(Record):
    """Everything the outcome of a question is written from, beside `question.yaml`."""

    format: Literal[1] = 1
    question: str
    """The question's id."""
    question_digest: Digest
    """Of the parsed question: a text that changed since makes the outcome stale."""
    family_digest: Digest
    alpha: float
    correction: Literal["holm"]
    statistics_version: int
    """Raised when a statistic is computed otherwise."""
    experiments: dict[str, str]
    """Title by experiment id, in the question's order."""
    arms: tuple[ArmEvidence, ...]
    hypotheses: tuple[HypothesisEvidence, ...]
    registrations: tuple[Registration, ...]
    replications: tuple[Replication, ...] = Field(default=(), exclude_if=_is_empty)
    """In the order they were recorded; only ever added to."""
    provenance: RunProvenance
    previous: Iteration | None = None
    figures: dict[str, Digest] = Field(default_factory=dict)
    """sha256 of each figure by its file name in `figures/`."""
