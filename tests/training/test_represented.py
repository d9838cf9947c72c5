from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.specs.agent import Agent, Drunkard, Gambler, QLearning
from expkit.specs.environment import Dungeon
from expkit.specs.representation import Aggregation, History
from expkit.training.compile import compile_environment
from expkit.training.evaluate import optimal_gain, policy_gain
from expkit.training.maps import keep_map, map_from_bytes, map_to_bytes
from expkit.training.mdp import Mdp
from expkit.training.reference import reference_trial
from expkit.training.represented import Represented, TooLarge, represented
from tests.training.drawn import KEY, ROOT, agents, tables, trained

GREEDY = {"learning_rate": 0.1, "discount": 0.9}


def shown(world: Mdp, indices: list[int], length: int | None = None) -> Represented:
    """A world through a map of its states, or through the last observations of it."""
    digest = keep_map(np.array(indices))
    if length is None:
        return represented(world, Aggregation(kind="aggregation", file="environments/map.csv", digest=digest))
    return represented(world, History(kind="history", length=length, file="environments/map.csv", digest=digest))


@st.composite
def representations(draw: st.DrawFn) -> Represented:
    """Random worlds through random maps, with and without a history."""
    world = draw(tables())
    kinds = draw(st.integers(1, world.states))
    indices = draw(
        st.permutations([*range(kinds), *(draw(st.integers(0, kinds - 1)) for _ in range(kinds, world.states))])
    )
    return shown(world, list(indices), draw(st.sampled_from([None, 1, 2, 3])))


@settings(max_examples=100, deadline=None)
@given(mdp=representations(), agent=agents, steps=st.integers(40, 120), seed=st.integers(0, 50))
def test_whatever_is_shown_the_kernel_is_the_reference(mdp: Represented, agent: Agent, steps: int, seed: int) -> None:
    """Every agent, byte for byte: tables by row, visits, curve and metrics."""
    trials = trained(mdp, agent, steps, [seed])
    trial = reference_trial(mdp, agent, steps=steps, root=ROOT, arm_key=KEY, streams="independent", seed=seed)
    assert trials.q.shape == (1, mdp.rows, mdp.actions)
    assert trials.q[0].tobytes() == np.array(trial.q).tobytes()
    assert trials.visits[0].tolist() == trial.visits
    assert trials.curve[0].tolist() == trial.curve
    assert {name: float(trials.metrics[name][0]) for name in trial.metrics} == trial.metrics


@settings(max_examples=50, deadline=None)
@given(world=tables(), agent=agents, steps=st.integers(40, 120))
def test_states_that_are_shown_as_they_are_give_the_same_trials(world: Mdp, agent: Agent, steps: int) -> None:
    """By a map of every state to itself, or as a history of one observation: the same digests."""
    plain = trained(world, agent, steps, [0, 1]).trial_digests
    own = list(range(world.states))
    assert trained(shown(world, own), agent, steps, [0, 1]).trial_digests == plain
    assert trained(shown(world, own, 1), agent, steps, [0, 1]).trial_digests == plain
    assert trained(represented(world, History(kind="history", length=1)), agent, steps, [0, 1]).trial_digests == plain


@settings(max_examples=30, deadline=None)
@given(mdp=representations(), data=st.data())
def test_a_policy_of_rows_is_worth_what_it_is_worth_in_the_world(mdp: Represented, data: st.DataObject) -> None:
    """Seen through a map alone, a row's action is taken in all its states. No history changes the optimum."""
    chosen = data.draw(st.lists(st.integers(0, mdp.actions - 1), min_size=mdp.rows, max_size=mdp.rows))
    gain = policy_gain(mdp, np.eye(mdp.actions)[chosen][mdp.index])
    assert optimal_gain(mdp) == pytest.approx(optimal_gain(mdp.world), abs=1e-9)
    assert gain <= optimal_gain(mdp.world) + 1e-9
    if mdp.states == mdp.world.states and mdp.origin.tolist() == list(range(mdp.states)) and mdp.rows <= mdp.states:
        assert gain == pytest.approx(policy_gain(mdp.world, np.eye(mdp.actions)[chosen][mdp.shown_as]), abs=1e-12)


