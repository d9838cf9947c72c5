"""Which root a commit gives, what agrees with what, and what earns the grade."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.outcomes.document import MARKER
from expkit.outcomes.markdown.render import render
from expkit.outcomes.replication import agreement, drawn_root, is_replicated, objection, unique, with_replication
from expkit.outcomes.serialise import evidence_bytes, parse_evidence
from expkit.records.evidence import Draw, Evidence, ReplicatedArm, ReplicatedHypothesis, Replication
from expkit.specs.question import ResearchQuestion

COMMIT = "4f1c9f0a7d2b3e5c6a8b9d0e1f2a3b4c5d6e7f80"
commits = st.text("0123456789abcdef", min_size=40, max_size=40)
roots = st.integers(0, 2**53 - 1)


def replication(evidence: Evidence, verdicts: dict[str, str] | None = None, **changed: Any) -> Replication:
    """A replication that finds the registered numbers again and earns the grade, unless said otherwise."""
    commit = changed.pop("commit", COMMIT)
    declared = changed.pop("declared", True)
    dirty = changed.pop("dirty", False)
    fields: dict[str, Any] = {
        "family_digest": evidence.family_digest,
        "statistics_version": evidence.statistics_version,
        "draw": Draw(commit=commit, pushed=changed.pop("pushed", True)),
        "arms": tuple(
            ReplicatedArm(
                experiment=arm.experiment,
                name=arm.name,
                key=arm.key,
                streams=arm.streams,
                registered_root=arm.root,
                root=drawn_root(commit, arm.root) if commit else 5,
                count=arm.count,
                results_digest=arm.results_digest,
            )
            for arm in evidence.arms
        ),
        "hypotheses": tuple(
            ReplicatedHypothesis(
                id=one.id,
                decision_digest=one.decision_digest,
                declared=declared,
                region=one.region,
                registered=one.verdict,
                verdict=(found := (verdicts or {}).get(one.id, one.verdict)),
                estimate=one.test.estimate if one.test else None,
                interval=one.test.interval if one.test else None,
                level=one.test.level if one.test else None,
                agree=agreement(one.verdict, found),
            )
            for one in evidence.hypotheses
        ),
        "run": evidence.provenance.model_copy(update={"dirty": dirty}),
    }
    return Replication(**(fields | changed))


def grades(evidence: Evidence) -> list[str | None]:
    """The grade of every hypothesis."""
    return [one.grade for one in evidence.hypotheses]


@given(commits, roots)
def test_every_drawn_root_can_be_declared(commit: str, root: int) -> None:
    """It lies where roots may lie, and the same commit gives it again."""
    assert 0 <= drawn_root(commit, root) < 2**53
    assert drawn_root(commit, root) == drawn_root(commit, root)


@given(commits, roots, roots)
def test_experiments_keep_sharing_a_root_or_not(commit: str, one: int, other: int) -> None:
    """Trials that two experiments had in common they have in common again."""
    assert (drawn_root(commit, one) == drawn_root(commit, other)) == (one == other)


def test_the_root_of_a_commit_stays_what_it_is() -> None:
    """Anybody computes it from the commit's id; another rule would make recorded replications forgeries."""
    written = f'{{"commit":"{COMMIT}","root":7}}'
    assert drawn_root(COMMIT, 7) == int(hashlib.sha256(written.encode()).hexdigest()[:13], 16) == 1060792640407469


@pytest.mark.parametrize(
    ("registered", "verdict", "agree"),
    [
        ("supported", "supported", True),
        ("inconclusive", "inconclusive", True),
        ("inconclusive", "supported", False),
        ("supported", "refuted", False),
        ("supported", "invalid", False),
        ("invalid", "supported", None),
        ("withdrawn", "withdrawn", None),
    ],
)
def test_verdicts_agree_when_they_are_the_same(registered: Any, verdict: Any, agree: bool | None) -> None:
    """What was never tested has nothing to agree with."""
    assert agreement(registered, verdict) is agree


def test_an_agreeing_replication_on_a_pushed_commit_earns_the_grade(evidence: Evidence) -> None:
    """Of every hypothesis that it decides as the registered root did."""
    assert grades(evidence) == ["self-registered"] * 3
    assert grades(with_replication(evidence, replication(evidence))) == ["replicated"] * 3


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"commit": None, "pushed": None}, "somebody chose its root"),
        ({"pushed": False}, "no remote is known to have held 4f1c9f0"),
        ({"pushed": None}, "no remote is known to have held 4f1c9f0"),
        ({"declared": False}, "4f1c9f0 does not declare this decision"),
        ({"dirty": True}, "its tree differed from its commit"),
        ({"dirty": None}, "its tree differed from its commit"),
    ],
)
def test_what_could_have_been_chosen_or_changed_earns_none(
    evidence: Evidence, changed: dict[str, Any], why: str
) -> None:
    """It is shown all the same, with the reason."""
    found = replication(evidence, **changed)
    assert why in (objection(found, found.hypotheses[0]) or "")
    assert grades(with_replication(evidence, found)) == ["self-registered"] * 3


