from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expkit.checkpoint.rollout import evaluate
from expkit.records.checkpoint import TABLE_FILE
from tests.checkpoint.conftest import Packed

Ask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ask(packed: Packed, tmp_path: Path) -> Ask:
    """The command of a checkpoint's image, on this host, with the gambler's checkpoint."""
    folder = packed.write(tmp_path / "checkpoint")

    def run(*arguments: str, where: Path = folder) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "expkit.checkpoint.main", "--checkpoint", str(where), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert "Traceback" not in done.stderr
        return done

    return run


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command prints for machines."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_a_command_it_says_what_it_can_do(ask: Ask) -> None:
    """Whoever runs the image bare learns its commands; nothing went wrong."""
    done = ask()
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("evaluate", "act", "info", "Examples:"))


def test_evaluate_answers_as_the_library_does(ask: Ask, packed: Packed, tmp_path: Path) -> None:
    """By default on the training's root and for as many steps; options change both."""
    stored = packed.stored(tmp_path / "again")
    one = stored.checkpoint
    options = {"arm_key": one.arm_key, "root": one.root, "episodes": 30, "steps": 400}
    here = evaluate(stored.mdp, one.resolved.agent, stored.q, **options)
    assert told(ask("evaluate", "--episodes", "30", "--json")) == {
        "arm": "gambler",
        "seed": 3,
        **here.model_dump(mode="json"),
    }
    options |= {"root": 5, "steps": 7}
    there = evaluate(stored.mdp, one.resolved.agent, stored.q, **options)
    found = told(ask("evaluate", "--episodes", "30", "--root", "5", "--steps", "7", "--json"))
    assert found["returns_digest"] == there.returns_digest != here.returns_digest


def test_evaluate_in_words_has_the_interval_and_the_exact_number(ask: Ask) -> None:
    """The two stand beside each other."""
    said = ask("evaluate", "--episodes", "30").stdout
    assert "gambler of rq01, seed 3" in said
    assert "95 % interval" in said
    assert "expected, by the transition table: inside the interval" in said


def test_act_takes_the_larger_entry_in_every_state(ask: Ask, packed: Packed, tmp_path: Path) -> None:
    """By number and by name."""
    q = packed.stored(tmp_path / "again").q
    for state, entries in enumerate(q.tolist()):
        assert len(set(entries)) == 2, "this trial's table has no tie"
        found = told(ask("act", "--state", str(state), "--json"))
        assert (found["state"], found["tie"]) == (state, False)
        assert found["action"] == entries.index(max(entries))
        assert found["name"] == ("FORWARD", "BACKWARD")[found["action"]]
        assert [action["q"] for action in found["actions"]] == entries


def test_act_says_when_it_had_a_choice(ask: Ask, every_agent: Callable[[str], Packed], tmp_path: Path) -> None:
    """The drunkard acts at random, and never pretends otherwise."""
    folder = every_agent("drunkard").write(tmp_path / "drunkard")
    found = told(ask("act", "--state", "0", "--json", where=folder))
    assert found["tie"] is True
    assert [action["chance"] for action in found["actions"]] == [0.5, 0.5]
    assert "acts at random" in ask("act", "--state", "0", where=folder).stdout
    drawn = {told(ask("act", "--state", "0", "--json", where=folder))["action"] for _ in range(12)}
    assert drawn == {0, 1}  # fails by chance once in 2000 runs


@pytest.mark.parametrize("state", ["5", "-1", "99999999999999999999"])
def test_a_state_that_does_not_exist_is_refused_with_those_that_do(ask: Ask, state: str) -> None:
    """Exit 2, as for every invalid usage."""
    done = ask("act", "--state", state)
    assert done.returncode == 2
    assert "the states are 0 to 4" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("act",), ("act", "--state", "two"), ("evaluate", "--episodes", "0"), ("evaluate", "--root", "-1"), ("dance",)],
)
def test_invalid_usage_is_exit_2(ask: Ask, arguments: tuple[str, ...]) -> None:
    """With click's own words."""
    done = ask(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_info_tells_where_it_came_from(ask: Ask, packed: Packed) -> None:
    """Question, arm, seed, commit, evidence, parent image, and how it was chosen."""
    found, one = told(ask("info", "--json")), packed.checkpoint
    assert found == {"checkpoint_digest": packed.sha256, **one.model_dump(mode="json")}
    said = ask("info").stdout
    for fact in ("rq01", "gambler", "seed", one.commit, one.evidence_digest, one.parent.id, "a selection"):
        assert str(fact) in said


@pytest.mark.parametrize("command", [("info",), ("act", "--state", "0"), ("evaluate",)])
def test_a_changed_table_is_refused_by_every_command(
    ask: Ask, packed: Packed, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Exit 1: a check says no."""
    folder = packed.write(tmp_path / "changed")
    (folder / TABLE_FILE).write_bytes(packed.files[TABLE_FILE] + b" ")
    done = ask(*command, where=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not the table that was packaged" in done.stderr


def test_no_checkpoint_is_exit_2(ask: Ask, tmp_path: Path) -> None:
    """The folder is named."""
    done = ask("info", where=tmp_path / "nothing")
    assert done.returncode == 2
    assert str(tmp_path / "nothing") in done.stderr


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        (("info",), {"mlflow", "git", "docker", "ruamel", "rich", "numba", "scipy"}),
        (("act", "--state", "0"), {"mlflow", "git", "docker", "ruamel", "rich", "numba", "scipy"}),
        (("evaluate", "--episodes", "1"), {"mlflow", "git", "docker", "ruamel", "rich", "matplotlib"}),
    ],
)
def test_only_what_the_workers_image_has_is_imported(
    packed: Packed, tmp_path: Path, arguments: tuple[str, ...], unloaded: set[str]
) -> None:
    """A checkpoint's image holds no tracker, no git and no engine; and acting does not wait for a compiler."""
    code = (
        "import sys; from expkit.checkpoint.main import checkpoint; "
        "checkpoint(sys.argv[1:], standalone_mode=False); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, "--checkpoint", str(packed.write(tmp_path)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert not unloaded & set(done.stdout.splitlines()[-1].split())
