from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64
from numpy.typing import NDArray

from expkit.checkpoint.policy import action_chances, frozen
from expkit.checkpoint.rollout import evaluate, luck_key, returns
from expkit.specs.agent import Accountant, Agent, DoubleQ, Drunkard, Gambler, Sarsa
from expkit.specs.environment import Dungeon
from expkit.training.compile import compile_environment
from expkit.training.mdp import Mdp
from expkit.training.streams import AGENT, ENVIRONMENT, STARTS, seeding_words, stream
from tests.checkpoint.conftest import Packed
from tests.training.test_evaluate import tables

ARM_KEY = "0123456789abcdef" * 4
LUCK = luck_key(ARM_KEY)
AGENTS: tuple[Agent, ...] = (
    Drunkard(kind="drunkard"),
    Accountant(kind="accountant"),
    Gambler(kind="gambler"),
    Sarsa(kind="sarsa"),
    DoubleQ(kind="double_q"),
)


def drawn(chances: list[float], word: int) -> int:
    """The outcome that a word means, as `expkit.training.streams` has it."""
    u, passed = (word >> 11) * 2.0**-53, 0.0
    for number, chance in enumerate(chances):
        passed += chance
        if u < passed:
            return number
    return max(number for number, chance in enumerate(chances) if chance > 0)


