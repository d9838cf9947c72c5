from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve
from expkit.containers.orphans import PROJECT_LABEL
from expkit.errors import ExecutorFailed, InvalidUsage
from expkit.execution.container import ContainerExecutor
from expkit.execution.events import Ended, Event, Progress, Stage
from expkit.execution.local import LocalExecutor
from expkit.plan import PlannedArm, plan
from expkit.records.work import Work
from expkit.specs.agent import OwnAgent
from expkit.specs.experiment import Experiment
from expkit.specs.recording import Trajectories
from expkit.specs.representation import History
from expkit.specs.settings import Limits
from expkit.training.maps import keep_map
from expkit.training.sources import Sources, keep_sources

Make = Callable[..., ContainerExecutor]
SECRET = b"a secret of the host"


@pytest.fixture
def image(engine: Engine, worker_image: str) -> Inspected:
    """The image of this very expkit."""
    return resolve(engine, worker_image)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where containers are handed their work; a path that shorter ways of mounting would trip over."""
    return tmp_path / "a project: mine" / "containers"


@pytest.fixture
def make(engine: Engine, image: Inspected, scratch: Path) -> Iterator[Make]:
    """Makes executors; afterwards neither a container nor a file of theirs is left."""

    def executor(*, workers: int | None = 1, command: Sequence[str] | None = None, **limits: Any) -> ContainerExecutor:
        more = {} if command is None else {"command": command}
        return ContainerExecutor(engine, image, limits=Limits(**limits), workers=workers, scratch=scratch, **more)

    yield executor
    assert engine.client.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={scratch}"}) == []
    assert not scratch.exists() or list(scratch.iterdir()) == []


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """Where batches are staged."""
    staged = tmp_path / "staged"
    staged.mkdir()
    return staged


@pytest.fixture
def stage(staged: Path) -> Stage:
    """A folder for each batch."""

    def folder(work: Work) -> Path:
        folder = staged / f"{len(list(staged.iterdir()))}-{work.arm.name}-{work.seeds[0]}"
        folder.mkdir()
        return folder

    return folder


def ended(executor: Any, batches: Sequence[Work], stage: Stage) -> list[Ended]:
    """The batches that ended, in that order."""
    return [event for event in executor.execute(batches, stage, lambda: False) if isinstance(event, Ended)]


def content(event: Ended) -> dict[str, bytes]:
    """What is in the folder of a batch."""
    return {path.name: path.read_bytes() for path in event.folder.iterdir()}


@pytest.fixture
def batches(planned: Sequence[PlannedArm]) -> list[Work]:
    """The seeds of three agents, two a batch."""
    return [
        work.model_copy(update={"seeds": work.seeds[first : first + 2]})
        for arm in planned
        for work in arm.batches()
        for first in (0, 2, 4)
    ]


def test_the_numbers_are_the_hosts_byte_for_byte(make: Make, batches: list[Work], stage: Stage) -> None:
    """Metrics, digests of trials, and the files of Q-tables, visits and curves; whatever the workers on either side."""
    inside = {(event.work.arm.name, event.work.seeds): event for event in ended(make(workers=2), batches, stage)}
    here = ended(LocalExecutor(1), batches, stage)
    assert len(inside) == len(here) == 9
    for event in here:
        other = inside[event.work.arm.name, event.work.seeds]
        assert event.result is not None
        assert other.result == event.result
        assert content(other) == content(event)
        assert set(content(other)) == {"trials.npz"}


def test_maps_of_states_go_in_and_recorded_steps_come_out(
    make: Make, planned: Sequence[PlannedArm], stage: Stage
) -> None:
    """What a learner sees travels beside the work; the steps that were asked for are those of this machine."""
    version = keep_map(np.array([0, 0, 0, 1, 1]))
    seen = History(kind="history", length=2, file="environments/halves.csv", digest=version)
    arm = planned[2].arm.model_copy(update={"representation": seen})
    asked = Trajectories(seeds=(1, 4), last_steps=20)
    batches = list(replace(planned[2], arm=arm, record=asked).batches())
    [inside], [here] = ended(make(), batches, stage), ended(LocalExecutor(1), batches, stage)
    assert inside.error is None
    assert inside.result == here.result
    assert content(inside) == content(here)
    assert set(content(inside)) == {"trials.npz", "trajectories.npz"}


def test_progress_adds_up_and_every_batch_says_what_it_ran_in(make: Make, batches: list[Work], stage: Stage) -> None:
    """The machine and the packages are those of the container, as it sees them itself."""
    events = list(make().execute(batches, stage, lambda: False))
    progress = [event for event in events if isinstance(event, Progress)]
    assert sum(event.steps for event in progress) == 18 * 400
    assert sum(event.trials for event in progress) == pytest.approx(18)
    for event in events:
        if isinstance(event, Ended):
            assert event.inside is not None
            assert "numba" in event.inside.packages
            assert not {"mlflow", "GitPython", "docker"} & set(event.inside.packages)


def test_it_says_where_it_works(make: Make, image: Inspected) -> None:
    """In words for the person who waits, and for the record."""
    assert make(workers=1).where == f"in image {image.id[:19]}, on 1 core"
    assert make(workers=2).where.endswith(", on 2 cores")
    assert make(workers=None, cpus=1.5).where.endswith(", on 2 cores")
    assert make().image == image.record
    assert make().name == "docker"


def test_nothing_to_do_starts_no_container(make: Make, stage: Stage, scratch: Path) -> None:
    """And makes no folder."""
    assert list(make().execute([], stage, lambda: False)) == []
    assert not scratch.exists()


@pytest.fixture
def big(experiment: Experiment) -> Work:
    """A batch that needs more than 256 MB: long tables of many seeds."""
    environment = experiment.environment.model_copy(update={"length": 10_000})
    seeds = experiment.seeds.model_copy(update={"count": 1000})
    longer = experiment.model_copy(update={"environment": environment, "seeds": seeds})
    (work,) = plan(longer, lambda *_: frozenset())[2].batches()
    return work


def test_too_much_memory_fails_its_batch_and_no_other(make: Make, batches: list[Work], big: Work, stage: Stage) -> None:
    """What had ended is kept, what had not begun is done in a fresh container."""
    small, later = batches[0], batches[1]
    events = ended(make(memory_mb=256), [small, big, later], stage)
    assert [event.work for event in events] == [small, big, later]
    assert [event.error for event in events] == [None, "OOM at 256 MB", None]
    assert [set(content(event)) for event in events] == [{"trials.npz"}, set(), {"trials.npz"}]
    assert events[1].inside == events[0].inside


def test_a_container_that_ended_no_batch_is_not_followed_by_another(
    make: Make, batches: list[Work], big: Work, stage: Stage
) -> None:
    """What was not tried is no event, since its seeds are still missing; the error tells that there is more."""
    (event,) = ended(make(memory_mb=256), [big, batches[0]], stage)
    assert event.work == big
    assert event.error == ("OOM at 256 MB\n  nothing had finished, so 2 more seeds were not tried (batches: 1)")


@pytest.mark.parametrize("workers", [None, 1])
def test_more_cores_than_the_engine_has_are_a_mistake_in_the_settings(make: Make, workers: int | None) -> None:
    """Said before anything is, by the setting's name."""
    with pytest.raises(InvalidUsage, match="4096 cores, and the engine has") as invalid:
        make(workers=workers, cpus=4096)
    assert invalid.value.where == "pyproject.toml, [tool.expkit.container] cpus"


