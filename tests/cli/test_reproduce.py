from __future__ import annotations

import json
import platform
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Desk, Said
from tests.reproduction.doctored import attempt_of, doctor_record, doctor_trials, record_of

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where commands make their temporary folders, so that what they leave is seen."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def everything(desk: Desk) -> dict[Path, bytes]:
    """Every file of a project, of its ledger and of git; the index may be written anew by any look at git."""
    return {
        file: file.read_bytes()
        for file in desk.root.rglob("*")
        if file.is_file() and file.name not in ("index", "lock")
    }


def row(said: Said, arm: str) -> str:
    """The line of an arm in the table."""
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{arm} ")]
    return line


class TestMatch:
    def test_a_question_is_reproduced_from_the_attempts_of_its_arms(self, answered: Desk) -> None:
        """Every seed, from the commit of the run, on this host as there was no image; said in so many words."""
        commit = json.loads(record_of(answered, "gambler").read_text())["provenance"]["git"]["commit"]
        assert commit != answered.git("rev-parse", "HEAD"), "the outcome was committed since"
        said = answered.expkit("reproduce", "rq01", **NO_ENGINE)
        assert said.code == 0, said
        first, where, versions, *_ = said.out.splitlines()
        assert first.startswith("rq01 · Strategies in the dungeon · here, on ")
        assert where == "on this host, as it was recorded outside of any image"
        assert versions.startswith("with expkit ")
        assert "numba" in versions
        assert versions.endswith(f"on {platform.machine()}, as recorded")
        for arm in ("drunkard", "accountant", "gambler"):
            cells = row(said, arm).split()
            assert cells[1:4] == ["6", attempt_of(answered, arm), commit[:12]]
            assert cells[-1] == "match"
        assert said.out.splitlines()[-1] == "reproduced: 18 trials came out as recorded, digest by digest"

    def test_nothing_is_kept_and_nothing_is_left_behind(self, answered: Desk, scratch: Path) -> None:
        """Neither in the ledger nor in the project, in git or among temporary files."""
        before = everything(answered)
        assert answered.expkit("reproduce", "rq01", TMPDIR=str(scratch)).code == 0
        assert everything(answered) == before
        assert list(scratch.iterdir()) == []
        assert len(answered.git("worktree", "list").splitlines()) == 1
        assert answered.git("status", "--porcelain") == ""

    def test_an_attempt_is_named_by_the_beginning_of_its_id(self, answered: Desk) -> None:
        """One arm, its seeds."""
        attempt = attempt_of(answered, "gambler")
        said = answered.expkit("reproduce", attempt[:-2])
        assert said.code == 0, said
        assert said.out.startswith(f"{attempt} · arm gambler · here, on ")
        assert said.out.splitlines()[-1] == "reproduced: 6 trials came out as recorded, digest by digest"

    def test_a_fresh_clone_reproduces_the_committed_evidence(self, answered: Desk) -> None:
        """Without a ledger, metrics of every seed and one digest of all trials are compared."""
        clone = answered.clone()
        said = clone.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert row(said, "gambler").split()[2] == "evidence.json"
        assert said.out.splitlines()[-1] == "reproduced: 18 trials came out as recorded, digest by digest"
        assert not (clone.root / ".expkit").exists()

    def test_json_holds_what_the_table_shows(self, answered: Desk) -> None:
        """And stands alone on stdout."""
        found = answered.json("reproduce", "rq01")
        assert found["reproduced"] is True
        assert [arm["arm"] for arm in found["arms"]] == ["drunkard", "accountant", "gambler"]
        gambler = found["arms"][2]
        assert gambler["attempts"] == [attempt_of(answered, "gambler")]
        assert (gambler["seeds"], gambler["executed"], gambler["matches"], gambler["first"]) == (
            [0, 1, 2, 3, 4, 5],
            "host",
            True,
            None,
        )

    def test_a_sample_is_said_and_evenly_spread(self, answered: Desk) -> None:
        """The rule is in the output, the seeds are in the JSON."""
        said = answered.expkit("reproduce", "rq01", "--sample", "3")
        assert said.code == 0, said
        assert "a sample: 3 seeds of each arm, evenly spread from the first seed to the last" in said.out
        assert said.out.splitlines()[-1].startswith("reproduced: 9 trials")
        assert {tuple(arm["seeds"]) for arm in answered.json("reproduce", "rq01", "--sample", "3")["arms"]} == {
            (0, 2, 5)
        }

    def test_a_sample_of_evidence_claims_no_more_than_it_compared(self, answered: Desk) -> None:
        """The one digest there is of all trials at once."""
        said = answered.clone().expkit("reproduce", "rq01", "--sample", "3")
        assert said.code == 0, said
        assert row(said, "gambler").rstrip().endswith("match in the metrics that the evidence holds")
        assert said.out.splitlines()[-1] == "reproduced: 9 trials came out as recorded, metric by metric"

    def test_the_newest_attempt_of_a_seed_counts(self, answered: Desk) -> None:
        """Of two finished attempts the later one is executed again."""
        older = record_of(answered, "gambler").parent
        newer = older.with_name("29991231T000000.000000Z-00000000")
        shutil.copytree(older, newer)
        record = json.loads((newer / "record.json").read_text()) | {"id": newer.name}
        (newer / "record.json").write_text(json.dumps(record))
        assert answered.json("reproduce", "rq01")["arms"][2]["attempts"] == [newer.name]


