"""What people rewrite without touching what was decided: none of it costs a verdict its standing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.registration import draws, rewrites  # noqa: F401
from tests.registration.bench import REWRITES, Bench, Case, Start


@pytest.mark.parametrize("case", REWRITES, ids=lambda case: case.name)
def test_a_rewrite_demotes_nothing(case: Case, bench_at: Callable[[Start], Bench]) -> None:
    """Everything a run says afterwards is confirmatory, and the check finds no failure."""
    bench = bench_at(case.start)
    questions = case.act(bench) or bench.questions()
    for name in questions:
        found = bench.run(name).hypotheses
        assert {one.standing for one in found} == {"confirmatory"}, [one.standing_reason for one in found]
        assert bench.failures(name) == []
