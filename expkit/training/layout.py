"""The layout of recorded trajectories: known to whoever writes them, and to whoever is handed them."""

from __future__ import annotations

from collections.abc import Mapping

from expkit.records.work import Work
from expkit.specs.recording import Trajectories


def trajectory_layout(work: Work, asked: Trajectories) -> Mapping[str, tuple[str, tuple[int]]]:
    """Type and shape of each array by name; row by row one step, in the order of the seeds and of their steps.

    `next_state` is -1 where the step ended the episode. `index` is there where states are represented: the row of the
    Q-table that the state was looked up in.
    """
    rows = (len(asked.seeds) * min(asked.last_steps, work.tabular.trainer.steps),)
    names = ["seed", "step", "state", "action", "reward", "next_state", "terminal"]
    types = {"reward": "<f8", "terminal": "|b1"}
    return {name: (types.get(name, "<i8"), rows) for name in names + ["index"] * bool(work.tabular.representation)}
