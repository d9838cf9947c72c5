from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64
from numpy.typing import NDArray

from expkit.specs.agent import Accountant, Agent, Drunkard, Gambler
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import Streams
from expkit.training import kernel
from expkit.training.agents import Simple, learner
from expkit.training.compile import compile_environment
from expkit.training.mdp import Mdp
from expkit.training.reference import reference_trial
from expkit.training.streams import seeding_words, stream
from expkit.training.train import Trials
from tests.training.drawn import KEY, ROOT, agents, simple_agents, tables, trained


def assert_same_bytes(one: Trials, other: Trials) -> None:
    """Two executions agree in everything a trial is."""
    assert one.q.tobytes() == other.q.tobytes()
    assert one.visits.tobytes() == other.visits.tobytes()
    assert one.curve.tobytes() == other.curve.tobytes()
    assert one.trial_digests == other.trial_digests


@settings(max_examples=200, deadline=None)
@given(
    mdp=tables(),
    agent=agents,
    steps=st.integers(40, 400),
    seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=3, unique=True),
    streams=st.sampled_from(["independent", "common"]),
)
def test_the_kernel_equals_the_reference_byte_for_byte(
    mdp: Mdp, agent: Agent, steps: int, seeds: list[int], streams: Streams
) -> None:
    """Q-tables, visits, curves and metrics, on any table, for any agent, whatever the number of steps."""
    trials = trained(mdp, agent, steps, seeds, streams)
    for i, seed in enumerate(seeds):
        trial = reference_trial(mdp, agent, steps=steps, root=ROOT, arm_key=KEY, streams=streams, seed=seed)
        assert trials.q[i].tobytes() == np.array(trial.q).tobytes()
        assert trials.visits[i].tobytes() == np.array(trial.visits).tobytes()
        assert trials.curve[i].tobytes() == np.array(trial.curve).tobytes()
        assert {name: values[i].tobytes() for name, values in trials.metrics.items()} == {
            name: np.float64(value).tobytes() for name, value in trial.metrics.items()
        }


@settings(max_examples=50, deadline=None)
@given(mdp=tables(), agent=agents, steps=st.integers(40, 300), block=st.integers(1, 300))
def test_the_size_of_a_block_does_not_matter(mdp: Mdp, agent: Agent, steps: int, block: int) -> None:
    """A training that is cut anywhere, also within a window of the curve, goes on as if it had not been."""
    seeds = [3, 1, 4]
    assert_same_bytes(trained(mdp, agent, steps, seeds), trained(mdp, agent, steps, seeds, block_steps=block))


@settings(max_examples=10, deadline=None)
@given(mdp=tables(), agent=simple_agents, steps=st.integers(40, 80))
def test_the_compiled_code_does_what_its_python_text_says(mdp: Mdp, agent: Simple, steps: int) -> None:
    """The step itself, interpreted: `py_func` of the walk, the choice and the start."""
    words = seeding_words(ROOT, KEY, "independent", [0, 1])
    table, parameters = kernel.Table.of(mdp), learner(agent, steps)
    compiled, interpreted = (kernel.begin(mdp, table, parameters, words) for _ in range(2))
    kernel.advance(table, parameters, compiled, first=0, last=steps, steps=steps)

    arguments = kernel._arguments(table, parameters, interpreted, 0, steps, steps)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_choice", "_upper_bound", "_start_row"):
            patch.setattr(kernel, name, getattr(kernel, name).py_func)
        kernel._walk.py_func(table.actions, table.outcomes, *arguments)
    for name, array in vars(compiled).items():
        assert array.tobytes() == getattr(interpreted, name).tobytes(), name


def test_the_kernels_words_are_those_of_random_raw() -> None:
    """Seeding and 2000 words of all three streams, word for word."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    table, parameters = kernel.Table.of(mdp), learner(Drunkard(kind="drunkard"), 40)
    lanes = kernel.begin(mdp, table, parameters, seeding_words(ROOT, KEY, "independent", [7, 8]))
    for lane, seed in enumerate((7, 8)):
        for number in range(3):
            expected = PCG64(stream(ROOT, KEY, "independent", seed, number))
            expected.random_raw(int(number == 2))  # the start state has taken one word
            generator = lanes.generators[lane, number].copy()
            drawn = [kernel._word(generator, np.uint64(0)) for _ in range(2000)]
            assert drawn == expected.random_raw(2000).tolist()


@given(epsilon=st.floats(0, 1), near=st.integers(-2, 2))
def test_exploring_is_decided_exactly_at_its_border(epsilon: float, near: int) -> None:
    """The integer held against a half word says the same as h * 2**-32 < epsilon, also next to the border."""
    h = min(max(int(epsilon * 2**32) + near, 0), 2**32 - 1)
    assert (h < kernel._upper_bound(epsilon)) == (h * 2.0**-32 < epsilon)


@given(chance=st.floats(0, 1), near=st.integers(-2, 2))
def test_an_outcome_is_drawn_exactly_at_its_border(chance: float, near: int) -> None:
    """The integer held against 53 bits says the same as (w >> 11) * 2**-53 >= cumulative probability."""
    bits = min(max(int(chance * 2**53) + near, 0), 2**53 - 1)
    first, last = kernel._thresholds(np.array([chance, 1.0 - chance])).tolist()
    assert (bits >= first) == (1.0 - chance > 0 and bits * 2.0**-53 >= chance)
    assert bits < last


@pytest.mark.parametrize("slip", [0.0, 1.0])
def test_an_impossible_outcome_never_happens(slip: float) -> None:
    """Without wind BACKWARD always pays; with a wind that always blows FORWARD does."""
    mdp = compile_environment(Dungeon(kind="dungeon", slip=slip, length=2, large_reward=0.0, small_reward=1.0))
    trials = trained(mdp, Drunkard(kind="drunkard"), 5000, [0])
    paying = int(trials.visits[0, :, 0 if slip else 1].sum())
    assert trials.metrics["total_reward"][0] == paying


def test_every_step_is_counted_once() -> None:
    """The visits of a trial sum to its steps, for more seeds than stand side by side."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    trials = trained(mdp, Gambler(kind="gambler"), 1234, list(range(11)))
    assert (trials.visits.sum(axis=(1, 2)) == 1234).all()


def test_ties_among_more_than_two_are_broken_evenly() -> None:
    """Four equal actions, never learnt about: each a quarter, within five standard errors."""
    steps = 40_000
    mdp = Mdp(
        next_state=np.zeros((1, 4, 1), dtype=int),
        reward=np.zeros((1, 4, 1)),
        probability=np.ones((1, 4, 1)),
        terminal=np.zeros((1, 4, 1), dtype=bool),
        start=[1.0],
    )
    visits: NDArray[np.int64] = trained(mdp, Accountant(kind="accountant"), steps, [0]).visits[0, 0]
    assert np.abs(visits - steps / 4).max() < 5 * np.sqrt(steps * 0.25 * 0.75)
