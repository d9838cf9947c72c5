"""The agents of the reference: each a small class that chooses and learns, in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import assert_never

from expkit.specs import agent as declared
from expkit.specs.exploration import Boltzmann, Constant, EpsilonGreedy, Exploration, Exponential, Linear, Ucb

Luck = Callable[[], int]
"""The next word of the agent's further stream."""


class ReferenceAgent:
    """What all agents have in common, and one that learns nothing: the drunkard."""

    discount = learning_rate = 0.0

    def __init__(self, exploration: Exploration, initial_value: float, states: int, actions: int, steps: int) -> None:
        self.exploration, self.steps = exploration, steps
        self.q = [[float(initial_value)] * actions for _ in range(states)]
        self.visits = [[0] * actions for _ in range(states)]
        self.level = 0.0

    def act(self, state: int, t: int, word: int) -> int:
        """The action of step t, counted from 0. Asked once for every step, in their order."""
        self.level = self._level_at(t)
        action = self._chosen(state, word)
        self.before(state, action)
        self.visits[state][action] += 1
        return action

    def before(self, state: int, action: int) -> None:
        """Learns, once the action is chosen and before it is taken."""

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        """Learns from a step. following: the next state, or None if the episode has ended."""

    def cut_off(self, following: int) -> None:
        """Is told, after learning from a step, that no action will be taken in the state that followed."""

    def learnt(self) -> list[list[float]]:
        """The table that the agent acts on."""
        return self.q

    def _level_at(self, t: int) -> float:
        """Epsilon, the temperature or c on step t."""
        match self.exploration:
            case EpsilonGreedy(epsilon=schedule) | Boltzmann(temperature=schedule):
                match schedule:
                    case Linear(start=start, end=end, fraction=fraction):
                        length = max(1, math.floor(fraction * self.steps))
                        return start + (end - start) / length * t if t < length else end
                    case Exponential(start=start, decay=decay, end=end):
                        return start if t == 0 else max(self.level * decay, end)
                    case Constant(value=value):
                        return value
            case Ucb(c=c):
                return c

    def _chosen(self, state: int, word: int) -> int:
        q, half = self.learnt()[state], word & 0xFFFFFFFF
        match self.exploration:
            case EpsilonGreedy():
                exploring = (word >> 32) / 2**32 < self.level
                return _one_of(range(len(q)) if exploring else _largest(q), half)
            case Ucb():
                return _one_of(_largest(self._bounds(state)), half)
            case Boltzmann():
                weights = self._weights(state)
                total = 0.0
                for weight in weights:
                    total += weight
                bar = (word >> 11) * 2.0**-53 * total
                passed = 0.0
                for action, weight in enumerate(weights):
                    passed += weight
                    if bar < passed:
                        return action
                return len(weights) - 1

    def _bounds(self, state: int) -> list[float]:
        visits = self.visits[state]
        return [
            entry + self.level * math.sqrt(math.log(sum(visits)) / count) if count else math.inf
            for entry, count in zip(self.learnt()[state], visits, strict=True)
        ]

    def _weights(self, state: int) -> list[float]:
        q = self.learnt()[state]
        best = max(q)
        return [math.exp((entry - best) / self.level) for entry in q]


class Adding(ReferenceAgent):
    """The accountant."""

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        self.q[state][action] += reward


class QLearning(ReferenceAgent):
    """Towards the reward plus the discounted value of what follows: the largest entry."""

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        self.towards(state, action, reward, 0.0 if following is None else self.worth(following))

    def worth(self, state: int) -> float:
        """What following the policy from a state on is worth."""
        return max(self.q[state])

    def towards(self, state: int, action: int, reward: float, future: float) -> None:
        """One update."""
        target = reward + self.discount * future
        self.q[state][action] += self.learning_rate * (target - self.q[state][action])


class ExpectedSarsa(QLearning):
    """The mean entry under the policy."""

    def worth(self, state: int) -> float:
        q = self.q[state]
        match self.exploration:
            case EpsilonGreedy():
                total = 0.0
                for entry in q:
                    total += entry
                return self.level * (total / len(q)) + (1.0 - self.level) * max(q)
            case Boltzmann():
                weights = self._weights(state)
            case Ucb():
                best = _largest(self._bounds(state))
                q, weights = [q[action] for action in best], [1.0] * len(best)
        total = weight = 0.0
        for entry, share in zip(q, weights, strict=True):
            total += share * entry
            weight += share
        return total / weight


class Sarsa(ExpectedSarsa):
    """The entry of the next action, which the next step chooses; the mean one, where there is no next step."""

    waiting: tuple[int, int, float] | None = None

    def before(self, state: int, action: int) -> None:
        if self.waiting is not None:
            self.towards(*self.waiting, self.q[state][action])

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        self.waiting = None if following is None else (state, action, reward)
        if following is None:
            self.towards(state, action, reward, 0.0)

    def cut_off(self, following: int) -> None:
        if self.waiting is not None:
            self.towards(*self.waiting, self.worth(following))
        self.waiting = None


