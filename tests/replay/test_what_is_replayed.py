"""Replaying: whatever has evidence is executed again, and nothing in the project changes."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.dossier import Dossier
from expkit.project.read import read_project
from tests.replay.commands import files, say, walking
from tests.test_unwitnessed import declare

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_honest_evidence_is_replayed_and_nothing_is_left(answered: Desk) -> None:
    """Without a ledger, as in a fresh clone; neither a record nor an outcome nor a folder is made."""
    clone = answered.clone()
    before = files(clone)
    said = say(clone, "check", "--replay")
    assert said.return_value == 0
    assert "rq01: 18 trials replayed, every digest equal" in said.stdout
    assert files(clone) == before
    assert clone.git("status", "--porcelain", "--ignored") == ""


def test_an_arm_that_is_declared_otherwise_cannot_be_replayed(answered: Desk) -> None:
    """More seeds are no other arm; another configuration is, and the rest is replayed all the same."""
    answered.edit(answered.experiment, "count: 6", "count: 9")
    answered.edit(answered.experiment, "{kind: gambler}", "{kind: gambler, discount: 0.5}")
    said = say(answered, "check", "--replay")
    assert "rq01: 12 trials replayed, 1 difference" in said.stdout
    assert "arm gambler of strategies: another arm is declared now" in " ".join(said.stderr.split())


def test_a_question_that_was_not_run_is_a_note(desk: Desk) -> None:
    """There is nothing to hold anything to."""
    said = say(desk, "check", "--replay")
    assert said.return_value == 0
    assert "rq01: nothing to replay: it was not run yet: expkit run rq01" in said.stdout


def test_evidence_that_is_gone_is_said_to_be_missing(answered: Desk) -> None:
    """With the command that takes it from the commit that has it."""
    answered.evidence.unlink()
    said = say(answered, "check", "--replay")
    place, commit = "research_questions/rq01/evidence.json", answered.git("rev-parse", "--short=7", "HEAD")
    told = f"rq01: nothing to replay: {place} is gone, and a commit has it: git checkout {commit} -- {place}"
    assert told in " ".join(said.stdout.split())


def test_programs_and_recorded_results_are_replayed_too(desk: Desk) -> None:
    """A program whose numbers hang on something that is none of its sources is found out, by seed and metric."""
    declare(desk.root)
    walking(desk)
    for question in ("rq07", "rq08"):
        say(desk, "run", question)
    before = files(desk)
    said = say(desk, "check", "--replay")
    assert "rq07: 20 trials replayed, every digest equal" in said.stdout
    assert "rq08: 10 trials replayed, every digest equal" in said.stdout
    assert files(desk) == before
    (desk.root / "luck").write_text("2")
    said = say(desk, "check", "rq08", "--replay")
    assert said.return_value == 1
    assert "arm a of walk, seed 0: gain is " in said.stderr
    (desk.root / "programs/walk.sh").write_text("exit 1\n")
    assert "arm a of walk: another arm is declared now" in say(desk, "check", "rq08", "--replay").stderr


def test_a_program_without_a_seed_is_said_not_to_be_replayable(desk: Desk) -> None:
    """It is not even started: its replicates cannot be the same."""
    walking(desk)
    desk.edit(desk.root / "experiments/walk.yaml", '"{seed}", quick', "one, quick")
    desk.edit(desk.root / "experiments/walk.yaml", "  sources:", "  seed: unseeded\n  sources:")
    say(desk, "run", "rq08")
    said = say(desk, "check", "rq08", "--replay")
    assert said.return_value == 0
    assert "rq08: nothing to replay: arm a of walk cannot be replayed" in said.stdout
    assert "not replayed: arm a of walk cannot be replayed: its program takes no seed" in said.stderr


def test_ctrl_c_leaves_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    """The program is ended, its folder is gone, and the message does not speak of kept results."""
    walking(desk)
    say(desk, "run", "rq08")
    desk.edit(desk.root / "programs/walk.sh", '[ "$2" = quick ] ||', "")  # not committed, and another version
    evidence: Any = json.loads((desk.root / "research_questions/rq08/evidence.json").read_text())
    project = read_project(desk.root)
    keys = [arm.key for arm in Dossier(project, project.questions["rq08"]).arms]
    for arm, key in zip(evidence["arms"], keys, strict=True):
        arm["key"] = key
    (desk.root / "research_questions/rq08/evidence.json").write_text(json.dumps(evidence))
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = desk.start("check", "rq08", "--replay", TMPDIR=str(folder))
    while not (desk.root / "started").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; nothing is left behind" in err
    assert not [*folder.iterdir()]
