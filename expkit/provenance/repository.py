"""A git repository seen from a project's folder, asked so that nothing the repository brings along is executed.

A repository is foreign code: its configuration can name programs (a file system monitor, clean filters, an external
diff, hooks, a transport) that plain `git status` or `git diff` starts. Every command here runs with those switched off,
writes nothing to the repository's index, talks to no remote, and means the repository around the project whatever
`GIT_DIR` says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Literal

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    # whether a file changed is never taken on trust from a weakened comparison
    "core.checkStat=default",
    "core.trustctime=true",
    "core.ignoreStat=false",
    "advice.graftFileDeprecated=false",
    "log.showSignature=false",
    "log.follow=false",
    "log.showRoot=true",
    "log.diffMerges=separate",
)

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks, through a program of its choice
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
}

_REDIRECTIONS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
"""Variables that turn a question to another repository, as inside a git hook, or change the form of its answer."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_FILTER = re.compile(rb"filter\.(.*)\.(?:clean|smudge|process|required)", re.DOTALL)


class Refused(Exception):
    """git did not do what it was asked for; the text is git's reason."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why there is no repository to ask."""

    state: Literal["no_repository", "unreadable"]
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The repository around a project. Commands run in `top`; paths in answers are relative to it."""

    top: Path
    """The work tree's first folder."""
    prefix: str
    """The project's folder below `top` with a trailing `/`; empty where they are the same."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that make the repository's filter drivers do nothing."""

    def ask(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """What git prints.

        Raises:
            Refused: git ended with another status than 0.
        """
        status, out, reason = _git(self.top, arguments, stdin, {**self.environment, **(environment or {})})
        if status != 0:
            raise Refused(reason)
        return out

    def answer(self, *arguments: str, stdin: bytes = b"") -> bytes | None:
        """What git prints without its line end, or None where it refuses."""
        try:
            return self.ask(*arguments, stdin=stdin).removesuffix(b"\n")
        except Refused:
            return None

    def head(self) -> str | None:
        """The commit of HEAD, or None before the first one.

        Raises:
            Refused: HEAD names a commit that cannot be read, or one in a format other than 40 hex digits.
        """
        named = self.answer("rev-parse", "--verify", "--quiet", "HEAD")
        if named is None:
            return None
        commit = self.ask("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        if not is_commit(commit):
            raise Refused(f"commits of the form {commit} are not supported, only SHA-1 ones")
        return commit

    def branch(self) -> str | None:
        """The branch HEAD is on; None where it is detached."""
        name = self.answer("symbolic-ref", "--quiet", "HEAD")
        return None if name is None else text(name).removeprefix("refs/heads/")

    def shallow(self) -> bool:
        """Whether history ends early, as in a clone with `--depth`."""
        return self.answer("rev-parse", "--is-shallow-repository") == b"true"

    def pushed(self, commit: str) -> bool | None:
        """Whether a remote-tracking branch holds the commit; None where there is no remote, or no such commit."""
        if (
            not is_commit(commit)
            or not self.answer("remote")
            or self.answer("cat-file", "-e", f"{commit}^{{commit}}") is None
        ):
            return None
        return bool(self.answer("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes"))

    def blobs(self, names: list[str]) -> list[bytes | None]:
        """The contents of objects, each named by digest or `commit:path`; None for what is absent or no file.

        A name holds no line end.
        """
        try:
            out = (
                self.ask("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode()) if names else b""
            )
        except Refused:  # one that a partial clone has not fetched, or a damaged one, ends the batch
            return [blob for name in names for blob in self.blobs([name])] if len(names) > 1 else [None]
        found: list[bytes | None] = []
        at = 0
        for name in names:
            end = out.index(b"\n", at)
            head = out[at:end]
            at = end + 1
            if head.startswith(name.encode()) and head.endswith((b" missing", b" ambiguous")):
                found.append(None)
                continue
            _, kind, size = head.split(b" ")
            found.append(out[at : at + int(size)] if kind == b"blob" else None)
            at += int(size) + 1
        return found


def find(folder: Path) -> Repository | Refusal:
    """The repository around a folder, or why there is none to ask."""
    if not folder.is_dir():
        return Refusal(state="no_repository")
    try:
        status, out, reason = _git(folder, ("rev-parse", "--show-toplevel"))
    except Refused as refused:
        # without git, only a folder that is clearly a repository's is worth a complaint
        return (
            Refusal(state="unreadable", reason=str(refused)) if _holds_git(folder) else Refusal(state="no_repository")
        )
    if status != 0:
        if "dubious ownership" in reason:
            return Refusal(
                state="unreadable",
                reason="the repository belongs to another user, so git does not read it; if you trust it, type: "
                f"git config --global --add safe.directory {_dubious(reason) or folder.resolve()}",
            )
        return Refusal(state="unreadable", reason=reason) if _holds_git(folder) else Refusal(state="no_repository")
    top = Path(os.fsdecode(out.removesuffix(b"\n"))).resolve()
    below = folder.resolve()
    if not below.is_relative_to(top):
        return Refusal(state="unreadable", reason=f"the repository's work tree is elsewhere: core.worktree is {top}")
    prefix = below.relative_to(top).as_posix()
    bare = Repository(top=top, prefix="" if prefix == "." else f"{prefix}/")
    try:
        names = bare.ask("config", "--list", "--name-only", "-z").split(b"\0")
    except Refused as refused:
        return Refusal(state="unreadable", reason=str(refused))
    return Repository(top=top, prefix=bare.prefix, environment=_without_filters(names))


def start(folder: Path) -> None:
    """Make a repository of a folder; nothing is committed.

    Raises:
        Refused: git cannot, or is not installed.
    """
    status, _, reason = _git(folder, ("init", "--quiet"))
    if status != 0:
        raise Refused(reason)


def is_commit(name: str) -> bool:
    """Whether a text is a commit's full name, and so cannot be mistaken for an option or an expression."""
    return _COMMIT.fullmatch(name) is not None


def text(path: bytes) -> str:
    """A path of git's as text that JSON can hold; bytes that are no UTF-8 are shown as escapes."""
    return path.decode("utf-8", "backslashreplace")


def _without_filters(settings: list[bytes]) -> dict[str, str]:
    """Every filter driver set to do nothing. A driver's name may hold `=`, which `-c` cannot carry; variables can."""
    drivers = sorted({match[1] for name in settings if (match := _FILTER.fullmatch(name))})
    first = int(count) if (count := os.environ.get("GIT_CONFIG_COUNT", "0")).isdecimal() else 0
    pairs = [
        (f"filter.{os.fsdecode(driver)}.{key}", value)
        for driver in drivers
        for key, value in (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    ]
    variables = {"GIT_CONFIG_COUNT": str(first + len(pairs))} if pairs else {}
    for index, (key, value) in enumerate(pairs, start=first):
        variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return variables


def _git(
    folder: Path, arguments: tuple[str, ...], stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Status, output and the reason given on the error stream.

    Raises:
        Refused: git is not installed.
    """
    try:
        import git  # 0.1 s, and it refuses to be imported where no git is installed
    except ImportError as error:
        raise Refused("git is not installed, or not on the PATH") from error

    # GitPython adds to the environment but takes nothing away
    astray = [name for name in _REDIRECTIONS if name in os.environ]
    scrubbed = ["env", *(part for name in astray for part in ("-u", name))] if astray else []
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = [*scrubbed, "git", "-C", str(folder), "--no-pager", *settings, *arguments]
    try:
        process = git.Git(folder).execute(
            command,
            istream=PIPE,  # handed on to Popen
            as_process=True,
            env={**_ENVIRONMENT, **(environment or {})},
        )
    except git.GitCommandNotFound as error:
        raise Refused("git is not installed, or not on the PATH") from error
    out, complaint = process.communicate(stdin)
    return process.returncode, out, _reason(complaint)


def _reason(complaint: bytes) -> str:
    lines = [line for line in text(complaint).splitlines() if line.strip() and not line.startswith("hint:")]
    return "; ".join(line.strip().removeprefix("fatal: ").removeprefix("error: ") for line in lines[:5])


def _dubious(reason: str) -> str | None:
    named = re.search(r"dubious ownership in repository at '(.+?)'(?:;|$)", reason)
    return named[1] if named else None


def _holds_git(folder: Path) -> bool:
    return any(os.path.lexists(parent / ".git") for parent in (folder.resolve(), *folder.resolve().parents))
