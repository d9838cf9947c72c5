from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expkit.tracking.store import Store
from tests.tracking.conftest import PROJECT, Case

PUBLISHER = """
import sys
from pathlib import Path
from expkit.tracking.artifacts import Artifact
from expkit.tracking.publication import Family, Point, Publication, RunContent
from expkit.tracking.store import connect

def stop() -> bytes:
    print("writing", flush=True)
    sys.stdin.readline()
    return b"late"

def content(arm: str, *artifacts: Artifact) -> RunContent:
    family = Family(project="caves", question="rq01", experiment="strategies", arm=arm)
    return RunContent(name=arm, key=arm * 8, family=family, tags=family.tags, params={"a": "1"},
        metrics=tuple(Point("seed.total_reward", float(k), k) for k in range(300)), datasets=(), artifacts=artifacts,
        description="", started_ms=1000, ended_ms=2000)

root = Path(sys.argv[1])
store = connect(f"sqlite:///{root}/mlflow.db", root=root)
late = [Artifact(path="late.txt", content=stop)] if "stop" in sys.argv else []
runs = (content("one"), content("two", *late), content("three"))
print("connected", flush=True)
sys.stdin.readline()
store.publish(Publication(name="caves/rq01", tags={}, description="", runs=runs))
"""


@pytest.fixture
def publisher(tmp_path: Path, local_uri: str) -> Callable[..., subprocess.Popen[str]]:
    """Starts a process that publishes three runs: it waits for a line before, and with `stop` amid the second."""
    script = tmp_path / "publisher.py"
    script.write_text(PUBLISHER)

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, script, tmp_path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        return process

    return start


def go(process: subprocess.Popen[str]) -> None:
    """Let a waiting publisher go on."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_a_killed_publisher_is_continued(
    publisher: Callable[..., subprocess.Popen[str]], client: Any, runs_of: Callable[..., dict[str, Any]]
) -> None:
    """SIGKILL amid the second run: the next one leaves the first alone, completes the second, makes the third."""
    process = publisher("stop")
    go(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    half = runs_of()
    assert {name: run.info.status for name, run in half.items()} == {"one": "FINISHED", "two": "RUNNING"}
    again = publisher()
    go(again)
    again.communicate(timeout=60)
    assert again.returncode == 0
    whole = runs_of()
    assert {name: run.info.status for name, run in whole.items()} == dict.fromkeys(["one", "two", "three"], "FINISHED")
    assert all(whole[name].info.run_id == run.info.run_id for name, run in half.items())
    assert whole["one"].to_dictionary() == half["one"].to_dictionary()
    assert len(client.get_metric_history(whole["two"].info.run_id, "seed.total_reward")) == 300


def test_two_publishers_at_once_make_one_run_per_key(
    publisher: Callable[..., subprocess.Popen[str]], client: Any
) -> None:
    """Whoever comes second finds what the first has made."""
    both = [publisher(), publisher()]
    for process in both:
        go(process)
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    found = client.search_runs([client.get_experiment_by_name(f"{PROJECT}/rq01").experiment_id], run_view_type=3)
    assert sorted(run.info.run_name for run in found) == ["one", "three", "two"]


def test_two_processes_may_create_one_store(tmp_path: Path) -> None:
    """Migrations of one new file would break each other."""
    code = "import sys; from pathlib import Path; from expkit.tracking.store import connect; root = Path(sys.argv[1])"
    code += "; connect(f'sqlite:///{root}/new.db', root=root)"
    both = [subprocess.Popen([sys.executable, "-c", code, tmp_path], stderr=subprocess.PIPE) for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in both] == [(b"", 0), (b"", 0)]


def test_a_store_opened_in_one_thread_publishes_in_another(
    case: Case, local_uri: str, tmp_path: Path, runs_of: Callable[..., dict[str, Any]]
) -> None:
    """Connecting takes seconds, which trials use."""
    from concurrent.futures import ThreadPoolExecutor

    from expkit.tracking.store import connect

    with ThreadPoolExecutor(1) as pool:
        store: Store = pool.submit(connect, local_uri, root=tmp_path).result()
    store.publish(case.publication())
    assert len(runs_of()) == 4
