"""A question and evidence as an outcome is written from them: realistic numbers, and the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from statistics import NormalDist, mean, median, stdev
from types import SimpleNamespace
from typing import Any

import pytest

from expkit.records.evidence import (
    ArmEvidence,
    Curve,
    EffectSizes,
    Evidence,
    HypothesisEvidence,
    Interval,
    RunProvenance,
    Summary,
    Test,
)
from expkit.records.provenance import Image, Machine
from expkit.records.registration import Registration, Standing, TrialSet
from expkit.specs.question import ResearchQuestion

STEPS = 10_000
COMMIT = "4f1c9f0a7d2b3e5c6a8b9d0e1f2a3b4c5d6e7f80"


def sha(text: str) -> str:
    """Any digest, the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


def spread(n: int, centre: float, sd: float) -> list[float]:
    """n totals at the quantiles of a normal distribution, whole numbers, in a mixed but fixed order."""
    normal = NormalDist(centre, sd)
    ordered = [float(round(normal.inv_cdf((k + 0.5) / n))) for k in range(n)]
    return [ordered[(k * 77 + 13) % n] for k in range(n)]


def with_tail(n: int) -> list[float]:
    """The accountant's totals: nine seeds in ten near 17 950, one near 12 500."""
    few = n // 10
    values = spread(n - few, 17_950, 130) + spread(few, 12_500, 420)
    return [values[(k * 77 + 5) % n] for k in range(n)]


