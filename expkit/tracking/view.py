"""The view that links open: which runs a question's page lists first, and which charts stand on top.

MLflow keeps a shared view as a tag of the experiment. Left to itself it lists a sweep newest first, with the outcome on
the last page, and charts every metric in the order of the alphabet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from expkit.records.evidence import ArmEvidence, HypothesisEvidence
from expkit.tracking.place import VIEW
from expkit.tracking.publication import RunContent

VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
ORDER_TAG = "expkit.order"
"""A run's place in the list: `outcome`, the arms that hypotheses speak of, then the others as they are declared."""

_CHARTED = 12
"""Metrics that have a chart; the others are a click away."""
_COMPARED = 20
"""Runs that one comparison shows: MLflow needs 18 seconds for two hundred, and nobody reads them."""


def ordered(arms: Sequence[ArmEvidence], hypotheses: Iterable[HypothesisEvidence]) -> list[ArmEvidence]:
    """Arms with those first that hypotheses speak of, in the order of the hypotheses."""
    named = _named(hypotheses)
    places = {arm: place for place, arm in enumerate(named)}
    return sorted(arms, key=lambda arm: places.get((arm.experiment, arm.name), len(named)))


def compared(arms: Sequence[ArmEvidence], hypotheses: Iterable[HypothesisEvidence]) -> list[ArmEvidence]:
    """The arms that a comparison selects: all of a few; of a large sweep those that hypotheses speak of."""
    if len(arms) <= _COMPARED:
        return list(arms)
    named = _named(hypotheses)
    spoken = [arm for arm in arms if (arm.experiment, arm.name) in named]
    return (spoken if len(spoken) > 1 else ordered(arms, hypotheses))[:_COMPARED]


def placed(run: RunContent, place: int) -> RunContent:
    """A run with its place in the list. MLflow sorts tags as text."""
    return replace(run, tags={**run.tags, ORDER_TAG: f"{place:05}"})


def shared_view(arms: Sequence[ArmEvidence], hypotheses: Sequence[HypothesisEvidence]) -> str:
    """The view as MLflow reads it: current runs in their order, summaries before anything else.

    Sections come in the order of the alphabet, whatever their order here.
    """
    metrics = list(dict.fromkeys(metric for arm in arms for metric in arm.summaries))
    decided = [metric for metric in dict.fromkeys(one.metric for one in hypotheses) if metric in metrics]
    first = decided or [metric for metric in ("total_reward", *metrics) if metric in metrics][:1]
    rest = [metric for metric in metrics if metric not in first]
    varied = list(dict.fromkeys(path for arm in arms for path in arm.varied))
    charts = [_bars(metric, "summary") for metric in first[:_CHARTED]]
    if any(arm.curve.steps for arm in arms):
        charts.append(_curve())
    if varied and first:
        charts.append(_parallel(varied, first[0]))
    charts += [_bars(metric, "metrics") for metric in rest[: max(_CHARTED - len(first), 0)]]
    return json.dumps(
        {
            "searchFilter": 'tags.`expkit.superseded` = "false"',
            "orderByKey": f"tags.`{ORDER_TAG}`",
            "orderByAsc": True,
            "compareRunCharts": charts,
            "compareRunSections": [_section("summary", "Summary"), _section("metrics", "The other metrics")],
        }
    )


def _named(hypotheses: Iterable[HypothesisEvidence]) -> list[tuple[str, str]]:
    arms = [(one.experiment, name) for one in hypotheses for name in (one.treatment, one.control) if name]
    return list(dict.fromkeys(arms))


def _section(section: str, title: str) -> dict[str, Any]:
    return {
        "uuid": section,
        "name": title,
        "display": True,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
        "columns": 3,
        "cardHeight": 360,
    }


def _bars(metric: str, section: str) -> dict[str, Any]:
    key = f"{metric}.iqm"
    return _chart("BAR", key, section, {"metricKey": key, "dataAccessKey": key, "displayName": key})


def _curve() -> dict[str, Any]:
    key = "curve.reward_per_step"
    axes = {"xAxisKey": "step", "xAxisScaleType": "linear", "scaleType": "linear", "lineSmoothness": 0}
    return _chart("LINE", key, "summary", {"metricKey": key, "selectedMetricKeys": [key], **axes})


def _parallel(varied: Sequence[str], metric: str) -> dict[str, Any]:
    shown = {"selectedParams": list(varied), "selectedMetrics": [f"{metric}.iqm"], "showAllRuns": True}
    return _chart("PARALLEL", "sweep", "summary", shown)


def _chart(kind: str, key: str, section: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    placed = {"type": kind, "uuid": f"expkit-{key}", "metricSectionId": section, "runsCountToCompare": 10}
    return {**placed, "deleted": False, "isGenerated": False, **shown}