def test_digests_and_times_are_not_the_workers_to_tell(make: Make, batches: list[Work], stage: Stage) -> None:
    """A worker that tells other digests than its numbers have is rejected; what clock it has is no matter."""
    code = (
        f"{WORKER}\n"
        "def misbehave(batch, folder): pass\n"
        "told = serve._tell\n"
        "def tell(line):\n"
        "    if isinstance(line, serve.BatchEnded):\n"
        "        line = line.model_copy(update={'started': '1999-01-01T00:00:00Z', 'ended': '1999-01-01T00:00:01Z'})\n"
        "        if line.batch == 0:\n"
        "            zeros = {'trial_digests': ('0' * 64,) * len(line.result.trial_digests)}\n"
        "            line = line.model_copy(update={'result': line.result.model_copy(update=zeros)})\n"
        "    told(line)\n"
        "serve._tell = tell\n"
        "serve.serve(Path('/in'), Path('/out'))"
    )
    bad, good = ended(make(command=["python", "-c", code]), batches[:2], stage)
    assert str(bad.error).startswith("what the worker left is rejected: seed 0 has the digest ")
    assert (bad.result, content(bad)) == (None, {})
    assert good.error is None
    assert "2000" < good.started <= good.ended


def test_a_worker_that_fills_the_disk_is_stopped(make: Make, batches: list[Work], stage: Stage) -> None:
    """Long before it is full: how much a batch leaves is known."""
    fill = misbehaving("while True: open('/out/more', 'ab').write(bytes(1 << 20)); time.sleep(0.005)")
    (event,) = ended(make(command=fill), batches[:1], stage)
    assert re.fullmatch(r"the container wrote \d+ MB to its outputs, more than 64 MB", str(event.error))


def test_too_little_memory_to_begin_with(make: Make, batches: list[Work], stage: Stage) -> None:
    """The setting that mends it is named."""
    with pytest.raises(ExecutorFailed, match="did not get as far as its first batch") as failed:
        ended(make(memory_mb=16), batches, stage)
    assert failed.value.why == "OOM at 16 MB"
    assert "memory_mb" in str(failed.value.mend)


