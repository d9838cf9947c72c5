"""Environments of Gymnasium as transition tables; Gymnasium is imported when one is declared, and only here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from expkit.project.names import near
from expkit.specs.environment import Gymnasium
from expkit.training.mdp import Mdp

INSTALL = "pip install 'expkit[gymnasium]'"
TABULAR = ("FrozenLake-v1", "FrozenLake8x8-v1", "Taxi-v4", "CliffWalking-v1")
"""What Gymnasium itself has of the kind."""


class Untabled(Exception):
    """An environment that has no transition table here: under which key of its declaration, why, and what would do."""

    def __init__(self, key: str, why: str, valid: str) -> None:
        super().__init__(why)
        self.key, self.why, self.valid = key, why, valid


def gymnasium_table(declared: Gymnasium) -> Mdp:
    """The transition table of a declared environment, with its start distribution.

    Raises:
        Untabled: Gymnasium is not installed, knows no such environment or cannot make it, or it has no table.
    """
    return _compiled(_ByContent(declared))


class _ByContent:
    """A declaration as a key: kwargs have no hash of their own."""

    def __init__(self, declared: Gymnasium) -> None:
        self.declared = declared

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self.declared.content == other.declared.content

    def __hash__(self) -> int:
        return hash(self.declared.content)


@lru_cache(maxsize=64)
def _compiled(key: _ByContent) -> Mdp:
    declared = key.declared
    tables = [_table(declared) for _ in range(2)]
    if tables[0] != tables[1]:
        raise Untabled(
            "kwargs" if declared.kwargs else "id",
            f"{declared.id} is another environment every time it is made",
            "make it with arguments that leave nothing to chance, such as desc: [SFF, FHF, FFG]",
        )
    return tables[0]


def _made(declared: Gymnasium) -> Any:
    try:
        import gymnasium
        from gymnasium.envs.registration import ENV_ID_RE
        from gymnasium.error import DeprecatedEnv, UnregisteredEnv
    except ImportError as error:
        raise Untabled("kind", "Gymnasium is not installed here", f"install it: {INSTALL}") from error
    arguments: dict[str, Any] = dict(declared.kwargs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an id is old is said when it is gone
            return gymnasium.make(declared.id, **arguments)
    except Exception as error:  # a border: an environment is anybody's program
        if ENV_ID_RE.fullmatch(declared.id) and not isinstance(error, UnregisteredEnv | DeprecatedEnv):
            key = "kwargs" if declared.kwargs else "id"
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise Untabled(key, f"{declared.id} cannot be made: {said}", "see its documentation") from error
        close = [name for name in near(declared.id, [*gymnasium.registry]) if name != declared.id]
        meant = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
        why = f"Gymnasium {gymnasium.__version__} has no environment {declared.id!r}"
        raise Untabled("id", why, f"{meant}with a table are {', '.join(TABULAR)}") from error


def _table(declared: Gymnasium) -> Mdp:
    environment = _made(declared)
    try:
        return table_of(environment, declared.id, declared.discount, key="id")
    finally:
        environment.close()


def table_of(environment: Any, name: str, discount: float | None, *, key: str) -> Mdp:
    """The transition table `P` of an environment that is made, with its start distribution.

    Args:
        environment: Gymnasium's, or any object that has these two.
        name: what it is called in messages.
        discount: of its returns.
        key: under which of its declaration it is named.

    Raises:
        Untabled: it has none.
    """
    inner = getattr(environment, "unwrapped", environment)
    table, start = getattr(inner, "P", None), getattr(inner, "initial_state_distrib", None)
    if table is None or start is None:
        lacking = "transition table P" if table is None else "initial_state_distrib"
        valid = (
            f"with a table are {', '.join(TABULAR)}" if key == "id" else "return one with both, or a mapping of arrays"
        )
        raise Untabled(key, f"{name} has no {lacking}", valid)
    if getattr(inner, "fickle_passenger", False):
        raise Untabled("kwargs", "a fickle passenger is not in Taxi's table", "leave fickle_passenger out")
    try:
        return _mdp(table, np.asarray(start, dtype=np.float64), discount)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        why = f"the table of {name} is not as P is in Gymnasium: {error}"
        raise Untabled(key, why, "P[state][action] is a list of (probability, next state, reward, end)") from error


def _mdp(table: Mapping[int, Mapping[int, Any]], start: Any, discount: float | None) -> Mdp:
    states, actions = len(table), len(table[0])
    width = max(len(table[state][action]) for state in range(states) for action in range(actions))
    shape = states, actions, width
    next_state = np.broadcast_to(np.arange(states)[:, None, None], shape).copy()
    reward, probability, terminal = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for state in range(states):
        if len(table[state]) != actions:
            raise ValueError(f"state {state} has {len(table[state])} actions, state 0 has {actions}")
        for action in range(actions):
            for outcome, (p, onwards, paid, end) in enumerate(table[state][action]):
                at = state, action, outcome
                next_state[at], reward[at], probability[at], terminal[at] = int(onwards), paid, p, end
    return Mdp(
        next_state=next_state, reward=reward, probability=probability, terminal=terminal, start=start, discount=discount
    )