def walked(mdp: Mdp, agent: Agent, q: NDArray[np.float64], *, root: int, episode: int, steps: int) -> float:
    """The oracle: one episode in plain Python, from the contract of the streams."""
    luck, choices, starts = (
        PCG64(stream(root, LUCK, "independent", episode, number)) for number in (ENVIRONMENT, AGENT, STARTS)
    )
    state, windows = drawn(mdp.start.tolist(), int(starts.random_raw())), [0.0] * 40
    for window in range(40):
        for _ in range(window * steps // 40, (window + 1) * steps // 40):
            entries = q[state].tolist()
            candidates = [a for a, x in enumerate(entries) if isinstance(agent, Drunkard) or x == max(entries)]
            action = candidates[(int(choices.random_raw()) & 0xFFFFFFFF) * len(candidates) >> 32]
            outcome = drawn(mdp.probability[state, action].tolist(), int(luck.random_raw()))
            windows[window] += float(mdp.reward[state, action, outcome])
            if mdp.terminal[state, action, outcome]:
                state = drawn(mdp.start.tolist(), int(starts.random_raw()))
            else:
                state = int(mdp.next_state[state, action, outcome])
    total = 0.0
    for collected in windows:
        total += collected
    return total


@settings(max_examples=60)
@given(tables(), st.sampled_from(AGENTS), st.integers(1, 90), st.integers(0, 2**53 - 1), st.data())
def test_the_kernel_walks_as_one_would_explain_it(
    mdp: Mdp, agent: Agent, steps: int, root: int, data: st.DataObject
) -> None:
    """Any table, any agent, tables of values with many ties: every return equals the plain one, bit for bit."""
    entries = st.lists(
        st.sampled_from([0.0, 0.5, 1.0]), min_size=mdp.states * mdp.actions, max_size=mdp.states * mdp.actions
    )
    q = np.array(data.draw(entries)).reshape(mdp.states, mdp.actions)
    before = q.copy()
    found = returns(mdp, agent, q, luck=LUCK, root=root, episodes=10, steps=steps)
    assert found.tolist() == [walked(mdp, agent, q, root=root, episode=k, steps=steps) for k in range(10)]
    assert np.array_equal(q, before)


@given(tables(), st.integers(1, 30), st.integers(1, 30))
def test_an_episode_is_the_same_however_many_there_are(mdp: Mdp, fewer: int, more: int) -> None:
    """Episode k depends on the root and on k."""
    q = np.zeros((mdp.states, mdp.actions))
    options = {"luck": LUCK, "root": 1, "steps": 50}
    some = returns(mdp, AGENTS[2], q, episodes=fewer, **options)
    others = returns(mdp, AGENTS[2], q, episodes=more, **options)
    assert np.array_equal(some[: min(fewer, more)], others[: min(fewer, more)])


def test_without_luck_every_return_is_the_exact_one() -> None:
    """In a dungeon without wind a policy without ties earns what the table says, to the last digit."""
    mdp = compile_environment(Dungeon(kind="dungeon", slip=0.0))
    q = np.array([[1.0, 0.0]] * 5)
    found = evaluate(mdp, AGENTS[2], q, arm_key=ARM_KEY, root=1, episodes=20, steps=100)
    assert (found.mean, found.sd, found.expected) == (960.0, 0.0, 960.0)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (960.0, 960.0)


@pytest.mark.parametrize("kind", ["drunkard", "accountant", "gambler"])
def test_intervals_cover_the_exact_expectation_as_often_as_they_say(
    kind: str, every_agent: Callable[[str], Packed], tmp_path: Path
) -> None:
    """Of 300 evaluations 95 % are to cover it. Fewer than 270 or more than 298 would come by chance once in 1000."""
    stored = every_agent(kind).stored(tmp_path)
    agent, covered = stored.checkpoint.resolved.agent, 0
    for root in range(300):
        found = evaluate(stored.mdp, agent, stored.q, arm_key=ARM_KEY, root=root, episodes=60, steps=400)
        assert found.interval is not None
        assert found.interval.low is not None
        assert found.interval.high is not None
        covered += found.interval.low <= found.expected <= found.interval.high
    assert 270 <= covered <= 298


def test_the_drunkard_never_looks_at_a_table() -> None:
    """Its policy is to act at random, whatever the table holds; its expectation says the same."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    options = {"arm_key": ARM_KEY, "root": 1, "episodes": 50, "steps": 200}
    empty, full = np.zeros((5, 2)), np.array([[1.0, 0.0]] * 5)
    assert evaluate(mdp, AGENTS[0], empty, **options) == evaluate(mdp, AGENTS[0], full, **options)
    assert action_chances(AGENTS[0], full).tolist() == [[0.5, 0.5]] * 5
    assert evaluate(mdp, AGENTS[2], full, **options) != evaluate(mdp, AGENTS[0], full, **options)


def test_a_frozen_agent_neither_learns_nor_explores() -> None:
    """The gambler's own schedule has no part in what its policy is worth."""
    learner = frozen(Gambler.model_validate({"kind": "gambler", "epsilon": {"start": 1.0, "end": 0.5}}))
    assert (learner.epsilon_start, learner.epsilon_end, learner.learning_rate) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("streams", ["independent", "common"])
def test_no_training_has_met_this_luck(streams: str) -> None:
    """Not one word that seeds a generator is a word of a training with the same root, of either kind of streams."""
    fresh = seeding_words(7, LUCK, "independent", range(500))
    met = seeding_words(7, ARM_KEY, streams, range(500))  # type: ignore[arg-type]
    assert not set(fresh.ravel().tolist()) & set(met.ravel().tolist())


def test_one_episode_has_no_interval() -> None:
    """There is no spread to estimate."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    found = evaluate(mdp, AGENTS[2], np.zeros((5, 2)), arm_key=ARM_KEY, root=1, episodes=1, steps=1)
    assert (found.sd, found.interval) == (None, None)


def test_the_same_question_has_the_same_answer_everywhere() -> None:
    """A golden digest: whoever changes what an evaluation is has to change it here."""
    mdp = compile_environment(Dungeon(kind="dungeon"))
    q = np.array([[1.0, 0.0]] * 4 + [[0.0, 0.0]])
    found = evaluate(mdp, AGENTS[2], q, arm_key=ARM_KEY, root=20261120, episodes=100, steps=1000)
    assert found.returns_digest == GOLDEN


GOLDEN = "7a3f9a5b8740a04defe078388f75f432d49036128069f747ff53bfcecfb13e69"
