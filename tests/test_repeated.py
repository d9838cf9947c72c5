"""Failures that are run again until they pass, and replicates that are thrown away: evidence says so, and is a lead."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from expkit.cli.main import expkit
from expkit.errors import TrialFailed

if TYPE_CHECKING:
    from tests.conftest import Desk

PROGRAM = """\
arm=$1 n=$(cat starts-$1 2>/dev/null || echo 0)
echo $((n + 1)) > starts-$1
echo "{\\"gain\\": $n.$((n * n % 7))}"
[ "$arm" = c ] || [ $((n % 3)) = 0 ] || [ "$n" -ge "$(cat patience)" ]
"""
"""Counts its starts: luck that can be told in advance. Of the treatment's first ones, only every third ends well."""
EXPERIMENT = """\
id: lucky
title: A program with luck
trainer:
  kind: command
  command: [sh, programs/lucky.sh, "{parameters}"]
  parameters: {arm: c}
  pass_each_as: {arm: "{value}"}
  sources: [programs]
  metrics: {gain: {definition: What luck brings.}}
  seed: unseeded
arms: {t: {parameters: {arm: t}}, c: {}}
seeds: {root: 3, count: 6}
"""
QUESTION = """\
id: rq07
title: Luck
question: Is t luckier than c?
scope: Here.
experiments: [lucky]
hypotheses:
  - id: h1
    statement: t gains more than c.
    experiment: lucky
    criterion: {kind: difference, metric: gain, treatment: t, control: c, at_least: 0}
"""
FOLDER = "research_questions/rq07"


@pytest.fixture
def lucky(desk: Desk) -> Desk:
    """A project with the program, its experiment and its question, committed and not run yet."""
    for name, text in {
        "programs/lucky.sh": PROGRAM,
        "experiments/lucky.yaml": EXPERIMENT,
        f"{FOLDER}/question.yaml": QUESTION,
        "patience": "6",
    }.items():
        (desk.root / name).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / name).write_text(text)
    (desk.root / ".gitignore").write_text(".expkit/\nmlflow.db*\nmlruns/\nstarts-*\n")
    desk.commit()
    return desk


def say(desk: Desk, *command: str) -> Result:
    """What the command line says, in this process, as one of its own would import longer than it runs."""
    store = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}  # nobody is there, so that nothing is published
    said = CliRunner().invoke(expkit, ["-C", str(desk.root), *command], env=store, standalone_mode=False)
    assert said.exception is None or isinstance(said.exception, TrialFailed), said.exception
    return said


def run(desk: Desk, *options: str) -> None:
    """Run the question, whatever fails."""
    say(desk, "run", "rq07", "-j1", *options)


def evidence(desk: Desk) -> Any:
    """What `evidence.json` holds."""
    return json.loads((desk.root / FOLDER / "evidence.json").read_text())


def hypothesis(desk: Desk) -> tuple[str, str]:
    """How the hypothesis stands and why; the evidence is one that `check` believes."""
    assert not say(desk, "check", "rq07").return_value
    one = evidence(desk)["hypotheses"][0]
    return one["standing"], one["standing_reason"]


def trust(desk: Desk) -> str:
    """What is to be read before trusting."""
    return (desk.root / FOLDER / "outcome.md").read_text().partition("## Read before trusting")[2].partition("\n## ")[0]


def test_what_was_run_again_until_it_passed_is_no_test(lucky: Desk) -> None:
    """Whoever reads the outcome learns how many had failed; so does who asks for the status, or deletes the ledger."""
    run(lucky)
    assert evidence(lucky)["arms"][0]["failed"] == [1, 2, 4, 5]
    run(lucky, "--retry-failed")
    standing, why = hypothesis(lucky)
    assert standing == "exploratory"
    assert why == "4 trials of arm t had failed and were run again: which failures are kept is then a choice."
    assert evidence(lucky)["arms"][0]["rerun"] == [1, 2, 4, 5]
    assert "t 4 of 6 (seeds 1, 2, 4, 5)" in trust(lucky)
    assert f"h1 is exploratory: {why}" in " ".join(say(lucky, "status", "rq07").output.split())
    file = lucky.root / FOLDER / "evidence.json"
    lucky.edit(file, '"standing": "exploratory"', '"standing": "confirmatory"')
    said = say(lucky, "check", "rq07")
    assert said.return_value == 1
    assert "h1 is called confirmatory, and its arms say otherwise" in " ".join(said.stderr.split())


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ("unseeded", "4 failed starts of arm t were retried: retries of a program that takes no seed draw again."),
        ("given", "It stood, committed and clean"),
    ],
)
def test_declared_retries_are_told_and_are_luck_where_no_seed_is_taken(lucky: Desk, seed: str, expected: str) -> None:
    """One that takes its seed has the same trial again; every attempt's record says how many starts failed."""
    lucky.edit(lucky.root / "experiments/lucky.yaml", "seed: unseeded", f"retries: 10\n  seed: {seed}")
    if seed == "given":
        lucky.edit(lucky.root / "experiments/lucky.yaml", 'parameters}"]', 'parameters}", "{seed}"]')
    lucky.commit()
    run(lucky)
    standing, why = hypothesis(lucky)
    assert (standing, why[: len(expected)]) == ("exploratory" if seed == "unseeded" else "confirmatory", expected)
    assert evidence(lucky)["arms"][0]["restarted"] == 4
    assert sum(json.loads(record.read_text())["result"].get("failed_starts", 0) for record in lucky.records()) == 4
    assert "t 4 failed starts" in trust(lucky)


def test_replicates_that_were_discarded_are_counted(lucky: Desk) -> None:
    """Whether the evidence is replaced or deleted first; what a commit held was there."""
    (lucky.root / "patience").write_text("0")
    lucky.commit()
    run(lucky)
    assert hypothesis(lucky)[0] == "confirmatory"
    lucky.commit()
    for times in (1, 2):
        shutil.rmtree(lucky.root / ".expkit")
        if times == 2:
            lucky.commit()
            (lucky.root / FOLDER / "evidence.json").unlink()
        run(lucky, "--accept")
        assert [arm["replaced"] for arm in evidence(lucky)["arms"]] == [times, times]
    standing, why = hypothesis(lucky)
    assert standing == "exploratory"
    assert why.startswith("Results of arm t were replaced 2 times: its program takes no seed")
    assert "t 2 times; c 2 times" in trust(lucky)
    assert f"h1 is exploratory: {why}" in " ".join(say(lucky, "replicate", "rq07", "--root", "5").output.split())


def test_a_helper_that_nobody_committed_launders_no_failure(lucky: Desk) -> None:
    """They were recorded clean; what made them pass is in no commit, and no part of the program's version."""
    lucky.edit(lucky.root / "experiments/lucky.yaml", "seed: unseeded", "seed: given")
    lucky.edit(lucky.root / "experiments/lucky.yaml", 'parameters}"]', 'parameters}", "{seed}"]')
    lucky.commit()
    run(lucky)
    (lucky.root / "patience").write_text("0")
    shutil.rmtree(lucky.root / ".expkit")
    for arm in "tc":
        (lucky.root / f"starts-{arm}").unlink()
    run(lucky)
    standing, why = hypothesis(lucky)
    assert (standing, evidence(lucky)["arms"][0]["rerun"]) == ("exploratory", [1, 2, 4, 5])
    assert why.startswith("4 trials of arm t had failed and were run again")
    assert "Uncommitted changes" in trust(lucky)
