"""A question whose verdicts do not hang on its seeds, run and committed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Desk
from tests.replicate.acts import (
    CLEAR,
    run,
)


@pytest.fixture(scope="module")
def _clear(_answered: tuple[Desk, Any], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    template = _answered[0]
    root = tmp_path_factory.mktemp("clear") / "project"
    desk = replace(template, root=Path(shutil.copytree(template.root, root, symlinks=True)))
    desk.git("rm", "-r", "--quiet", "research_questions/rq01")
    shutil.rmtree(desk.root / ".expkit")
    desk.question.parent.mkdir(parents=True)
    h1, h2 = (f"  - {{id: h{n}, statement: Claim {n}., experiment: strategies, criterion: " for n in (1, 2))
    desk.question.write_text(
        "id: rq01\ntitle: What is clear\nquestion: Is it clear?\nscope: Six seeds.\nexperiments: [strategies]\n"
        f"hypotheses:\n{h1}{CLEAR[0]}}}\n{h2}{CLEAR[1]}}}\n"
    )
    desk.git("commit", "--quiet", "--all", "--amend", "--message", "a commit")
    desk.git("reflog", "expire", "--expire=now", "--all")  # else the data of before are known
    desk.commit()
    run(desk)
    desk.commit()
    return desk


@pytest.fixture
def clear(_clear: Desk, tmp_path: Path) -> Desk:
    """A project whose question was run and committed; its verdicts are the same on every root."""
    return replace(_clear, root=Path(shutil.copytree(_clear.root, tmp_path / "project", symlinks=True)))