def summary(values: Sequence[float]) -> Summary:
    """A metric over seeds, by the plain definitions."""
    ordered, n = sorted(values), len(values)
    middle = ordered[n // 4 : n - n // 4]
    error = stdev(middle) / math.sqrt(n) * 1.6 if n > 1 else 0.0
    return Summary(
        n=n,
        mean=mean(ordered),
        iqm=mean(middle),
        iqm_interval=Interval(low=mean(middle) - 1.96 * error, high=mean(middle) + 1.96 * error) if n >= 5 else None,
        sd=stdev(ordered) if n > 1 else None,
        min=ordered[0],
        q05=ordered[n // 20] if n >= 20 else None,
        median=median(ordered),
        max=ordered[-1],
        cvar10=mean(ordered[: math.ceil(n / 10)]),
    )


def curve(start: float, end: float, width: float, steps: int = STEPS) -> Curve:
    """A learning curve that climbs from `start` to `end` reward per step and flattens."""
    ends = [steps * (window + 1) // 40 for window in range(40)]
    value = [start + (end - start) * (1 - math.exp(-4 * (window / 39) ** 2)) for window in range(40)]
    value = [one + 0.03 * math.sin(7 * window) for window, one in enumerate(value)]
    return Curve(
        steps=tuple(ends),
        value=tuple(value),
        low=tuple(one - width for one in value),
        high=tuple(one + width for one in value),
    )


def arm(
    name: str,
    totals: Sequence[float],
    shape: Curve,
    *,
    experiment: str = "strategies",
    optimal_share: float = 0.0,
    parameters: dict[str, Any] | None = None,
    failed: tuple[int, ...] = (),
    **changed: Any,
) -> ArmEvidence:
    """An arm with these totals; `failed` seeds are left out of them."""
    kept = [value for seed, value in enumerate(totals) if seed not in failed]
    optimal = [1.0 if k < round(optimal_share * len(kept)) else 0.0 for k in range(len(kept))]
    fields: dict[str, Any] = {
        "experiment": experiment,
        "name": name,
        "key": sha(f"{experiment} {name}"),
        "environment_digest": sha("bump"),
        "parameters": {
            "environment.kind": "dungeon",
            "environment.slip": 0.1,
            "agent.kind": name.split("[")[0],
            "trainer.steps": STEPS,
            **(parameters or {}),
        },
        "root": 20261120,
        "streams": "independent",
        "count": len(totals),
        "failed": failed,
        "results_digest": sha(f"results of {experiment} {name}"),
        "optimal_gain": 6.104854,
        "random_gain": 1.3125,
        "summaries": {"total_reward": summary(kept), "optimal_policy": summary(optimal)} if kept else {},
        "seeds": {"total_reward": tuple(None if k in failed else v for k, v in enumerate(totals))},
        "curve": shape,
    }
    return ArmEvidence(**(fields | changed))


def arms(n: int = 200) -> tuple[ArmEvidence, ...]:
    """The three of the tutorial."""
    return (
        arm("drunkard", spread(n, 13_125, 243), curve(1.31, 1.31, 0.03)),
        arm("accountant", with_tail(n), curve(1.72, 1.80, 0.02)),
        arm(
            "gambler",
            spread(n, 27_000, 1_450),
            curve(1.35, 4.4, 0.09),
            optimal_share=0.955,
            parameters={"agent.learning_rate": 0.1, "agent.discount": 0.95},
        ),
    )


def make_test(estimate: float, low: float | None, high: float | None, **changed: Any) -> Test:
    """A test with this estimate and deciding interval, at a third of 0.05."""
    half = (high - low) / 2 if low is not None and high is not None else 1.0
    fields: dict[str, Any] = {
        "method": "Yuen-Welch, 25 % trimmed",
        "paired": False,
        "estimand": "iqm",
        "n_treatment": 200,
        "n_control": 200,
        "estimate": estimate,
        "interval": Interval(low=low, high=high),
        "level": 0.05 / 3,
        "interval95": Interval(low=estimate - 0.82 * half, high=estimate + 0.82 * half),
        "p_for": 1.0,
        "p_against": 1e-12,
        "p": 2e-12,
        "degrees_of_freedom": 141.7,
        "standard_error": half / 2.4,
        "minimum_detectable_effect": half * 1.35,
        "effects": EffectSizes(probability_of_superiority=0.99, hedges_g=5.3),
    }
    return Test(**(fields | changed))


def hypothesis(id: str = "h1", test: Test | None = None, **changed: Any) -> HypothesisEvidence:
    """A hypothesis on the gambler against the accountant, unless said otherwise."""
    fields: dict[str, Any] = {
        "id": id,
        "experiment": "strategies",
        "metric": "total_reward",
        "kind": "ratio",
        "treatment": "gambler",
        "control": "accountant",
        "region": Interval(low=1.8, high=None),
        "decision_digest": sha(f"decision {id}"),
        "wording_digest": sha(f"wording {id}"),
        "verdict": "refuted",
        "test": test,
        "standing": "confirmatory",
        "standing_reason": "It stood, committed and clean, at 4f1c9f0 when its data were first recorded.",
        "grade": "self-registered",
    }
    return HypothesisEvidence(**(fields | changed))


def evidence(**changed: Any) -> Evidence:
    """The evidence of the tutorial's three claims, 200 seeds an arm."""
    three = arms()
    fields: dict[str, Any] = {
        "question": "rq01",
        "question_digest": sha("question"),
        "family_digest": sha("family"),
        "alpha": 0.05,
        "correction": "holm",
        "statistics_version": 1,
        "experiments": {"strategies": "Drunkard, accountant and gambler"},
        "arms": three,
        "hypotheses": (
            hypothesis(
                "h1",
                make_test(
                    4283.2,
                    3998.6,
                    4567.9,
                    estimand="mean",
                    method="Welch",
                    p_for=3.1e-8,
                    p_against=1.0,
                    p=6.2e-8,
                    effects=EffectSizes(probability_of_superiority=0.93, hedges_g=3.64),
                ),
                kind="difference",
                treatment="accountant",
                control="drunkard",
                region=Interval(low=3000.0, high=5000.0),
                verdict="supported",
            ),
            hypothesis("h2", make_test(1.504243, 1.491107, 1.517482, level=0.05)),
            hypothesis(
                "h3",
                make_test(
                    2.057142,
                    2.037519,
                    2.076961,
                    level=0.025,
                    p_for=1e-15,
                    p_against=1.0,
                    p=2e-15,
                    effects=EffectSizes(probability_of_superiority=1.0, hedges_g=13.31),
                ),
                control="drunkard",
                verdict="supported",
            ),
        ),
        "registrations": tuple(registration(id, text, three) for id, text in STATEMENTS.items()),
        "provenance": RunProvenance(
            commit=COMMIT,
            branch="main",
            dirty=False,
            image=Image(),
            machine=Machine(
                system="Linux 6.1.0",
                architecture="x86_64",
                cpu="AMD EPYC 7B13",
                cores=2,
                python="3.11.7",
                implementation="CPython",
            ),
            packages={"expkit": "0.1.0", "numpy": "2.3.5", "numba": "0.63.1", "llvmlite": "0.46.0", "scipy": "1.17.0"},
            command=("expkit", "run", "rq01"),
            executor="local",
            started="2026-11-20T12:00:00Z",
            ended="2026-11-20T12:00:04Z",
            trials=600,
        ),
    }
    return Evidence(**(fields | changed))


STATEMENTS = {
    "h1": "The accountant earns about 4000 more than the drunkard, as the tutorial says.",
    "h2": "The gambler reaches almost double the accountant's total.",
    "h3": "The gambler reaches almost double the drunkard's total.",
}


def registration(id: str, statement: str, arms: Sequence[ArmEvidence], **changed: Any) -> Registration:
    """What stood when the data of these arms were first recorded."""
    standing = Standing(
        question="rq01",
        hypothesis=id,
        decision_digest=sha(f"decision {id}"),
        family_digest=sha("family"),
        wording_digest=sha(f"wording {id}"),
        statement=statement,
        decision={"metric": "total_reward"},
    )
    fields: dict[str, Any] = {
        "trials": tuple(
            TrialSet(arm_key=one.key, root=one.root, streams=one.streams, seeds=tuple(range(one.count))) for one in arms
        ),
        "standing": standing,
        "commit": COMMIT,
        "clean": True,
        "pushed": False,
        "recorded": "2026-11-20T12:00:04Z",
    }
    return Registration(**(fields | changed))


def question(**changed: Any) -> ResearchQuestion:
    """The question that `evidence` answers."""
    ratio = {"kind": "ratio", "metric": "total_reward", "treatment": "gambler", "at_least": 1.8}
    h1 = {
        "kind": "difference",
        "metric": "total_reward",
        "estimand": "mean",
        "treatment": "accountant",
        "control": "drunkard",
        "within": (3000.0, 5000.0),
    }
    criteria = {"h1": h1, "h2": {**ratio, "control": "accountant"}, "h3": {**ratio, "control": "drunkard"}}
    fields: dict[str, Any] = {
        "id": "rq01",
        "title": "Strategies in the dungeon",
        "question": "Does Q-learning earn more than simple bookkeeping in the five-tile dungeon?",
        "scope": "The tutorial's dungeon, its three agents, 10000 steps.",
        "experiments": ("strategies",),
        "hypotheses": tuple(
            {"id": id, "statement": text, "experiment": "strategies", "criterion": criteria[id]}
            for id, text in STATEMENTS.items()
        ),
    }
    return ResearchQuestion(**(fields | changed))


@pytest.fixture(name="question", scope="session")
def _question() -> ResearchQuestion:
    """The sample's question."""
    return question()


@pytest.fixture(name="evidence", scope="session")
def _evidence() -> Evidence:
    """The sample's evidence."""
    return evidence()


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The factories, for tests that change something of the sample."""
    return SimpleNamespace(
        question=question,
        evidence=evidence,
        arm=arm,
        arms=arms,
        curve=curve,
        spread=spread,
        test=make_test,
        hypothesis=hypothesis,
        registration=registration,
    )
