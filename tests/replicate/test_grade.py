from __future__ import annotations

from dataclasses import replace
from typing import Any

from expkit.outcomes.replication import drawn_root
from tests.conftest import Desk
from tests.replicate.acts import (
    REGISTERED,
    again,
    edit_evidence,
    evidence_of,
    failures,
    findings,
    push,
    run,
    trusts,
)


class TestTheGrade:
    def test_without_a_remote_nobody_else_could_know(self, clear: Desk) -> None:
        """The commit is there, and might have been made again until it pleased."""
        found = again(clear, record=True)
        assert found.replication.draw.pushed is None
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        assert "no remote is known to have held" in clear.outcome.read_text()

    def test_drawn_from_a_pushed_commit_it_is_earned_and_verified(self, clear: Desk) -> None:
        """Here and in a clone of the remote, as far as git can say."""
        push(clear)
        found = again(clear, record=True)
        assert {one.grade for one in found.evidence.hypotheses} == {"replicated"}
        assert "All confirmatory, replicated" in clear.outcome.read_text()
        assert failures(clear) == []
        assert trusts(clear) == {"verified"}
        clear.commit()
        push(clear)
        assert trusts(clear.clone()) == {"verified"}

    def test_a_commit_that_was_not_pushed_yet_earns_none(self, clear: Desk) -> None:
        """There is a remote, and it holds an earlier one."""
        push(clear)
        clear.commit()
        found = again(clear, record=True)
        assert found.replication.draw.pushed is False
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_looking_first_and_pushing_then_earns_none(self, clear: Desk) -> None:
        """The trials had run before a remote held the commit; they tell it of themselves."""
        again(clear)
        push(clear)
        found = again(clear, record=True)
        assert found.tally.attempts == ()
        assert found.replication.draw.pushed is False
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_pushed_first_it_may_be_looked_at_and_recorded_later(self, clear: Desk) -> None:
        """The trials ran from the very commit, pushed."""
        push(clear)
        again(clear)
        assert {one.grade for one in again(clear, record=True).evidence.hypotheses} == {"replicated"}

    def test_a_root_that_was_given_earns_none(self, clear: Desk) -> None:
        """Not even the one that the commit would have given."""
        push(clear)
        found = again(clear, record=True, root=drawn_root(clear.git("rev-parse", "HEAD"), REGISTERED))
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        assert again(clear, record=True).known
        assert {one.grade for one in evidence_of(clear).hypotheses} == {"self-registered"}

    def test_a_commit_from_before_the_hypothesis_earns_none(self, clear: Desk) -> None:
        """Its root was known to whoever wrote the claim."""
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        clear.edit(clear.question, "at_most: 1}", "at_most: 2}")
        clear.edit(clear.experiment, "root: 7", "root: 8")
        earlier = clear.git("rev-parse", "HEAD")
        clear.commit()
        run(clear)
        clear.commit()
        push(clear)
        found = again(clear, record=True, commit=earlier)
        assert {one.declared for one in found.replication.hypotheses} == {False}
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        forged = clear.evidence.read_text().replace('"declared": false', '"declared": true')
        clear.evidence.write_text(forged)
        assert any("do not declare what was replicated" in failure for failure in failures(clear))

    def test_a_changed_tree_earns_none(self, clear: Desk) -> None:
        """What ran is not what the commit holds."""
        push(clear)
        (clear.root / "pyproject.toml").write_text('[tool.expkit]\nproject = "trial"\n\n')
        found = again(clear, record=True)
        assert found.replication.run.dirty is True
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_it_cannot_be_written_in_by_hand(self, clear: Desk) -> None:
        """Nor left out, once it is earned."""
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(grade="replicated"))
        assert any("h1 is called replicated" in failure for failure in failures(clear))
        clear.git("restore", ".")
        push(clear)
        again(clear, record=True)
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(grade="self-registered"))
        assert any("h1 is not called replicated" in failure for failure in failures(clear))

    def test_a_push_that_never_was_is_not_verified(self, clear: Desk) -> None:
        """That a remote held it then is the runner's word; that none holds it now is seen."""
        push(clear)
        clear.commit()
        again(clear, record=True)

        def claim(content: dict[str, Any]) -> None:
            content["replications"][0]["draw"]["pushed"] = True
            for one in content["hypotheses"]:
                one["grade"] = "replicated"

        edit_evidence(clear, claim)
        assert trusts(clear) == {"not verifiable here"}
        assert any("none that is known here holds it now" in str(one) for one in findings(clear))

    def test_where_the_commit_is_not_it_cannot_be_verified(self, clear: Desk) -> None:
        """A shallow clone says so, with what to type, and holds nothing against it."""
        push(clear)
        again(clear, record=True)
        clear.commit()
        folder = clear.root.parent / "shallow"
        clear.git("clone", "--quiet", "--depth=1", clear.root.as_uri(), str(folder))
        shallow = replace(clear, root=folder)
        assert trusts(shallow) == {"not verifiable here"}
        assert failures(shallow) == []
        notes = [str(one) for one in findings(shallow) if one.severity == "note"]
        assert any("replicated on root" in note and "git fetch --unshallow" in note for note in notes)
