from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk, Said

READING = {
    "list": (),
    "check": (),
    "plan": (),
    "status": (),
    "show": ("rq01",),
    "compare": ("rq01",),
}
"""Every command that reads, with the arguments it needs."""


def test_the_first_run_answers_and_says_where_to_read(first_run: Said, answered: Desk) -> None:
    """Verdicts and what was written are results; how the training went is a remark."""
    assert first_run.code == 0
    assert first_run.out.count("(confirmatory, self-registered)") == 2
    assert "wrote outcome.md, evidence.json and 3 figures in research_questions/rq01" in first_run.out
    assert "MLflow: 4 runs in 'trial/rq01', " in first_run.out
    assert first_run.out.splitlines()[-1] == (
        "next: write what you make of it at the end of research_questions/rq01/outcome.md; then: git add -A && "
        "git commit -m 'What rq01 found'"
    )
    assert "running 18 trials of 3 arms, 7,200 steps" in first_run.err
    assert "18 trials in " in first_run.err
    assert "trials" not in first_run.out


def test_the_second_run_finds_nothing_to_do_and_changes_no_file(answered: Desk) -> None:
    """Idle means idle: neither a record nor an outcome nor a receipt is touched."""
    before = {file: file.stat().st_mtime_ns for file in answered.root.rglob("*") if file.is_file()}
    said = answered.expkit("run", "rq01")
    after = {file: file.stat().st_mtime_ns for file in answered.root.rglob("*") if file.is_file()}
    assert said.code == 0
    assert "nothing to run: every declared seed is recorded" in said.out
    assert "already published" in said.out
    assert said.err == ""
    git = answered.root / ".git"  # git may write down again what it knows of the tree
    assert {file: time for file, time in after.items() if git not in file.parents} == {
        file: time for file, time in before.items() if git not in file.parents
    }
    assert answered.git("status", "--porcelain") == ""


def test_a_fresh_clone_reproduces_and_leaves_the_tree_clean(answered: Desk) -> None:
    """What is committed is enough to find the same digests anywhere."""
    clone = answered.clone()
    said = clone.expkit("run", "rq01")
    assert said.code == 0, said
    assert "reproduced: these results equal the committed evidence" in said.out
    assert len(clone.records()) == 3
    assert clone.git("status", "--porcelain") == ""
    assert clone.expkit("check").code == 0


@pytest.mark.parametrize("command", READING)
def test_every_reading_command_prints_for_people_and_for_machines(answered: Desk, command: str) -> None:
    """Without a terminal there is no escape code; `--json` parses, and stands alone on stdout."""
    said = answered.expkit(command, *READING[command])
    assert said.code == 0, said
    assert said.out
    assert "\x1b" not in said.out + said.err
    assert answered.json(command, *READING[command])


def test_json_holds_what_the_tables_show(answered: Desk) -> None:
    """Machines need not read tables."""
    listed = answered.json("list")
    assert listed["questions"][0]["verdicts"].keys() <= {"supported", "refuted", "inconclusive", "invalid"}
    assert (listed["experiments"][0]["recorded"], listed["experiments"][0]["trials"]) == (18, 18)
    assert [(arm["arm"], arm["seeds"], arm["missing"]) for arm in answered.json("plan", "rq01")] == [
        ("drunkard", 6, []),
        ("accountant", 6, []),
        ("gambler", 6, []),
    ]
    (status,) = answered.json("status")
    shown = answered.expkit("status").out
    for hypothesis in status["hypotheses"]:
        assert (hypothesis["standing"], hypothesis["grade"], hypothesis["trust"]) == (
            "confirmatory",
            "self-registered",
            "verified",
        )
        assert hypothesis["verdict"] in shown
        commit, date = answered.git("log", "-1", "--format=%H %cI", hypothesis["registered"]["commit"]).split()
        assert hypothesis["registered"] == {"commit": commit, "date": date}
        assert hypothesis["data_since"] > "2026"
        assert f"{commit[:7]} {date[:10]}" in shown
        assert f"confirmatory: {hypothesis['reason']}" in shown
    assert status["to_do"] == []
    compared = answered.json("compare", "rq01")
    assert [arm["arm"] for arm in compared["arms"]] == ["drunkard", "accountant", "gambler"]
    assert compared["mlflow"]["charts"] in answered.expkit("compare", "rq01").out
    assert set(compared["mlflow"]["runs"]) == {"drunkard", "accountant", "gambler", "outcome"}


def test_compare_takes_any_metric_and_names_them_when_it_does_not_know_one(answered: Desk) -> None:
    """Every metric that is summarised can be compared."""
    assert "rq01 · regret" in answered.expkit("compare", "rq01", "--metric", "regret").out
    said = answered.expkit("compare", "rq01", "--metric", "regrets")
    assert said.code == 2
    assert "there is no metric 'regrets'" in said.err
    assert "regret" in said.err
    assert "total_reward" in said.err


def test_status_asks_for_a_commit_before_the_run_that_it_asks_for(desk: Desk) -> None:
    """Whoever does what it says, line by line, gets verdicts that are tests."""
    desk.edit(desk.question, "at_least: 0.5", "at_least: 0.6")
    (status,) = desk.json("status")
    commit, run = status["to_do"]
    assert commit == (
        "research_questions/rq01/question.yaml is not committed, and a run now would be exploratory: "
        "git add -A && git commit -m 'Ask rq01'"
    )
    assert run == "18 trials to run: expkit run rq01"
    desk.commit()
    (status,) = desk.json("status")
    assert status["to_do"] == [run]


