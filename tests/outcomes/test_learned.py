from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from expkit.ledger.results import ArmResults
from expkit.outcomes.figures.draw import draw_learned
from expkit.outcomes.figures.learned import Learned, learned
from expkit.outcomes.figures.policy import is_small, right
from expkit.plan import PlannedArm, plan
from tests.outcomes.test_figures import HOSTILE, texts
from tests.project.test_environments import E, experiment

DUNGEON = Learned(
    arm="strategies/gambler",
    states=("tile 1", "tile 2", "tile 3"),
    actions=("FORWARD", "BACKWARD"),
    q=np.array([[9.25, 1.5], [2.0, 2.0], [1.0, 3.0]]),
    greedy=np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]]),
    ties=np.array([0.0, 1.0, 0.0]),
    best=np.array([[True, False]] * 3),
    measure="average reward per step",
    start=np.array([True, False, False]),
    seeds=4,
    is_dungeon=True,
)
TABLE = replace(
    DUNGEON,
    states=("state 0", "state 1", "state 2"),
    actions=("action 0", "action 1"),
    best=np.array([[True, False], [True, True], [False, False]]),
    is_dungeon=False,
)


def test_a_dungeon_is_drawn_with_what_each_tile_was_worth() -> None:
    """Q-values, shares of seeds, the start and ties are written; who is wrong where is written, too."""
    words = texts(draw_learned(DUNGEON))
    assert {"tile 1", "start", "100 % tie", "Q 9.25", "25 %", "75 %", "→ FORWARD", "← BACKWARD"} <= set(words)
    assert right(DUNGEON) == [1.0, 0.5, 0.25]
    assert [word for word in words if word in ("seeds right", "most seeds are wrong")] == [
        "seeds right",
        "most seeds are wrong",
    ]


def planned(representation: str) -> PlannedArm:
    """A gambler in a dungeon of three tiles."""
    text = f"""\
id: coin
title: Three tiles
environment: {{kind: dungeon, length: 3}}
trainer: {{kind: tabular, steps: 100}}
arms: {{gambler: {{agent: {{kind: gambler}}{representation}}}}}
seeds: {{root: 1, count: 4}}
"""
    return plan(experiment({E: text.encode()}), lambda *_: frozenset())[0]


def results(q: NDArray[np.float64], failed: dict[int, str]) -> ArmResults:
    """As the ledger joins them, of as many seeds as there are tables."""
    found = ArmResults(
        arm_key="0" * 64,
        root=1,
        streams="independent",
        seeds=tuple(range(len(q))),
        metrics={},
        trial_digests=(),
        failed=failed,
        attempts=(),
        rows=(),
        folder=Path(),
    )
    found.__dict__["q"] = q  # what it would read on first use
    return found


def test_tables_are_put_together_over_the_seeds_that_finished() -> None:
    """The mean of Q, the share of seeds by greedy action with ties split, and the exact best beside them."""
    q = np.array([[[4.0, 0.0]] * 3, [[2.0, 2.0]] * 3, [[0.0, 1.0]] * 3, [[99.0, 0.0]] * 3])
    table = learned(planned(""), results(q, {3: "it broke"}))
    assert (table.seeds, table.is_dungeon, table.states) == (3, True, ("tile 1", "tile 2", "tile 3"))
    assert table.q.tolist() == [[2.0, 1.0]] * 3
    assert table.greedy.tolist() == [[0.5, 0.5]] * 3
    assert table.ties.tolist() == [1 / 3] * 3
    assert table.start.tolist() == [True, False, False]
    assert table.best is not None
    assert table.best.tolist() == [[True, False]] * 3


def test_what_a_learner_cannot_tell_apart_has_no_best_action() -> None:
    """Rows of a represented table are no tiles; training still starts in one of them."""
    arm = planned(", representation: {kind: history, length: 2}")
    table = learned(arm, results(np.zeros((2, 9, 2)), {}))
    assert table.best is None
    assert not table.is_dungeon
    assert table.states[:2] == ("row 0", "row 1")
    assert table.start.sum() == 1


def test_any_other_table_has_a_row_for_each_state_that_something_leads_to() -> None:
    """What no policy reaches is left out and counted; without an optimum, nothing is left out and nothing framed."""
    words = texts(draw_learned(TABLE))
    assert {"state 0, start", "state 1, 100 % tie", "100 % · Q 9.25", "action 1"} <= set(words)
    assert not any(word.startswith("state 2") for word in words)
    assert any("1 state that nothing leads to left out" in word for word in words)
    unknown = texts(draw_learned(replace(TABLE, best=None)))
    assert "state 2" in unknown
    assert not {"exactly best", "seeds right"} & set(unknown)


def test_a_table_that_nobody_could_read_is_not_small() -> None:
    """Sixty states are; of those that can be reached."""
    many = replace(
        TABLE,
        states=tuple(f"state {k}" for k in range(61)),
        q=np.zeros((61, 2)),
        greedy=np.full((61, 2), 0.5),
        ties=np.ones(61),
        best=np.ones((61, 2), dtype=np.bool_),
        start=np.zeros(61, dtype=np.bool_),
    )
    assert is_small(TABLE)
    assert not is_small(many)
    assert many.best is not None
    assert is_small(replace(many, best=many.best & (np.arange(61) < 60)[:, None]))


@pytest.mark.parametrize("table", [DUNGEON, TABLE], ids=["dungeon", "table"])
def test_the_same_table_is_the_same_bytes_under_a_hostile_matplotlibrc(table: Learned, tmp_path: Path) -> None:
    """Whatever settings the process has."""
    here = draw_learned(table)
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    with matplotlib.rc_context(fname=str(tmp_path / "matplotlibrc")):
        assert draw_learned(table) == here
