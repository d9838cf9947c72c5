"""What git is here: installed, with somebody's name, around the project, with a remote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from expkit.doctor.finding import Finding
from expkit.provenance.git import read_git

PATIENCE_S = 3


def installed() -> Finding:
    """Whether there is git at all."""
    if not shutil.which("git"):
        return Finding(
            name="git",
            state="missing",
            said="git is not on the PATH; without it every verdict is exploratory",
            mend="sudo apt-get install git (or brew install git)",
        )
    done = _git(Path.cwd(), "--version")
    return Finding(name="git", state="ok", said=done or "git is on the PATH")


def identity(folder: Path) -> Finding:
    """Whether git knows whose commits and tags these are."""
    unset = [key for key in ("user.name", "user.email") if not _git(folder, "config", "--get", key)]
    if not unset:
        return Finding(name="git identity", state="ok", said="user.name and user.email are set")
    commands = {
        "user.name": 'git config --global user.name "Your Name"',
        "user.email": "git config --global user.email you@example.org",
    }
    are = "are" if len(unset) > 1 else "is"
    return Finding(
        name="git identity",
        state="note",
        said=f"{' and '.join(unset)} {are} not set, which a commit and expkit register need",
        mend=" && ".join(commands[key] for key in unset),
    )


def repository(root: Path) -> Finding:
    """Whether the project is in a repository, and committed."""
    git, _ = read_git(root)
    match git.state:
        case "clean":
            return Finding(name="repository", state="ok", said=f"committed and clean, at {(git.commit or '')[:7]}")
        case "dirty":
            said = f"the tree differs from {(git.commit or '')[:7]}; what runs now is exploratory"
            return Finding(name="repository", state="note", said=said, mend="git add -A && git commit")
        case "no_commits":
            said = "nothing is committed yet; what runs now is exploratory"
            return Finding(name="repository", state="note", said=said, mend="git add -A && git commit")
        case "no_repository":
            said = "the project is not in a git repository; every verdict would be exploratory"
            return Finding(name="repository", state="note", said=said, mend="git init && git add -A && git commit")
    return Finding(
        name="repository", state="note", said=f"git does not read the repository: {git.reason}", mend="git status"
    )


def remote(root: Path) -> Finding:
    """Whether others could have seen a hypothesis before its run."""
    if not shutil.which("git") or not (names := _git(root, "remote")):
        return Finding(
            name="remote",
            state="note",
            said="no remote; without one no hypothesis gets a better grade than self-registered",
            mend="git remote add origin URL && git push --set-upstream origin HEAD",
        )
    return Finding(name="remote", state="ok", said=f"pushes go to {', '.join(names.split())}")


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where it refuses or takes too long."""
    try:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
