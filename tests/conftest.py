"""What every room's tests share: the rule for services that a machine may lack, and a project with its command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

from expkit.containers.engine import Engine, connect
from expkit.errors import ServiceAbsent

# a deadline measures how busy a machine is; in CI the same examples are tried on every run
settings.register_profile("expkit", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("expkit")

# a shell's background job ignores Ctrl-C, and so would every command that the tests start and interrupt
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

EXPKIT = Path(sys.executable).parent / "expkit"
"""The command as it is installed."""


@pytest.fixture(scope="session")
def require() -> Callable[[str, bool, str], None]:
    """Skip with a reason where a service is absent; fail instead where EXPKIT_REQUIRE names it, as in CI."""
    required = {name for name in os.environ.get("EXPKIT_REQUIRE", "").split(",") if name}

    def need(service: str, present: bool, reason: str) -> None:
        if not present and service in required:
            pytest.fail(f"{service} is required here: {reason}")
        if not present:
            pytest.skip(f"{service}: {reason}")

    return need


@pytest.fixture(scope="session")
def engine(require: Callable[[str, bool, str], None]) -> Engine:
    """The container engine of this machine."""
    try:
        return connect()
    except ServiceAbsent as absent:
        require("docker", False, str(absent))
        raise


@pytest.fixture(scope="session")
def registry(require: Callable[[str, bool, str], None]) -> str:
    """A registry to push to: `host:port`."""
    named = os.environ.get("EXPKIT_TEST_REGISTRY", "")
    require("registry", bool(named), "EXPKIT_TEST_REGISTRY names none")
    return named


@pytest.fixture(scope="session")
def own_project(tmp_path_factory: pytest.TempPathFactory, shared_store: str) -> Desk:
    """A clone of this very project as it stands in the work tree, every change in it committed."""
    here = Path(__file__).parents[1]
    desk = Desk(tmp_path_factory.mktemp("own") / "expkit", shared_store)
    asked = {"cwd": here, "check": True, "capture_output": True, "text": True}
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(here), str(desk.root)], **asked)
    questions = (["diff", "--name-only", "-z", "HEAD"], ["ls-files", "-z", "--others", "--exclude-standard"])
    changed = "".join(subprocess.run(["git", *question], **asked).stdout for question in questions)
    for name in filter(None, changed.split("\0")):
        copy = desk.root / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (here / name).exists():
            shutil.copy2(here / name, copy)
        else:
            copy.unlink()
    if changed:
        desk.git("add", "--all")
        # always at one moment: the same tree is the same commit, in every process of a test run and in the next one
        at = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
        desk.git("commit", "--quiet", "--message", "the work tree", **at)
    desk.git("remote", "remove", "origin")
    return desk


@pytest.fixture(scope="session")
def worker_image(engine: Engine, own_project: Desk, require: Callable[[str, bool, str], None]) -> str:
    """The id of an image that holds this very expkit. The first build takes half a minute, every later one a second."""
    with FileLock(Path(tempfile.gettempdir()) / "expkit-test-image.lock"):
        said = own_project.expkit("image", "build", "--json")
    require("docker", said.code != 5, f"an engine, but no base image: {said.err}")
    assert said.code == 0, said
    return str(json.loads(said.out)["id"])


QUESTION = """\
id: rq01
title: Strategies in the dungeon
question: Does bookkeeping pay?
scope: Six seeds of a short run.
experiments: [strategies]
hypotheses:
  - id: h1
    statement: The accountant earns more than the drunkard.
    experiment: strategies
    criterion: {kind: difference, metric: total_reward, treatment: accountant, control: drunkard, at_least: 0}
  - id: h2
    statement: The gambler earns at least half of what the accountant does.
    experiment: strategies
    criterion: {kind: ratio, metric: total_reward, treatment: gambler, control: accountant, at_least: 0.5}
"""

EXPERIMENT = """\
id: strategies
title: Drunkard, accountant and gambler
environment: {kind: dungeon}
trainer: {kind: tabular, steps: 400}
arms:
  drunkard: {agent: {kind: drunkard}}
  accountant: {agent: {kind: accountant}}
  gambler: {agent: {kind: gambler}}
