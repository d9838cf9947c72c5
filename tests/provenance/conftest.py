"""Real git repositories in a temporary folder, away from the developer's own git configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Sandbox:
    """A git repository to play in."""

    root: Path

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "a commit") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def own_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """git with a known user and nothing else of this machine's settings."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "EXPKIT_IMAGE"))]:
        monkeypatch.delenv(name)
    settings = tmp_path_factory.mktemp("settings") / "gitconfig"
    settings.write_text(
        "[user]\n\tname = A Tester\n\temail = tester@example.org\n[init]\n\tdefaultBranch = main\n"
        '[protocol "file"]\n\tallow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def new_repository(tmp_path: Path) -> Callable[[str], Sandbox]:
    """Makes an empty repository: (name, options of `git init`)."""

    def make(name: str = "project", *options: str) -> Sandbox:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        sandbox = Sandbox(folder)
        sandbox.git("init", "--quiet", *options)
        return sandbox

    return make


@pytest.fixture
def project(new_repository: Callable[[str], Sandbox]) -> Sandbox:
    """A repository with one commit: `a.txt`, `b.txt`, and a question."""
    sandbox = new_repository("project")
    sandbox.write("a.txt", "one\ntwo\n")
    sandbox.write("b.txt", "three\n")
    sandbox.write("research_questions/rq01/question.yaml", "id: rq01\n")
    sandbox.commit("first")
    return sandbox


@pytest.fixture
def clone(tmp_path: Path) -> Callable[..., Sandbox]:
    """Makes a clone: (source, name, options of `git clone`)."""

    def make(source: Sandbox, name: str, *options: str) -> Sandbox:
        url = source.root.as_uri()
        subprocess.run(["git", "clone", "--quiet", *options, url, str(tmp_path / name)], check=True)
        return Sandbox(tmp_path / name)

    return make