def corridor() -> Mdp:
    """There and back: action 0 leads on and is paid for on the way back; 0 and 1 are alike, and so are 2 and 3."""
    states, actions = 4, 2
    following = np.array([[[2], [3]], [[3], [2]], [[0], [1]], [[1], [0]]])
    reward = np.array([[[0.0], [0.0]], [[0.0], [0.0]], [[1.0], [0.0]], [[1.0], [0.0]]])
    return Mdp(
        next_state=following,
        reward=reward,
        probability=np.ones((states, actions, 1)),
        terminal=np.zeros((states, actions, 1), dtype=bool),
        start=np.array([0.5, 0.5, 0.0, 0.0]),
    )


def test_states_that_are_alike_can_be_merged_for_nothing() -> None:
    """Two copies of each of two states: the learner of half the table still attains the optimum."""
    trials = trained(shown(corridor(), [0, 0, 1, 1]), Gambler(kind="gambler", **GREEDY), 2000, [0, 1, 2])
    assert trials.q.shape == (3, 2, 2)
    assert trials.metrics["optimal_policy"].tolist() == [1, 1, 1]
    assert trials.metrics["greedy_gain"].tolist() == [0.5, 0.5, 0.5]


def hidden() -> Mdp:
    """A coin lies in sight for one step, 0 or 1; then it is covered, 2 or 3, and whoever names it is paid."""
    following = np.array([[[2, 2], [2, 2]], [[3, 3], [3, 3]], [[0, 1], [0, 1]], [[0, 1], [0, 1]]])
    reward = np.zeros((4, 2, 2))
    reward[2, 0] = reward[3, 1] = 1.0
    return Mdp(
        next_state=following,
        reward=reward,
        probability=np.full((4, 2, 2), 0.5),
        terminal=np.zeros((4, 2, 2), dtype=bool),
        start=np.array([0.5, 0.5, 0.0, 0.0]),
    )


def test_a_history_tells_what_an_observation_hides() -> None:
    """Covered coins look alike: who sees only that is right half the time, who remembers the step before always."""
    agent = QLearning(kind="q_learning", **GREEDY)
    blind = trained(shown(hidden(), [0, 1, 2, 2]), agent, 4000, [0, 1, 2])
    mindful = trained(shown(hidden(), [0, 1, 2, 2], 2), agent, 4000, [0, 1, 2])
    assert blind.metrics["greedy_gain"].tolist() == [0.25] * 3
    assert mindful.metrics["greedy_gain"].tolist() == [0.5] * 3
    assert mindful.metrics["optimal_policy"].tolist() == [1.0] * 3


def test_the_row_of_a_history_is_the_number_its_observations_make() -> None:
    """The newest counts least; an episode begins as if its first observation had been made all along."""
    mdp = shown(hidden(), [0, 1, 2, 2], 2)
    pairs = dict(zip(zip(mdp.origin.tolist(), mdp.shown_as.tolist(), strict=True), range(mdp.states), strict=True))
    assert mdp.rows == 9
    assert {(0, 0), (1, 4), (2, 0 * 3 + 2), (3, 1 * 3 + 2), (0, 2 * 3 + 0)} <= pairs.keys()
    assert mdp.start[[pairs[0, 0], pairs[1, 4]]].tolist() == [0.5, 0.5]


def test_a_history_of_too_many_rows_is_refused() -> None:
    """Before anything is allotted."""
    world = compile_environment(Dungeon(kind="dungeon", length=100))
    with pytest.raises(TooLarge, match="16 observations of 100 kinds"):
        represented(world, History(kind="history", length=16))


def test_how_a_world_is_shown_is_its_own_version() -> None:
    """The digest of the world, of its map and of a history differ; the world's own stays what it was."""
    world = compile_environment(Dungeon(kind="dungeon"))
    seen = [shown(world, [0, 0, 0, 1, 1]), shown(world, [0, 0, 1, 1, 1]), shown(world, [0, 0, 0, 1, 1], 2)]
    assert len({one.digest for one in (world, *seen)}) == 4
    assert {one.itself.digest for one in seen} == {world.digest}
    assert trained(seen[0], Drunkard(kind="drunkard"), 40, [0]).q.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]


def test_a_map_travels_as_bytes() -> None:
    """And comes back equal; anything else is refused."""
    assert map_from_bytes(map_to_bytes(np.array([0, 1, 1]))).tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="no map"):
        map_from_bytes(map_to_bytes(np.array([0, 1, 1])).replace(b"<i8", b"<f8"))
