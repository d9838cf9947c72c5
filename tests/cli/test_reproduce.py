from __future__ import annotations

import json
import platform
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Desk, Said
from tests.reproduction.doctored import OTHER_ARCHITECTURE, attempt_of, doctor_record, doctor_trials, record_of

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


class TestStatesOfTheTree:
    def test_a_declaration_changed_since_is_not_held_against_the_record(self, answered: Desk) -> None:
        """What the evidence speaks of is executed as its commit declares it."""
        answered.edit(answered.experiment, "steps: 400", "steps: 800")
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert row(said, "gambler").split()[2] == attempt_of(answered, "gambler")

    def test_a_dirty_run_is_reproduced_with_its_patch(self, desk: Desk) -> None:
        """What differed from the commit was kept, and is said."""
        desk.edit(desk.experiment, "steps: 400", "steps: 800")
        assert desk.expkit("run", "rq01").code == 0
        desk.git("checkout", "--quiet", "experiments")
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        commit = desk.git("rev-parse", "HEAD")
        assert f"the tree was dirty when this was recorded: its patch is applied to {commit[:12]}" in said.out
        assert f"{commit[:12]} dirty" in row(said, "gambler")

    def test_a_dirty_run_whose_patch_is_gone_is_held_against_the_commit(self, desk: Desk) -> None:
        """Arm keys decide: another file of the tree changes no number, another declaration is a finding."""
        for name in "abc":  # together more than is kept of a patch
            (desk.root / f"{name}.txt").write_text("words\n" * 100_000)
        assert desk.expkit("run", "rq01").code == 0
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "the tree was dirty when this was recorded, and what it differed by is not kept whole" in said.out
        desk.edit(desk.experiment, "steps: 400", "steps: 800")
        assert desk.expkit("run", "rq01").code == 0
        other = desk.expkit("reproduce", "rq01")
        assert other.code == 1, other
        assert "arm gambler: trainer.steps is 400 there, 800 recorded" in other.out

    def test_a_patch_that_cannot_be_applied_is_told_with_its_reason(self, desk: Desk) -> None:
        """A binary file is named in a patch, and its bytes are not in it."""
        (desk.root / "words.bin").write_bytes(b"\0\1\2")
        assert desk.expkit("run", "rq01").code == 0
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "the tree was dirty when this was recorded, and its patch cannot be applied (" in said.out
        assert "words.bin" in said.out

    def test_seeds_of_two_commits_are_two_rows_of_one_arm(self, answered: Desk) -> None:
        """Each from its own commit; a sample is still of the arm."""
        answered.edit(answered.experiment, "count: 6", "count: 8")
        answered.commit()
        assert answered.expkit("run", "rq01").code == 0
        found = answered.json("reproduce", "rq01")
        assert [(arm["arm"], len(arm["seeds"])) for arm in found["arms"]] == [
            (name, count) for name in ("drunkard", "accountant", "gambler") for count in (2, 6)
        ]
        assert len({arm["commit"] for arm in found["arms"]}) == 2
        sample = answered.json("reproduce", "rq01", "--sample", "2")
        assert sorted(seed for arm in sample["arms"] if arm["arm"] == "gambler" for seed in arm["seeds"]) == [0, 7]

    def test_an_arm_that_was_never_run_is_named(self, answered: Desk) -> None:
        """What was compared is reported as what it is, and no more."""
        answered.edit(answered.experiment, "arms:", "arms:\n  careful: {agent: {kind: gambler, learning_rate: 0.01}}")
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "not compared: of strategies/careful nothing whole is recorded" in said.out
        assert "reproduced: 18 trials" in said.out


