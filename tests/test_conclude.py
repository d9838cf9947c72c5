from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from expkit.conclude import conclude
from expkit.dossier import Dossier
from expkit.errors import CheckFailed
from expkit.project.read import read_project

if TYPE_CHECKING:
    from tests.conftest import Desk


def dossier(desk: Desk) -> Dossier:
    """The question with everything that stands about it."""
    project = read_project(desk.root)
    return Dossier(project, project.questions["rq01"])


def files(desk: Desk) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of everything in the question's folder."""
    folder = desk.question.parent
    found = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in found}


def falsify(desk: Desk) -> None:
    """Make the committed evidence one of other results."""
    evidence = json.loads(desk.evidence.read_text())
    evidence["arms"][0]["results_digest"] = "0" * 64
    desk.evidence.write_text(json.dumps(evidence))


def test_the_same_results_confirm_and_touch_nothing(answered: Desk) -> None:
    """Not even a file's time."""
    before = files(answered)
    found = conclude(dossier(answered))
    assert found.confirmed
    assert found.changed == ()
    assert files(answered) == before


def test_a_lost_document_is_written_again_from_the_evidence(answered: Desk) -> None:
    """It is the evidence that stands; the document follows from it."""
    before = files(answered)
    answered.outcome.unlink()
    found = conclude(dossier(answered))
    assert found.confirmed
    assert found.changed == ("research_questions/rq01/outcome.md",)
    assert {name: content for name, (content, _) in files(answered).items()} == {
        name: content for name, (content, _) in before.items()
    }


def test_a_changed_claim_is_judged_anew_and_is_exploratory(answered: Desk) -> None:
    """The data were there before this decision was."""
    answered.edit(answered.question, "at_least: 0}", "at_least: 1}")
    found = conclude(dossier(answered))
    assert not found.confirmed
    assert "research_questions/rq01/evidence.json" in found.changed
    assert found.evidence.hypotheses[0].standing == "exploratory"
    assert found.evidence.previous is not None


def test_other_results_change_nothing_and_are_told(answered: Desk) -> None:
    """A finding, with the arm it is about."""
    falsify(answered)
    before = files(answered)
    with pytest.raises(CheckFailed) as finding:
        conclude(dossier(answered))
    assert "drunkard" in str(finding.value)
    assert "--accept" in str(finding.value)
    assert files(answered) == before


def test_other_results_replace_the_evidence_when_somebody_says_so(answered: Desk) -> None:
    """The true evidence is found again."""
    true = dossier(answered).evidence
    falsify(answered)
    found = conclude(dossier(answered), accept=True)
    assert true is not None
    assert [arm.results_digest for arm in found.evidence.arms] == [arm.results_digest for arm in true.arms]
    assert conclude(dossier(answered)).confirmed


@pytest.mark.parametrize(
    ("said", "number"), [("estimate", 1e6), ("interval", {"low": 1.0, "high": 2.0}), ("p", 0.5), ("level", 0.9)]
)
def test_statistics_that_the_results_do_not_give_are_told_where_they_are_computed(
    answered: Desk, said: str, number: object
) -> None:
    """Beside true digests a forged number is seen by whoever computes it anew, and may be replaced by the true one."""
    true = dossier(answered).evidence
    evidence = json.loads(answered.evidence.read_text())
    evidence["hypotheses"][0]["test"][said] = number
    answered.evidence.write_text(json.dumps(evidence))
    with pytest.raises(CheckFailed, match=f"hypothesis h1: test.{said}|hypothesis h1: verdict"):
        conclude(dossier(answered), anew=True)
    assert true is not None
    assert conclude(dossier(answered), anew=True, accept=True).evidence.hypotheses == true.hypotheses
