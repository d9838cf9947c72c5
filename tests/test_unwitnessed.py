"""Results that exist already, all the way: taken in, judged, never confirmatory, and stale once the file changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.execution.events import Ended
from expkit.execution.recorded import RecordedExecutor
from expkit.ledger.ledger import Ledger
from expkit.plan import plan
from expkit.project.read import read_project

if TYPE_CHECKING:
    from tests.conftest import Desk

EXPERIMENT = """\
id: old
title: Old results
trainer:
  kind: recorded
  file: results/old.csv
  ignored: [c]
  metrics: {return: {definition: Mean return., unit: points}}
  source: the spring campaign
arms: {a: {}, b: {}}
"""
QUESTION = """\
id: rq07
title: Old results
question: Is a better than b?
scope: What there is.
experiments: [old]
hypotheses:
  - id: h1
    statement: a is better than b.
    experiment: old
    criterion: {kind: difference, metric: return, treatment: a, control: b, at_least: 0}
"""
ROWS = [f"{arm},{seed},{base + seed * seed % 7}" for arm, base in (("a", 20), ("b", 10)) for seed in range(10)]


def declare(root: Path, *rows: str) -> None:
    """Write the question, its experiment and its table."""
    table = "\n".join(["arm,seed,return", *(rows or ROWS), "c,0,99", ""])
    for name, text in {
        "experiments/old.yaml": EXPERIMENT,
        "research_questions/rq07/question.yaml": QUESTION,
        "results/old.csv": table,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_recorded_trials_are_taken_in_and_not_run(desk: Desk) -> None:
    """Before the first run the status says so, and so does the run; with all in the ledger nothing counts to 0."""
    declare(desk.root)
    desk.commit()
    assert "20 recorded trials to take in: expkit run rq07" in desk.expkit("status", "rq07").out
    assert "taking in 20 recorded trials of 2 arms" in desk.expkit("run", "old").err
    assert "every trial is in the ledger, and no outcome is written" in desk.expkit("status", "rq07").out


def evidence(desk: Desk) -> Any:
    """What `evidence.json` holds."""
    return json.loads((desk.root / "research_questions/rq07/evidence.json").read_text())


def test_a_verdict_on_recorded_results_is_unwitnessed_wherever_it_shows(desk: Desk) -> None:
    """However clean and early the question was committed; and what asks for a witness is refused with the reason."""
    declare(desk.root)
    desk.commit()
    said = desk.expkit("run", "rq07")
    assert said.code == 0, said
    [one] = evidence(desk)["hypotheses"]
    assert (one["verdict"], one["standing"], one["grade"]) == ("supported", "exploratory", None)
    assert one["standing_reason"].startswith("Unwitnessed: ")
    outcome = (desk.root / "research_questions/rq07/outcome.md").read_text()
    assert "Source: the spring campaign. Left out on purpose: c." in outcome.split("## Hypotheses")[0]
    attempt = Ledger(desk.root / ".expkit/ledger").find("2")[0]
    assert (attempt.provenance.executor, attempt.provenance.git.state) == ("recorded", "clean")
    assert "trials.npz" not in attempt.files
    listed = {entry["id"]: entry["unwitnessed"] for entry in desk.json("list")["questions"]}
    assert (listed["rq07"], listed["rq01"]) == (True, False)
    assert desk.json("status", "rq07")[0]["hypotheses"][0]["unwitnessed"] is True
    desk.commit()
    for command, why in {
        "register rq07": "its results existed before its hypotheses",
        "reproduce rq07": "were read from a file",
        "replicate rq07": "no program here that could be given fresh seeds",
        "package old/a": "only its results are known, from results/old.csv",
        f"reproduce {attempt.id}": "were read from a file",
    }.items():
        refused = desk.expkit(*command.split())
        assert (refused.code, why in refused.err) == (2, True), refused

    declare(desk.root, *ROWS[:-1], "b,9,11.5")
    stale = desk.expkit("check", "rq07")
    assert stale.code == 1, stale
    planned = {arm.name: len(arm.missing) for arm in plan(read_project(desk.root).experiments["old"], _recorded(desk))}
    assert planned == {"a": 0, "b": 10}


def _recorded(desk: Desk) -> Any:
    return Ledger(desk.root / ".expkit/ledger").recorded


def test_a_failed_trial_is_a_record_with_its_reason(tmp_path: Path) -> None:
    """And with the line it stands in; it has a seed, and is no trial to leave out."""
    declare(tmp_path, *ROWS[:-1], "b,9,")
    [_, b] = plan(read_project(tmp_path).experiments["old"], lambda *_: frozenset())
    *_, ended = RecordedExecutor(tmp_path).execute([*b.batches()], lambda work: tmp_path, lambda: False)
    assert isinstance(ended, Ended)
    assert ended.result is not None
    assert ended.result.metrics["return"][8:] == (11.0, None)
    assert [(one.seed, one.why) for one in ended.result.failed] == [
        (9, "return is empty in line 21 of results/old.csv")
    ]


def test_a_file_that_changes_while_it_is_taken_in_fails_the_batch(tmp_path: Path) -> None:
    """Rows that nobody planned never become records."""
    declare(tmp_path)
    [first, *_] = plan(read_project(tmp_path).experiments["old"], lambda *_: frozenset())
    (tmp_path / "results/old.csv").write_text("arm,seed,return\na,0,1\n")
    [ended] = RecordedExecutor(tmp_path).execute([*first.batches()], lambda work: tmp_path, lambda: False)
    assert isinstance(ended, Ended)
    assert (ended.result, ended.error) == (None, "results/old.csv has other rows of 'a' than a moment ago")