def test_a_replication_that_differs_takes_the_grade_away_whatever_came_before(evidence: Evidence) -> None:
    """One that agrees can always be had by trying; h2 goes back to what its registration alone comes to."""
    graded = with_replication(evidence, replication(evidence))
    other = replication(evidence, {"h2": "inconclusive"}, commit="a" * 40)
    after = with_replication(graded, other)
    assert [is_replicated(after, one) for one in after.hypotheses] == [True, False, True]
    assert after.hypotheses[1].grade != "replicated"
    assert with_replication(with_replication(evidence, other), replication(evidence)).hypotheses[1].grade == (
        "self-registered"
    )


def test_one_that_earns_no_grade_takes_none_away(evidence: Evidence) -> None:
    """A root that somebody chose could have been chosen to differ."""
    graded = with_replication(evidence, replication(evidence))
    chosen = replication(evidence, {"h2": "inconclusive"}, commit=None, pushed=None)
    assert [is_replicated(with_replication(graded, chosen), one) for one in graded.hypotheses] == [True] * 3


def test_undecided_twice_and_exploratory_stay_what_they_were(evidence: Evidence) -> None:
    """The grade says that a decision was found again, of a hypothesis that came before its data."""
    undecided, leading = (
        evidence.model_copy(update={"hypotheses": tuple(one.model_copy(update=changed) for one in evidence.hypotheses)})
        for changed in ({"verdict": "inconclusive"}, {"standing": "exploratory", "grade": None})
    )
    assert grades(with_replication(undecided, replication(undecided))) == ["self-registered"] * 3
    assert grades(with_replication(leading, replication(leading))) == [None] * 3


def test_a_replication_speaks_of_the_declaration_it_was_made_of(evidence: Evidence) -> None:
    """Another family, another decision or another registered verdict: it is shown, and grades nothing."""
    found = replication(evidence)
    turned = {"supported": "refuted", "refuted": "supported"}
    replaced = tuple(one.model_copy(update={"verdict": turned[one.verdict]}) for one in evidence.hypotheses)
    for changed in ({"family_digest": "0" * 64}, {"hypotheses": replaced}):
        assert "replicated" not in grades(with_replication(evidence.model_copy(update=changed), found))


def test_the_same_replication_twice_is_one_as_it_was_recorded_first(evidence: Evidence) -> None:
    """Whoever runs it again, later and after a push."""
    first, again = replication(evidence, pushed=False), replication(evidence)
    assert unique([first, again]) == (first,)
    assert with_replication(with_replication(evidence, first), again).replications == (first,)


def test_evidence_without_replications_is_written_as_it_always_was(evidence: Evidence) -> None:
    """The key is not there, so that files written before stay byte for byte."""
    assert b"replications" not in evidence_bytes(evidence)
    graded = with_replication(evidence, replication(evidence))
    assert parse_evidence(evidence_bytes(graded)) == graded


class TestTheOutcome:
    def test_says_nothing_where_there_is_none(self, question: ResearchQuestion, evidence: Evidence) -> None:
        """Neither a section nor a count."""
        assert "eplication" not in render(question, evidence)

    def test_counts_agreement_at_its_head_and_shows_both_sides(
        self, question: ResearchQuestion, evidence: Evidence
    ) -> None:
        """The registered estimate, the replication's, and whether the verdicts are the same."""
        text = render(question, with_replication(evidence, replication(evidence)))
        head, rest = text.split("## Hypotheses")
        assert "1 replication: 3 of 3 verdicts agree." in head
        assert "All confirmatory, replicated: a root drawn from a commit" in head
        section = rest.split("## Replications")[1].split("## Arms")[0]
        assert f"**Root {drawn_root(COMMIT, 20261120)}, drawn from 4f1c9f0**: 3 of 3 verdicts agree." in section
        assert section.count("| agrees |") == 3
        assert "earns" not in section
        assert text.endswith(f"{MARKER}\n")

    def test_a_verdict_not_found_again_is_read_before_trusting(
        self, question: ResearchQuestion, evidence: Evidence
    ) -> None:
        """Where a reviewer looks for what stands against an answer."""
        found = replication(evidence, {"h2": "inconclusive"}, commit=None, pushed=None)
        text = render(question, with_replication(evidence, found))
        assert "- **Not found again.** h2 is refuted here and inconclusive on root 5, as given." in text
        assert "1 replication: 2 of 3 verdicts agree." in text
        assert "It earns no grade: somebody chose its root." in text

    def test_one_of_an_earlier_declaration_is_shown_as_such(
        self, question: ResearchQuestion, evidence: Evidence
    ) -> None:
        """With the verdicts it was held against, and without a count at the head."""
        later = evidence.model_copy(update={"family_digest": "0" * 64})
        text = render(question, with_replication(later, replication(evidence)))
        assert "drawn from 4f1c9f0, of an earlier declaration or earlier results**: 3 of 3 verdicts agree." in text
        assert "1 replication:" not in text
        assert "| h2 | ✗\u00a0refuted | " in text
