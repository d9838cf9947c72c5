"""The maps of states that this process was given, by digest; and a map as the bytes that it travels in.

As with tables, a map is read once, by whoever has the project, and handed on to a worker beside its work.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from expkit.digests import array_digest
from expkit.errors import InvalidUsage

MAP_SUFFIX = ".npy"
"""Of a map's file, which is called by its digest."""

Map = NDArray[np.int64]
"""int64 [states]; the index of each."""

_KEPT: dict[str, Map] = {}


def keep_map(indices: Map) -> str:
    """Keep a map for as long as this process lives, and return the digest that it goes by."""
    digest = array_digest(indices)
    _KEPT.setdefault(digest, indices)
    return digest


def kept_map(digest: str | None) -> Map:
    """The map of a digest.

    Raises:
        InvalidUsage: this process was never given it.
    """
    if digest is None or digest not in _KEPT:
        raise InvalidUsage(
            f"the map of the representation is not here: version {str(digest)[:12]}",
            why="its numbers come from a file, not from its declaration",
            mend="read the experiment from its project, or bring the map along",
        )
    return _KEPT[digest]


def map_to_bytes(indices: Map) -> bytes:
    """A map as an NPY file."""
    file = io.BytesIO()
    np.save(file, indices, allow_pickle=False)
    return file.getvalue()


def map_from_bytes(content: bytes) -> Map:
    """The map that `map_to_bytes` wrote.

    Raises:
        ValueError: it is none.
    """
    found = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(found, np.ndarray) or found.dtype != np.int64 or found.ndim != 1:
        raise ValueError("no map of states")
    return found