WORKER = """
import os, sys, threading, time
from dataclasses import replace
from pathlib import Path
from expkit.execution import local, serve

honest = local._perform
calls = []

def perform(work, folder, tell, stopping):
    ended = honest(work, folder, tell, stopping)
    calls.append(work)
    misbehave(len(calls), folder)
    return ended

local._perform = perform
"""


def misbehaving(code: str) -> list[str]:
    """A worker that does honest work, and then runs `code` with the number of its batch and the batch's folder."""
    body = "".join(f"    {line}\n" for line in code.splitlines())
    end = "serve.serve(Path('/in'), Path('/out'))"
    return ["python", "-c", f"{WORKER}\ndef misbehave(batch, folder):\n{body}\n{end}"]


def test_a_hung_worker_is_stopped(make: Make, batches: list[Work], stage: Stage) -> None:
    """The batch it hung in failed, the one before is kept, the rest goes on in a fresh container."""
    hang = misbehaving("if batch == 2: time.sleep(600)")
    events = ended(make(command=hang, silence_s=10), batches[:3], stage)
    assert [event.error for event in events] == [None, "no sign of life for 10 s", None]


def test_a_worker_that_dies_is_told_with_its_exit_code_and_last_words(
    make: Make, batches: list[Work], stage: Stage
) -> None:
    """Two batches were in work: both failed."""
    die = misbehaving("if batch > 1: time.sleep(1); print('no more', file=sys.stderr); os._exit(3)")
    kept, *failed = ended(make(command=die, workers=2), batches[:3], stage)
    assert kept.error is None
    assert len(failed) == 2
    assert {str(event.error).splitlines()[0] for event in failed} == {"exit code 3"}
    assert {str(event.error).splitlines()[-1] for event in failed} == {"  no more"}


def test_a_deadline_stops_it_however_much_progress_it_makes(
    make: Make, long_plan: Sequence[PlannedArm], stage: Stage
) -> None:
    """It is the container's, not a batch's."""
    (work,) = long_plan[2].batches()
    slow = work.model_copy(update={"seeds": tuple(range(1000))})
    (event,) = ended(make(time_s=8), [slow], stage)
    assert event.error == "not done in 8 s"


def test_a_stop_is_heard_at_once_and_keeps_what_had_ended(
    make: Make, batches: list[Work], long_plan: Sequence[PlannedArm], stage: Stage
) -> None:
    """The container is gone when the executor returns; the batch it was in leaves nothing."""
    (work,) = long_plan[2].batches()
    slow = work.model_copy(update={"seeds": tuple(range(1000))})
    since: list[float] = []
    events = []
    for event in make().execute([batches[0], slow], stage, lambda: bool(since)):
        events.append(event)
        if isinstance(event, Progress) and any(isinstance(one, Ended) for one in events) and not since:
            since.append(time.monotonic())
    assert [event.work for event in events if isinstance(event, Ended)] == [batches[0]]


def test_a_caller_who_walks_away_leaves_no_container(make: Make, batches: list[Work], stage: Stage) -> None:
    """As when a second Ctrl-C breaks out of the loop."""
    events = make().execute(batches, stage, lambda: False)
    assert isinstance(next(events), Progress)
    events.close()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("os.unlink(folder/'trials.npz'); os.symlink(TARGET, folder/'trials.npz')", "trials.npz is a symbolic link"),
        ("os.unlink(folder/'trials.npz'); os.mkfifo(folder/'trials.npz')", "trials.npz is a named pipe"),
        ("os.truncate(folder/'trials.npz', 2**40)", "trials.npz claims 1,099,511,627,776 bytes"),
        ("os.rename(folder, '/out/x'); os.symlink(TARGET, folder)", "its folder is a symbolic link"),
        ("os.rename(folder, '/out/x'); os.symlink('/out/x', folder)", "its folder is a symbolic link"),
        ("(folder/'..%2f..%2frecord.json').write_text('')", "'..%2f..%2frecord.json' is not expected"),
        ("os.symlink('../../../record.json', folder/'record.json')", "'record.json' is not expected"),
        ("os.link(folder/'trials.npz', '/out/other')", "trials.npz is known by other names, too (hard links)"),
        ("(folder/'trials.npz').write_bytes(b'PK')", "trials.npz cannot be read"),
    ],
)
def test_hostile_outputs_are_rejected_and_named(
    make: Make, batches: list[Work], stage: Stage, staged: Path, tmp_path: Path, code: str, why: str
) -> None:
    """The host's file is never read; the honest batch beside it is kept."""
    secret = tmp_path / "secret" / "trials.npz"
    secret.parent.mkdir()
    secret.write_bytes(SECRET)
    target = secret.parent if "folder)" in code else secret
    hostile = misbehaving(f"if batch == 1: {code.replace('TARGET', repr(str(target)))}")
    bad, good = ended(make(command=hostile), batches[:2], stage)
    assert str(bad.error).startswith(f"what the worker left is rejected: {why}")
    assert content(bad) == {}
    assert good.error is None
    assert SECRET not in b"".join(path.read_bytes() for path in staged.rglob("*") if path.is_file())


