from __future__ import annotations

import json

import pytest

from expkit.errors import CheckFailed, InvalidUsage, TrialFailed
from expkit.execution import local
from expkit.outcomes.replication import drawn_root
from expkit.replicate import draw
from tests.conftest import Desk
from tests.replicate.acts import (
    REGISTERED,
    again,
    edit_evidence,
    evidence_of,
    opened,
    run,
)


class TestDrawing:
    def test_the_root_is_that_of_the_commit(self, clear: Desk) -> None:
        """HEAD by default; a branch, a tag and an abbreviated id name a commit as well."""
        head = clear.git("rev-parse", "HEAD")
        clear.git("tag", "v1")
        project = opened(clear)
        question = project.questions["rq01"]
        named = [draw(project, question), *(draw(project, question, commit=name) for name in ("main", "v1", head[:9]))]
        assert all(one == named[0] for one in named)
        assert named[0].commit == head
        assert dict(named[0].by_experiment) == {"strategies": drawn_root(head, REGISTERED)}

    def test_every_commit_gives_another_root(self, clear: Desk) -> None:
        """So that a later push draws anew."""
        first = draw(opened(clear), opened(clear).questions["rq01"])
        clear.commit()
        assert draw(opened(clear), opened(clear).questions["rq01"]).by_experiment != first.by_experiment

    def test_the_registered_root_is_refused(self, clear: Desk) -> None:
        """It replicates nothing."""
        with pytest.raises(InvalidUsage, match="root 7 is the registered one of strategies"):
            again(clear, root=REGISTERED)

    @pytest.mark.parametrize("name", ["nowhere", "", "--output=made", "-h", "HEAD:.gitignore"])
    def test_what_names_no_commit_is_refused(self, clear: Desk, name: str) -> None:
        """Whatever it looks like, nothing is done with it."""
        with pytest.raises(InvalidUsage, match="there is no commit"):
            again(clear, commit=name)
        assert not (clear.root / "made").exists()


class TestReplicating:
    def test_the_same_decisions_run_on_the_drawn_root_and_once(self, clear: Desk) -> None:
        """Same arms, same count; the ledger keeps the trials under their root, and no hypothesis beside them."""
        before, files = clear.records(), clear.git("status", "--porcelain")
        found = again(clear)
        assert sum(len(attempt.work.seeds) for attempt in found.tally.attempts) == 18
        root = drawn_root(clear.git("rev-parse", "HEAD"), REGISTERED)
        new = [json.loads(record.read_text()) for record in clear.records() - before]
        assert {one["work"]["root"] for one in new} == {root}
        assert all(one["standing"] == [] for one in new)
        assert {(arm.root, arm.registered_root, arm.count) for arm in found.replication.arms} == {(root, REGISTERED, 6)}
        repeated = again(clear)
        assert repeated.tally.attempts == ()
        assert repeated.replication == found.replication
        assert clear.git("status", "--porcelain") == files

    def test_verdicts_stand_beside_the_registered_ones(self, clear: Desk) -> None:
        """These claims are clear on any root."""
        found = again(clear).replication
        assert [(one.registered, one.verdict, one.agree) for one in found.hypotheses] == [
            ("supported", "supported", True),
            ("refuted", "refuted", True),
        ]
        assert [one.decision_digest for one in found.hypotheses] == [
            one.decision_digest for one in evidence_of(clear).hypotheses
        ]

    def test_a_verdict_that_hangs_on_its_seeds_is_not_found_again(self, answered: Desk) -> None:
        """Six seeds of root 7 leave undecided what six of root 1 support: no agreement, and no error."""
        found = again(answered, root=1).replication
        assert [(one.registered, one.verdict, one.agree) for one in found.hypotheses] == [
            ("inconclusive", "supported", False),
            ("supported", "supported", True),
        ]

    def test_the_registered_root_would_find_exactly_the_same(self, clear: Desk) -> None:
        """Which is why it is refused: declared at a drawn root, the question has the replication's numbers."""
        found = again(clear, root=11).replication
        clear.edit(clear.experiment, "root: 7", "root: 11")
        clear.commit()
        registered = run(clear)
        for one, other in zip(registered.hypotheses, found.hypotheses, strict=True):
            assert one.test is not None
            assert (one.verdict, one.test.estimate, one.test.interval, one.test.level) == (
                *(other.verdict, other.estimate, other.interval, other.level),
            )
        assert [arm.results_digest for arm in registered.arms] == [arm.results_digest for arm in found.arms]

    def test_a_root_that_was_replicated_on_cannot_be_registered_any_more(self, clear: Desk) -> None:
        """Its data were there before the decision on them."""
        again(clear, root=11)
        clear.edit(clear.experiment, "root: 7", "root: 11")
        clear.commit()
        assert {one.standing for one in run(clear).hypotheses} == {"exploratory"}

    def test_without_evidence_there_is_nothing_to_replicate(self, desk: Desk) -> None:
        """And nothing runs."""
        with pytest.raises(InvalidUsage, match="no evidence") as refusal:
            again(desk)
        assert "expkit run rq01" in str(refusal.value)
        assert not desk.records()

    def test_stale_evidence_is_not_replicated(self, clear: Desk) -> None:
        """The verdicts of another declaration are none to hold anything against."""
        before = clear.records()
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        with pytest.raises(CheckFailed, match="stale"):
            again(clear)
        assert clear.records() == before

    def test_edited_evidence_is_not_replicated(self, clear: Desk) -> None:
        """A forged verdict would find its agreement."""
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(verdict="refuted"))
        with pytest.raises(CheckFailed, match="contradicts itself"):
            again(clear)

    def test_a_clone_replicates_without_the_registered_trials(self, clear: Desk) -> None:
        """What is committed is enough: a CI run need not run the question itself."""
        here, there = again(clear).replication, again(clear.clone())
        assert len(there.tally.attempts) == 3
        assert there.replication.arms == here.arms
        assert there.replication.hypotheses == here.hypotheses

    def test_a_batch_that_fails_says_how_to_go_on_with_the_same_root(
        self, clear: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Even after another commit, which would give another root."""

        def broken(*_: object, **__: object) -> None:
            raise OSError("the disk is gone")

        monkeypatch.setattr(local, "perform", broken)
        with pytest.raises(TrialFailed) as failure:
            again(clear, record=True)
        assert f"expkit replicate rq01 --commit {clear.git('rev-parse', 'HEAD')} --record" in str(failure.value)
        assert evidence_of(clear).replications == ()
