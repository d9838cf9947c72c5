from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64
from pydantic import TypeAdapter

from expkit.digests import digest
from expkit.specs.agent import Agent, Sarsa
from expkit.specs.recording import Trajectories
from expkit.training import learner_kernel
from expkit.training.kernel import Table
from expkit.training.learners import parameters
from expkit.training.mdp import Mdp
from expkit.training.minds import begin
from expkit.training.reference import reference_trial
from expkit.training.streams import seeding_words, stream
from expkit.training.tables import keep
from expkit.training.train import train
from expkit.training.trajectories import recorded_trajectories
from tests.training.conftest import MakeWork
from tests.training.drawn import KEY, ROOT, agents, tables, trained
from tests.training.test_own_agent import own

LEARNERS = ["gambler", "q_learning", "sarsa", "expected_sarsa", "double_q", "dyna_q", "certainty_equivalence"]
limits = st.one_of(st.integers(1, 12), st.integers(1, 200))


def agent(kind: str, **how: Any) -> Agent:
    """An agent as it is declared."""
    return TypeAdapter[Agent](Agent).validate_python({"kind": kind, **how})


def surely(following: list[list[int]], reward: float = 0.0) -> Mdp:
    """A world without chance or end that starts in state 0; every step is paid alike. following: [states][actions]."""
    shape = (*np.shape(following), 1)
    return Mdp(
        next_state=np.array(following)[..., None],
        reward=np.full(shape, reward),
        probability=np.ones(shape),
        terminal=np.zeros(shape, dtype=bool),
        start=np.eye(len(following))[0],
    )


def corridor() -> Mdp:
    """Five rooms, and a pit that nobody leaves: action 0 leads down; 1 leads on, and out of the last room, for 1."""
    last, pit = 4, 5
    exits = np.zeros((6, 2, 1), dtype=bool)
    exits[last, 1] = True
    return Mdp(
        next_state=np.array([*([pit, room + 1] for room in range(last)), [pit, 0], [pit, pit]])[..., None],
        reward=exits.astype(float),
        probability=np.ones((6, 2, 1)),
        terminal=exits,
        start=np.eye(6)[0],
    )


ONWARDS = surely([[1, 1], [1, 1]])


@settings(max_examples=150, deadline=None)
@given(mdp=tables(), agent=agents, steps=st.integers(40, 200), limit=limits, block=st.integers(1, 200))
def test_the_kernel_equals_the_reference_byte_for_byte(
    mdp: Mdp, agent: Agent, steps: int, limit: int, block: int
) -> None:
    """Any agent on any table under any limit, in blocks of any size: an episode goes on from one to the next."""
    trials = trained(mdp, agent, steps, [3, 4], time_limit=limit, block_steps=block)
    trial = reference_trial(
        mdp, agent, steps=steps, root=ROOT, arm_key=KEY, streams="independent", seed=4, time_limit=limit
    )
    assert trials.q[1].tobytes() == np.array(trial.q).tobytes()
    assert trials.visits[1].tolist() == trial.visits
    assert trials.curve[1].tolist() == trial.curve


@settings(max_examples=50, deadline=None)
@given(mdp=tables(), agent=agents, steps=st.integers(40, 200), more=st.integers(1, 5))
def test_a_limit_that_no_episode_reaches_changes_nothing(mdp: Mdp, agent: Agent, steps: int, more: int) -> None:
    """The same digests, though it is another kernel that trains the simple agents."""
    unlimited = trained(mdp, agent, steps, [0, 1])
    assert trained(mdp, agent, steps, [0, 1], time_limit=steps + more).trial_digests == unlimited.trial_digests


@pytest.mark.parametrize("kind", LEARNERS)
def test_what_would_have_followed_still_counts(kind: str) -> None:
    """Cut off in state 1, where it never acts, a learner that holds 8 of it comes to half of that in state 0, not 0."""
    how = {"replan_every": 1} if kind == "certainty_equivalence" else {"learning_rate": 1.0}
    trials = trained(ONWARDS, agent(kind, discount=0.5, initial_value=8.0, **how), 200, [0, 1], time_limit=1)
    assert trials.visits[:, 1].tolist() == [[0, 0]] * 2
    assert trials.q.tolist() == [[[4.0, 4.0], [8.0, 8.0]]] * 2


