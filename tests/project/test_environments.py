from __future__ import annotations

import io
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.errors import InvalidDeclaration
from expkit.outcomes.freshness import parameters
from expkit.plan import plan
from expkit.project.read import declared_files, parse_declarations
from expkit.project.tables import COLUMNS
from expkit.specs.experiment import Experiment
from expkit.specs.resolve import resolve
from expkit.training.compile import compile_environment
from expkit.training.evaluate import optimal_gain
from expkit.training.mdp import Mdp
from expkit.training.returns import optimal_return, random_return

ROOT = Path(__file__).parents[2]
T, E = "environments/coin.csv", "experiments/coin.yaml"
HEAD = ",".join(COLUMNS)
COIN = f"""\
{HEAD}
0,0,0.5,0,1,false
0,0,1/2,1,0,false
0,1,1,1,0,false
1,0,1,,0,true
1,1,1,0,-1,false
"""
EXPERIMENT = """\
id: coin
title: A coin
environment: {{{environment}}}
trainer: {{kind: tabular, steps: 100}}
arms: {{gambler: {{agent: {{kind: gambler, learning_rate: 0.1, discount: 0.9}}}}{arms}}}
seeds: {{root: 1, count: 5}}
{more}
"""
VERSION = metadata.version("gymnasium")
TABLE = "kind: table, file: environments/coin.csv"


def files(
    table: str | bytes | None = COIN, *, environment: str = TABLE, arms: str = "", more: str = "", name: str = T
) -> dict[str, bytes]:
    """An experiment and its table."""
    declared = {E: EXPERIMENT.format(environment=environment, arms=arms, more=more).encode()}
    return declared if table is None else declared | {name: table.encode() if isinstance(table, str) else table}


def experiment(declared: dict[str, bytes]) -> Experiment:
    """The experiment that some files declare."""
    return parse_declarations(declared).experiments["coin"]


def tables(declared: dict[str, bytes]) -> dict[str, Mdp]:
    """The table of each arm, by name."""
    return {arm.name: compile_environment(arm.environment) for arm in resolve(experiment(declared))}


def said(declared: dict[str, bytes]) -> list[str]:
    """The lines of what is wrong with some files."""
    with pytest.raises(InvalidDeclaration) as refused:
        parse_declarations(declared)
    return str(refused.value).splitlines()


def gymnasium(id: str, more: str = "") -> Mdp:
    """The table of an environment of Gymnasium, declared with what `more` says."""
    return tables(files(None, environment=f"kind: gymnasium, id: {id}{more}"))["gambler"]


def test_a_table_in_a_file_is_an_environment() -> None:
    """Outcomes in the order of the rows, fractions exact, the way after an end of no meaning."""
    mdp = tables(files())["gambler"]
    assert (mdp.states, mdp.actions, mdp.next_state.shape[2]) == (2, 2, 2)
    assert mdp.probability[0].tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert mdp.reward[0, 0].tolist() == [1.0, 0.0]
    assert mdp.terminal.tolist() == [[[False, False], [False, False]], [[True, False], [False, False]]]
    assert mdp.start.tolist() == [1.0, 0.0]


