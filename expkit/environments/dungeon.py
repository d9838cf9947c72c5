"""The dungeon for programs that step through environments: a transition table as an environment of Gymnasium.

    gymnasium.make("expkit.environments.dungeon:expkit/Dungeon-v0", slip=0.2)

Gymnasium imports this file for what stands before the colon, and finds the rest registered.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete

from expkit.specs.environment import Dungeon, RewardRule
from expkit.training.dungeon import dungeon_table
from expkit.training.mdp import Mdp


class SteppedTable(gymnasium.Env[Any, Any]):
    """An environment whose every step is drawn from a transition table. The state is what the agent sees.

    It exposes that table as Gymnasium's own small environments do: `P[state][action]` is a list of
    (probability, next state, reward, end), and `initial_state_distrib` holds the probability to start in each state.
    """

    def __init__(self, mdp: Mdp) -> None:
        self.observation_space = Discrete(mdp.states)
        self.action_space = Discrete(mdp.actions)
        self.initial_state_distrib = mdp.start
        columns = (mdp.probability, mdp.next_state, mdp.reward, mdp.terminal)
        self.P = {
            state: {
                action: list(zip(*(column[state, action].tolist() for column in columns), strict=True))
                for action in range(mdp.actions)
            }
            for state in range(mdp.states)
        }
        self._state: int | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Begin an episode in a state drawn from the start distribution."""
        super().reset(seed=seed, options=options)
        self._state = self._drawn(self.initial_state_distrib.tolist())
        return self._state, {"prob": float(self.initial_state_distrib[self._state])}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action: the next state, its reward, whether the episode ended; it is never cut short here."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        outcomes = self.P[self._state][int(action)]
        probability, self._state, reward, ended = outcomes[self._drawn([outcome[0] for outcome in outcomes])]
        return self._state, reward, ended, False, {"prob": probability}

    def _drawn(self, chances: list[float]) -> int:
        """The first position whose cumulative probability exceeds a fraction, or else the last possible one."""
        below = np.flatnonzero(self.np_random.random() < np.cumsum(chances))
        return int(below[0]) if len(below) else int(np.flatnonzero(chances)[-1])


class SteppedDungeon(SteppedTable):
    """`expkit/Dungeon-v0`, the dungeon of `expkit.specs.environment.Dungeon`, with its settings as arguments."""

    def __init__(
        self,
        length: int = 5,
        slip: float = 0.1,
        small_reward: float = 2.0,
        large_reward: float = 10.0,
        reward_rule: RewardRule = "bump",
    ) -> None:
        declared = Dungeon(
            kind="dungeon",
            length=length,
            slip=slip,
            small_reward=small_reward,
            large_reward=large_reward,
            reward_rule=reward_rule,
        )
        super().__init__(dungeon_table(declared))


gymnasium.register(id="expkit/Dungeon-v0", entry_point=f"{__name__}:{SteppedDungeon.__name__}")
