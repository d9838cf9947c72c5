"""The two sides of a review: which commits they are, and what cannot be read of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidDeclaration
from expkit.review.review import review
from tests.review.conftest import SECOND

if TYPE_CHECKING:
    from tests.conftest import Desk


@pytest.mark.parametrize("known", [True, False])
def test_a_base_without_expkit_or_of_another_version_is_no_obstacle(change: Desk, known: bool) -> None:
    """In the first, everything is added; of the other it says that nobody can compare declarations."""
    files = [change.question.parent, change.experiment.parent]
    change.git("checkout", "--quiet", "main")
    if known:
        for folder in files:
            shutil.rmtree(folder)
    else:
        change.edit(change.question, "title:", "titel:")
        change.evidence.write_text('{"format": 99}')
    change.commit()
    change.git("checkout", "--quiet", "-b", "next")
    change.git("checkout", "feature", "--", ".")
    found = review(change.root)
    if known:
        assert found.sentence.startswith("Adds question rq01 (2 hypotheses: 1 supported, 1 inconclusive); adds 3 arms")
    else:
        assert len(found.remarks) == 2
        assert "cannot read what main declares (" in found.remarks[0]
        assert "The evidence of rq01 in main cannot be read" in found.remarks[1]


def test_a_commit_is_reviewed_without_being_checked_out(amended: Desk) -> None:
    """What was edited since does not count, and what main got since is not removed by it."""
    amended.git("checkout", "--quiet", "main")
    (amended.root / "research_questions" / "rq02").mkdir()
    (amended.root / "research_questions" / "rq02" / "question.yaml").write_text(SECOND)
    amended.commit()
    amended.question.write_text("no: [question")
    found = review(amended.root, head="feature")
    assert found.sentence.startswith("Hypothesis h2 of rq01 was amended after its data existed; 1 verdict moved")
    assert not found.failures


def test_mistakes_in_the_head_are_all_raised(change: Desk) -> None:
    """Nothing can be said of a change that cannot be read."""
    change.edit(change.question, "title:", "titel:")
    with pytest.raises(InvalidDeclaration) as error:
        review(change.root)
    assert {mistake.file for mistake in error.value.mistakes} == {"research_questions/rq01/question.yaml"}