def test_the_version_is_the_content_wherever_it_stands() -> None:
    """Another name, other spacing or another format changes nothing; another number or start does."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for line in COIN.replace("1/2", "0.5").replace("1,0,1,,0,true", "1,0,1,1,0,true").splitlines()[1:]:
        for name, cell in zip(COLUMNS, line.split(","), strict=True):
            columns[name].append(cell == "true" if name == "terminal" else float(cell))
    whole = ("state", "action", "next_state")
    archive = io.BytesIO()
    np.savez(
        archive, **{name: np.array(cells, dtype=int if name in whole else None) for name, cells in columns.items()}
    )
    same = [
        files(),
        files(COIN.replace(",", " , ").replace("\n", "\r\n")),
        files(name="environments/deep/er.csv", environment="kind: table, file: environments/deep/er.csv"),
        files(archive.getvalue(), name="environments/c.npz", environment="kind: table, file: environments/c.npz"),
        files(environment=f"{TABLE}, start: [0]"),
    ]
    keys = {plan(experiment(one), lambda *_: frozenset())[0].key for one in same}
    assert len(keys) == 1
    others = [
        files(COIN.replace("1,1,1,0,-1", "1,1,1,0,-2")),
        files(environment=f"{TABLE}, start: 1"),
        files(environment=f"{TABLE}, discount: 0.9"),
        files(environment=f'{TABLE}, start: {{"0": 0.25, "1": 0.75}}'),
        files(environment=f"{TABLE}, time_limit: 20"),
        files(environment=f"{TABLE}, time_limit: 21"),
    ]
    keys |= {plan(experiment(one), lambda *_: frozenset())[0].key for one in others}
    assert len(keys) == 1 + len(others)


def test_a_time_limit_is_another_arm_in_the_same_environment() -> None:
    """Its digest is the table's; an arm and a sweep may set a limit of their own, and parameters tell it."""
    declared = files(
        environment=f"{TABLE}, time_limit: 20",
        arms=", endless: {agent: {kind: drunkard}, environment: {time_limit: null}}",
        more="sweep: {arm: gambler, vary: {environment.time_limit: [20, 30]}}",
    )
    planned = {arm.name: arm for arm in plan(experiment(declared), lambda *_: frozenset())}
    assert len({arm.environment_digest for arm in planned.values()}) == 1
    assert planned["gambler"].key == planned["gambler[time_limit=20]"].key != planned["gambler[time_limit=30]"].key
    limits = {name: parameters(arm.arm).get("environment.time_limit") for name, arm in planned.items()}
    assert limits == {"gambler": 20, "endless": None, "gambler[time_limit=20]": 20, "gambler[time_limit=30]": 30}


@pytest.mark.parametrize("limit", ["0", "2.5", "long", "true"])
def test_a_time_limit_is_a_number_of_steps(limit: str) -> None:
    """At least one."""
    [line] = said(files(environment=f"{TABLE}, time_limit: {limit}"))
    assert line.startswith(f"{E}:3:69: time_limit: ")
    assert "a whole number from 1 to" in line


def test_the_dungeon_has_no_time_limit() -> None:
    """Nor has it a discount: what it is stands in its declaration."""
    [line] = said(files(environment="kind: dungeon, time_limit: 5"))
    assert line.startswith(f"{E}:3:30: unknown key 'time_limit' in environment")


def test_what_a_file_said_when_it_was_read_stays_true_of_the_plan() -> None:
    """Two commits with one path and two contents are planned side by side, each with its own table."""
    then, now = experiment(files()), experiment(files(COIN.replace(",-1,", ",-3,")))
    digests = [plan(one, lambda *_: frozenset())[0].environment_digest for one in (then, now, then)]
    assert digests[0] == digests[2] != digests[1]


