"""The page about agents does what it says: its example is run, and its tables name every kind and every default."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from expkit.project.schema import schemas

if TYPE_CHECKING:
    from tests.conftest import Desk

PAGE = (Path(__file__).parents[1] / "docs" / "agents.md").read_text()


def test_the_example_is_answered_as_the_page_says(desk: Desk) -> None:
    """Its two files, written where the page says, committed and run."""
    examples = re.findall(r"`([\w/]+\.yaml)`:\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in examples] == ["experiments/learners.yaml", "research_questions/bootstrap/question.yaml"]
    for name, text in examples:
        file = desk.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    desk.commit()
    said = desk.expkit("run", "bootstrap")
    assert said.code == 0, said
    assert re.findall(r"^(h\d)  (\w+)", said.out, re.MULTILINE) == [("h1", "supported"), ("h2", "supported")]
    shown = desk.json("show", "learners/sarsa[value=0.3]")["parameters"]
    assert shown["agent.exploration.epsilon.value"] == 0.3
    assert desk.expkit("check").code == 0


DEFINITIONS: dict[str, Any] = json.loads(schemas()["experiment.schema.json"])["$defs"]


KINDS = ["Boltzmann", "EpsilonGreedy", "Ucb", "Linear", "Exponential", "Constant", "DynaQ", "CertaintyEquivalence"]


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_is_on_the_page(name: str) -> None:
    """In the row of its kind, beginning with its default where that is a plain number."""
    properties = DEFINITIONS[name]["properties"]
    (row,) = re.findall(rf"^\| `{properties['kind']['const']}` \|.*$", PAGE, re.MULTILINE)
    for key, setting in properties.items():
        if name == "DynaQ" and key != "planning_steps":
            continue
        default = setting.get("default")
        shown = f"{key}: {default:g}" if isinstance(default, int | float) else key
        assert key == "kind" or shown in row


def test_every_kind_of_agent_is_on_the_page() -> None:
    """One row each, in the table of agents."""
    mapping = [one["$ref"].rpartition("/")[2] for one in DEFINITIONS["Arm"]["properties"]["agent"]["oneOf"]]
    for name in mapping:
        assert f"| `{DEFINITIONS[name]['properties']['kind']['const']}` |" in PAGE