class TestMismatch:
    def test_another_q_value_is_found_with_seed_state_action_and_by_how_much(self, answered: Desk) -> None:
        """Though the ledger is sound: file and trial digests are those of the other value."""

        def change(arrays: dict[str, np.ndarray], _: dict[str, list[Any]]) -> None:
            arrays["q"][2, 3, 0] += 0.5
            arrays["q"][4, 0, 0] += 0.5

        doctor_trials(answered, "gambler", change)
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "differs: seed 2, state 3, FORWARD: " in row(said, "gambler")
        assert "(−0.5)" in row(said, "gambler")  # noqa: RUF001
        assert row(said, "drunkard").split()[-1] == "match"
        assert said.out.splitlines()[-1] == "not reproduced: gambler differs from what is recorded in 2 trials"
        found = json.loads(answered.expkit("reproduce", "rq01", "--json").out)
        assert found["reproduced"] is False
        first = found["arms"][2]["first"]
        assert (first["seed"], first["state"], first["action"], first["difference"]) == (2, 3, "FORWARD", -0.5)
        assert found["arms"][2]["differing"] == [2, 4]

    @pytest.mark.parametrize(
        ("array", "index", "expected"),
        [
            ("visits", (1, 4, 1), "seed 1, visits, state 4, BACKWARD: "),
            ("curve", (5, 7), "seed 5, curve, window 7: "),
        ],
    )
    def test_where_q_tables_agree_visits_and_curves_are_looked_at(
        self, answered: Desk, array: str, index: tuple[int, ...], expected: str
    ) -> None:
        """In this order, the first entry that differs."""

        def change(arrays: dict[str, np.ndarray], _: dict[str, list[Any]]) -> None:
            arrays[array][index] += 1

        doctor_trials(answered, "gambler", change)
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert f"differs: {expected}" in row(said, "gambler")
        assert "(−1)" in row(said, "gambler")  # noqa: RUF001

    def test_where_arrays_agree_metrics_are_looked_at(self, answered: Desk) -> None:
        """A number in the record alone."""
        doctor_trials(answered, "gambler", lambda _, metrics: metrics["regret"].__setitem__(3, 1.0))
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "differs: seed 3, regret: 1 recorded, " in row(said, "gambler")

    def test_arrays_that_are_not_those_of_their_digest_are_a_mismatch(self, answered: Desk) -> None:
        """A digest left as it was does not hide what stands beside it."""

        def change(arrays: dict[str, np.ndarray], _: dict[str, list[Any]]) -> None:
            arrays["q"][0, 0, 1] = 1e6

        doctor_trials(answered, "gambler", change, digests=False)
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "differs: seed 0, state 0, BACKWARD: 1,000,000 recorded, " in row(said, "gambler")

    def test_a_digest_that_is_not_that_of_its_arrays_is_a_mismatch(self, answered: Desk) -> None:
        """What came out equals the arrays, and the record contradicts itself."""
        doctor_record(answered, "gambler", lambda record: record["result"]["trial_digests"].__setitem__(1, "0" * 64))
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "seed 1, the recorded digest is not that of the recorded arrays" in row(said, "gambler")

    def test_evidence_names_the_seed_and_the_metric(self, answered: Desk) -> None:
        """It holds no tables, but metrics of every seed."""
        evidence = json.loads(answered.evidence.read_text())
        evidence["arms"][2]["seeds"]["total_reward"][4] += 10
        answered.evidence.write_text(json.dumps(evidence))
        answered.commit()
        said = answered.clone().expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "differs: seed 4, total_reward: " in row(said, "gambler")
        assert "(−10)" in row(said, "gambler")  # noqa: RUF001

    def test_evidence_with_only_another_digest_says_what_it_does_not_hold(self, answered: Desk) -> None:
        """Something differs, and what it is cannot be known from here."""
        evidence = json.loads(answered.evidence.read_text())
        evidence["arms"][2]["results_digest"] = "0" * 64
        answered.evidence.write_text(json.dumps(evidence))
        answered.commit()
        said = answered.clone().expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "Q-tables, visits, curves or other metrics differ; the evidence does not hold them" in row(
            said, "gambler"
        )

    def test_a_commit_that_declares_another_arm_is_a_finding(self, answered: Desk) -> None:
        """Nothing of it is executed: what was recorded cannot be of that commit."""
        answered.edit(
            answered.experiment, "gambler: {agent: {kind: gambler}}", "gambler: {agent: {kind: gambler, discount: 0.5}}"
        )
        answered.commit()
        other = answered.git("rev-parse", "HEAD")
        answered.git("revert", "--no-edit", "HEAD")
        doctor_record(answered, "gambler", lambda record: record["provenance"]["git"].update(commit=other))
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert row(said, "gambler").rstrip().endswith("differs: the commit declares another arm")
        assert (
            f"the declaration at {other[:12]} resolves to another arm: "
            "arm gambler: agent.discount is 0.5 there, 0.95 recorded"
        ) in said.out
        assert row(said, "drunkard").split()[-1] == "match"

    def test_evidence_on_a_root_that_the_commit_does_not_declare_is_a_finding(self, answered: Desk) -> None:
        """Only an attempt may be on any root: what stands for a question is on the registered one."""
        evidence = json.loads(answered.evidence.read_text())
        evidence["arms"][2]["root"] = 8
        answered.evidence.write_text(json.dumps(evidence))
        answered.commit()
        said = answered.clone().expkit("reproduce", "rq01")
        assert said.code == 1, said
        assert "arm gambler: seeds.root is 7 there, 8 recorded" in said.out


