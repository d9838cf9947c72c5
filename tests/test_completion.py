from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from expkit.completion import How, train_missing
from expkit.execution.complete import Tally
from expkit.ledger.ledger import Ledger
from expkit.plan import plan
from expkit.project.paths import Paths
from expkit.project.read import read_project
from tests.conftest import Desk
from tests.execution.programs import alive, gone
from tests.replicate.acts import Bystander

TRAIN = """\
import json, os, sys
from pathlib import Path

seed = int(sys.argv[1].removeprefix("--seed="))
tried = Path("tried", str(seed % 1000))
tried.parent.mkdir(exist_ok=True)
if "--fragile=true" in sys.argv and not tried.exists():
    tried.touch()
    sys.exit("not at the first time")
print(json.dumps({"step": 1, "gain": seed}))
"""

PROGRAM = """\
id: program
title: A program of somebody else's
trainer:
  kind: command
  command: [python, train.py, "--seed={seed}"]
  metrics: {gain: {definition: what it earns}}
image: no/such:image
arms:
  sound: {}
  fragile: {parameters: {fragile: true}}
seeds: {root: 1, count: 3}
"""


@pytest.fixture
def program(desk: Desk) -> Desk:
    """A project with an experiment of a program, whose image is nowhere to be had."""
    (desk.root / "train.py").write_text(TRAIN)
    (desk.root / "experiments" / "program.yaml").write_text(PROGRAM)
    desk.commit()
    return desk


def train(desk: Desk, **settings: Any) -> Tally:
    """What comes of training what is missing of that experiment, here."""
    project = read_project(desk.root)
    planned = plan(project.experiments["program"], Ledger(Paths(project.root).ledger).recorded)
    how = How(command=("expkit", "run", "program"), observer=Bystander(), workers=2, executor="local", **settings)
    return train_missing(project, planned, how, again="run program")


def test_failed_trials_of_a_program_are_run_again_only_where_that_is_asked_for(program):
    """The newer attempt counts, both stay, and what has a result is never run again."""
    first = train(program)
    assert [len(attempt.result.failed) for attempt in first.attempts if attempt.result].count(1) == 3
    assert {(attempt.provenance.executor, attempt.provenance.image.id) for attempt in first.attempts} == {
        ("local", None)
    }
    assert train(program).attempts == ()

    again = train(program, retry_failed=True)
    assert {attempt.work.arm.name for attempt in again.attempts} == {"fragile"}
    assert [attempt.result.failed for attempt in again.attempts if attempt.result] == [()] * 3
    assert len(program.records()) == 9
    assert train(program, retry_failed=True).attempts == ()


def test_a_program_that_is_not_there_fails_its_batches(program):
    """With what to type."""
    program.edit(program.root / "experiments" / "program.yaml", "[python,", "[no-such-python,")
    with pytest.raises(Exception, match="6 of 6 batches failed") as failed:
        train(program)
    assert "no-such-python cannot be started: No such file" in str(failed.value)


def test_a_program_that_only_its_image_tells_is_not_run_outside_of_it(program):
    """Old code and new code would be one arm; nothing is started."""
    program.edit(program.root / "experiments" / "program.yaml", "[python, train.py,", "[python, -m, json.tool,")
    said = program.expkit("run", "program", "--executor", "local")
    assert said.code == 2, said
    assert "nothing says which program would run here" in said.err
    assert "declare sources" in said.err
    assert program.records() == set()


def test_an_edited_module_is_another_program(program):
    """However the command names it."""
    program.edit(program.root / "experiments" / "program.yaml", "[python, train.py,", "[python, -m, train,")
    assert len(train(program).attempts) == 6
    assert train(program).attempts == ()
    program.edit(program.root / "train.py", '"step": 1', '"step": 2')
    assert len(train(program).attempts) == 6


def test_a_plan_of_programs_tells_trials(program):
    """Nobody knows how many steps they take."""
    assert "to run: 6 trials\n" in program.expkit("plan", "program").out
    assert {arm["steps"] for arm in program.json("plan", "program")} == {None}


def test_an_interrupt_ends_the_programs_and_the_same_command_resumes(program):
    """Nothing is recorded of those that ran, and none goes on."""
    mark = f"train.py of {program.root}"
    (program.root / "train.py").write_text("import time; time.sleep(600)\n")
    program.edit(program.root / "experiments" / "program.yaml", "train.py,", f'train.py, "{mark}",')
    running = program.start("run", "program", "--executor", "local", "-j", "2")
    while len(list(alive(mark))) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "resume with: expkit run program --executor local" in err
    assert gone(mark)
    assert program.records() == set()


def test_programs_need_neither_kernel_nor_engine_on_this_machine(program):
    """What trains elsewhere costs nothing here."""
    code = (
        "import sys\n"
        "from tests.test_completion import train\n"
        "from tests.conftest import Desk\n"
        "from pathlib import Path\n"
        f"train(Desk(Path({str(program.root)!r})))\n"
        "print(*({'numba', 'docker', 'mlflow', 'scipy', 'matplotlib'} & set(sys.modules)))\n"
    )
    here = Path(__file__).parents[1]

    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
