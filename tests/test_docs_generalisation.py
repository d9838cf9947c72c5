from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

DOCUMENT = (Path(__file__).parents[1] / "docs" / "generalisation.md").read_text(encoding="utf-8")


@pytest.fixture
def written(desk: Desk) -> Desk:
    """The example's files, as the page has them, committed."""
    files = re.findall(r"^`([a-z_/]+\.\w+)`:\n\n```\w+\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert [file for file, _ in files] == ["experiments/moving.yaml", "research_questions/moving/question.yaml"]
    for file, text in files:
        (desk.root / file).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / file).write_text(text)
    desk.git("add", "--all")
    desk.git("commit", "--quiet", "--message", "moving")
    return desk


def evidence(desk: Desk) -> dict[str, Any]:
    """What is committed of the example."""
    found: dict[str, Any] = json.loads((desk.root / "research_questions/moving/evidence.json").read_text())
    return found


def test_the_example_runs_to_the_verdicts_that_the_page_tells(written: Desk) -> None:
    """Every command of the page; then the outcome's section, its figures, and what MLflow was told."""
    [block] = re.findall(r"^```console\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    said = [written.expkit(*line.removeprefix("$ expkit ").split()) for line in block.splitlines()]
    assert [one.code for one in said] == [0, 0], said
    found = evidence(written)
    assert [(one["verdict"], one["standing"]) for one in found["hypotheses"]] == [("supported", "confirmatory")] * 2
    assert found["hypotheses"][1]["metric"] == "normalized_score/calm:windy"
    assert list(found["hypotheses"][1]["places"]) == ["calm", "windy"]
    assert {"generalisation.svg", "environments.svg"} <= found["figures"].keys()
    breeze = next(arm for arm in found["arms"] if arm["name"] == "breeze")
    assert abs(breeze["summaries"]["normalized_score/long"]["iqm"]) < 0.1
    assert breeze["evaluated_on"]["long"]["unseen"] == "random"
    outcome = (written.root / "research_questions/moving/outcome.md").read_text()
    assert "## Generalisation" in outcome
    assert "| arm | as trained | `calm` | `windy` | `long` |" in outcome
    _add_an_environment(written, found)


def _add_an_environment(written: Desk, before: dict[str, Any]) -> None:
    """The outcome is written again from the recorded tables alone, and every verdict keeps its standing.

    One run less than a test of its own would need.
    """
    written.commit()
    experiment = written.root / "experiments/moving.yaml"
    experiment.write_text(experiment.read_text().replace("  long: {", "  gale: {slip: 0.4}\n  long: {"))
    compared = written.expkit("compare", "moving", "--ref", "HEAD")
    assert "the work tree: its evidence is older than its declaration of breeze, storm" in compared.err, compared
    checked = written.expkit("check", "moving")
    assert checked.code == 1
    assert "arms breeze, storm of moving are evaluated elsewhere" in checked.out + checked.err
    again = written.expkit("outcome", "moving")
    assert again.code == 0, again
    after = evidence(written)
    assert [arm["results_digest"] for arm in after["arms"]] == [arm["results_digest"] for arm in before["arms"]]
    assert [one["decision_digest"] for one in after["hypotheses"]] == [
        one["decision_digest"] for one in before["hypotheses"]
    ]
    assert [one["standing"] for one in after["hypotheses"]] == ["confirmatory"] * 2
    assert "normalized_score/gale" in after["arms"][0]["summaries"]


def test_the_refusal_on_the_page_is_what_check_says(written: Desk) -> None:
    """Another number of states, and nothing said about them."""
    experiment = written.root / "experiments/moving.yaml"
    experiment.write_text(experiment.read_text().replace("carry: {unseen: random}\n", ""))
    refused = written.expkit("check")
    [expected] = re.findall(r"^```text\n(.*?)\n```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert refused.code == 2
    assert expected in refused.err.splitlines(), refused.err
