from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mlflow import MlflowClient

if TYPE_CHECKING:
    from tests.conftest import Desk, Said

DOCS = Path(__file__).parents[1] / "docs"


def follow(desk: Desk, page: str) -> list[Said]:
    """A page's files, committed, and what its commands say."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for file, content in re.findall(r"^`([a-z_/]+\.\w+)`:\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        (desk.root / file).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / file).write_text(content)
    desk.commit()
    [block] = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    said = [desk.expkit(*line.removeprefix("$ expkit ").split()) for line in block.splitlines()]
    assert {one.code for one in said} == {0}, said
    return said


def test_the_page_about_inputs_runs_and_mlflow_has_what_it_promises(desk: Desk) -> None:
    """The digest to paste, datasets in their contexts, steps in the ledger, in MLflow and on demand."""
    digest, *_ = follow(desk, "inputs.md")
    assert f"sha256: {digest.out.strip()}" in (desk.root / "experiments" / "survey.yaml").read_text()

    client = MlflowClient(desk.store)
    [experiment] = [one for one in client.search_experiments() if one.name.endswith("survey")]
    [run] = client.search_runs([experiment.experiment_id])
    given = {one.dataset.name: (one.tags[0].value, one.dataset.digest) for one in run.inputs.dataset_inputs}
    assert given["survey"] == ("input", digest.out[:36])
    assert given["dungeon"][0] == "environment"
    provenance = json.loads(Path(client.download_artifacts(run.info.run_id, "provenance.json")).read_text())
    assert provenance["inputs"] == {"survey": {"path": "inputs/survey.csv", "sha256": digest.out.strip()}}

    [record] = desk.records()
    file = json.loads(record.read_text())["files"]["trajectories.npz"]
    assert file["bytes"] == record.with_name("trajectories.npz").stat().st_size
    with np.load(client.download_artifacts(run.info.run_id, "trajectories.npz")) as steps:
        assert steps["seed"].tolist() == [0] * 500 + [1] * 500
        kept = {name: steps[name][:500] for name in steps.files}
    assert desk.expkit("trajectories", "survey/gambler", "--last-steps", "500", "--output", "0.npz").code == 0
    with np.load(desk.root / "0.npz") as steps:
        assert {name: steps[name].tobytes() for name in steps.files} == {n: kept[n].tobytes() for n in kept}

    desk.edit(desk.root / "experiments" / "survey.yaml", "seeds: [0, 1]", "seeds: [2]")
    assert "nothing to run" in desk.expkit("run", "survey").out
    absent = desk.expkit("trajectories", "survey/gambler", "--seed", "9", "--output", "9.npz")
    assert (absent.code, "gambler has no seed 9\n  its seeds are 0 to 5" in absent.err) == (2, True), absent


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{trajectories: {seeds: [6]}}", "there is no seed 6 to record; the seeds are 0 to 5"),
        ("{trajectories: {last_steps: 1000001}}", "1,000,001 steps would be kept; at most 1,000,000"),
    ],
)
def test_steps_that_cannot_be_recorded_are_refused_where_they_are_asked_for(desk: Desk, record: str, said: str) -> None:
    """File, line and column."""
    desk.edit(desk.experiment, "trainer:", f"record: {record}\ntrainer:")
    refused = desk.expkit("check")
    assert refused.code == 2
    assert re.search(rf"^experiments/strategies.yaml:4:\d+: .*{re.escape(said)}", refused.err, re.MULTILINE), refused


def test_the_page_about_representation_runs_to_the_verdicts_it_tells_and_they_are_reproduced(desk: Desk) -> None:
    """Who remembers a step names the coin, who does not cannot; trained again, every table is the same."""
    follow(desk, "representation.md")
    evidence = json.loads((desk.root / "research_questions/coin/evidence.json").read_text())
    assert [one["verdict"] for one in evidence["hypotheses"]] == ["supported", "supported"]
    gains = {arm["name"]: arm["summaries"]["greedy_gain"]["iqm"] for arm in evidence["arms"]}
    assert gains == {"blind": 0.25, "mindful": 0.5, "seeing": 0.5}
    desk.commit()
    reproduced = desk.expkit("reproduce", "coin", "--on", "host")
    assert reproduced.code == 0, reproduced
