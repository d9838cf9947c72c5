from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Desk

WRONG_DECLARATIONS = {
    "an arm that is not declared": ("question", "control: drunkard", "control: drunkart", ["drunkart", "drunkard"]),
    "two arms that are the same": ("question", "control: drunkard", "control: accountant", ["same arm"]),
    "a missing experiment": (
        "question",
        "experiments: [strategies]",
        "experiments: [strategy]",
        ["strategies"],
    ),
    "an id that differs from its folder": ("question", "id: rq01", "id: rq02", ["rq02", "rq01"]),
    "too few seeds for a test": ("experiment", "count: 6", "count: 4", ["4", "5"]),
    "a slip that is no probability": ("experiment", "{kind: dungeon}", "{kind: dungeon, slip: 1.5}", ["slip"]),
    "a sweep over nothing": (
        "experiment",
        "seeds:",
        "sweep: {arm: gambler, vary: {agent.learning_rat: [0.1]}}\nseeds:",
        ["learning_rat", "learning_rate"],
    ),
    "a key twice": ("experiment", "seeds:", "title: Again\nseeds:", ["title"]),
    "a tag": ("experiment", "title: Drunkard", "title: !!python/object:os.system Drunkard", ["tag"]),
    "a boolean of YAML 1.1": ("experiment", "steps: 400", "steps: no", ["steps"]),
    "an unknown key": ("experiment", "seeds:", "seed: 3\nseeds:", ["seed", "seeds"]),
    "a number that is none": ("question", "at_least: 0.5", "at_least: .nan", [".nan is not a finite number"]),
    "no YAML at all": ("question", "id: rq01", "id: [rq01", []),
}


@pytest.mark.parametrize("mistake", WRONG_DECLARATIONS)
def test_a_mistake_in_a_file_is_told_with_its_place_and_what_is_valid(desk: Desk, mistake: str) -> None:
    """Every file is read before anything is done."""
    which, old, new, expected = WRONG_DECLARATIONS[mistake]
    file = desk.question if which == "question" else desk.experiment
    desk.edit(file, old, new)
    said = desk.expkit("check")
    assert said.code == 2
    assert f"{file.relative_to(desk.root)}:" in said.err
    for word in expected:
        assert word in said.err
    assert said.out == ""


def test_a_run_refuses_what_a_check_refuses(desk: Desk) -> None:
    """The same message; nothing is recorded."""
    desk.edit(desk.question, "control: drunkard", "control: drunkart")
    said = desk.expkit("run", "rq01")
    assert said == desk.expkit("check")
    assert said.code == 2
    assert not (desk.root / ".expkit").exists()


def test_every_mistake_of_every_file_is_told_at_once(desk: Desk) -> None:
    """One report, in reading order; nobody mends mistakes one by one."""
    desk.edit(desk.question, "kind: ratio", "kind: ration")
    desk.edit(desk.experiment, "{kind: dungeon}", "{kind: dungeon, slip: -1}")
    said = desk.expkit("check")
    assert said.code == 2
    assert said.err.startswith("error: 2 mistakes in the declared files\n")
    assert "experiments/strategies.yaml:3:" in said.err
    assert "research_questions/rq01/question.yaml:" in said.err


def test_an_alias_bomb_is_refused_before_it_explodes(desk: Desk) -> None:
    """Nine to the twelfth copies of a word are never made."""
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(12)]
    desk.question.write_text("\n".join(rows))
    said = desk.expkit("check")
    assert said.code == 2
    assert "question.yaml:" in said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "rq02"), ["there is no question or experiment 'rq02'", "rq01"]),
        (("run", "strategys"), ["did you mean 'strategies'"]),
        (("show", "gamler"), ["did you mean 'gambler'"]),
        (("status", "rq9"), ["there is no question 'rq9'", "rq01"]),
        (("rum", "rq01"), ["There is no command 'rum'. Did you mean run?"]),
        (("zzz",), ["There is no command 'zzz'. Run 'expkit --help' for the list."]),
        (("run", "rq01", "--worker", "2"), ["--worker", "--workers"]),
        (("run", "rq01", "-j", "0"), ["0 is not in the range"]),
        (("run",), ["Missing argument"]),
        (("-C", "nowhere", "list"), ["there is no folder 'nowhere'"]),
    ],
)
def test_a_wrong_name_is_refused_with_the_right_ones(
    desk: Desk, arguments: tuple[str, ...], expected: list[str]
) -> None:
    """The next thing to type is in the message."""
    said = desk.expkit(*arguments)
    assert said.code == 2
    for words in expected:
        assert words in said.err
    assert said.out == ""


def test_outside_a_project_the_next_step_is_told(desk: Desk) -> None:
    """A folder that holds nothing of expkit is no project."""
    shutil.rmtree(desk.root / "research_questions")
    shutil.rmtree(desk.root / "experiments")
    (desk.root / "pyproject.toml").unlink()
    said = desk.expkit("list")
    assert said.code == 2
    assert "this is not an expkit project" in said.err
    assert "expkit init" in said.err