def test_arms_and_sweeps_may_be_in_tables_of_their_own() -> None:
    """An override of the file, a sweep over files, and an arm in another kind of environment."""
    declared = files(
        arms=", dug: {agent: {kind: drunkard}, environment: {kind: dungeon, length: 7}}, "
        "other: {agent: {kind: drunkard}, environment: {file: environments/b.csv}}",
        more="sweep: {arm: gambler, vary: {environment.file: [environments/coin.csv, environments/b.csv]}}",
    )
    found = tables(declared | {"environments/b.csv": COIN.replace(",-1,", ",-2,").encode()})
    assert found["dug"].states == 7
    assert found["other"] == found["gambler[file=environments/b.csv]"] != found["gambler"]
    assert found["gambler[file=environments/coin.csv]"] == found["gambler"]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("0,0,1/2,1", "0,0,0.4,1", f"{T}:3:1: the probabilities of state 0, action 0 sum to 0.9, not to 1 (rows 2, 3)"),
        ("1,1,1,0,-1,false", "1,1,1,2,-1,false", f"{T}:6:1: it leads to state 2, which has no rows; the states are 0"),
        ("1,1,1,0,-1,false", "1,1,1,0,nan,false", f"{T}:6:1: reward is 'nan'; write a finite number"),
        ("1,1,1,0,-1,false", "1,1,2,0,-1,false", f"{T}:6:1: probability is 2; write a number from 0 to 1"),
        ("1,1,1,0,-1,false", "1,-1,1,0,-1,false", f"{T}:6:1: action is '-1'; write a whole number, counted from 0"),
        ("1,1,1,0,-1,false", "1,1,1,0,-1,maybe", f"{T}:6:1: terminal is 'maybe'; write true or false"),
        ("1,1,1,0,-1,false", "1,1,1,0,-1", f"{T}:6:1: 5 values; write the 6 of the first row"),
        ("1,1,1,0,-1,false", "3,1,1,0,-1,false", f"{T}:5:1: state 1 has no row for action 1"),
        ("1,1,1,0,-1,false", "900000000,1,1,0,-1,false", f"{T}:6:1: there are 5 rows, and this one is of state"),
        ("1,1,1,0,-1,false", "1,900000000,1,0,-1,false", f"{T}:4:1: state 0 has no row for action 2"),
        ("1,0,1,,0,true", "1,0,1,,0,false", f"{T}:5:1: next_state is ''; write a whole number"),
        ("next_state", "following", f"{T}:1:1: there is no column 'following'"),
        (COIN, "", f"{T}:1:1: the file is empty"),
        (COIN, HEAD, f"{T}:1:1: the table has no rows"),
        (COIN, "\x00\n", f"{T}:1:1: "),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(old: str, new: str, mistake: str) -> None:
    """File and row, what is wrong there, and what is right."""
    assert COIN.count(old) == 1
    assert any(line.startswith(mistake) for line in said(files(COIN.replace(old, new))))


@pytest.mark.parametrize(
    ("environment", "key", "words"),
    [
        ("kind: table, file: environments/con.csv", "file", "there is no file environments/con.csv; symbolic links"),
        ("kind: table, file: environments/../coin.csv", "file", "environments/../coin.csv leads out of its folder"),
        ("kind: table, file: ../coin.csv", "file", "file cannot be '../coin.csv'; write a path such as environments/"),
        ("kind: table, file: /etc/coin.csv", "file", "file cannot be '/etc/coin.csv'"),
        (f"{TABLE}, start: 2", "start", "environments/coin.csv has no state 2 to start in; the states are 0 to 1"),
        (f"{TABLE}, start: [0, 0]", "start", "a state is named twice in start"),
        (f'{TABLE}, start: {{"0": 0.5}}', "start", "the probabilities of start sum to 0.5"),
        (f"{TABLE}, digest: {'a' * 64}", "digest", "the table is version "),
        (f"{TABLE}, discount: 1", "discount", "with discount 1 a policy without a finite return exists"),
        (f"{TABLE}, discount: 0", "discount", "discount: 0 is out of range"),
        ("kind: tabel", "kind", "there is no environment of the kind 'tabel'; did you mean 'table'?"),
        (
            "kind: gymnasium, id: FrozenLak-v1",
            "id",
            f"Gymnasium {VERSION} has no environment 'FrozenLak-v1'; did you mean 'F",
        ),
        ("kind: gymnasium, id: a lake", "id", f"Gymnasium {VERSION} has no environment 'a lake'; with a table are "),
        (
            "kind: gymnasium, id: Taxi-v3",
            "id",
            f"Gymnasium {VERSION} has no environment 'Taxi-v3'; did you mean 'Taxi-v4'",
        ),
        ("kind: gymnasium, id: CartPole-v1", "id", "CartPole-v1 has no transition table P"),
        ("kind: gymnasium, id: FrozenLake-v1, kwargs: {map_name: null}", "kwargs", "FrozenLake-v1 is another environ"),
        ("kind: gymnasium, id: FrozenLake-v1, kwargs: {slip: 1}", "kwargs", "FrozenLake-v1 cannot be made: TypeError"),
        ("kind: gymnasium, id: Taxi-v4, kwargs: {fickle_passenger: true}", "kwargs", "a fickle passenger is not in"),
    ],
)
def test_an_environment_that_cannot_be_had_is_named_where_it_is_declared(
    environment: str, key: str, words: str
) -> None:
    """Each with the line and column of what is wrong."""
    declared = files(environment=environment)
    column = declared[E].decode().splitlines()[2].index(f"{key}: ") + len(f"{key}: ") + 1
    assert said(declared)[0].startswith(f"{E}:3:{column}: {words}")


