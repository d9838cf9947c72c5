"""The transition tables that this process was given, by digest; and a table as the bytes that it travels in.

Only a dungeon can be compiled wherever its declaration is. Other tables are read once, by whoever has the project, and
handed on: to a worker beside its work, to a checkpoint beside its Q-table.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np

from expkit.specs.environment import Dungeon, Environment
from expkit.training.mdp import ARRAYS, Mdp

TABLE_SUFFIX = ".npz"
"""Of a table's file, which is called by its digest."""

_KEPT: dict[str, Mdp] = {}


def keep(mdp: Mdp) -> str:
    """Keep a table for as long as this process lives, and return the digest that it goes by."""
    return _KEPT.setdefault(mdp.digest, mdp).digest


def kept(digest: str) -> Mdp | None:
    """The table of a digest; None where this process was never given it."""
    return _KEPT.get(digest)


def travels(environment: Environment) -> bool:
    """Whether a table has to go where its environment goes, since no declaration tells it."""
    return not isinstance(environment, Dungeon)


def to_bytes(mdp: Mdp) -> bytes:
    """A table as an NPZ file."""
    arrays = {name: getattr(mdp, name) for name in ARRAYS}
    if mdp.discount is not None:
        arrays["discount"] = np.array(mdp.discount)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def from_bytes(content: bytes) -> Mdp:
    """The table that `to_bytes` wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS}
            discount = float(file["discount"]) if "discount" in file else None
        return Mdp(**arrays, discount=discount)
    except (OSError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"no transition table: {error}") from error
