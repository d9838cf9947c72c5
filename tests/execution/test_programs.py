from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from expkit.execution.events import Ended, Point, Progress
from expkit.execution.program_host import HostPlace
from expkit.execution.program_version import ProgramChanged, Version
from expkit.execution.programs import ProgramExecutor
from expkit.ledger.points import Points
from expkit.project.sources import program_digest
from tests.execution.programs import Bench, alive, arm_of, gone, program, why, work_of

PRINT = 'print(\'{"step": 1, "gain": 1.5}\', flush=True)\n'


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder to run programs in."""
    return Bench(tmp_path)


def log(ended: Ended) -> str:
    """The log of a trial."""
    return (ended.folder / "log.txt").read_text()


def points(ended: Ended) -> Points:
    """The points of a trial, as they are kept."""
    import numpy as np

    with np.load(ended.folder / "points.npz", allow_pickle=False) as file:
        return Points(names=tuple(file["names"]), keys=file["keys"], axis=file["axis"], values=file["values"])


def test_the_last_values_are_the_result_and_the_rest_is_kept(bench):
    """Points as a file, everything else as the log, stderr after it."""
    ended = bench.run(
        """
        import json, sys
        print("begins")
        for step in range(3):
            print(json.dumps({"step": step, "gain": step / 2, "loss": -step}))
        print("a warning", file=sys.stderr)
        print('{"gain": 7}', end="")
        """
    )
    assert why(ended) is None
    assert ended.result.metrics == {"gain": (7.0,)}
    assert [each.tolist() for each in points(ended).series("gain")] == [[0, 1, 2, 3], [0, 0.5, 1, 7]]
    assert points(ended).series("loss")[1].tolist() == [0, -1, -2]
    assert log(ended) == "begins\n[expkit: the last lines of stderr]\na warning\n"


def test_a_trial_is_handed_seed_folder_inputs_and_parameters(bench):
    """It starts at the project's root, with nothing on its stdin."""
    (bench.root / "train.py").write_text(
        PRINT + "import json, os, sys\n"
        "asked = [*sys.argv[1:], os.environ['EXPKIT_SEED'], json.load(open(os.environ['EXPKIT_CONFIG'])), "
        "os.listdir(os.environ['EXPKIT_INPUTS']), os.listdir(os.environ['EXPKIT_OUTPUT']), "
        "sys.stdin.read(), os.getcwd()]\n"
        "print(json.dumps(asked))\n"
    )
    arm = arm_of(program(["python", "train.py", "{seed}"], seed="given"), lr=0.1, name="a b")
    (ended,) = (
        event
        for event in bench.executor().execute([work_of(arm)], bench.stage, lambda: False)
        if isinstance(event, Ended)
    )
    seed, rate, name, same_seed, parameters, *empty, folder = json.loads(log(ended))
    assert (seed, rate, name) == (same_seed, "--lr=0.1", "--name=a b")
    assert parameters == {"lr": 0.1, "name": "a b"}
    assert empty == [[], [], ""]
    assert folder == str(bench.root)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (PRINT + "import sys; sys.exit(3)", "exit code 3"),
        (PRINT + "import sys; sys.exit('no such file\\n')", "exit code 1: no such file"),
        (PRINT + "raise ValueError('\\x1b[31mred')", "exit code 1: ValueError: \ufffd[31mred"),
        (PRINT + "import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
        ("print('done')", "printed no value of gain"),
        (PRINT + "print('{\"gain\": NaN}')", "the last value of gain is nan"),
        ("print('{\"gain\": Infinity}')", "the last value of gain is inf"),
        ('print(\'{"gain": "1"}\')', 'printed no value of gain: gain was text, "1", not a number'),
        ('print(\'{"metrics": {"gain": 3}}\')', "printed no value of gain: gain lies deeper, in metrics"),
    ],
)
def test_a_failed_trial_is_a_result_with_its_reason(bench, code, reason):
    """It has no metric, and keeps its points and its log."""
    ended = bench.run(code)
    assert why(ended) == reason
    assert ended.result.metrics == {"gain": (None,)}
    assert ended.error is None
    assert {path.name for path in ended.folder.iterdir()} == {"points.npz", "log.txt"}


@pytest.mark.parametrize(
    ("name", "content", "mode", "mend"),
    [
        ("./plain", "#!/bin/sh\n", 0o644, "it is not executable: chmod +x ./plain, or name its interpreter"),
        ("./bare", "print(1)\n", 0o755, "its first line names no interpreter: begin it with one, such as #!"),
        ("./lost", "#!/no/such/python\n", 0o755, "its first line names the interpreter '/no/such/python'"),
        ("bare", "print(1)\n", 0o755, "it is a file of the project: write ./bare"),
        ("./folder/", None, 0o755, "it is a folder"),
    ],
)
def test_a_file_that_cannot_be_started_is_told_with_what_mends_it(bench, name, content, mode, mend):
    """`No such file` of a file that is there sends people looking for the wrong thing."""
    file = bench.root / name
    if content is None:
        file.mkdir()
    else:
        file.write_text(content)
    file.chmod(mode)
    assert f"{name} cannot be started: {mend}" in bench.run([name]).error