def test_without_gymnasium_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it is needed."""
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    [line] = said(files(None, environment="kind: gymnasium, id: FrozenLake-v1, kwargs: {desc: [SF, FG]}"))
    assert line == f"{E}:3:21: Gymnasium is not installed here; install it: pip install 'expkit[gymnasium]'"


def test_returns_are_measured_where_a_discount_is_declared() -> None:
    """Elsewhere a metric of returns is refused, with how to have it."""
    parse_declarations(files(environment=f"{TABLE}, discount: 0.9", more="outputs: [greedy_return]"))
    [line] = said(files(more="outputs: [greedy_return]"))
    assert "greedy_return is measured only where every environment declares a discount; add discount" in line


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A commit would hold the link, and somebody else's table may be behind it."""
    for file, content in files().items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)
    assert T in declared_files(tmp_path)
    (tmp_path / T).rename(tmp_path / "coin.csv")
    (tmp_path / T).symlink_to(tmp_path / "coin.csv")
    assert f"there is no file {T}; symbolic links are not followed" in said(declared_files(tmp_path))[0]
    (tmp_path / "environments").rename(tmp_path / "outside")
    (tmp_path / "environments").symlink_to(tmp_path / "outside")
    assert T not in declared_files(tmp_path)


def test_frozen_lake_is_left_alive_82_times_in_a_hundred() -> None:
    """The slippery 4x4 lake without a time limit: 14/17, as published; a random walk, 1 in 72."""
    mdp = gymnasium("FrozenLake-v1", ", discount: 1")
    assert optimal_return(mdp) == pytest.approx(14 / 17, abs=1e-12)
    assert random_return(mdp) == pytest.approx(0.01394, abs=5e-6)


def test_the_cliff_is_walked_in_13_steps_and_slipping_costs() -> None:
    """Sutton and Barto, example 6.6."""
    assert optimal_return(gymnasium("CliffWalking-v1")) == -13
    assert optimal_return(gymnasium("CliffWalking-v1"), 0.99) == pytest.approx(-(1 - 0.99**13) / 0.01)


def test_a_taxi_earns_what_shortest_ways_earn() -> None:
    """20 for each passenger, less a step for each on a shortest way, over all starts: 7.93."""
    mdp = gymnasium("Taxi-v4")
    value = np.zeros(mdp.states)
    for _ in range(60):
        value = (mdp.reward + np.where(mdp.terminal, 0, value[mdp.next_state]))[:, :, 0].max(axis=1)
    assert optimal_return(mdp) == pytest.approx(float(mdp.start @ value), abs=1e-9) == pytest.approx(7.93, abs=1e-9)


def test_the_shipped_tables_have_their_published_values() -> None:
    """RiverSwim's 0.4286 a step (by detailed balance); the walk's sixths, from its middle one half."""
    shipped = parse_declarations(declared_files(ROOT)).experiments
    river, walk = (compile_environment(resolve(shipped[name])[0].environment) for name in ("riverswim", "random_walk"))
    assert optimal_gain(river) == pytest.approx(3601.5 / 8402.5, abs=1e-12)
    assert (random_return(walk), optimal_return(walk)) == (pytest.approx(0.5, abs=1e-15), 1.0)
