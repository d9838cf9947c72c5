"""The dungeon as a transition table: a row of tiles, FORWARD and BACKWARD, and a wind that reverses them."""

from __future__ import annotations

import numpy as np

from expkit.specs.environment import Dungeon
from expkit.training.mdp import Mdp

FORWARD = 0
BACKWARD = 1


def dungeon_table(dungeon: Dungeon) -> Mdp:
    """The table of a declared dungeon: states are tiles, outcome 0 the intended action, outcome 1 the slipped one.

    The task continues for ever (no outcome is terminal) and starts on tile 0. What each action pays when it takes
    effect is set by `reward_rule`; see `expkit.specs.environment.Dungeon`.
    """
    last = dungeon.length - 1
    tiles = np.arange(dungeon.length)

    # what an action does when it takes effect: [tiles, effects]
    lands_on = np.stack([np.minimum(tiles + 1, last), np.zeros_like(tiles)], axis=1)
    pays = np.zeros((dungeon.length, 2))
    match dungeon.reward_rule:
        case "bump":
            pays[last, FORWARD] = dungeon.large_reward
            pays[:, BACKWARD] = dungeon.small_reward
        case "landing":
            pays[lands_on == last] = dungeon.large_reward
            pays[lands_on == 0] = dungeon.small_reward
        case "entry":
            pays[last - 1, FORWARD] = dungeon.large_reward
            pays[:, BACKWARD] = dungeon.small_reward

    effect = np.array([[FORWARD, BACKWARD], [BACKWARD, FORWARD]])  # [actions, outcomes]
    next_state = lands_on[:, effect]
    return Mdp(
        next_state=next_state,
        reward=pays[:, effect],
        probability=np.broadcast_to([1 - dungeon.slip, dungeon.slip], next_state.shape),
        terminal=np.zeros(next_state.shape, dtype=np.bool_),
        start=tiles == 0,
    )