@pytest.mark.parametrize("command", ["no-such-program", "./train.py", "./text.py", "python\0"])
def test_what_cannot_be_started_is_an_error_of_the_batch(bench, command):
    """Nothing was tried: there is no trial that could have failed."""
    (bench.root / "text.py").write_bytes(b"\x7fELF no program")
    (bench.root / "text.py").chmod(0o755)
    ended = bench.run([command])
    assert ended.result is None
    assert "cannot be started: " in ended.error


def test_a_trial_that_is_over_its_time_is_stopped_with_all_its_children(bench, monkeypatch):
    """It ignores the signal that asks; the one that forces it and its child comes after a while."""
    monkeypatch.setattr("expkit.execution.processes._GRACE_S", 0.2)
    mark = uuid4().hex
    ended = bench.run(
        f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600) # {mark}"])
        print('{{"gain": 1}}', flush=True)
        time.sleep(600)
        """,
        time_limit_s=0.5,
    )
    assert why(ended) == "not done in 0.5 s"
    assert gone(mark)
    assert points(ended).series("gain")[1].tolist() == [1.0]


def test_children_that_are_left_behind_are_ended_and_not_waited_for(bench):
    """A child that holds the pipe and floods it keeps no trial from ending."""
    mark = uuid4().hex
    ended = bench.run(
        PRINT
        + f"""
import subprocess, sys
for _ in range(5):
    subprocess.Popen([sys.executable, "-c", "while True: print('noise') # {mark}"])
"""
    )
    assert why(ended) is None
    assert gone(mark)


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.buffer.write(bytes(range(256)) * 100); print()",
        "print('x' * 3_000_000)",
        "print('{\"gain\": ' + '9' * 100_000 + '}')",
        'for n in range(100_000): print(\'{"step": %d, "gain": %d}\' % (n, n))',
        "import os; os.close(2)",
    ],
    ids=["binary", "a huge line", "a huge number", "many lines", "no stderr"],
)
def test_whatever_is_printed_the_last_value_counts(bench, code):
    """What was not taken as printed is told in the log."""
    ended = bench.run(code + "\n" + PRINT, variables={"PYTHONUNBUFFERED": ""})
    assert why(ended) is None
    assert ended.result.metrics == {"gain": (1.5,)}
    assert len(log(ended)) < 1_000_000


def test_a_program_that_closes_its_output_is_waited_for(bench):
    """Its exit code is its own."""
    assert (
        why(bench.run(PRINT + "import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(4)"))
        == "exit code 4"
    )


def test_files_are_kept_by_pattern_and_nothing_else_is(bench):
    """No link, no pipe, nothing from outside; what is amiss is told, and fails nothing."""
    (bench.root / "secret.txt").write_text("a secret")
    ended = bench.run(
        PRINT
        + """
import os
os.chdir(os.environ["EXPKIT_OUTPUT"])
os.mkdir("plots")
for name in ("plots/a.txt", "model.bin", "b.txt", "new\\nline.txt"):
    open(name, "w").write(name)
os.symlink(os.environ["PWD"] + "/secret.txt", "link.txt")
os.symlink("..", "up")
os.mkfifo("pipe.txt")
os.link("b.txt", "hard.txt")
""",
        artifacts=["*.txt", "../*", "best.npz"],
    )
    assert why(ended) is None
    kept = {path.relative_to(ended.folder).as_posix() for path in ended.folder.rglob("*") if path.is_file()}
    assert kept == {"points.npz", "log.txt", "files/plots/a.txt"}
    for told in (
        "'link.txt' is a symbolic link",
        "'pipe.txt' is a named pipe",
        "matches 'best.npz'",
        "other names, too",
    ):
        assert told in log(ended)


def test_a_trial_that_fails_is_started_again_as_often_as_declared(bench):
    """The last start counts; what became of those before it is in the log."""
    code = f"""
import pathlib, sys
count = pathlib.Path({str(bench.root)!r}, "count")
count.write_text(count.read_text() + "x" if count.exists() else "x")
if len(count.read_text()) < 3: sys.exit("not yet")
print('{{"gain": 1}}')
"""
    assert why(bench.run(code, retries=1)) == "exit code 1: not yet"
    ended = bench.run(code, retries=1)
    assert why(ended) is None
    (bench.root / "count").unlink()
    ended = bench.run(code, retries=2)
    assert ended.result.metrics == {"gain": (1.0,)}
    assert "start 1 of 3 failed: exit code 1: not yet" in log(ended)


def test_points_come_while_it_runs_and_are_thinned(bench):
    """The first at once, the last in any case, a flood not at all."""
    code = "import json\nfor n in range(20_000): print(json.dumps({'step': n, 'gain': n}))"
    told = bench.events(code, variables={"PYTHONUNBUFFERED": ""})
    live = [event for event in told if isinstance(event, Point)]
    assert [live[0].axis, live[-1].axis, live[-1].value, live[-1].metric] == [0, 19_999, 19_999, "gain"]
    assert len(live) < 200
    assert isinstance(told[-2], Progress)
    assert isinstance(told[-1], Ended)
    assert (told[-2].trials, told[-2].steps) == (1.0, 0)


def test_a_crash_costs_one_trial_and_trials_run_side_by_side(bench):
    """Two that wait for each other both end; the third fails alone."""
    meet = f"""
