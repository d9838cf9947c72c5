"""Every way to launder a result that we know of: each is tried, and none ends confirmatory and unreproached."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from expkit.errors import CheckFailed
from expkit.review.review import review
from tests.registration import (  # noqa: F401
    attacks_on_declarations,
    attacks_on_evidence,
    attacks_on_history,
    attacks_on_trees,
    draws,
)
from tests.registration.bench import ATTACKS, Bench, Case, Start


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case.name)
def test_an_attack_ends_exploratory_or_reproached(case: Case, bench_at: Callable[[Start], Bench]) -> None:
    """Either what a run says afterwards is exploratory, or the check fails, or the run itself does."""
    bench = bench_at(case.start)
    questions = case.act(bench) or bench.questions()
    if case.seen == "check fails":
        assert any(case.says in one for name in questions for one in bench.failures(name)), bench.failures()
    elif case.seen == "run fails":
        with pytest.raises(CheckFailed) as failed:
            bench.run()
        assert case.says in str(failed.value)
    else:
        found = [one for name in questions for one in bench.run(name).hypotheses]
        assert {one.standing for one in found} == {"exploratory"}, [one.standing_reason for one in found]
        assert any(case.says in one.standing_reason for one in found), [one.standing_reason for one in found]


def test_a_review_refuses_another_draw_that_is_called_confirmatory(bench_at: Callable[[Start], Bench]) -> None:
    """Whoever reviews the change sees it, although the evidence says nothing of an earlier draw."""
    bench = bench_at("answered")
    bench.git("checkout", "--quiet", "-b", "feature")
    draws.root_changed(bench)
    bench.run()
    bench.commit()
    assert "claims to be confirmatory" not in [one.title for one in review(bench.root).problems]
    bench.forge(lambda told: [one.update(standing="confirmatory") for one in told["hypotheses"]])
    assert "claims to be confirmatory" in [one.title for one in review(bench.root).failures]