def test_a_value_goes_on_growing_across_every_cut() -> None:
    """One state, one action, paid 1: q = 1 + q / 2 again and again, which is 2 - 2 ** (1 - n) after n steps."""
    loop = surely([[0]], reward=1.0)
    for kind in ("q_learning", "sarsa", "expected_sarsa"):
        trials = trained(loop, agent(kind, discount=0.5, learning_rate=1.0), 40, [0], time_limit=1)
        assert trials.q.tolist() == [[[2 - 2.0**-39]]]


def test_who_falls_into_a_pit_learns_again_where_episodes_are_cut_off() -> None:
    """Without a limit nobody learns anything, ever; cut off after ten steps, everybody finds the way out."""
    gambler, seeds = agent("gambler", discount=0.9), list(range(5))
    assert not trained(corridor(), gambler, 20_000, seeds).q.any()
    assert trained(corridor(), gambler, 20_000, seeds, time_limit=10).metrics["optimal_policy"].all()


def test_an_agent_of_ones_own_is_cut_off_alike() -> None:
    """Q-learning of one's own and expkit's, byte for byte, in blocks of 37 steps."""
    exploration = {"kind": "epsilon_greedy", "epsilon": {"kind": "constant", "value": 0.2}}
    expected = trained(corridor(), agent("q_learning", exploration=exploration), 300, [2, 3], time_limit=7)
    again = trained(corridor(), own(), 300, [2, 3], time_limit=7, block_steps=37)
    assert again.trial_digests == expected.trial_digests


def test_a_cut_takes_one_word_of_the_starts_and_none_of_another_stream() -> None:
    """Five hundred steps in episodes of ten: fifty-one starts."""
    words = seeding_words(ROOT, KEY, "independent", [7], count=4)
    table, declared = Table.of(ONWARDS), parameters(Sarsa(kind="sarsa"), 500)
    lanes, minds = begin(ONWARDS, table, declared, words)
    learner_kernel.advance(table, declared, lanes, minds, first=0, last=500, steps=500, time_limit=10)
    for number, taken in ((0, 500), (1, 500), (2, 51)):
        expected = PCG64(stream(ROOT, KEY, "independent", 7, number)).advance(taken).random_raw()
        assert learner_kernel._word(lanes.generators[0, number].copy(), 0) == expected


def test_the_numbers_are_those_of_this_engine_version(make_work: MakeWork) -> None:
    """When this changes, raise ENGINE_VERSION, as in test_train: sha256 of ten whole trials each."""
    table = {"kind": "table", "file": "environments/corridor.csv", "digest": keep(corridor()), "time_limit": 10}
    found = {kind: digest(list(train(make_work({"kind": kind}, steps=2000, **table)).trial_digests)) for kind in GOLDEN}
    assert found == GOLDEN


GOLDEN = {
    "gambler": "e7e6e59ae56c37944bd8ae4ebb66c65d5dcf733a952b02af329b0a19d6eb246d",
    "sarsa": "9a082ab241a3023cdf5859c8cfcdc632b5c4ff46772cde14994a98f933ea862e",
}


def test_recorded_steps_tell_where_the_episode_was_cut(make_work: MakeWork) -> None:
    """The state that would have gone on stands there, as no end; the next step begins at the start."""
    table = {"kind": "table", "file": "environments/on.csv", "digest": keep(ONWARDS), "time_limit": 4}
    work = make_work({"kind": "sarsa"}, [0], steps=40, **table)
    steps = recorded_trajectories(work, Trajectories(seeds=(0,)), train(work))
    assert steps["state"].tolist() == [0, 1, 1, 1] * 10
    assert steps["next_state"].tolist() == [1] * 40
    assert not steps["terminal"].any()