class DoubleQ(QLearning):
    """Two tables: one picks the best action, the other says what it is worth, and a coin who is who."""

    def __init__(self, *how: object, luck: Luck) -> None:
        super().__init__(*how)  # type: ignore[arg-type]
        self.luck = luck
        self.tables = (self.q, [row.copy() for row in self.q])

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        word = self.luck()
        coin = word >> 63
        self.q, other = self.tables[coin], self.tables[1 - coin]
        future = 0.0
        if following is not None:
            future = other[following][_one_of(_largest(self.q[following]), word & 0xFFFFFFFF)]
        self.towards(state, action, reward, future)

    def learnt(self) -> list[list[float]]:
        one, other = self.tables
        return [[(a + b) / 2 for a, b in zip(*rows, strict=True)] for rows in zip(one, other, strict=True)]


class DynaQ(QLearning):
    """Q-learning, and again from memory."""

    planning_steps = 0

    def __init__(self, *how: object, luck: Luck) -> None:
        super().__init__(*how)  # type: ignore[arg-type]
        self.luck = luck
        self.model: dict[tuple[int, int], tuple[float, int | None]] = {}

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        super().learn(state, action, reward, following)
        self.model[state, action] = reward, following
        for _ in range(self.planning_steps):
            pair = list(self.model)[(self.luck() >> 32) * len(self.model) >> 32]
            super().learn(*pair, *self.model[pair])


class CertaintyEquivalence(ReferenceAgent):
    """The world as it was counted, solved now and then."""

    replan_every = sweeps = 1

    def __init__(self, *how: object) -> None:
        super().__init__(*how)  # type: ignore[arg-type]
        self.taken = 0
        self.paid: dict[tuple[int, int], float] = {}
        self.followed: dict[tuple[int, int], Counter[int | None]] = {}

    def learn(self, state: int, action: int, reward: float, following: int | None) -> None:
        pair = state, action
        self.paid[pair] = self.paid.get(pair, 0.0) + reward
        self.followed.setdefault(pair, Counter())[following] += 1
        self.taken += 1
        if self.taken % self.replan_every == 0:
            for _ in range(self.sweeps):
                self.sweep()

    def sweep(self) -> None:
        """One sweep of value iteration, in place."""
        for state, action in sorted(self.followed):
            visits = self.visits[state][action]
            future = 0.0
            for following, count in self.followed[state, action].items():
                future += 0.0 if following is None else count * max(self.q[following])
            self.q[state][action] = self.paid[state, action] / visits + self.discount * (future / visits)


def reference_agent(agent: declared.Agent, states: int, actions: int, steps: int, luck: Luck) -> ReferenceAgent:
    """An agent as it is declared, before its first step."""
    size = (states, actions, steps)
    match agent:
        case declared.Drunkard():
            return ReferenceAgent(_constantly(1.0), 0.0, *size)
        case declared.Accountant():
            return Adding(_constantly(0.0), 0.0, *size)
        case declared.Gambler():
            epsilon = Linear(kind="linear", **agent.epsilon.model_dump())
            learner = QLearning(EpsilonGreedy(kind="epsilon_greedy", epsilon=epsilon), agent.initial_value, *size)
        case declared.QLearning():
            learner = QLearning(agent.exploration, agent.initial_value, *size)
        case declared.Sarsa():
            learner = Sarsa(agent.exploration, agent.initial_value, *size)
        case declared.ExpectedSarsa():
            learner = ExpectedSarsa(agent.exploration, agent.initial_value, *size)
        case declared.DoubleQ():
            learner = DoubleQ(agent.exploration, agent.initial_value, *size, luck=luck)
        case declared.DynaQ():
            learner = DynaQ(agent.exploration, agent.initial_value, *size, luck=luck)
            learner.planning_steps = agent.planning_steps
        case declared.CertaintyEquivalence():
            model = CertaintyEquivalence(agent.exploration, agent.initial_value, *size)
            model.discount, model.replan_every, model.sweeps = agent.discount, agent.replan_every, agent.sweeps
            return model
        case declared.OwnAgent():
            raise TypeError(f"{agent.make} is its own reference")
        case _:
            assert_never(agent)
    learner.learning_rate, learner.discount = agent.learning_rate, agent.discount
    return learner


def _constantly(epsilon: float) -> Exploration:
    return EpsilonGreedy(kind="epsilon_greedy", epsilon=Constant(kind="constant", value=epsilon))


def _largest(values: Sequence[float]) -> list[int]:
    best = max(values)
    return [index for index, value in enumerate(values) if not value < best]


def _one_of(candidates: Sequence[int], half: int) -> int:
    return candidates[half * len(candidates) >> 32]
