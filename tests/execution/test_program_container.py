from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve
from expkit.containers.orphans import PROJECT_LABEL
from expkit.execution.events import Ended, Point
from expkit.execution.program_container import ContainerPlace
from expkit.execution.program_version import Version
from expkit.execution.programs import ProgramExecutor
from expkit.project.sources import program_digest
from expkit.specs.program import Command
from expkit.specs.settings import Limits
from tests.execution.programs import Bench, arm_of, program, why, work_of

Make = Callable[..., ProgramExecutor]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A project with a file of a program and an input."""
    bench = Bench(tmp_path)
    (bench.root / "tools").mkdir()
    (bench.root / "tools" / "train.py").write_text(TRAIN)
    (bench.root / "corpus.txt").write_text("a corpus")
    return bench


@pytest.fixture
def image(engine: Engine, require: Callable[[str, bool, str], None]) -> Inspected:
    """An image with a Python in it and no expkit."""
    named = os.environ.get("EXPKIT_BASE_IMAGE", "")
    require("docker", bool(named), "an engine, but EXPKIT_BASE_IMAGE names no image")
    return resolve(engine, named)


@pytest.fixture
def make(engine: Engine, image: Inspected, bench: Bench) -> Iterator[Make]:
    """Makes executors; afterwards neither a container nor a file of theirs is left."""

    def executor(*sources: str, workers: int = 1) -> ProgramExecutor:
        place = ContainerPlace(
            engine,
            image,
            limits=Limits(memory_mb=256),
            root=bench.root,
            scratch=bench.scratch,
            sources=lambda arm: sources,
            inputs=lambda arm: {"corpus": bench.root / "corpus.txt"},
        )
        return ProgramExecutor(place, workers)

    yield executor
    assert engine.client.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={bench.scratch}"}) == []
    assert not bench.scratch.exists() or list(bench.scratch.iterdir()) == []


def python(code: str) -> Command:
    """A program in an image that calls its Python python3."""
    return program(["python3", "-c", code])


TRAIN = """
import json, os, socket, sys
open(os.environ["EXPKIT_OUTPUT"] + "/model.txt", "w").write("a model")
os.symlink("/etc/passwd", os.environ["EXPKIT_OUTPUT"] + "/link.txt")
def refused(call):
    try: call()
    except OSError: return True
print(json.dumps({"step": 1, "gain": int(os.environ["EXPKIT_SEED"])}))
print(json.dumps([
    sys.argv[1:], os.getcwd(), open(os.environ["EXPKIT_INPUTS"] + "/corpus").read(),
    json.load(open(os.environ["EXPKIT_CONFIG"])),
    refused(lambda: open(os.environ["EXPKIT_INPUTS"] + "/corpus", "w")), refused(lambda: open("new", "w")),
    refused(lambda: socket.create_connection(("198.51.100.1", 80), 1)), os.getuid() != 0,
]))
"""
"""What it may do, and what not."""


def test_a_program_runs_in_an_image_that_knows_nothing_of_expkit(make, bench, image):
    """Its sources and inputs are there for reading, its files come out, and nothing else does."""
    trainer = program(["python3", "tools/train.py", "{seed}"], seed="given", artifacts=["*"])
    work = work_of(arm_of(trainer, text="a 'b' $c"))
    executor = make("tools/train.py")
    events = list(executor.execute([work], bench.stage, lambda: False))
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert why(ended) is None
    log = (ended.folder / "log.txt").read_text()
    seed = str(int(ended.result.metrics["gain"][0]))
    assert json.loads(log.splitlines()[0]) == [
        *([seed, "--text=a 'b' $c"], "/in/program", "a corpus", {"text": "a 'b' $c"}),
        *[True] * 4,
    ]
    assert (ended.folder / "files" / "model.txt").read_text() == "a model"
    assert "'link.txt' is a symbolic link" in log
    assert [event.metric for event in events if isinstance(event, Point)] == ["gain"]
    assert executor.image == image.record
    assert ended.inside.packages == {}


def test_a_host_and_a_container_find_the_same(make, bench):
    """Where it ran is no part of what it found."""
    work = work_of(arm_of(python("print('{\"gain\": 0.1}')")))
    found = [
        event.result
        for executor in (bench.executor(), make())
        for event in executor.execute([work], bench.stage, lambda: False)
        if isinstance(event, Ended)
    ]
    assert found[0] == found[1]


def test_ends_are_told_in_the_words_of_a_host(make, bench):
    """Crash, signal, time and memory; one trial each, two at once."""
    codes = {
        "exit code 3: no luck": "import sys; print('no luck', file=sys.stderr); sys.exit(3)",
        "killed by signal 6": "import os; os.abort()",
        "not done in 1 s": "import time; time.sleep(600)",
        "OOM at 256 MB": "x = bytearray(2**30); x[::4096] = b'x' * len(x[::4096])",
    }
    works = [
        work_of(arm_of(python(code).model_copy(update={"time_limit_s": 1.0 if "sleep" in code else None})), seed=number)
        for number, code in enumerate(codes.values())
    ]
    ended = [event for event in make(workers=2).execute(works, bench.stage, lambda: False) if isinstance(event, Ended)]
    assert [why(event) for event in sorted(ended, key=lambda event: event.work.seeds)] == list(codes)


def test_a_program_that_the_image_lacks_is_an_error_of_the_batch(make, bench):
    """Nothing was tried."""
    work = work_of(arm_of(program(["no-such-program"])))
    *_, ended = make().execute([work], bench.stage, lambda: False)
    assert ended.result is None
    assert "no-such-program" in ended.error


def test_a_stop_removes_the_container(make, bench):
    """Nothing is recorded of it."""
    stop = threading.Event()
    work = work_of(arm_of(python("print('{\"gain\": 1}', flush=True)\nimport time; time.sleep(600)")))
    events = make().execute([work], bench.stage, stop.is_set)
    assert isinstance(next(events), Point)
    stop.set()
    assert list(events) == []


def test_what_is_handed_in_is_the_version_that_is_recorded(engine, image, bench):
    """Checked on the copy that runs; an edit of the file before the next trial is told, and is not run."""
    train = bench.root / "tools" / "train.py"
    version = program_digest({"tools/train.py": train.read_bytes()}, ["tools/train.py"])

    def sources(arm):
        return ["tools/train.py"]

    place = ContainerPlace(
        engine,
        image,
        limits=Limits(memory_mb=256),
        root=bench.root,
        scratch=bench.scratch,
        sources=sources,
        inputs=lambda arm: {"corpus": bench.root / "corpus.txt"},
        version=Version(bench.root, sources),
    )
    work = work_of(arm_of(program(["python3", "tools/train.py", "{seed}"], seed="given", digest=version)))

    def ended():
        return next(
            event
            for event in ProgramExecutor(place, 1).execute([work], bench.stage, lambda: False)
            if isinstance(event, Ended)
        )

    assert why(ended()) is None
    train.write_text(TRAIN + "# later\n")
    assert ended().error == "the program changed while it ran: tools/train.py"
