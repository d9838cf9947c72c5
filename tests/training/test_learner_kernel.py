from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64
from pydantic import TypeAdapter

from expkit.specs.agent import Agent, Bootstrapping, CertaintyEquivalence, DoubleQ, DynaQ, Gambler, QLearning, Sarsa
from expkit.specs.environment import Dungeon
from expkit.specs.exploration import Constant, EpsilonGreedy, Exponential, Linear, Ucb
from expkit.training import learner_kernel
from expkit.training.compile import compile_environment
from expkit.training.kernel import Table
from expkit.training.learners import Schedule, effort, parameters, streams_of
from expkit.training.mdp import Mdp
from expkit.training.minds import begin
from expkit.training.reference import reference_trial
from expkit.training.streams import seeding_words, stream
from tests.training.drawn import KEY, ROOT, learners, schedules, tables, trained

DUNGEON = compile_environment(Dungeon(kind="dungeon"))


@settings(max_examples=25, deadline=None)
@given(mdp=tables(), agent=learners, steps=st.integers(40, 80), limit=st.sampled_from([None, 1, 7]))
def test_the_kernel_of_learners_is_plain_python(mdp: Mdp, agent: Bootstrapping, steps: int, limit: int | None) -> None:
    """Compiled or not: every function of it runs as `py_func`, words included, and every array comes out the same."""
    words = seeding_words(ROOT, KEY, "independent", [0, 1], count=4)
    table, declared = Table.of(mdp), parameters(agent, steps)
    compiled, interpreted = (begin(mdp, table, declared, words) for _ in range(2))
    learner_kernel.advance(table, declared, *compiled, first=0, last=steps, steps=steps, time_limit=limit)

    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        for name, function in vars(learner_kernel).copy().items():
            if hasattr(function, "py_func"):
                patch.setattr(learner_kernel, name, function.py_func)
        learner_kernel.advance(table, declared, *interpreted, first=0, last=steps, steps=steps, time_limit=limit)
    for one, other in zip(compiled, interpreted, strict=True):
        for name, array in vars(one).items():
            assert array.tobytes() == getattr(other, name).tobytes(), name


@settings(max_examples=100, deadline=None)
@given(agent=learners, seed=st.integers(0, 100))
def test_a_learner_that_overflows_does_so_as_in_the_reference(agent: Bootstrapping, seed: int) -> None:
    """Rewards near the largest double: whatever is infinite or no number, it goes the same way, without a warning."""
    mdp = compile_environment(Dungeon(kind="dungeon", small_reward=1.7e308, large_reward=-1.7e308, slip=0.5))
    with warnings.catch_warnings(action="error"):
        trials = trained(mdp, agent, 100, [seed])
    trial = reference_trial(mdp, agent, steps=100, root=ROOT, arm_key=KEY, streams="independent", seed=seed)
    assert np.array_equal(trials.q[0], np.array(trial.q), equal_nan=True)
    assert trials.visits[0].tolist() == trial.visits


@settings(max_examples=50, deadline=None)
@given(mdp=tables(), epsilon=schedules, steps=st.integers(40, 300))
def test_q_learning_with_a_linear_epsilon_is_the_gambler(mdp: Mdp, epsilon: Linear, steps: int) -> None:
    """Byte for byte, in the fast kernel and in the one of learners, where Dyna-Q that plans nothing is the same."""
    gambler = trained(mdp, Gambler.model_validate({"kind": "gambler", "epsilon": epsilon.model_dump()}), steps, [2, 3])
    exploration = EpsilonGreedy(kind="epsilon_greedy", epsilon=Linear(kind="linear", **epsilon.model_dump()))
    for agent in (
        QLearning(kind="q_learning", exploration=exploration),
        DynaQ(kind="dyna_q", planning_steps=0, exploration=exploration),
    ):
        assert trained(mdp, agent, steps, [2, 3]).trial_digests == gambler.trial_digests


