"""The sections about code of one's own do what they say: their modules are written down, run, checked and changed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

DOCS = Path(__file__).parents[1] / "docs"
EXPERIMENT = """\
id: own
title: Code of one's own
{environment}trainer: {{kind: tabular, steps: 1000}}
{arms}seeds: {{root: 7, count: 6}}
"""
ARMS = ["softmax", "softmax[temperature=0.1]", "softmax[temperature=2]"]
QUESTION = """\
id: own
title: Code of one's own
question: Does the softmax agent find the way?
scope: A corridor.
experiments: [own]
hypotheses:
  - id: h1
    statement: The softmax agent finds the shortest way.
    experiment: own
    criterion: {kind: value, metric: optimal_return, arm: softmax, at_least: 0.4}
"""


def section(page: str, title: str) -> str:
    """A section of a page, from its title to the next."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


AGENT = section("agents.md", "An agent of your own")
ENVIRONMENT = section("environments.md", "An environment of your own, in Python")


def blocks(text: str, language: str) -> list[str]:
    """The code in a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def written(desk: Desk) -> Desk:
    """The modules and declarations of both pages, as they have them, committed."""
    (desk.root / "my_agents.py").write_text(blocks(AGENT, "python")[0])
    (desk.root / "my_envs.py").write_text(blocks(ENVIRONMENT, "python")[0])
    [environment], [arms] = blocks(ENVIRONMENT, "yaml"), blocks(AGENT, "yaml")
    (desk.root / "experiments/own.yaml").write_text(EXPERIMENT.format(environment=environment, arms=arms))
    (desk.root / "research_questions/own").mkdir()
    (desk.root / "research_questions/own/question.yaml").write_text(QUESTION)
    desk.commit()
    return desk


def test_code_of_ones_own_is_answered_registered_and_reproduced_at_its_commit(written: Desk) -> None:
    """Modules of a commit are what they were then: changed ones are another arm, a broken one refuses nothing old."""
    said = written.expkit("run", "own")
    assert said.code == 0, said
    assert re.findall(r"^(h\d)  (\w+)", said.out, re.MULTILINE) == [("h1", "supported")]
    evidence = json.loads((written.root / "research_questions/own/evidence.json").read_text())
    assert [arm["name"] for arm in evidence["arms"]] == ARMS
    written.commit()
    assert written.expkit("check", "own").code == 0

    written.edit(written.root / "my_agents.py", "discount=0.95", "discount=0.9")
    written.edit(written.root / "my_envs.py", "length=5", "length=9")  # nobody's default is asked for
    assert [(arm["arm"], len(arm["missing"])) for arm in written.json("plan", "own")] == [(arm, 6) for arm in ARMS]
    assert "not verifiable" not in written.expkit("check", "own").err
    reproduced = written.expkit("reproduce", "own")
    assert reproduced.code == 0, reproduced
    assert "reproduced: 18 trials" in reproduced.out


def test_an_agent_that_raises_is_told_with_its_line(written: Desk) -> None:
    """Exit code 3, no traceback, and no trial recorded."""
    written.edit(written.root / "my_agents.py", "        row = ", "        self.lost()\n        row = ")
    said = written.expkit("run", "own")
    assert said.code == 3
    assert "my_agents:Softmax: my_agents.py:" in said.err
    assert "AttributeError: 'Softmax' object has no attribute 'lost'" in said.err
    assert not written.expkit("status", "own").err


@pytest.mark.parametrize(("text", "module"), [(AGENT, "my_agents"), (ENVIRONMENT, "my_envs")])
def test_the_checkers_pass_on_the_pages(
    text: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test that each page shows."""
    source, test = blocks(text, "python")
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    shown: dict[str, object] = {}
    exec(test, shown)
    for name, function in shown.items():
        if name.startswith("test_") and callable(function):
            function()
    monkeypatch.delitem(sys.modules, module)
