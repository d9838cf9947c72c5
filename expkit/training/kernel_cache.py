"""The compiled kernel of an image: made once when the image is built, laid where numba may write when a process starts.

numba refuses a cache it cannot write to, and a confined container can write to no part of its image. A copy in the
container's own temporary files costs a millisecond; compiling there would cost seconds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

KERNEL_VARIABLE = "EXPKIT_KERNEL"
"""The folder of an image that holds the compiled kernel; set by its Dockerfile."""
NUMBA_VARIABLE = "NUMBA_CACHE_DIR"


def unpack(environment: Mapping[str, str] = os.environ) -> None:
    """Copy the image's compiled kernel to where numba looks. Only before numba is imported; nothing outside an image.

    A kernel that is not there, or finds no room, is compiled anew, which is slow and not wrong.
    """
    kept = environment.get(KERNEL_VARIABLE)
    place = environment.get(NUMBA_VARIABLE)
    if kept and place and Path(kept).is_dir() and Path(kept) != Path(place):
        with suppress(OSError):
            shutil.copytree(kept, place, dirs_exist_ok=True)


def compile_kernel() -> None:
    """Compile the kernel, and the one of learners, for this machine's processor into numba's cache."""
    from expkit.specs.agent import Drunkard, Sarsa
    from expkit.specs.environment import Dungeon
    from expkit.training.compile import compile_environment
    from expkit.training.streams import seeding_words
    from expkit.training.train import train_on

    mdp = compile_environment(Dungeon(kind="dungeon"))
    for agent in (Drunkard(kind="drunkard"), Sarsa(kind="sarsa")):
        train_on(mdp, agent, steps=40, words=seeding_words(0, "0" * 64, "common", [0]), seeds=[0])


if __name__ == "__main__":
    compile_kernel()