class TestWhatCannotBeReproduced:
    def refused(self, desk: Desk, *arguments: str, code: int, words: list[str], **settings: str) -> None:
        said = desk.expkit("reproduce", *arguments, **settings)
        assert said.code == code, said
        for word in words:
            assert word in said.err
        assert said.out == ""

    def test_a_question_that_was_never_run(self, desk: Desk) -> None:
        """The next thing to type is in the message."""
        self.refused(desk, "rq01", code=2, words=["rq01 was never run", "expkit run rq01"])

    def test_names_of_nothing(self, answered: Desk) -> None:
        """A wrong name is refused with the right ones."""
        self.refused(answered, "rq02", code=2, words=["there is no question 'rq02'", "rq01"])
        self.refused(answered, "19991231", code=2, words=["no attempt whose id begins with '19991231'", "expkit show"])

    def test_a_failed_attempt(self, answered: Desk) -> None:
        """It recorded no result that another could equal."""
        doctor_record(
            answered, "gambler", lambda record: record.update(status="failed", result=None, error="out of memory")
        )
        self.refused(answered, attempt_of(answered, "gambler"), code=2, words=["failed", "out of memory"])

    def test_a_damaged_attempt(self, answered: Desk) -> None:
        """What is not what was recorded is nothing to compare with."""
        record_of(answered, "gambler").with_name("trials.npz").write_bytes(b"torn")
        self.refused(answered, attempt_of(answered, "gambler"), code=1, words=["is damaged", "trials.npz"])

    def test_a_run_outside_git(self, desk: Desk) -> None:
        """Without a commit there is nothing to check out."""
        git = shutil.move(desk.root / ".git", desk.root.parent / "git")
        assert desk.expkit("run", "rq01").code == 0
        shutil.move(git, desk.root / ".git")
        self.refused(desk, "rq01", code=2, words=["records no commit", "commit the declarations"])

    def test_a_shallow_clone(self, answered: Desk) -> None:
        """Its history can be fetched."""
        folder = answered.root.parent / "shallow"
        answered.git("clone", "--quiet", "--depth=1", answered.root.as_uri(), str(folder))
        self.refused(
            replace(answered, root=folder), "rq01", code=5, words=["this clone is shallow", "git fetch --unshallow"]
        )

    def test_a_commit_that_was_squashed_away(self, answered: Desk) -> None:
        """Said as such, with where it may still be."""
        answered.git("checkout", "--quiet", "--orphan", "squashed")
        answered.commit()
        folder = answered.root.parent / "squashed"
        answered.git("clone", "--quiet", "--single-branch", "--branch=squashed", answered.root.as_uri(), str(folder))
        self.refused(replace(answered, root=folder), "rq01", code=5, words=["squashed", "git fetch origin "])

    def test_another_architecture(self, answered: Desk) -> None:
        """Bytes are promised on one architecture; the hypotheses can be tested on any."""
        doctor_record(
            answered, "gambler", lambda record: record["provenance"]["machine"].update(architecture=OTHER_ARCHITECTURE)
        )
        words = [f"recorded on {OTHER_ARCHITECTURE}", f"this host runs {platform.machine()}", "expkit replicate"]
        self.refused(answered, "rq01", code=5, words=words)

    def test_another_engine_version(self, answered: Desk) -> None:
        """Only the image, or the expkit of then, computes these numbers."""
        from expkit.digests import digest

        def change(record: dict[str, Any]) -> None:
            work = record["work"]
            work["engine_version"] = 2
            work["arm_key"] = digest(
                {
                    "environment": work["environment_digest"],
                    "agent": work["arm"]["agent"],
                    "trainer": work["arm"]["trainer"],
                    "engine": 2,
                }
            )

        old = record_of(answered, "gambler").parent
        doctor_record(answered, "gambler", change)
        key = json.loads(record_of(answered, "gambler").read_text())["work"]["arm_key"]
        new = old.parent.parent / key / old.name
        new.parent.mkdir()
        old.rename(new)
        words = ["recorded with engine version 2", "--on image", "expkit replicate"]
        self.refused(answered, new.name, code=5, words=words)

    def test_no_engine_for_what_was_recorded_in_an_image(self, answered: Desk) -> None:
        """Never silently elsewhere; the option that means this host is in the message, and works."""
        image = f"sha256:{'5' * 64}"
        doctor_record(answered, "gambler", lambda record: record["provenance"]["image"].update(id=image))
        words = [f"recorded in image {image[:19]}", "no container engine answers", "--on host"]
        self.refused(answered, "rq01", code=5, words=words, **NO_ENGINE)
        said = answered.expkit("reproduce", "rq01", "--on", "host", **NO_ENGINE)
        assert said.code == 0, said
        assert f"on this host, as --on host says; it was recorded in {image[:19]}" in said.out

    def test_declarations_that_this_expkit_refuses(self, answered: Desk) -> None:
        """An earlier commit may be written in an earlier language."""
        answered.edit(answered.experiment, "seeds:", "luck: 3\nseeds:")
        answered.commit()
        other = answered.git("rev-parse", "HEAD")
        answered.git("revert", "--no-edit", "HEAD")
        doctor_record(answered, "gambler", lambda record: record["provenance"]["git"].update(commit=other))
        self.refused(answered, "rq01", code=1, words=[f"at commit {other[:12]} are refused", "luck"])

    def test_contradicting_options(self, answered: Desk) -> None:
        """One of them would have to be ignored."""
        self.refused(answered, "rq01", "--on", "host", "--image", "x:1", code=2, words=["leave one of them out"])


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
