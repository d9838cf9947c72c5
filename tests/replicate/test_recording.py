from __future__ import annotations

import pytest

from expkit.dossier import Dossier
from expkit.errors import CheckFailed
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.standing import Records
from tests.conftest import Desk
from tests.replicate.acts import (
    again,
    edit_evidence,
    evidence_of,
    failures,
    opened,
    push,
    run,
)


class TestRecording:
    def test_a_recorded_replication_stands_in_the_outcome_and_checks(self, clear: Desk) -> None:
        """Evidence and document are written, and nothing else; they agree with each other and with git."""
        found = again(clear, record=True)
        assert found.changed == ("research_questions/rq01/outcome.md", "research_questions/rq01/evidence.json")
        assert evidence_of(clear).replications == (found.replication,)
        assert "1 replication: 2 of 2 verdicts agree." in clear.outcome.read_text()
        assert failures(clear) == []
        assert found.replication.draw.commit == clear.git("rev-parse", "HEAD")
        assert found.replication.run.commit == found.replication.draw.commit
        assert found.replication.run.dirty is False

    def test_recorded_twice_it_is_one(self, clear: Desk) -> None:
        """The second time nothing runs and nothing is written."""
        first = again(clear, record=True)
        before = clear.evidence.read_bytes()
        second = again(clear, record=True)
        assert (second.known, second.changed, second.tally.attempts) == (True, (), ())
        assert second.replication == first.replication
        assert clear.evidence.read_bytes() == before

    def test_a_rerun_keeps_what_was_recorded(self, clear: Desk) -> None:
        """With the same results the evidence stays; under another declaration it is of an earlier one."""
        recorded = again(clear, record=True).evidence
        before = clear.evidence.read_bytes()
        run(clear)
        assert clear.evidence.read_bytes() == before
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        clear.commit()
        assert run(clear).replications == recorded.replications
        assert "of an earlier declaration" in clear.outcome.read_text()
        assert "1 replication:" not in clear.outcome.read_text()
        assert failures(clear) == []

    def test_what_stands_is_kept_whatever_files_tell(self, clear: Desk) -> None:
        """Evidence built on evidence has its replications, and their grades."""
        push(clear)
        recorded = again(clear, record=True).evidence
        clear.edit(clear.question, "title: What is clear", "title: What was clear")
        project = opened(clear)
        dossier = Dossier(project, project.questions["rq01"])
        built = build_evidence(
            question=dossier.question,
            experiments=dossier.experiments,
            planned=dossier.planned,
            results=dossier.results,
            records=Records(),
            previous=recorded,
        )
        assert built.replications == recorded.replications
        assert built.hypotheses == recorded.hypotheses

    def test_evidence_that_was_deleted_finds_its_replications_in_git(self, clear: Desk) -> None:
        """As it finds its registrations."""
        recorded = again(clear, record=True).evidence
        clear.commit()
        clear.evidence.unlink()
        assert run(clear).replications == recorded.replications
        assert failures(clear) == []

    def test_other_trials_on_the_same_root_are_a_finding(self, clear: Desk) -> None:
        """One of the two is not what these seeds give; nothing is written."""
        again(clear, record=True)
        edit_evidence(clear, lambda content: content["replications"][0]["arms"][0].update(results_digest="0" * 64))
        before = clear.evidence.read_bytes()
        with pytest.raises(CheckFailed, match="came out otherwise") as finding:
            again(clear)
        assert "arm drunkard of strategies" in str(finding.value)
        assert clear.evidence.read_bytes() == before

    def test_what_was_tried_and_not_recorded_is_told(self, clear: Desk) -> None:
        """Choosing among replications is choosing among seeds, and this machine knows which were looked at."""
        tried = again(clear, root=11)
        assert tried.unrecorded == ()
        chosen = again(clear, root=12, record=True)
        assert chosen.unrecorded == (11,)
        assert again(clear, root=11, record=True).unrecorded == ()
