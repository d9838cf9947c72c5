from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.digests import digest
from expkit.errors import InvalidDeclaration
from expkit.plan import arm_key, plan
from expkit.project.modules import with_modules
from expkit.project.read import declared_files, parse_declarations
from expkit.specs.experiment import TabularArm
from expkit.specs.resolve import resolve
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION
from expkit.training.mdp import Mdp

E = "experiments/own.yaml"
AGENT = """\
import my_tools


class Fixed:
    def __init__(self, states, actions, steps, luck, action=0, *, gain=1.0):
        self.q = my_tools.zeros(states, actions)
"""
TOOLS = "import json\nimport numpy\nimport expkit.digests\n\n\ndef zeros(*shape):\n    return numpy.zeros(shape)\n"
CORRIDOR = """\
def corridor(length=3, pay=1.0):
    there = [[[min(state + 1, length - 1)]] for state in range(length)]
    ones = [[[pay]]] * length
    return {
        "next_state": there, "reward": ones, "probability": [[[1.0]]] * length,
        "terminal": [[[False]]] * length, "start": [1.0] + [0.0] * (length - 1),
    }


class Frozen:
    P = {0: {0: [(1.0, 1, 2.0, False)]}, 1: {0: [(1.0, 0, 0.0, True)]}}
    initial_state_distrib = [1.0, 0.0]
"""
MODULES = {"my_agents.py": AGENT, "my_tools.py": TOOLS, "my_envs.py": CORRIDOR}


def files(
    environment: str = "kind: dungeon", agent: str = "kind: drunkard", sweep: str = "", **changed: str
) -> dict[str, bytes]:
    """An experiment and the modules of its project; `changed` are texts by name."""
    declared = f"""\
id: own
title: Of one's own
environment: {{{environment}}}
trainer: {{kind: tabular, steps: 100}}
arms: {{one: {{agent: {{{agent}}}}}}}
seeds: {{root: 1, count: 5}}
{sweep}
"""
    modules = MODULES | {name.replace("__", "/") + ".py": text for name, text in changed.items()}
    return {E: declared.encode()} | {path: text.encode() for path, text in modules.items()}


def arms(declared: dict[str, bytes]) -> dict[str, TabularArm]:
    """The arms that some files declare."""
    experiment = parse_declarations(declared).experiments["own"]
    return {arm.name: arm for arm in resolve(experiment) if isinstance(arm, TabularArm)}


def table(make: str, more: str = "", **changed: str) -> Mdp:
    """The table of an environment of one's own."""
    return compile_environment(arms(files(f"kind: python, make: '{make}'{more}", **changed))["one"].environment)


def key(declared: dict[str, bytes]) -> str:
    """The key of an experiment's first arm."""
    return plan(parse_declarations(declared).experiments["own"], lambda *_: frozenset())[0].key


def said(declared: dict[str, bytes]) -> str:
    """The one thing that is wrong with some files."""
    with pytest.raises(InvalidDeclaration) as refused:
        parse_declarations(declared)
    (mistake,) = refused.value.mistakes
    return str(mistake)


FIXED = "kind: python, make: 'my_agents:Fixed'"


def test_a_function_that_returns_a_table_is_an_environment() -> None:
    """With its arguments, and with the discount of its declaration; equal tables are one version, whatever the code."""
    mdp = table("my_envs:corridor", ", kwargs: {length: 4}, discount: 0.9")
    assert (mdp.states, mdp.actions, mdp.discount) == (4, 1, 0.9)
    commented = table("my_envs:corridor", ", kwargs: {length: 4}, discount: 0.9", my_envs=f"# mine\n{CORRIDOR}")
    assert commented.digest == mdp.digest
    assert table("my_envs:corridor").digest != table("my_envs:corridor", ", kwargs: {pay: 2}").digest


def test_an_object_with_the_table_of_gymnasium_is_an_environment() -> None:
    """No Gymnasium is needed for it."""
    mdp = table("my_envs:Frozen")
    assert mdp.reward.tolist() == [[[2.0]], [[0.0]]]
    assert mdp.terminal.tolist() == [[[False]], [[True]]]


def test_modules_run_as_they_were_read_and_leave_nothing_behind() -> None:
    """Each text by itself, in packages or not; what is imported under the same name stays what it was."""
    package = {"lab__worlds": "from . import sizes\nfrom my_envs import corridor\n\n\ndef long():\n"
               "    import lab.more\n    return corridor(sizes.LENGTH + lab.more.ONE)\n",
               "lab__sizes": "LENGTH = 6\n", "lab__more": "ONE = 1\n"}  # fmt: skip
    before, path = set(sys.modules), list(sys.meta_path)
    assert table("lab.worlds:long", **package).states == 7
    assert table("lab.worlds:long", **package | {"lab__sizes": "LENGTH = 2\n"}).states == 3
    assert not {name for name in set(sys.modules) - before if name.startswith(("lab", "my_"))}
    assert sys.meta_path == path