seeds: {root: 7, count: 6}
"""


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A project in a folder, and a person who types commands in it."""

    root: Path
    store: str | None = None
    """MLFLOW_TRACKING_URI, unless it is the project's own store."""

    @property
    def question(self) -> Path:
        return self.root / "research_questions" / "rq01" / "question.yaml"

    @property
    def experiment(self) -> Path:
        return self.root / "experiments" / "strategies.yaml"

    @property
    def outcome(self) -> Path:
        return self.question.with_name("outcome.md")

    @property
    def evidence(self) -> Path:
        return self.question.with_name("evidence.json")

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of this machine's settings but where programs are."""
        names = ("PATH", "HOME", "TMPDIR", "LANG", "DOCKER_HOST", "EXPKIT_BASE_IMAGE")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return kept | git | ({"MLFLOW_TRACKING_URI": self.store} if self.store else {})

    def start(self, *arguments: str, before: Sequence[str] = (), **settings: str) -> subprocess.Popen[str]:
        """`expkit` in a process of its own, still running; `before` is a command that runs it."""
        return subprocess.Popen(
            [*before, str(EXPKIT), *arguments],
            cwd=self.root,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def expkit(self, *arguments: str, before: Sequence[str] = (), **settings: str) -> Said:
        """What `expkit` says, as it is installed. Whatever happens, it never shows a traceback."""
        process = self.start(*arguments, before=before, **settings)
        out, err = process.communicate(timeout=300)
        assert "Traceback" not in err, err
        return Said(process.returncode, out, err)

    def json(self, *arguments: str) -> Any:
        """What a command prints for machines."""
        said = self.expkit(*arguments, "--json")
        assert said.code == 0, said
        return json.loads(said.out)

    def git(self, *arguments: str, **settings: str) -> str:
        identity = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.root,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")

    def clone(self) -> Desk:
        """A fresh clone beside this project: what is committed, and nothing else."""
        folder = self.root.parent / "clone"
        self.git("clone", "--quiet", str(self.root), str(folder))
        return replace(self, root=folder)

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def records(self) -> set[Path]:
        """Every attempt that the ledger holds."""
        return set((self.root / ".expkit" / "ledger").glob("*/*/record.json"))


def _new_desk(root: Path, store: str) -> Desk:
    desk = Desk(root, store)
    desk.question.parent.mkdir(parents=True)
    desk.experiment.parent.mkdir()
    desk.question.write_text(QUESTION)
    desk.experiment.write_text(EXPERIMENT)
    (root / "pyproject.toml").write_text('[tool.expkit]\nproject = "trial"\n')
    (root / ".gitignore").write_text(".expkit/\nmlflow.db*\nmlruns/\n")
    desk.git("init", "--quiet", "--initial-branch=main")
    desk.git("config", "user.name", "A Tester")
    desk.git("config", "user.email", "tester@example.org")
    desk.commit()
    return desk


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One MLflow store for all projects, as making one takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def _answered(tmp_path_factory: pytest.TempPathFactory, shared_store: str) -> tuple[Desk, Said]:
    desk = _new_desk(tmp_path_factory.mktemp("answered") / "project", shared_store)
    said = desk.expkit("run", "rq01")
    desk.commit()
    return desk, said


@pytest.fixture
def first_run(_answered: tuple[Desk, Said]) -> Said:
    """What the first run of a question said."""
    return _answered[1]


@pytest.fixture(scope="session")
def desk_of(shared_store: str) -> Callable[[Path], Desk]:
    """Makes a project with a question, committed and not run yet, in a folder: for what several tests begin with."""
    return lambda root: _new_desk(root, shared_store)


@pytest.fixture
def desk(tmp_path: Path, shared_store: str) -> Desk:
    """A project with a question, committed and not run yet."""
    return _new_desk(tmp_path / "project", shared_store)


@pytest.fixture
def answered(_answered: tuple[Desk, Said], tmp_path: Path) -> Desk:
    """A project whose question was run, published, and committed with its outcome."""
    desk = _answered[0]
    return replace(desk, root=Path(shutil.copytree(desk.root, tmp_path / "project", symlinks=True)))
