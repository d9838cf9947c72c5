"""Training of users' own agents: one step after the other in plain Python, on the same tables and the same luck.

    agent = Softmax(states, actions, steps, luck, **kwargs)
    action = agent.act(state, explore, choose)
    agent.learn(state, action, reward, next_state, terminal)
    agent.q                                            float64 [states, actions]

`explore` and `choose` are the two halves of the step's word, each a number in [0, 1); `luck()` gives the next word of
the agent's further stream as such a number. Whatever else an agent takes its luck from, no seed decides. Where a time
limit cuts an episode off, `terminal` is False, and the next action is asked for in a start state.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
from numpy.random import PCG64
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from expkit.specs.agent import OwnAgent
from expkit.specs.metric import CURVE_WINDOWS
from expkit.training.kernel import Table
from expkit.training.mdp import Mdp
from expkit.training.sources import OwnCodeFailed, Sources, kept_sources
from expkit.training.streams import AGENT, ENVIRONMENT, FURTHER, STARTS

Luck = Callable[[], float]
"""The next number in [0, 1) of the agent's further stream."""
Witness = Callable[[int, int, int, float, int | None], None]
"""Whoever wants to see every step: its number from 0, state, action, reward, next state or None where it ended."""


class OwnTraining:
    """Trials of one agent, each at the same step.

    Raises:
        OwnCodeFailed: the agent cannot be imported or made.
        ExecutorFailed: its modules are not here.
    """

    def __init__(
        self,
        mdp: Mdp,
        declared: OwnAgent,
        steps: int,
        words: NDArray[np.uint64],
        time_limit: int | None,
        witness: Witness | None = None,
    ) -> None:
        self._sources = kept_sources(declared.digest, declared.make)
        self._meant, self._steps = declared.make, steps
        self.visits = np.zeros((len(words), mdp.states, mdp.actions), dtype=np.int64)
        """int64 [trials, states, actions]."""
        self.sums = np.zeros((len(words), CURVE_WINDOWS))
        """float64 [trials, windows]; the reward in each window of the curve."""
        world = World(mdp)
        with self._sources.running() as made:
            make = _maker(made, mdp, steps, declared.kwargs, self._sources)
            self._trials = [
                Trial(world, make, seeding, visits, sums, time_limit, witness)
                for seeding, visits, sums in zip(words, self.visits, self.sums, strict=True)
            ]

    def advance(self, trials: range, first: int, last: int) -> None:
        """Takes steps `first` to `last` - 1 of some of the trials.

        Raises:
            OwnCodeFailed: the agent did.
        """
        for trial in trials:
            with _told(self._sources):
                self._trials[trial].advance(first, last, self._steps)

    def learnt(self) -> NDArray[np.float64]:
        """The tables of all agents: float64 [trials, states, actions].

        Raises:
            OwnCodeFailed: there is none, or it has another shape.
        """
        shape, tables = self.visits.shape[1:], []
        for trial in self._trials:
            with _told(self._sources):
                tables.append(np.array(trial.agent.q, dtype=np.float64))
            if tables[-1].shape != shape:
                raise OwnCodeFailed(f"{self._meant}: q has shape {list(tables[-1].shape)}, not {list(shape)}")
        return np.array(tables)


class World:
    """A transition table as plain lists, laid out as the kernel has it."""

    def __init__(self, mdp: Mdp) -> None:
        table = Table.of(mdp)
        self.actions, self.outcomes = mdp.actions, int(table.outcomes)
        self.next_state, self.terminal = mdp.next_state.ravel().tolist(), mdp.terminal.ravel().tolist()
        self.reward = table.reward.tolist()
        self.bars = table.threshold.reshape(mdp.states * mdp.actions, -1).tolist()
        self.start_bars = table.start_threshold.tolist()

    def start(self, word: int) -> int:
        """The state in which an episode starts."""
        return next(state for state, bar in enumerate(self.start_bars) if word >> 11 < bar)


class Trial:
    """One seed."""

    def __init__(
        self,
        world: World,
        made: Callable[[Luck], Any],
        seeding: NDArray[np.uint64],
        visits: NDArray[np.int64],
        sums: NDArray[np.float64],
        time_limit: int | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._time_limit, self._age, self._witness = time_limit, 0, witness
        self._world, self._visits, self._sums = world, visits, sums
        generators = [PCG64(_Seeding(words)) for words in seeding]  # type: ignore[arg-type]
        self._luck, self._choices, self._starts = generators[ENVIRONMENT], generators[AGENT], generators[STARTS]
        further = generators[FURTHER]
        self.agent = made(lambda: (int(further.random_raw()) >> 11) * 2.0**-53)
        self._state = world.start(int(self._starts.random_raw()))

    def advance(self, first: int, last: int, steps: int) -> None:
        """Steps `first` to `last` - 1."""
        world, agent, state = self._world, self.agent, self._state
        luck, choices = self._luck.random_raw(last - first).tolist(), self._choices.random_raw(last - first).tolist()
        for window in range(CURVE_WINDOWS):
            for t in range(
                max(first, window * steps // CURVE_WINDOWS), min(last, (window + 1) * steps // CURVE_WINDOWS)
            ):
                word = choices[t - first]
                action = index(agent.act(state, (word >> 32) * 2.0**-32, (word & 0xFFFFFFFF) * 2.0**-32))
                if not 0 <= action < world.actions:
                    raise ValueError(f"act chose {action}; the actions are 0 to {world.actions - 1}")
                entry = state * world.actions + action
                drawn = luck[t - first] >> 11
                outcome = entry * world.outcomes + sum(drawn >= bar for bar in world.bars[entry])
                reward, terminal = world.reward[outcome], world.terminal[outcome]
                following = world.next_state[outcome]
                self._visits[state, action] += 1
                self._sums[window] += reward
                agent.learn(state, action, reward, following, terminal)
                if self._witness is not None:
                    self._witness(t, state, action, reward, None if terminal else following)
                state = following
                self._age += 1
                if terminal or self._age == self._time_limit:
                    state, self._age = world.start(int(self._starts.random_raw())), 0
        self._state = state


class _Seeding(ISeedSequence):
    """The words that seed one generator, drawn beforehand."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> NDArray[np.uint64]:
        """All of them: a PCG64 asks for four."""
        return self._words


class _told:  # noqa: N801 - a context
    """What somebody's code raises is told with its line."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # whatever it is, the batch fails and not the process: somebody's code may call sys.exit
        if error is not None and not isinstance(error, KeyboardInterrupt | OwnCodeFailed):
            raise OwnCodeFailed(f"{self._sources.entry}: {self._sources.told(error)}") from error


def _maker(made: Any, mdp: Mdp, steps: int, kwargs: dict[str, Any], sources: Sources) -> Callable[[Luck], Any]:
    def make(luck: Luck) -> Any:
        with _told(sources):
            return made(mdp.states, mdp.actions, steps, luck, **kwargs)

    return make