import os, sys, pathlib, time
here, number = pathlib.Path({str(bench.root)!r}), os.environ["EXPKIT_SEED"]
"""
    code = (
        meet
        + """
(here / number).touch()
while len(list(here.iterdir())) < 2: time.sleep(0.01)
if "{x}" == "crash": os.abort()
print('{"gain": 1}')
"""
    )
    trainer = program(code, seed="given", variables={"S": "{seed}"})
    works = [work_of(arm_of(trainer), seed=seed) for seed in range(2)]
    crash = work_of(arm_of(program("import os; os.abort()")), seed=2)
    ended = [
        event
        for event in bench.executor(2).execute([*works, crash], bench.stage, lambda: False)
        if isinstance(event, Ended)
    ]
    assert {event.work.seeds[0]: why(event) for event in ended} == {0: None, 1: None, 2: "killed by signal 6"}


@pytest.mark.parametrize("how", ["stop", "abandon"])
def test_a_stop_ends_every_process_and_records_nothing_of_them(bench, how):
    """Ctrl-C, or a caller that walks away."""
    mark, stop = uuid4().hex, threading.Event()
    work = work_of(arm_of(program(PRINT + f"import time; time.sleep(600) # {mark}")))
    events = bench.executor().execute([work], bench.stage, stop.is_set)
    assert isinstance(next(events), Point)
    assert len(list(alive(mark))) == 1
    if how == "stop":
        stop.set()
        assert list(events) == []
    else:
        events.close()
    assert gone(mark)
    assert list(bench.scratch.iterdir()) == []


def test_equal_series_have_equal_digests(bench):
    """Whatever else was printed, and wherever files went."""
    one, two, other = (
        bench.run(f"print({noise!r})\n" + code)
        for noise, code in [("a", PRINT), (os.urandom(4).hex(), PRINT), ("a", PRINT + PRINT)]
    )
    assert one.result.trial_digests == two.result.trial_digests != other.result.trial_digests


def test_scratch_of_a_runner_that_died_is_removed(bench):
    """The next run finds its folders by their names."""
    from expkit.containers import orphans

    dead = orphans.Runner(host=orphans.this_runner().host, pid=2**22 + 1, started="long ago")
    dead.folder(bench.scratch).mkdir(parents=True)
    bench.run(PRINT)
    assert list(bench.scratch.iterdir()) == []


def test_a_program_that_changes_while_it_runs_has_no_result(bench):
    """It would be recorded under the version that it was; the trial before it stands, and the seed stays missing."""
    change = "(p := __import__('pathlib').Path('prog/rules.py')).write_text(p.read_text() + '# later')\n"
    files = {"prog/p.py": f"import sys\nif sys.argv[1] == 'true': {change}{PRINT}", "prog/rules.py": ""}
    (bench.root / "prog").mkdir()
    for name, text in files.items():
        (bench.root / name).write_text(text)
    version = program_digest({name: text.encode() for name, text in files.items()}, files)
    trainer = program(["python", "prog/p.py"], digest=version, pass_as="{value}")
    place = HostPlace(bench.root, bench.scratch, version=Version(bench.root, lambda arm: [*files]))
    batches = [work_of(arm_of(trainer, change=change), seed=int(change)) for change in (False, True)]
    batches.append(work_of(arm_of(trainer, change=False), seed=2))
    ended = [
        event
        for event in ProgramExecutor(place, 1).execute(batches, bench.stage, lambda: False)
        if isinstance(event, Ended)
    ]
    assert [one.error for one in ended] == [None, *["the program changed while it ran: prog/rules.py"] * 2]
    assert [one.result is None for one in ended] == [False, True, True]


def test_a_program_that_changed_before_its_first_trial_is_not_started(bench):
    """It was read before; touching it, or an arm without a version, changes nothing."""
    (bench.root / "p.py").write_text(PRINT)
    (bench.root / "p.py").touch()
    version = Version(bench.root, lambda arm: ["p.py"])
    version.check(arm_of(program(["python", "p.py"])))
    version.check(arm_of(program(["python", "p.py"], digest=program_digest({"p.py": PRINT.encode()}, ["p.py"]))))
    with pytest.raises(ProgramChanged, match=r"it is version [0-9a-f]{12}, no longer aaaaaaaaaaaa"):
        version.check(arm_of(program(["python", "p.py"], digest="a" * 64)))
    (bench.root / "p.py").unlink()
    with pytest.raises(ProgramChanged, match=r"while it ran: p\.py"):
        version.check(arm_of(program(["python", "p.py"], digest=program_digest({"p.py": PRINT.encode()}, ["p.py"]))))
