from __future__ import annotations

from pathlib import Path

import pytest

from expkit.project.read import Project, declared_files, read_project
from expkit.project.schema import schemas
from expkit.specs.resolve import resolve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> Project:
    """This repository, as a project."""
    return read_project(ROOT)


def test_the_shipped_declarations_are_sound(project: Project) -> None:
    """Three questions about the dungeon, each over 200 seeds an arm, on roots of their own."""
    assert {"rq01", "rq02", "rq03"} <= project.questions.keys()
    shipped = [project.experiments[name] for name in ("strategies", "learning_rates", "reward_rules")]
    assert [one.seeds.count for one in shipped] == [200, 200, 200]
    assert len({one.seeds.root for one in shipped}) == 3


def test_the_reward_rule_is_asked_with_the_first_questions_own_hypotheses(project: Project) -> None:
    """Word for word and bound for bound, under another rule."""
    first, third = project.questions["rq01"], project.questions["rq03"]
    assert [(one.statement, one.criterion) for one in first.hypotheses] == [
        (one.statement, one.criterion) for one in third.hypotheses
    ]
    rules = {arm.name: arm.environment.reward_rule for arm in resolve(project.experiments["reward_rules"])}
    assert rules == {
        **dict.fromkeys(("drunkard", "accountant", "gambler"), "landing"),
        **dict.fromkeys(("drunkard-entry", "accountant-entry", "gambler-entry"), "entry"),
    }


def test_every_shipped_declaration_names_the_schema_that_is_committed_beside_it() -> None:
    """The first line leads an editor to a file that exists and says what expkit reads today."""
    declarations = {file: content for file, content in declared_files(ROOT).items() if file.endswith(".yaml")}
    for file, content in declarations.items():
        comment, _, schema = content.decode().splitlines()[0].partition("$schema=")
        assert comment == "# yaml-language-server: "
        target = (ROOT / file).parent / schema
        assert target.read_text(encoding="utf-8") == schemas()[target.name]