class TestReplications:
    def test_an_attempt_of_a_replication_is_reproduced_on_its_root(self, answered: Desk) -> None:
        """No commit declares that root, which is said; the arm is the declared one."""
        before = answered.records()
        assert answered.expkit("replicate", "rq01", "--root", "1").code == 0
        (gambler,) = (
            file.parent.name
            for file in answered.records() - before
            if json.loads(file.read_text())["work"]["arm"]["name"] == "gambler"
        )
        said = answered.expkit("reproduce", gambler)
        assert said.code == 0, said
        assert "on root 1, which the commit does not declare (a replication)" in said.out
        assert row(said, "gambler").split()[-1] == "match"
        assert "which the commit does not declare" not in answered.expkit("reproduce", "rq01").out

    def test_another_arm_is_told_by_the_nearest_of_its_name(self, answered: Desk) -> None:
        """Of two experiments with an arm of that name, the one that differs in less; another root is no difference."""
        text = answered.experiment.read_text()
        for name, steps, discount in (("first", 800, 0.1), ("second", 400, 0.5)):
            other = text.replace("id: strategies", f"id: {name}").replace("steps: 400", f"steps: {steps}")
            other = other.replace("{kind: gambler}", f"{{kind: gambler, discount: {discount}}}")
            answered.experiment.with_name(f"{name}.yaml").write_text(other)
        answered.edit(answered.experiment, "  gambler: {agent: {kind: gambler}}", "  other: {agent: {kind: gambler}}")
        answered.edit(answered.experiment, "steps: 400", "steps: 900")
        answered.edit(answered.question, "treatment: gambler", "treatment: other")
        answered.commit()
        commit = answered.git("rev-parse", "HEAD")
        attempt = attempt_of(answered, "gambler")
        doctor_record(answered, "gambler", lambda record: record["provenance"]["git"].update(commit=commit))
        said = answered.expkit("reproduce", attempt)
        assert said.code == 1, said
        assert "arm gambler of second: agent.discount is 0.5 there, 0.95 recorded" in " ".join(said.out.split())


def test_ctrl_c_leaves_nothing_behind(desk: Desk, scratch: Path) -> None:
    """No temporary folder, no entry in git, nothing new in the ledger; exit 130."""
    desk.edit(desk.experiment, "steps: 400", "steps: 4000000")
    desk.commit()
    assert desk.expkit("run", "rq01").code == 0
    before = everything(desk)
    process = desk.start("reproduce", "rq01", "-j", "1", TMPDIR=str(scratch))
    assert process.stderr is not None
    assert "running 18 trials" in process.stderr.readline()
    assert list(scratch.iterdir()) != []
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; nothing was compared and nothing is left behind" in err
    assert "Traceback" not in err
    assert list(scratch.iterdir()) == []
    assert everything(desk) == before