def test_a_project_is_named_with_an_option_or_found_from_a_folder_within(desk: Desk) -> None:
    """`-C` and the current folder mean the same project."""
    here = desk.expkit("list").out
    assert desk.expkit("-C", str(desk.root), "list").out == here
    within = subprocess.run(
        [*desk.start("--version").args[:1], "list"],  # the same program, from another folder
        cwd=desk.question.parent,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert within.stdout == here


def test_outside_git_a_run_answers_and_says_that_it_is_exploratory(desk: Desk) -> None:
    """Without a commit nobody can know that a hypothesis came first."""
    shutil.rmtree(desk.root / ".git")
    said = desk.expkit("run", "rq01")
    assert said.code == 0, said
    assert said.out.count("(exploratory)") == 2
    assert "h1, h2 are exploratory: No commit held it" in desk.expkit("status").out


def test_a_project_that_cannot_be_written_to_is_told_before_anything_runs(
    desk: Desk, require: Callable[[str, bool, str], None]
) -> None:
    """Hours of training must not end in a refused write."""
    root = os.geteuid() == 0
    require("setpriv", not root or shutil.which("setpriv") is not None, "root ignores permissions unless it drops them")
    folders = [desk.root, desk.question.parent, desk.question.parent.parent, desk.experiment.parent]
    for folder in folders:
        folder.chmod(0o555)
    try:
        unprivileged = ("setpriv", "--inh-caps=-all", "--bounding-set=-all") if root else ()
        for command in (("run", "rq01"), ("schema",)):
            said = desk.expkit(*command, before=unprivileged)
            assert said.code == 2, said
            assert "cannot" in said.err
            assert str(desk.root) in said.err
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert not (desk.root / ".expkit").exists()


def test_a_reader_who_leaves_is_no_error_worth_words(answered: Desk) -> None:
    """`expkit list | head -0` is silent and ends as a shell expects."""
    for arguments in (("list",), ("show", "rq01", "--json")):
        process = answered.start(*arguments)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141
        process.stderr.close()


def test_evidence_that_is_no_evidence_is_told_and_never_overwritten(answered: Desk) -> None:
    """A damaged file may hold the only registrations there are."""
    answered.evidence.write_text("{")
    for command in (("check",), ("status",), ("run", "rq01"), ("list",)):
        said = answered.expkit(*command)
        assert said.code == 1, said
        assert "research_questions/rq01/evidence.json" in said.err
    assert answered.evidence.read_text() == "{"


def test_an_outcome_edited_by_hand_fails_the_check_and_a_run_mends_it(answered: Desk) -> None:
    """The words below the marker are the team's and stay."""
    generated = answered.outcome.read_text()
    answered.outcome.write_text(generated.replace("drunkard", "winner") + "\nOur own words.\n")
    said = answered.expkit("check")
    assert said.code == 1
    assert "research_questions/rq01/outcome.md" in said.err
    assert "expkit run rq01" in said.err or "expkit outcome rq01" in said.err
    again = answered.expkit("run", "rq01")
    assert again.code == 0
    assert "wrote outcome.md in research_questions/rq01" in again.out
    assert answered.outcome.read_text() == generated + "\nOur own words.\n"
    assert answered.expkit("check").code == 0


def test_results_that_contradict_the_committed_evidence_change_nothing_until_accepted(answered: Desk) -> None:
    """Other numbers for the same arms are a finding, and a person decides."""
    evidence = json.loads(answered.evidence.read_text())
    evidence["arms"][2]["seeds"]["total_reward"][0] += 1
    evidence["arms"][2]["results_digest"] = "0" * 64
    answered.evidence.write_text(json.dumps(evidence))
    answered.commit()
    clone = answered.clone()
    said = clone.expkit("run", "rq01")
    assert said.code == 1
    assert "these results are not the ones in the committed evidence; nothing was written" in said.err
    assert "gambler" in said.err
    assert "expkit run rq01 --accept" in said.err
    assert clone.git("status", "--porcelain") == ""
    assert len(clone.records()) == 3, "what was computed is kept"
    accepted = clone.expkit("run", "rq01", "--accept")
    assert accepted.code == 0, accepted
    assert "evidence.json" in accepted.out
    replaced = json.loads(clone.evidence.read_text())["arms"][2]["seeds"]["total_reward"][0]
    assert replaced == evidence["arms"][2]["seeds"]["total_reward"][0] - 1


def test_trials_that_overflow_fail_by_themselves_and_the_outcome_says_invalid(desk: Desk) -> None:
    """A trial's failure is data: the others are kept and a verdict is written."""
    desk.edit(
        desk.experiment,
        "{kind: gambler}}",
        "{kind: gambler}}\n"
        "  mad: {agent: {kind: gambler, initial_value: -1.7e+308}, environment: {small_reward: 1.0e+308}}",
    )
    desk.edit(desk.question, "treatment: gambler", "treatment: mad")
    desk.commit()
    said = desk.expkit("run", "rq01")
    assert said.code == 3, said
    assert "6 trials failed" in said.err
    assert "mad seed 0: " in said.err
    assert "invalid" in said.out
    assert "invalid" in desk.outcome.read_text()
    again = desk.expkit("run", "rq01")
    assert "nothing to run" in again.out


def test_a_stop_before_any_trial_ran_prints_the_command_that_resumes(desk: Desk) -> None:
    """Ctrl-C is heard from the first moment on."""
    process = desk.start("run", "rq01")
    assert process.stdout is not None
    process.stdout.readline()  # the title: its arguments are understood
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "resume with: expkit run rq01" in err
    assert "Traceback" not in err


def test_rewards_beyond_all_numbers_are_refused_in_words(desk: Desk) -> None:
    """Their exact gain overflows, and no outcome could hold it."""
    desk.edit(desk.experiment, "{kind: dungeon}", "{kind: dungeon, large_reward: 1e308}")
    said = desk.expkit("run", "rq01")
    assert said.code == 3
    assert "beyond what a double holds" in said.err
    assert "smaller rewards" in said.err
    assert not desk.outcome.exists()
