from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from expkit.project.gymnasium import gymnasium_table
from expkit.specs.environment import Dungeon, Gymnasium
from expkit.training.compile import compile_environment

ID = "expkit.environments.dungeon:expkit/Dungeon-v0"


def test_the_dungeon_is_what_gymnasium_calls_an_environment() -> None:
    """Its own checker finds nothing."""
    check_env(gymnasium.make(ID).unwrapped)


@pytest.mark.parametrize("settings", [{}, {"slip": 0.0}, {"length": 3, "slip": 0.7, "reward_rule": "landing"}])
def test_its_table_is_the_table_of_the_declared_dungeon(settings: dict[str, object]) -> None:
    """Declared either way, it has one version."""
    declared = Dungeon.model_validate({"kind": "dungeon", **settings})
    stepped = Gymnasium.model_validate({"kind": "gymnasium", "id": ID, "kwargs": settings})
    assert gymnasium_table(stepped).digest == compile_environment(declared).digest


def test_every_step_is_an_outcome_of_the_table_and_drawn_as_often_as_it_says() -> None:
    """Step by step: with the fraction that decided a step, the table gives the same state and reward."""
    mdp = compile_environment(Dungeon(kind="dungeon", slip=0.3))
    environment = gymnasium.make(ID, slip=0.3).unwrapped
    state, _ = environment.reset(seed=7)
    assert state == 0
    fractions = np.random.Generator(type(environment.np_random.bit_generator)())
    fractions.bit_generator.state = environment.np_random.bit_generator.state
    for step in range(5_000):
        action = step % 3 % 2
        outcome = int(fractions.random() >= mdp.probability[state, action, 0])
        following, reward, ended, cut, told = environment.step(action)
        assert (following, reward) == (mdp.next_state[state, action, outcome], mdp.reward[state, action, outcome])
        assert (ended, cut, told) == (False, False, {"prob": mdp.probability[state, action, outcome]})
        state = following


def test_a_step_before_the_first_reset_is_refused() -> None:
    """In Gymnasium's words, for there is no state yet."""
    with pytest.raises(gymnasium.error.ResetNeeded):
        gymnasium.make(ID).unwrapped.step(0)
