from __future__ import annotations

import json

from expkit.tracking.view import ORDER_TAG, VIEW_TAG, compared, ordered
from tests.tracking.conftest import Case


def test_what_hypotheses_speak_of_comes_first(case: Case) -> None:
    """In the order of the hypotheses, then the others as they are declared; `outcome` before all of them."""
    arms, hypotheses = case.evidence.arms, case.evidence.hypotheses
    spoken = [name for one in hypotheses for name in (one.treatment, one.control) if name]
    expected = list(dict.fromkeys([*spoken, *(arm.name for arm in arms)]))
    assert [arm.name for arm in ordered(arms, hypotheses)] == expected
    placed = {run.tags[ORDER_TAG]: run.name for run in case.publication().runs}
    assert [placed[place] for place in sorted(placed)] == ["outcome", *expected]


def test_a_comparison_has_every_arm_of_a_few_and_the_claimed_ones_of_many(case: Case) -> None:
    """MLflow compares twenty runs well and two hundred not at all."""
    arms, hypotheses = list(case.evidence.arms), case.evidence.hypotheses
    assert compared(arms, hypotheses) == arms
    many = [*arms, *(arms[0].model_copy(update={"name": f"other{n}"}) for n in range(200))]
    spoken = {name for one in hypotheses for name in (one.treatment, one.control) if name}
    assert {arm.name for arm in compared(many, hypotheses)} == spoken
    assert len(compared(many, [])) == 20


def test_the_view_charts_what_is_decided_on_first(case: Case) -> None:
    """Then the curve, then the other metrics; nothing of single seeds, and no run that is superseded."""
    view = json.loads(case.publication().tags[VIEW_TAG])
    assert len(case.publication().tags[VIEW_TAG]) < 5000  # what a tag of an experiment holds
    first, *others = view["compareRunCharts"]
    assert first["metricKey"] == f"{case.evidence.hypotheses[0].metric}.iqm"
    assert not [chart for chart in others if chart.get("metricKey", "").startswith("seed.")]
    titles = [section["name"] for section in view["compareRunSections"]]
    assert titles == sorted(titles)  # mlflow puts them so
    assert "expkit.superseded" in view["searchFilter"]
