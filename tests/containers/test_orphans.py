from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker.errors import NotFound

from expkit.containers.engine import Engine
from expkit.containers.orphans import (
    PROJECT_LABEL,
    Runner,
    remove_folder,
    remove_leftovers,
    remove_orphans,
    this_runner,
)

RUNNER = """
    import sys
    from pathlib import Path
    from expkit.containers.confined import confined
    from expkit.containers.engine import connect
    from expkit.containers.image import resolve
    from expkit.containers.orphans import this_runner
    from expkit.specs.settings import Limits

    image, folder = sys.argv[1], Path(sys.argv[2])
    engine = connect()
    own = this_runner().folder(folder)
    own.mkdir()
    with confined(
        engine, resolve(engine, image), ["python", "-c", "print('up', flush=True); import time; time.sleep(600)"],
        inputs=folder, outputs=own, limits=Limits(), environment={}, project=str(folder),
    ) as container:
        for line in container.lines(lambda: False):
            print(line, flush=True)
"""
"""A runner that waits for its container, which sleeps."""

Start = Callable[[], "subprocess.Popen[str]"]
Create = Callable[[dict[str, str]], str]


@pytest.fixture
def start(engine: Engine, worker_image: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a runner in a process of its own; returns once its container is up."""
    runners: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(RUNNER), worker_image, str(tmp_path)]
        runners.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert runners[-1].stdout is not None
        assert runners[-1].stdout.readline() == "up\n"
        return runners[-1]

    yield begin
    for runner in runners:
        runner.kill()
        runner.communicate()
    remove_orphans(engine)


@pytest.fixture
def create(engine: Engine, worker_image: str) -> Iterator[Create]:
    """Makes a container with some labels; it is never started."""
    made: list[str] = []

    def make(labels: dict[str, str]) -> str:
        made.append(str(engine.client.containers.create(worker_image, labels=labels).id))
        return made[-1]

    yield make
    for container in made:
        if is_there(engine, container):
            engine.client.containers.get(container).remove(force=True)


def containers(engine: Engine, folder: Path) -> list[str]:
    """The ids of the containers that run for a project."""
    found = engine.client.containers.list(filters={"label": f"{PROJECT_LABEL}={folder}"})
    return [str(container.id) for container in found]


def is_there(engine: Engine, container: str) -> bool:
    """Whether a container exists, running or not."""
    try:
        engine.client.containers.get(container)
    except NotFound:
        return False
    return True


def test_the_container_of_a_killed_runner_is_removed_and_a_living_ones_is_not(
    engine: Engine, start: Start, tmp_path: Path
) -> None:
    """SIGKILL leaves no time to clean up. A dead runner nobody has waited for yet still has its process id."""
    killed = start()
    (orphan,) = containers(engine, tmp_path)
    start()
    (living,) = set(containers(engine, tmp_path)) - {orphan}
    killed.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # it has ended now, and nobody has waited for it

    remove_orphans(engine)
    remove_leftovers(tmp_path)
    assert containers(engine, tmp_path) == [living]
    assert not is_there(engine, orphan)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_id_of_a_dead_runner_may_be_another_processs_by_now(engine: Engine, create: Create) -> None:
    """It is told by when that was started: this very process did not start the one, and did start the other."""
    mine = this_runner()
    of_another = create(replace(mine, started="0").labels)
    own = create(mine.labels)
    remove_orphans(engine)
    assert not is_there(engine, of_another)
    assert is_there(engine, own)


def test_what_others_own_is_left_alone(engine: Engine, create: Create) -> None:
    """Other hosts' runners cannot be asked whether they live; a label that makes no sense is somebody else's."""
    dead = replace(this_runner(), pid=2**22 + 1)
    others = [
        create(replace(dead, host="elsewhere pid:[1]").labels),
        create(dead.labels | {"expkit.runner.pid": "-1"}),
        create(dead.labels | {"expkit.runner.pid": "many"}),
        create({}),
    ]
    remove_orphans(engine)
    assert [other for other in others if not is_there(engine, other)] == []
    gone = create(dead.labels)
    remove_orphans(engine)
    assert not is_there(engine, gone)


def test_a_process_of_another_user_counts_as_living(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some systems hide others' processes; a signal tells that there is one, and nothing tells since when."""
    folder = replace(this_runner(), started="hidden").folder(tmp_path)
    folder.mkdir()

    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr("expkit.containers.orphans._started", lambda pid: None)
    remove_leftovers(tmp_path)
    assert folder.exists()


def test_only_the_scratch_folders_of_dead_runners_of_this_host_are_removed(tmp_path: Path) -> None:
    """Their names tell whose they are; other names are nobody's business."""
    mine = this_runner()
    dead = Runner(host=mine.host, pid=2**22 + 1, started="0")
    kept = [mine.folder(tmp_path), replace(dead, host="elsewhere").folder(tmp_path), tmp_path / "notes"]
    gone = [dead.folder(tmp_path), replace(mine, started="0").folder(tmp_path)]
    for folder in kept + gone:
        (folder / "out" / "3").mkdir(parents=True)
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "nothing here")


def test_a_folder_that_does_not_want_to_be_removed_is(tmp_path: Path, secret_folder: Path) -> None:
    """Without permissions, and with links that lead out of it."""
    folder = tmp_path / "scratch"
    (folder / "locked" / "deep").mkdir(parents=True)
    (folder / "locked" / "deep" / "file").write_bytes(b"")
    (folder / "link").symlink_to(secret_folder)
    (folder / "locked" / "deep").chmod(0)
    (folder / "locked").chmod(0)
    remove_folder(folder)
    assert not folder.exists()
    assert (secret_folder / "file").exists()
    remove_folder(folder)


@pytest.fixture
def secret_folder(tmp_path: Path) -> Path:
    """A folder of the host."""
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "file").write_bytes(b"")
    return folder
