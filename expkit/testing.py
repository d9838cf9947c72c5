"""Contract checkers for users' own agents and environments, to be called in their own tests.

def test_my_agent() -> None:
    check_agent(Softmax, temperature=0.5)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expkit.project.gymnasium import Untabled
from expkit.project.own_code import own_mdp
from expkit.training.mdp import Mdp
from expkit.training.own_agent import Luck, Trial, World
from expkit.training.streams import seeding_words

_STEPS = 400
_LAST = 1.0 - 2.0**-32
"""The largest number that an agent is handed."""


class ContractBroken(AssertionError):
    """An agent or an environment does not do what expkit relies on; the message names the clause."""


def check_environment(make: Callable[..., object], **kwargs: Any) -> Mdp:
    """The transition table of an environment, called as its declaration calls it.

    Raises:
        ContractBroken: it returns no table, another one each time, or takes luck from a global generator.
    """
    with _global_luck_untouched("an environment"):
        one, other = (_table(make, kwargs) for _ in range(2))
    _hold(one == other, "an environment is the same every time it is made", "two calls return different tables")
    return one


def check_agent(make: Callable[..., Any], **kwargs: Any) -> None:
    """Train an agent in a small world with ends, several times, and compare.

    Raises:
        ContractBroken: with the clause, and what was seen instead.
    """
    mdp = _small_world()
    with _global_luck_untouched("an agent"):
        (alone,), _ = _trained(mdp, make, kwargs)
        (again,), _ = _trained(mdp, make, kwargs)
        beside, trials = _trained(mdp, make, kwargs, side_by_side=2)
    clause = "an agent is a function of its settings and of the numbers it is handed"
    _hold(alone.tobytes() == again.tobytes(), clause, "a second training with the same numbers ends otherwise")
    clause, shared = "an agent shares nothing with another", {alone.tobytes()} != {one.tobytes() for one in beside}
    _hold(not shared, clause, "trained side by side with one like it, it ends otherwise")
    _check_choices(mdp, trials[0].agent)
    _check_ends(mdp, make, kwargs)


def _table(make: Callable[..., object], kwargs: dict[str, Any]) -> Mdp:
    try:
        with _raising_nothing("an environment can be made"):
            return own_mdp(make(**kwargs), getattr(make, "__name__", "it"), None)
    except Untabled as flaw:
        raise ContractBroken(f"an environment has a transition table: {flaw.why}; {flaw.valid}") from flaw


def _trained(
    mdp: Mdp, make: Callable[..., Any], kwargs: dict[str, Any], side_by_side: int = 1
) -> tuple[list[NDArray[np.float64]], list[Trial]]:
    """The tables of agents that meet the same luck, step by step in turn."""
    (seeding,) = seeding_words(1, "0" * 64, "independent", [0], count=4)
    world, sums = World(mdp), np.zeros((side_by_side, 40))
    visits = np.zeros((side_by_side, mdp.states, mdp.actions), dtype=np.int64)

    def made(luck: Luck) -> Any:
        with _raising_nothing("an agent can be made"):
            return make(mdp.states, mdp.actions, _STEPS, luck, **kwargs)

    trials = [Trial(world, made, seeding, visits[i], sums[i]) for i in range(side_by_side)]
    for trial in trials:
        _check_table(mdp, trial.agent, "before the first step")
    for step in range(_STEPS):
        for trial in trials:
            with _raising_nothing("an agent acts and learns"):
                trial.advance(step, step + 1, _STEPS)
    return [_check_table(mdp, trial.agent, "after training") for trial in trials], trials


def _check_table(mdp: Mdp, agent: Any, when: str) -> NDArray[np.float64]:
    clause = "an agent has a table q of numbers, [states, actions]"
    _hold(hasattr(agent, "q"), clause, f"{when} there is no q")
    with _raising_nothing(f"{clause}: {when}"):
        q = np.array(agent.q, dtype=np.float64)
    _hold(q.shape == (mdp.states, mdp.actions), clause, f"{when} its shape is {list(q.shape)}")
    _hold(bool(np.isfinite(q).all()), "the entries of q are finite", f"{when} they are not")
    return q


def _check_choices(mdp: Mdp, agent: Any) -> None:
    """The corners of what it may be handed."""
    for state in range(mdp.states):
        for explore, choose in ((0.0, 0.0), (0.0, _LAST), (_LAST, 0.0), (_LAST, _LAST)):
            called = f"act({state}, {explore}, {choose})"
            with _raising_nothing(f"an agent acts and learns: {called}"):
                action = agent.act(state, explore, choose)
            seen = f"{called} is {action!r}"
            valid = isinstance(action, int | np.integer) and 0 <= int(action) < mdp.actions
            _hold(valid, f"act returns an action, a whole number from 0 to {mdp.actions - 1}", seen)


def _check_ends(mdp: Mdp, make: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    """What comes after an end has no worth: two agents that know the same learn the same, whatever is said of it."""
    tables = []
    for next_state in (0, 1):
        agent = _trained(mdp, make, kwargs)[1][0].agent
        with _raising_nothing("an agent acts and learns"):
            agent.learn(2, int(agent.act(2, 0.5, 0.5)), 1.0, next_state, True)
        tables.append(np.array(agent.q, dtype=np.float64))
    clause = "nothing is bootstrapped across the end of an episode"
    _hold(tables[0].tobytes() == tables[1].tobytes(), clause, "learn(..., terminal=True) depends on next_state")


def _small_world() -> Mdp:
    """Four states, three actions, two outcomes of each; some of them end the episode."""
    states, actions = 4, 3
    entries = np.arange(states * actions).reshape(states, actions)
    next_state = np.stack([(entries + 1) % states, (entries * 3 + 2) % states], axis=2)
    return Mdp(
        next_state=next_state,
        reward=np.stack([entries % 3 - 0.5, entries % 5 * 0.25], axis=2),
        probability=np.full((states, actions, 2), 0.5),
        terminal=np.stack([entries % 4 == 3, entries % 7 == 2], axis=2),
        start=np.array([0.5, 0.5, 0.0, 0.0]),
    )


@contextmanager
def _global_luck_untouched(who: str) -> Iterator[None]:
    before = random.getstate(), np.random.get_state()
    yield
    clause = f"{who} takes no luck from a global generator"
    _hold(random.getstate() == before[0], clause, "it draws from Python's random")
    same = all(np.array_equal(one, other) for one, other in zip(before[1], np.random.get_state(), strict=True))
    _hold(same, clause, "it draws from numpy.random")


@contextmanager
def _raising_nothing(clause: str) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, ContractBroken, Untabled):
        raise
    except BaseException as error:  # a border: it is anybody's code, and may call sys.exit
        raise ContractBroken(f"{clause}: {type(error).__name__}: {error}") from error


def _hold(held: bool, clause: str, seen: str) -> None:
    if not held:
        raise ContractBroken(f"{clause}: {seen}")