def test_an_agent_is_identified_by_every_text_that_it_imports() -> None:
    """Its own, those it imports, and nothing besides; neither Python's nor expkit's own."""
    same = key(files(agent=FIXED))
    assert key(files(agent=FIXED, my_envs="# other", expkit="# nothing", json="# nothing")) == same
    changed = [
        files(agent=FIXED, my_agents=f"{AGENT}\n"),
        files(agent=FIXED, my_tools=f"{TOOLS}\n"),
        files(agent=FIXED, numpy="# somebody's own"),
        files(agent=f"{FIXED}, kwargs: {{action: 1}}"),
        files(agent="kind: python, make: 'my_agents:Other'", my_agents=AGENT.replace("Fixed", "Other")),
    ]
    assert len({same, *map(key, changed)}) == 6
    arm = arms(files(agent=FIXED))["one"]
    assert arm.agent.model_dump()["digest"]
    assert key(files(agent=f"{FIXED}, digest: {arm.agent.model_dump()['digest']}")) == same


def test_whole_and_other_numbers_are_two_agents() -> None:
    """`1` and `1.0` make two things of a class, wherever they stand; other settings keep their keys."""
    kwargs = ["{action: 1}", "{action: 1.0}", "{action: [{a: 1}]}", "{action: [{a: 1.0}]}"]
    declared = [files(agent=f"{FIXED}, kwargs: {one}") for one in kwargs]
    assert len({*map(key, declared)}) == 4
    arm = arms(files(agent=f"{FIXED}, kwargs: {{action: 0.5}}"))["one"]
    parts = {name: getattr(arm, name).model_dump(mode="json") for name in ("agent", "trainer")}
    mdp = compile_environment(arm.environment)
    assert arm_key(arm, mdp.digest) == digest({"environment": mdp.digest, "engine": ENGINE_VERSION, **parts})


def test_what_an_environment_prints_is_none_of_expkits_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Its modules, and what they call."""
    table("my_envs:told", my_envs=f"import sys\nprint('read')\n{CORRIDOR}\ndef told():\n"
          "    sys.stdout.write('made')\n    return corridor()\n")  # fmt: skip
    assert capsys.readouterr() == ("", "read\nmaderead\nmade")


def test_a_sweep_varies_the_settings_of_an_agent() -> None:
    """As it does those of every other."""
    varied = arms(
        files(agent=f"{FIXED}, kwargs: {{action: 0}}", sweep="sweep: {arm: one, vary: {agent.kwargs.action: [1, 2]}}")
    )
    assert [*varied] == ["one", "one[action=1]", "one[action=2]"]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (
            files(agent="kind: python, make: 'my_agents:Fixd'"),
            "5:42: my_agents.py defines no 'Fixd'; did you mean 'F",
        ),
        (
            files(agent="kind: python, make: 'my_agnts:Fixed'"),
            "there is no module 'my_agnts' for my_agnts:Fixed; did",
        ),
        (
            files(agent="kind: python, make: 'no.such:Agent'"),
            "there is no module 'no.such' for no.such:Agent; a mod",
        ),
        (
            files(agent="kind: python, make: softmax"),
            "5:42: no installed package has an entry point 'softmax' in expk",
        ),
        (
            files(agent="kind: python, make: 'my agents'"),
            "5:42: make cannot be 'my agents'; write module:name, such as m",
        ),
        (
            files(agent=f"{FIXED}, kwargs: {{acton: 1}}"),
            "Fixed takes no 'acton'; did you mean 'action'? valid are ac",
        ),
        (files(agent=f"{FIXED}, digest: {'ab' * 32}"), "the modules of my_agents:Fixed are version"),
        (
            files(agent=FIXED, my_agents="class Fixed(:"),
            "my_agents.py:1: SyntaxError: invalid syntax; mend my_agent",
        ),
        (
            files(agent=FIXED, my_agents="def Fixed(states, actions, steps, luck, rate): ..."),
            "Fixed is made with 'rate'; add kwargs: {rate: ...}",
        ),
        (
            files(agent=FIXED, my_agents="F = 1\nFixed = 'x\0y'"),
            "5:42: my_agents.py:2: SyntaxError: source code string cannot contain null bytes; mend my_agents.py",
        ),
        (
            files(agent=FIXED, my_agents="Fixed = 3"),
            "5:42: my_agents.py:1: Fixed is 3, which cannot be called; name a class or a function",
        ),
        (
            files(agent=FIXED, sweep="sweep: {arm: one, vary: {agent.kwargs.action: [1, 2]}}"),
            "the varied arm has no parameter agent.kwargs.action; agent.kwargs has no parameters; what is varied has "
            "to be declared there, even at its default: {action: ...}",
        ),
        (
            files("kind: python, make: 'my_envs:leave'", my_envs="import sys\ndef leave():\n    sys.exit(0)\n"),
            "3:35: my_envs:leave cannot be made: my_envs.py:3: SystemExit: 0; mend it there",
        ),
        (
            files("kind: python, make: 'my_envs:leave'", my_envs="raise SystemExit\ndef leave(): ...\n"),
            "3:35: my_envs.py:1: SystemExit; mend it there",
        ),
        (
            files("kind: python, make: 'my_envs:corridr'"),
            "3:35: my_envs.py defines no 'corridr'; did you mean 'corridor'? valid are corridor, Frozen",
        ),
        (
            files("kind: python, make: 'my_envs:corridor', kwargs: {lenth: 3}"),
            "corridor takes no 'lenth'; did you mean 'length'?",
        ),
        (
            files("kind: python, make: 'my_envs:corridor', kwargs: {length: -1}"),
            "3:35: what my_envs:corridor returns is no transition table: ",
        ),
        (
            files("kind: python, make: 'my_envs:corridor', kwargs: {pay: x}"),
            "3:35: what my_envs:corridor returns is no transition table: ",
        ),
        (
            files("kind: python, make: 'my_envs:corridor'", my_envs="def corridor():\n    return 1 / 0\n"),
            "3:35: my_envs:corridor cannot be made: my_envs.py:2: ZeroDivisionError: division by zero; mend it there",
        ),
        (
            files("kind: python, make: 'my_envs:corridor'", my_envs="import nothing_of_the_kind\ncorridor = object\n"),
            "my_envs.py:1: ModuleNotFoundError: No module named 'nothing_of_the_kind'",
        ),
        (
            files("kind: python, make: 'my_envs:corridor'", my_envs="def corridor():\n    return {'P': {}}\n"),
            "the mapping that my_envs:corridor returns lacks 'next_state'; it has the arrays next_state, reward,",
        ),
        (
            files("kind: python, make: 'my_envs:corridor'", my_envs="corridor = object\n"),
            "my_envs:corridor has no transition table P; return one with both, or a mapping of arrays",
        ),
        (
            files(
                "kind: python, make: 'my_envs:once'",
                my_envs=f"import time\n{CORRIDOR}\ndef once():\n    return corridor(2, time.perf_counter_ns() * 1.0)\n",
            ),
            "another environment every time it is made",
        ),
    ],
)
def test_a_mistake_is_placed_and_explained(declared: dict[str, bytes], told: str) -> None:
    """Where it is declared, with the line of the user's own code, and what may have been meant."""
    message = said(declared)
    assert message.startswith(f"{E}:")
    assert told in message