def test_a_folder_that_resists_is_removed_too(make: Make, batches: list[Work], stage: Stage) -> None:
    """The fixture looks at what is left."""
    lock = misbehaving("os.makedirs('/out/a/b'); os.chmod('/out/a/b', 0); os.chmod('/out/a', 0)")
    (event,) = ended(make(command=lock), batches[:1], stage)
    assert event.error is None


def test_an_image_without_a_worker_is_one_clear_error(make: Make, batches: list[Work], stage: Stage) -> None:
    """Whatever runs in it instead: nothing, a Python without expkit, or somebody who says hello."""
    for command in (["no-such-program"], ["python", "-m", "no.such.module"], ["echo", "hello"]):
        with pytest.raises(
            ExecutorFailed, match="the image does not hold a worker of this version of expkit"
        ) as failed:
            ended(make(command=command), batches, stage)
        assert "expkit image build" in str(failed.value.mend)
        assert command[-1].partition(".")[0] in str(failed.value.why)


def test_a_worker_that_prints_is_told(make: Make, batches: list[Work], stage: Stage) -> None:
    """Its standard output is for the protocol; what had ended before, a second ago, is kept."""
    chatty = misbehaving("if batch == 2: time.sleep(1); print('50 % done', flush=True)")
    events: list[Event] = []
    with pytest.raises(ExecutorFailed, match="says what no worker says at this point") as failed:
        events.extend(make(command=chatty).execute(batches[:3], stage, lambda: False))
    assert failed.value.why == "it said: 50 % done"
    assert [event.error for event in events if isinstance(event, Ended)] == [None]


def test_the_image_is_handed_in_and_no_credentials_are(
    make: Make, image: Inspected, batches: list[Work], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process in a container cannot learn its image's id; a tracker is not its business."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://user:secret@example.org")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    code = (
        "import os, sys; "
        "print(sorted(name for name in os.environ if name.startswith(('EXPKIT_', 'MLFLOW_', 'NUMBA_'))), "
        "os.environ['EXPKIT_IMAGE_ID'], os.environ['EXPKIT_IMAGE_REFERENCE'], file=sys.stderr); sys.exit(1)"
    )
    look = ["python", "-c", code]
    with pytest.raises(ExecutorFailed) as failed:
        ended(make(command=look), batches, stage)
    names = ["EXPKIT_IMAGE_DIGEST", "EXPKIT_IMAGE_ID", "EXPKIT_IMAGE_REFERENCE", "EXPKIT_KERNEL", "NUMBA_CACHE_DIR"]
    assert f"{names} {image.id} {image.reference}" in str(failed.value.why)


def test_inputs_and_outputs_are_closed_to_others(make: Make, batches: list[Work], stage: Stage, scratch: Path) -> None:
    """While a container runs, nobody else on this machine can look at them."""
    events = make().execute(batches, stage, lambda: False)
    next(events)
    (folder,) = scratch.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "out").stat().st_mode & 0o077 == 0
    assert (folder / "out").stat().st_uid == (os.getuid() or 65534)
    events.close()


CHATTY = """\
class Chatty:
    def __init__(self, states, actions, steps, luck):
        self.q = [[0.0] * actions for _ in range(states)]
        print("made", states)

    def act(self, state, explore, choose):
        return int(choose * 2)

    def learn(self, state, action, reward, next_state, terminal):
        self.q[state][action] += reward
"""


def test_an_agent_of_ones_own_comes_along(make: Make, experiment: Experiment, stage: Stage) -> None:
    """Its modules go to the container with the work, and what it prints disturbs nobody: the same bytes as here."""
    version = keep_sources(Sources(entry="chatty:Chatty", files={"chatty.py": CHATTY.encode()}))
    agent = OwnAgent(kind="python", make="chatty:Chatty", digest=version)
    arms = {"chatty": experiment.arms["drunkard"].model_copy(update={"agent": agent})}
    [arm] = plan(experiment.model_copy(update={"arms": arms}), lambda *_: frozenset())
    [inside] = ended(make(), list(arm.batches()), stage)
    [here] = ended(LocalExecutor(1), list(arm.batches()), stage)
    assert inside.error is None
    assert inside.result == here.result
    assert content(inside) == content(here)
