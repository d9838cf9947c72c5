from __future__ import annotations

import json

from expkit.outcomes.replication import drawn_root
from tests.conftest import Desk

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_it_says_where_it_runs_on_which_root_and_what_agrees(answered: Desk) -> None:
    """What was asked for is on stdout, how the training went is a remark, and nothing is written unasked."""
    said = answered.expkit("replicate", "rq01", "--root", "1", "-j", "1")
    assert said.code == 0, said
    lines = said.out.splitlines()
    assert lines[0] == "rq01 · Strategies in the dungeon · here, on 1 core"
    assert lines[1] == "strategies: root 1, as given; registered was 7"
    assert [line.split()[-1] for line in lines if line.startswith(("h1", "h2"))] == ["differs", "agrees"]
    assert "1 of 2 verdicts agree" in said.out
    assert "not recorded; to record it: expkit replicate rq01 --root 1 --record" in said.out
    assert "running 18 trials of 3 arms" in said.err
    assert answered.git("status", "--porcelain") == ""


def test_by_default_it_draws_from_head_and_the_printed_command_records_just_that(answered: Desk) -> None:
    """Even after another commit: the command names the commit that was drawn from."""
    head = answered.git("rev-parse", "HEAD")
    said = answered.expkit("replicate", "rq01")
    assert f"root {drawn_root(head, 7)}, drawn from {head[:12]}; registered was 7" in said.out
    command = said.out.partition("to record it: expkit ")[2].split()
    answered.commit()
    recorded = answered.expkit(*command)
    assert recorded.code == 0, recorded
    assert "wrote outcome.md and evidence.json in research_questions/rq01" in recorded.out
    assert "this replication earns no grade: no remote is known to have held" in recorded.out
    assert "running" not in recorded.err
    assert "this replication is recorded already" in answered.expkit(*command).out
    checked = answered.expkit("check", "rq01")
    assert checked.code == 0, checked


def test_json_stands_alone_and_holds_what_the_table_shows(answered: Desk) -> None:
    """Even while trials run."""
    said = answered.expkit("replicate", "rq01", "--root", "1", "--json")
    assert said.code == 0, said
    shown = json.loads(said.out)
    assert (shown["agree"], shown["of"], shown["trials"]) == (1, 2, 18)
    assert (shown["commit"], shown["roots"], shown["recorded"]) == (None, {"strategies": 1}, False)
    first, second = shown["hypotheses"]
    assert (first["registered"]["verdict"], first["replication"]["verdict"], first["agree"]) == (
        "inconclusive",
        "supported",
        False,
    )
    assert second["agree"] is True
    assert second["objection"] == "somebody chose its root"
    assert answered.json("replicate", "rq01", "--root", "1")["trials"] == 0


def test_the_grade_is_seen_wherever_a_registration_is(answered: Desk) -> None:
    """In `status`, with what git says of it; a verdict that was undecided keeps the one of its registration."""
    remote = answered.root.parent / "origin.git"
    answered.git("init", "--quiet", "--bare", str(remote))
    answered.git("remote", "add", "origin", str(remote))
    answered.git("push", "--quiet", "origin", "main")
    shown = answered.json("replicate", "rq01", "--record")
    (status,) = answered.json("status")
    grades = {one["id"]: (one["grade"], one["trust"]) for one in status["hypotheses"]}
    assert grades["h1"] == ("self-registered", "verified")
    agree = shown["hypotheses"][1]["agree"]
    assert grades["h2"] == ("replicated" if agree else "self-registered", "verified")
    assert "1 run is not published: expkit sync rq01" in status["to_do"]


def test_what_cannot_be_meant_is_refused(answered: Desk) -> None:
    """With the exit code of usage, and what to type instead."""
    for arguments, why in (
        (("--root", "7"), "root 7 is the registered one of strategies"),
        (("--root", "1", "--commit", "HEAD"), "--root and --commit contradict each other"),
        (("--commit", "nowhere"), "there is no commit 'nowhere'"),
        (("--commit=--output=made",), "there is no commit '--output=made'"),
        (("--root", "-1"), "not in the range"),
        (("--root", str(2**53)), "not in the range"),
        (("--image", "x", "--executor", "local"), "contradict each other"),
    ):
        said = answered.expkit("replicate", "rq01", *arguments)
        assert (said.code, why in said.err) == (2, True), said


def test_a_question_without_evidence_is_refused(desk: Desk) -> None:
    """Before anything runs."""
    said = desk.expkit("replicate", "rq01")
    assert (said.code, "run it first: expkit run rq01" in said.err) == (2, True), said
    assert not desk.records()


def test_stale_evidence_is_exit_1(answered: Desk) -> None:
    """There is nothing that a replication could be held against."""
    answered.edit(answered.question, "at_least: 0}", "at_least: 1}")
    said = answered.expkit("replicate", "rq01")
    assert said.code == 1
    assert "the decision of h1 changed since it was written" in said.err
    assert "expkit run rq01" in said.err


def test_it_runs_where_the_experiment_declares(answered: Desk) -> None:
    """A declared image with no engine is no reason to run elsewhere in silence."""
    answered.edit(answered.experiment, "arms:", "image: dungeon:1\narms:")
    said = answered.expkit("replicate", "rq01", **NO_ENGINE)
    assert (said.code, "no container engine answers" in said.err) == (5, True), said
    assert answered.expkit("replicate", "rq01", "--executor", "local", **NO_ENGINE).code == 0
