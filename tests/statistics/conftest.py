"""Property tests of this room are never timed: a busy machine is no counterexample."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
