from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidDeclaration
from expkit.outcomes.freshness import parameters
from expkit.plan import PlannedArm, plan
from expkit.project.read import parse_declarations
from expkit.specs.experiment import as_tabular
from expkit.training.compile import compile_arm

if TYPE_CHECKING:
    from tests.conftest import Desk

E, M = "experiments/seen.yaml", "environments/halves.csv"
HALVES = "state,index\n0,0\n1,0\n2,0\n3,1\n4,1\n"
EXPERIMENT = """\
id: seen
title: What a learner sees
environment: {{kind: dungeon}}
{representation}
trainer: {{kind: tabular, steps: 100}}
arms:
  gambler: {{agent: {{kind: gambler}}}}
  plain: {{agent: {{kind: gambler}}, representation: {{kind: identity}}}}
seeds: {{root: 1, count: 5}}
"""
AGGREGATION = "representation: {kind: aggregation, file: environments/halves.csv}"


def files(representation: str = AGGREGATION, map_: str | None = HALVES, name: str = M) -> dict[str, bytes]:
    """An experiment and its map."""
    declared = {E: EXPERIMENT.format(representation=representation).encode()}
    return declared if map_ is None else declared | {name: map_.encode()}


def arms(declared: dict[str, bytes]) -> dict[str, PlannedArm]:
    """The planned arms by name."""
    return {arm.name: arm for arm in plan(parse_declarations(declared).experiments["seen"], lambda *_: frozenset())}


def said(declared: dict[str, bytes]) -> list[str]:
    """The lines of what is wrong with some files."""
    with pytest.raises(InvalidDeclaration) as refused:
        parse_declarations(declared)
    return str(refused.value).splitlines()


def test_an_experiment_says_what_its_learners_see_and_an_arm_otherwise() -> None:
    """The map's digest stands in the resolved arm, and what the arm is trained on has a row an index."""
    found = arms(files())
    assert compile_arm(as_tabular(found["gambler"].arm)).index.tolist() == [0, 0, 0, 1, 1]
    assert compile_arm(as_tabular(found["plain"].arm)).indices == 5
    settings = parameters(found["gambler"].arm)
    assert settings["representation.kind"] == "aggregation"
    assert len(str(settings["representation.digest"])) == 64
    assert found["gambler"].environment_digest == found["plain"].environment_digest


def test_a_representation_is_in_an_arms_key_by_its_content() -> None:
    """Identity, said or not, is no representation; another file with the same map is the same."""
    plain = arms(files(""))["gambler"].key
    halves = arms(files())["gambler"].key
    history = "representation: {kind: history, length: 2, file: environments/halves.csv}"
    keys = {
        plain,
        halves,
        arms(files(map_=HALVES.replace("2,0", "2,1")))["gambler"].key,
        arms(files(history))["gambler"].key,
        arms(files("representation: {kind: history, length: 2}"))["gambler"].key,
    }
    assert len(keys) == 5
    assert arms(files())["plain"].key == arms(files("representation: {kind: identity}"))["gambler"].key == plain
    moved = files(
        AGGREGATION.replace("halves", "sub/other"), HALVES.replace("\n", "\r\n"), "environments/sub/other.csv"
    )
    assert arms(moved)["gambler"].key == halves


@pytest.mark.parametrize(
    ("representation", "map_", "expected"),
    [
        (AGGREGATION, None, f"{E}:4:43: there is no file {M}"),
        (AGGREGATION, HALVES + "5,1\n", f"{E}:4:43: arm gambler: the map is of 6 states; the environment has 5"),
        (AGGREGATION, HALVES.replace("2,0\n", ""), f"{M}:1:1: there is no state 2, and one of 4; count the state"),
        (AGGREGATION, HALVES.replace(",1", ",2"), f"{M}:1:1: there is no index 1, and one of 2; count the index"),
        (AGGREGATION, HALVES.replace("4,1", "3,1"), f"{M}:6:1: state 3 has an index already; name every state once"),
        (AGGREGATION, HALVES.replace("4,1", "4,-1"), f"{M}:6:1: 4,-1 is no state and its index; write two whole"),
        (AGGREGATION, "a,b\n", f"{M}:1:1: the file is no map of states; write a first row state,index"),
        ("representation: {kind: history, length: 9}", None, f"{E}:4:41: arm gambler: 9 observations of 5 kinds make"),
        ("representation: {kind: history, length: 0}", None, f"{E}:4:41: length: 0 is out of range"),
        (
            "representation: {kind: aggregation, file: m.csv}",
            None,
            f"{E}:4:43: file cannot be 'm.csv'; write a path such as",
        ),
        (AGGREGATION[:-1] + f", digest: {'ab' * 32}}}", HALVES, f"{E}:4:76: the map is version "),
    ],
)
def test_a_representation_that_cannot_be_meant_is_refused_where_it_stands(
    representation: str, map_: str | None, expected: str
) -> None:
    """File, line, column; what is wrong, what would be right."""
    found = said(files(representation, map_))
    assert found[0].startswith(expected), found


def test_a_program_has_no_table_to_represent_states_in() -> None:
    """Said where the representation stands, and nothing else beside it."""
    text = EXPERIMENT.format(representation=AGGREGATION).replace("environment: {kind: dungeon}\n", "")
    text = text.replace("seeds: {root: 1, count: 5}\n", "").replace(
        "kind: tabular, steps: 100", "kind: recorded, file: results/a.csv, metrics: {a: {definition: a}}"
    )
    found = said({E: text.replace("{agent: {kind: gambler}, ", "{").replace("agent: {kind: gambler}", "").encode()})
    assert [line.partition("; ")[0] for line in found] == [
        f"{E}:3:17: a trainer of kind recorded has no Q-table to represent states in",
        f"{E}:7:27: arm plain: a trainer of kind recorded has no representation",
    ]


def test_what_was_trained_on_rows_is_not_packaged(desk: Desk) -> None:
    """A checkpoint would be asked by state: the reason is said before anything is built."""
    (desk.root / "environments").mkdir()
    (desk.root / M).write_text(HALVES)
    desk.edit(desk.experiment, "trainer:", f"{AGGREGATION}\ntrainer:")
    refused = desk.expkit("package", "gambler")
    assert refused.code == 2, refused
    assert "gambler cannot be packaged: its learner does not see states as they are" in refused.err
