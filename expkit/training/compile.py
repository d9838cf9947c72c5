"""From a declared environment to its transition table."""

from __future__ import annotations

from functools import lru_cache

from expkit.specs.environment import Environment
from expkit.training.dungeon import dungeon_table
from expkit.training.mdp import Mdp


@lru_cache(maxsize=256)
def compile_environment(environment: Environment) -> Mdp:
    """The transition table of a declared environment, compiled once a process."""
    return dungeon_table(environment)