def test_the_words_are_those_of_random_raw() -> None:
    """The further stream's seeding and 2000 of its words, by 64-bit arithmetic."""
    declared = parameters(DoubleQ(kind="double_q"), 40)
    words = seeding_words(ROOT, KEY, "independent", [7, 8], count=4)
    _, minds = begin(DUNGEON, Table.of(DUNGEON), declared, words)
    for lane, seed in enumerate((7, 8)):
        generator = minds.further[lane].copy()
        drawn = [learner_kernel._word(generator, 0) for _ in range(2000)]
        assert drawn == PCG64(stream(ROOT, KEY, "independent", seed, 3)).random_raw(2000).tolist()


@pytest.mark.parametrize(
    ("agent", "further"),
    [
        (Sarsa(kind="sarsa"), 0),
        (DoubleQ(kind="double_q"), 1),
        (DynaQ(kind="dyna_q", planning_steps=3), 3),
        (DynaQ(kind="dyna_q", planning_steps=3, exploration=Ucb(kind="ucb")), 3),
    ],
)
def test_a_step_takes_as_many_words_as_the_contract_says(agent: Bootstrapping, further: int) -> None:
    """One of the environment's stream, one of the agent's, and a fixed number of the further one."""
    steps = 500
    words = seeding_words(ROOT, KEY, "independent", [7], count=4)
    table, declared = Table.of(DUNGEON), parameters(agent, steps)
    lanes, minds = begin(DUNGEON, table, declared, words)
    learner_kernel.advance(table, declared, lanes, minds, first=0, last=steps, steps=steps)
    for number, taken in ((0, steps), (1, steps), (3, further * steps)):
        generator = minds.further[0] if number == 3 else lanes.generators[0, number]
        if number < streams_of(agent):
            expected = PCG64(stream(ROOT, KEY, "independent", 7, number)).advance(taken).random_raw()
            assert learner_kernel._word(generator.copy(), 0) == expected


def test_a_seed_alone_equals_the_seed_in_a_batch() -> None:
    """For those who carry most from step to step, in more seeds than stand side by side."""
    counting = CertaintyEquivalence(kind="certainty_equivalence")
    for agent in (Sarsa(kind="sarsa"), DoubleQ(kind="double_q"), DynaQ(kind="dyna_q"), counting):
        batch = trained(DUNGEON, agent, 500, list(range(11)))
        for seed in (0, 7, 8, 10):
            assert trained(DUNGEON, agent, 500, [seed]).trial_digests == (batch.trial_digests[seed],)


KINDS = ["q_learning", "sarsa", "expected_sarsa", "double_q", "dyna_q", "certainty_equivalence"]
EXPLORATIONS = [
    {"kind": "epsilon_greedy", "epsilon": {"kind": "exponential", "decay": 0.98, "end": 0.05}},
    {"kind": "boltzmann", "temperature": {"kind": "exponential", "decay": 0.98}},
    {"kind": "ucb"},
]


@pytest.mark.parametrize("exploration", EXPLORATIONS, ids=lambda one: one["kind"])
@pytest.mark.parametrize(
    "kind", ["q_learning", "sarsa", "expected_sarsa", "double_q", "dyna_q", "certainty_equivalence"]
)
def test_a_training_that_is_cut_goes_on_and_equals_the_reference(kind: str, exploration: dict[str, Any]) -> None:
    """Every learner under every exploration, in blocks of 37 steps: whatever is carried is carried over."""
    agent = TypeAdapter[Agent](Agent).validate_python({"kind": kind, "exploration": exploration})
    trials = trained(DUNGEON, agent, 400, [3, 4], block_steps=37)
    assert trials.trial_digests == trained(DUNGEON, agent, 400, [3, 4]).trial_digests
    trial = reference_trial(DUNGEON, agent, steps=400, root=ROOT, arm_key=KEY, streams="independent", seed=4)
    assert trials.q[1].tobytes() == np.array(trial.q).tobytes()
    assert trials.visits[1].tolist() == trial.visits


