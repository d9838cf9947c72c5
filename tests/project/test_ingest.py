"""Ingesting a table: what is written, what is guessed and said, and that nothing is lost or half done."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from expkit.errors import InvalidDeclaration, InvalidUsage
from expkit.project.guesses import asked
from expkit.project.ingest import Table, Wanted, ingest
from expkit.project.read import read_project
from expkit.specs.program import Recorded

WANTED = Wanted(question="rq07", experiment="runs")
ROWS = [f"{agent},{seed},{seed * 2}.5,{seed % 2}" for agent in ("PPO v2", "DQN", "no") for seed in range(6)]


def table(*rows: str, head: str = "Agent,seed,loss,success") -> Table:
    """A table with these rows, or with three arms of six seeds."""
    return Table(content="\n".join([head, *(rows or ROWS), ""]).encode(), name="runs.csv", source="runs.csv")


def test_what_is_written_can_be_read_and_run_as_it_is(tmp_path: Path) -> None:
    """Names that YAML or an arm cannot have are dealt with; 0 and 1 make a binary metric; lower may be better."""
    done = ingest(tmp_path, table(), replace(WANTED, metrics=(asked("loss:lower"), asked("success"))))
    project = read_project(tmp_path)
    experiment = project.experiments["runs"]
    assert {name: arm.recorded_as for name, arm in experiment.arms.items()} == {
        "PPO-v2": "PPO v2",
        "DQN": None,
        "no": None,
    }
    assert isinstance(experiment.trainer, Recorded)
    metrics = experiment.trainer.metrics
    assert (metrics["loss"].better, metrics["loss"].binary, metrics["success"].binary) == ("lower", False, True)
    [hypothesis] = project.questions["rq07"].hypotheses
    assert hypothesis.statement == "DQN has a lower loss than PPO-v2."
    assert hypothesis.criterion.model_dump(include={"treatment", "control", "at_most"}) == {
        "treatment": "DQN",
        "control": "PPO-v2",
        "at_most": 0,
    }
    assert done.trials == {"PPO-v2": 6, "DQN": 6, "no": 6}
    assert done.remarks[0] == "column 'Agent' was taken for the arm; another one: --arm COLUMN"
    assert (tmp_path / "results/runs.csv").read_bytes() == table().content


def test_the_same_again_writes_nothing_and_other_results_need_force(tmp_path: Path) -> None:
    """A question is never touched, whatever is forced."""
    ingest(tmp_path, table(), WANTED)
    question = tmp_path / "research_questions/rq07/question.yaml"
    question.write_text(question.read_text() + "# ours\n")
    assert ingest(tmp_path, table(), WANTED).written == ()
    more = table(*ROWS, "DQN,6,1,0")
    with pytest.raises(InvalidUsage, match=r"results/runs\.csv is there already, with other content"):
        ingest(tmp_path, more, WANTED)
    assert ingest(tmp_path, more, replace(WANTED, force=True)).written == ("results/runs.csv",)
    assert question.read_text().endswith("# ours\n")


@pytest.mark.parametrize(
    ("given", "wanted", "said"),
    [
        (table(head="who,seed,loss,success"), WANTED, "no column looks like the arm"),
        (table(head="arm,seed,x,y"), WANTED, "no column looks like the metric"),
        (table(), replace(WANTED, arm="agnet"), "there is no column 'agnet'"),
        (table(head="arm,seed,mean loss,s"), replace(WANTED, metrics=(asked("mean loss"),)), "cannot be a metric"),
        (table(), replace(WANTED, treatment="PPO"), "there is no arm 'PPO'"),
        (table(), replace(WANTED, treatment="DQN", control="DQN"), "are the same arm"),
        (table(*ROWS[:4]), WANTED, "at least 5 trials of an arm, and no arm has as many"),
        (table(), replace(WANTED, question="RQ 7"), "cannot be the id of a question"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    tmp_path: Path, given: Table, wanted: Wanted, said: str
) -> None:
    """Before the first file, with what would be right."""
    with pytest.raises(InvalidUsage, match=said):
        ingest(tmp_path, given, wanted)
    assert [*tmp_path.iterdir()] == []


def test_mistakes_in_the_table_are_placed_in_the_table_that_was_given(tmp_path: Path) -> None:
    """Not in the copy, which was never made."""
    with pytest.raises(InvalidDeclaration) as caught:
        ingest(tmp_path, table(*ROWS, "DQN,5,1,0"), WANTED)
    assert str(caught.value).startswith("runs.csv:20:5: seed 5 of arm 'DQN' stands in line 13 already")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("mark", "said"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
def test_columns_that_no_comma_separates_are_refused_as_such(tmp_path: Path, mark: str, said: str) -> None:
    """To name a column would not help; and the message names the user's file."""
    given = table(*(row.replace(",", mark) for row in ROWS), head=mark.join(("arm", "seed", "loss", "success")))
    with pytest.raises(InvalidDeclaration, match=rf"columns are separated by {re.escape(said)}; a comma is") as caught:
        ingest(tmp_path, given, WANTED)
    assert caught.value.what == "1 mistake in runs.csv"


def test_how_rows_were_chosen_stands_in_the_experiment(tmp_path: Path) -> None:
    """Behind where they came from, so that the outcome tells it."""
    ingest(tmp_path, replace(table(), chosen="runs that have not ended are left out: 2"), WANTED)
    trainer = read_project(tmp_path).experiments["runs"].trainer
    assert isinstance(trainer, Recorded)
    assert trainer.source == "runs.csv; runs that have not ended are left out: 2"


def test_one_arm_is_held_against_a_constant(tmp_path: Path) -> None:
    """There is nothing else to hold it against."""
    ingest(tmp_path, table(*ROWS[:6]), WANTED)
    [hypothesis] = read_project(tmp_path).questions["rq07"].hypotheses
    assert hypothesis.criterion.kind == "value"
