from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from expkit.errors import ExecutorFailed
from expkit.records.work import Work
from expkit.specs.recording import Trajectories
from expkit.specs.representation import History
from expkit.training.compile import compile_arm
from expkit.training.layout import trajectory_layout
from expkit.training.train import Cancelled, train
from expkit.training.trajectories import recorded_trajectories
from tests.training.conftest import MakeWork
from tests.training.test_own_agent import GREEDY, own

ASKED = Trajectories(seeds=(2, 0), last_steps=50)


def recorded(work: Work, asked: Trajectories = ASKED) -> dict[str, np.ndarray[Any, Any]]:
    """The trajectories of a batch that has just been trained."""
    return recorded_trajectories(work, asked, train(work))


@pytest.mark.parametrize("kind", ["drunkard", "accountant", "gambler", "sarsa", "double_q", "dyna_q"])
def test_the_last_steps_of_chosen_seeds_are_those_the_kernel_took(make_work: MakeWork, kind: str) -> None:
    """One leads to the next, each is possible in the table, and what they pay is what the kernel's curve says."""
    work = make_work({"kind": kind}, range(3), steps=2000, slip=0.2)
    steps = recorded(work)
    assert {name: (array.dtype.str, array.shape) for name, array in steps.items()} == trajectory_layout(work, ASKED)
    assert steps["seed"].tolist() == [2] * 50 + [0] * 50
    assert steps["step"].tolist() == [*range(1950, 2000)] * 2
    mdp = compile_arm(work.tabular)
    for place, (state, action, reward) in enumerate(zip(steps["state"], steps["action"], steps["reward"], strict=True)):
        outcomes = zip(mdp.next_state[state, action], mdp.reward[state, action], strict=True)
        assert (steps["next_state"][place], reward) in set(outcomes)
    own = slice(0, 50)  # one window of the curve: 2000 steps in 40
    assert steps["state"][own][1:].tolist() == steps["next_state"][own][:-1].tolist()
    assert steps["reward"][own].sum() / 50 == pytest.approx(train(work).curve[2, -1])


def test_states_are_the_worlds_and_the_row_stands_beside_them(make_work: MakeWork) -> None:
    """Where a learner sees its last two observations, steps tell where it was, and where it looked."""
    work = make_work({"kind": "gambler"}, range(3), steps=400)
    seen = work.tabular.model_copy(update={"representation": History(kind="history", length=2)})
    steps = recorded(work.model_copy(update={"arm": seen}))
    before, now = steps["state"][:49], steps["state"][1:50]
    assert steps["index"][1:50].tolist() == (before * 5 + now).tolist()
    assert steps["next_state"][:49].tolist() == now.tolist()


def test_an_agent_of_ones_own_takes_its_steps_again_by_itself(make_work: MakeWork) -> None:
    """Those that q_learning takes with the same luck, if it is the same."""
    epsilon = {"kind": "constant", "value": 0.2}
    asked = {"kind": "q_learning", "exploration": {"kind": "epsilon_greedy", "epsilon": epsilon}}
    expected, mine = (make_work(agent, range(3), steps=400, slip=0.2) for agent in (asked, own().model_dump()))
    mine = mine.model_copy(update={"arm_key": expected.arm_key})
    found, known = recorded(mine), recorded(expected)
    assert {name: array.tolist() for name, array in found.items()} == {name: known[name].tolist() for name in known}
    assert {name: array.dtype for name, array in found.items()} == {name: array.dtype for name, array in known.items()}
    with pytest.raises(Cancelled):
        recorded_trajectories(mine, ASKED, train(mine), cancelled=lambda: True)


def test_an_agent_of_ones_own_that_learns_otherwise_is_told(make_work: MakeWork) -> None:
    """Whoever keeps count of its like is another one each time."""
    text = f"import time\n{GREEDY}".replace("[0.0] * actions", "[time.perf_counter()] * actions")
    work = make_work(own(text).model_dump(), range(3), steps=400)
    with pytest.raises(ExecutorFailed, match="they lead to another Q-table") as told:
        recorded(work)
    assert "mine:Greedy learns otherwise from the same numbers" in str(told.value)


def test_a_shorter_training_has_fewer_steps(make_work: MakeWork) -> None:
    """All of them, from the first on."""
    work = make_work({"kind": "gambler"}, [0], steps=40)
    assert recorded(work, Trajectories(seeds=(0,)))["step"].tolist() == [*range(40)]


def test_steps_that_lead_to_another_table_are_not_kept(make_work: MakeWork) -> None:
    """Were kernel and reference ever to disagree, the batch would say so."""
    work = make_work({"kind": "gambler"}, range(3), steps=400)
    trials = train(work)
    trials.q[2, 0, 0] += 1e-9
    with pytest.raises(ExecutorFailed, match="the steps of seed 2 cannot be told"):
        recorded_trajectories(work, ASKED, trials)


def test_a_replay_can_be_called_off(make_work: MakeWork) -> None:
    """Ctrl-C is heard while steps are taken again, too."""
    work = make_work({"kind": "gambler"}, [0], steps=400)
    with pytest.raises(Cancelled):
        recorded_trajectories(work, Trajectories(), train(work), cancelled=lambda: True)


def test_what_is_kept_is_bounded() -> None:
    """A million steps an arm; and no seed twice."""
    with pytest.raises(ValidationError, match="1,000,001 steps would be kept"):
        Trajectories(last_steps=1_000_001)
    with pytest.raises(ValidationError, match="named twice"):
        Trajectories(seeds=(1, 1))