def test_a_unique_beginning_of_an_id_will_do(answered: Desk) -> None:
    """Ids are short to type."""
    assert answered.expkit("show", "strat").out.startswith("strategies · ")
    assert answered.expkit("show", "rq").out.startswith("rq01 · ")
    assert answered.expkit("status", "r").out.startswith("rq01 · ")


def test_show_finds_an_arm_by_its_bare_name_and_an_attempt_by_the_beginning_of_its_id(answered: Desk) -> None:
    """Whatever has a name can be shown by it."""
    assert answered.expkit("show", "gambler").out == answered.expkit("show", "strat/gam").out
    arm = answered.json("show", "strategies/gambler")
    assert arm["parameters"]["agent.kind"] == "gambler"
    (attempt,) = arm["attempts"]
    assert answered.json("show", attempt[:-2])["work"]["arm_key"] == arm["arm_key"]
    assert answered.expkit("show", attempt).out.startswith(f"{attempt} · arm gambler, finished")


def test_show_names_the_candidates_for_an_arm_that_two_experiments_have(answered: Desk) -> None:
    """A bare name that means two arms is not guessed."""
    other = answered.experiment.with_name("others.yaml")
    other.write_text(answered.experiment.read_text().replace("id: strategies", "id: others"))
    said = answered.expkit("show", "gambler")
    assert said.code == 2
    assert "2 experiments have an arm 'gambler'" in said.err
    assert "others/gambler, strategies/gambler" in said.err


def test_an_experiment_ends_in_records_and_runs_without_a_verdict(desk: Desk) -> None:
    """Verdicts belong to questions."""
    said = desk.expkit("run", "strategies")
    assert said.code == 0, said
    assert "MLflow: 3 runs in 'trial/experiments/strategies'" in said.out
    assert "recorded 18 trials" in said.out
    assert not desk.evidence.exists()
    assert len(desk.records()) == 3


def test_outcome_writes_from_records_alone(answered: Desk) -> None:
    """Nothing is trained for it, so where records are missing it refuses."""
    written = answered.outcome.read_bytes()
    answered.outcome.unlink()
    said = answered.expkit("outcome", "rq01")
    assert said.code == 0
    assert "wrote outcome.md in research_questions/rq01" in said.out
    assert answered.outcome.read_bytes() == written
    refused = answered.clone().expkit("outcome", "rq01")
    assert refused.code == 2
    assert "18 trials of rq01 are not recorded on this machine" in refused.err
    assert "expkit run rq01" in refused.err


def test_words_around_a_number_that_moved_are_to_be_read_again(answered: Desk) -> None:
    """What stands in somebody's words now may contradict them, so what was filled in is told with its line."""
    words = "\n## Discussion\n\nh1: the drunkard earns <!--= h1.estimate -->1<!--/--> less.\n"
    answered.outcome.write_text(answered.outcome.read_text().partition("\n## Discussion")[0] + words)
    said = answered.expkit("outcome", "rq01")
    lines = answered.outcome.read_text().splitlines()
    [line] = [number for number, text in enumerate(lines, start=1) if "the drunkard earns" in text]
    assert "filled in 1 tied number; read the words around it again:" in said.err.splitlines()
    assert f"  research_questions/rq01/outcome.md:{line}: h1.estimate was 1, is " in said.err
    assert "next: read research_questions/rq01/outcome.md, your own words as well; then: git add -A" in said.out
    again = answered.expkit("outcome", "rq01")
    assert again.err == ""
    assert again.out.splitlines()[-1] == "every file is up to date"


def test_register_tags_a_commit_once_and_prints_the_push(desk: Desk) -> None:
    """The same decisions are one registration; an uncommitted one is none."""
    said = desk.expkit("register", "rq01")
    (tag,) = desk.git("tag").splitlines()
    assert said.out == f"tagged {tag}\npush it before the run: git push origin {tag}\n"
    assert "registered before" in desk.expkit("register", "rq01").out
    desk.edit(desk.question, "at_least: 0}", "at_least: 1}")
    refused = desk.expkit("register", "rq01")
    assert refused.code == 2
    assert "a registration is of a commit" in refused.err
    assert "git add -A && git commit -m 'Ask rq01' && expkit register rq01" in refused.err
    assert desk.git("tag").splitlines() == [tag]


def test_schema_writes_what_an_editor_reads(desk: Desk) -> None:
    """Each declared file has its JSON Schema."""
    said = desk.expkit("schema")
    assert said.code == 0
    for name in ("question", "experiment"):
        assert f"wrote schemas/{name}.schema.json" in said.out
        assert json.loads((desk.root / "schemas" / f"{name}.schema.json").read_text())["type"] == "object"


def test_sync_publishes_to_another_store_what_is_recorded(answered: Desk) -> None:
    """Receipts are of one store: another one knows nothing yet."""
    own = replace(answered, store=None)
    assert "4 runs are not published: expkit sync rq01" in own.expkit("status").out
    said = own.expkit("sync")
    assert said.code == 0, said
    assert "rq01: 4 runs in 'trial/rq01', 4 new" in said.out
    with closing(sqlite3.connect(own.root / "mlflow.db")) as store:
        assert store.execute("select count(*) from runs").fetchone() == (4,)
    assert "nothing new" in own.expkit("sync", "rq01").out
    assert "strategies: 3 runs in 'trial/experiments/strategies', 3 new" in own.expkit("sync", "strategies").out
    assert own.git("status", "--porcelain") == ""


def test_ui_serves_the_store_until_ctrl_c(answered: Desk) -> None:
    """It prints the links, answers on the port that was asked for, and leaves nobody behind."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = answered.start("ui", "--port", port)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        process.send_signal(2)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/#/experiments/" in out
    assert f"at http://127.0.0.1:{port}" in err
    with pytest.raises(urllib.error.URLError):  # nobody is left behind
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")
