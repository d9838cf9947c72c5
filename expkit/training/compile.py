"""From a declared environment to its transition table."""

from __future__ import annotations

from functools import lru_cache

from expkit.errors import InvalidUsage
from expkit.specs.environment import Dungeon, Environment
from expkit.specs.experiment import TabularArm
from expkit.training.dungeon import dungeon_table
from expkit.training.mdp import Mdp
from expkit.training.represented import represented
from expkit.training.tables import kept

_dungeon_table = lru_cache(maxsize=256)(dungeon_table)


def compile_environment(environment: Environment) -> Mdp:
    """The transition table of a declared environment, compiled once a process.

    What is declared in a file or a package is compiled where the project is read; from there on, its table is known
    by its digest.

    Raises:
        InvalidUsage: a table that this process was never given.
    """
    if isinstance(environment, Dungeon):
        return _dungeon_table(environment)
    if environment.digest and (mdp := kept(environment.digest)):
        return mdp
    version = f"version {environment.digest[:12]}" if environment.digest else "a version that nobody has looked up"
    raise InvalidUsage(
        f"the table of the environment is not here: {version}",
        where=f"kind {environment.kind}",
        why="its numbers come from a file or a package, not from its declaration",
        mend="read the experiment from its project, or bring the table along",
    )


def compile_arm(arm: TabularArm) -> Mdp:
    """The transition table that an arm is trained on: its environment, as its representation shows it.

    Raises:
        InvalidUsage: a table or a map that this process was never given.
    """
    world = compile_environment(arm.environment)
    return world if arm.representation is None else represented(world, arm.representation)
