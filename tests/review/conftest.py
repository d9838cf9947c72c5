"""Changes to a project whose question was answered."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

SECOND = """\
id: rq02
title: "A | `tick` @everyone <script>alert(1)</script> --> ##[error]"
question: Is it so?
scope: Six seeds.
experiments: [strategies]
hypotheses:
  - id: h1
    statement: The gambler earns more than the drunkard.
    experiment: strategies
    criterion: {kind: difference, metric: total_reward, treatment: gambler, control: drunkard, at_least: 0}
"""
"""Another question, whose title would like to be more than text."""


@pytest.fixture
def change(answered: Desk) -> Desk:
    """A branch `feature` of a project whose question was answered on `main`."""
    answered.git("checkout", "--quiet", "-b", "feature")
    return answered


@pytest.fixture(scope="module")
def _amended(_answered: tuple[Desk, object], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = _answered[0]
    desk = replace(desk, root=Path(shutil.copytree(desk.root, tmp_path_factory.mktemp("amended") / "project")))
    desk.git("checkout", "--quiet", "-b", "feature")
    desk.edit(desk.question, "at_least: 0.5", "at_least: 5")
    desk.commit()
    assert desk.expkit("outcome", "rq01").code == 0
    desk.commit()
    return desk


@pytest.fixture
def amended(_amended: Desk, tmp_path: Path) -> Desk:
    """A branch on which a bound moved after its data existed, and the outcome was written again."""
    return replace(_amended, root=Path(shutil.copytree(_amended.root, tmp_path / "project")))
