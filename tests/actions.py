"""GitHub's runner as far as our workflows need it: the `run:` steps of a job, one after the other, in a folder."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

WORKFLOWS = Path(__file__).parents[1] / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")


def workflow(name: str) -> Any:
    """A workflow as GitHub reads it: YAML 1.2, in which `on` is a word."""
    return YAML(typ="safe").load(WORKFLOWS / name)


@dataclass(frozen=True)
class Step:
    """What a step said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Executes a job's commands as GitHub does, and nothing else of it: `uses:` steps are for its caller to stand for.

    `expressions` gives each expression a value; one that is not in there is an error, and so is a condition.
    """

    workflow: Any
    folder: Path
    temporary: Path
    environment: Mapping[str, str]
    expressions: Mapping[str, str]
    summary: list[str] = field(default_factory=list)
    """The summary of each step that wrote one."""

    def job(self, name: str) -> dict[str, Step]:
        """Every step that ran, by its name. After a failure only those run that ask for it."""
        assert self.workflow["defaults"] == {"run": {"shell": "bash"}}
        files = {one: self.temporary / one for one in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        job, done = self.workflow["jobs"][name], dict[str, Step]()
        environment = {**self.environment, **self._filled(job.get("env", {})), "RUNNER_TEMP": str(self.temporary)}
        environment |= {one: str(file) for one, file in files.items()}
        for step in job["steps"]:
            failed = any(one.code for one in done.values())
            if "run" not in step or not self._is_due(step.get("if"), failed):
                continue
            for file in files.values():
                file.write_text("")
            done[step["name"]] = self._run(step["run"], environment | self._filled(step.get("env", {})))
            environment |= dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
            added = reversed(files["GITHUB_PATH"].read_text().splitlines())
            environment["PATH"] = ":".join([*added, environment["PATH"]])
            if summary := files["GITHUB_STEP_SUMMARY"].read_text():
                self.summary.append(summary)
        return done

    def _is_due(self, condition: str | None, failed: bool) -> bool:
        if condition == "${{ !cancelled() }}":
            return True
        return not failed and (condition is None or bool(self.expressions[condition]))

    def _filled(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {
            name: _EXPRESSION.sub(lambda found: self.expressions[found[1]], text) for name, text in settings.items()
        }

    def _run(self, script: str, environment: Mapping[str, str]) -> Step:
        file = self.temporary / "step.sh"
        file.write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
            cwd=self.folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
        )
        return Step(done.returncode, done.stdout, done.stderr)