def test_a_schedule_of_every_form_is_what_was_declared() -> None:
    """Linear over floor(fraction * steps) steps, at least one; exponential by its factor; constant."""
    assert Schedule.of(Linear(kind="linear", end=0.5, fraction=0.5), 1001) == Schedule(
        start=1.0, slope=-0.5 / 500, length=500, end=0.5, decay=1.0
    )
    assert Schedule.of(Linear(kind="linear", fraction=1e-9), 40).length == 1
    assert Schedule.of(Exponential(kind="exponential", decay=0.9, end=0.1), 40).decay == 0.9
    assert Schedule.of(Constant(kind="constant", value=0.2), 40) == Schedule.constant(0.2)


def test_an_exponential_epsilon_explores_as_often_as_its_sum_says() -> None:
    """One state, two actions, the second better from the start: random actions are seen in the visits of the first."""
    mdp = Mdp(
        next_state=np.zeros((1, 2, 1), dtype=int),
        reward=np.array([[[0.0], [1.0]]]),
        probability=np.ones((1, 2, 1)),
        terminal=np.zeros((1, 2, 1), dtype=bool),
        start=[1.0],
    )
    epsilon = Exponential(kind="exponential", decay=0.999, end=0.01)
    agent = Sarsa(kind="sarsa", exploration=EpsilonGreedy(kind="epsilon_greedy", epsilon=epsilon))
    steps, seeds = 10_000, list(range(50))
    chances = np.maximum(0.999 ** np.arange(steps), 0.01) / 2
    worse = trained(mdp, agent, steps, seeds).visits[:, 0, 0]
    assert abs(worse.mean() - chances.sum()) < 5 * np.sqrt((chances * (1 - chances)).sum() / len(seeds))


def test_ucb_tries_every_action_of_a_state_before_any_twice() -> None:
    """Five actions in one state: after forty steps the least taken has been taken at least once, and c decides."""
    mdp = Mdp(
        next_state=np.zeros((1, 5, 1), dtype=int),
        reward=np.arange(5.0).reshape(1, 5, 1),
        probability=np.ones((1, 5, 1)),
        terminal=np.zeros((1, 5, 1), dtype=bool),
        start=[1.0],
    )
    greedy, curious = (
        trained(mdp, QLearning(kind="q_learning", discount=0.0, exploration=Ucb(kind="ucb", c=c)), 40, [0, 1]).visits
        for c in (0.0, 100.0)
    )
    assert (greedy[:, 0] == [1, 1, 1, 1, 36]).all()
    assert (curious >= 7).all()


def test_certainty_equivalence_comes_to_the_values_of_the_world_it_counts() -> None:
    """Where nothing slips, one visit of each pair tells the world: its table is the solution of Bellman's equation."""
    mdp = compile_environment(Dungeon(kind="dungeon", slip=0.0))
    exploration = EpsilonGreedy(kind="epsilon_greedy", epsilon=Constant(kind="constant", value=1.0))
    agent = CertaintyEquivalence(
        kind="certainty_equivalence", discount=0.5, sweeps=60, replan_every=400, exploration=exploration
    )
    trials = trained(mdp, agent, 400, [0])
    assert (trials.visits > 0).all()
    best = trials.q[0].max(axis=1)
    assert np.allclose(trials.q[0], (mdp.reward + 0.5 * best[mdp.next_state])[..., 0], rtol=1e-12)


def test_planning_makes_a_step_longer() -> None:
    """Batches and blocks are cut by it; the gambler's stay what they were."""
    assert effort(Gambler(kind="gambler")) == effort(QLearning(kind="q_learning")) == 1
    assert effort(Sarsa(kind="sarsa")) < effort(DynaQ(kind="dyna_q", planning_steps=50))