def test_modules_are_read_where_declarations_name_them(tmp_path: Path) -> None:
    """Through imports, below packages, and no further; symbolic links are not followed, as a commit has none."""
    declared = files(agent="kind: python, make: 'lab.agents:Fixed'", lab__agents=AGENT, lab__deep__more="", other="")
    for path, text in declared.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text)
    (tmp_path / "lab" / ".venv").mkdir()
    (tmp_path / "lab" / ".venv" / "hidden.py").touch()
    (tmp_path / "lab" / "linked.py").symlink_to(tmp_path / "other.py")
    found = declared_files(tmp_path)
    assert set(found) == {E, "lab/agents.py", "lab/deep/more.py", "my_tools.py"}


def test_a_project_without_code_of_its_own_reads_none() -> None:
    """Nobody is asked for a module."""
    declared = {E: b"title: a:b\n", "environments/x.csv": b"python a:b"}

    def read(name: str) -> dict[str, bytes]:
        raise AssertionError(name)

    assert with_modules(declared, read) == declared
    loaded = "import sys, expkit.project.read; print('expkit.project.own_code' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "False"


def test_installed_packages_offer_agents_and_environments_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As entry points; near names are suggested."""
    (tmp_path / "their_lab.py").write_text(AGENT.replace("my_tools", "numpy") + CORRIDOR)
    info = tmp_path / "their_lab-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-lab\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[expkit.agents]\nfixed = their_lab:Fixed\n[expkit.environments]\ncorridor = their_lab:corridor\n"
    )
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    monkeypatch.delitem(sys.modules, "their_lab", raising=False)
    arm = arms(files("kind: python, make: corridor, kwargs: {length: 5}", "kind: python, make: fixed"))["one"]
    assert compile_environment(arm.environment).states == 5
    assert arm.agent.model_dump()["digest"]
    assert "did you mean 'fixed'? valid is fixed" in said(files(agent="kind: python, make: fixd"))
    wrong = said(files("kind: python, make: 'their_lab:corrido'"))
    assert "their_lab has no 'corrido'; did you mean 'corridor'?" in wrong
    monkeypatch.delitem(sys.modules, "their_lab", raising=False)
