from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from expkit.testing import ContractBroken, check_agent, check_environment


class Fine:
    """An agent as it should be: Q-learning, epsilon-greedy."""

    def __init__(self, states: int, actions: int, steps: int, luck: Any, epsilon: float = 0.2) -> None:
        self.q, self.epsilon, self.luck = np.zeros((states, actions)), epsilon, luck

    def act(self, state: int, explore: float, choose: float) -> int:
        best = np.flatnonzero(self.q[state] == self.q[state].max())
        among = range(self.q.shape[1]) if explore < self.epsilon else best
        return int(among[int(choose * len(among))])

    def learn(self, state: int, action: int, reward: float, next_state: int, terminal: bool) -> None:
        future = 0.0 if terminal else self.q[next_state].max()
        self.q[state, action] += 0.1 * (reward + 0.9 * future - self.q[state, action])


def fine(length: int = 3, slip: Any = 0.0) -> dict[str, Any]:
    """An environment as it should be: a row of tiles."""
    there = np.minimum(np.arange(length) + 1, length - 1)
    return {
        "next_state": np.broadcast_to(there[:, None, None], (length, 2, 1)),
        "reward": np.ones((length, 2, 1)),
        "probability": np.full((length, 2, 1), 1.0 - slip),
        "terminal": np.zeros((length, 2, 1), dtype=bool),
        "start": np.eye(length)[0],
    }


def test_what_holds_to_the_contract_passes() -> None:
    """With settings or without; the luck of other tests stays what it was."""
    before = random.getstate()
    check_agent(Fine)
    check_agent(Fine, epsilon=0.5)
    assert check_environment(fine, length=4).states == 4
    assert random.getstate() == before


class Shapeless(Fine):
    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        self.q = self.q[:1]


class Tableless(Fine):
    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        del self.q


class Endless(Fine):
    def learn(self, state: int, action: int, *more: Any) -> None:
        self.q[state, action] = np.inf


class Undecided(Fine):
    def act(self, *seen: Any) -> Any:
        return 0.5


class Overreaching(Fine):
    def act(self, state: int, explore: float, choose: float) -> int:
        return round(choose * 3)


class Gambling(Fine):
    def act(self, state: int, explore: float, choose: float) -> int:
        return super().act(state, explore, random.random())


class Numbered(Fine):
    def act(self, state: int, explore: float, choose: float) -> int:
        np.random.random()
        return super().act(state, explore, choose)


class Counting(Fine):
    born = 0

    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        Counting.born += 1
        self.q += Counting.born


class Farsighted(Fine):
    def learn(self, state: int, action: int, reward: float, next_state: int, terminal: bool) -> None:
        super().learn(state, action, reward, next_state, False)


class Lost(Fine):
    def learn(self, *step: Any) -> None:
        raise IndexError("beyond")


class Leaving(Fine):
    def __init__(self, *made: Any) -> None:
        raise SystemExit(0)


class Endlessly(Fine):
    def act(self, *seen: Any) -> int:
        return self.act(*seen)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (Lost, "an agent acts and learns: IndexError: beyond"),
        (Leaving, "an agent can be made: SystemExit: 0"),
        (Endlessly, "an agent acts and learns: RecursionError"),
        (Shapeless, r"a table q of numbers, \[states, actions\]: before the first step its shape is \[1, 3\]"),
        (Tableless, r"a table q of numbers, \[states, actions\]: before the first step there is no q"),
        (Endless, "the entries of q are finite: after training they are not"),
        (Undecided, "an agent acts and learns: TypeError: 'float' object cannot be interpreted as an integer"),
        (Overreaching, "act chose 3; the actions are 0 to 2"),
        (Gambling, "an agent takes no luck from a global generator: it draws from Python's random"),
        (Numbered, "an agent takes no luck from a global generator: it draws from numpy.random"),
        (Counting, "a function of its settings and of the numbers it is handed: a second training"),
        (Farsighted, r"nothing is bootstrapped across the end of an episode: learn\(..., terminal=True\) depends on"),
    ],
)
def test_a_broken_clause_is_named(agent: type[Fine], said: str) -> None:
    """With what was seen instead."""
    with pytest.raises(ContractBroken, match=said):
        check_agent(agent)


class Leaning(Fine):
    """Learns into the table of whoever was made last."""

    last: Leaning

    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        Leaning.last = self

    def learn(self, *step: Any) -> None:
        super(Leaning, Leaning.last).learn(*step)


def test_agents_that_share_something_are_told_apart_side_by_side() -> None:
    """Alone, nobody would notice."""
    with pytest.raises(ContractBroken, match="an agent shares nothing with another: trained side by side"):
        check_agent(Leaning)


def _refusing() -> Any:
    raise RuntimeError("no")


def test_an_environment_is_held_to_its_contract_too() -> None:
    """A table, the same every time, without luck of its own."""
    with pytest.raises(ContractBroken, match=r"an environment has a transition table: .*sum to 0\.5, not to 1"):
        check_environment(fine, slip=0.5)
    with pytest.raises(ContractBroken, match="has no transition table P"):
        check_environment(object)
    with pytest.raises(ContractBroken, match="an environment can be made: RuntimeError: no"):
        check_environment(_refusing)
    lengths = iter((3, 4))
    with pytest.raises(ContractBroken, match="the same every time it is made: two calls return different tables"):
        check_environment(lambda: fine(next(lengths)))
    with pytest.raises(ContractBroken, match="an environment takes no luck from a global generator"):
        check_environment(lambda: fine(3 + int(random.random())))
