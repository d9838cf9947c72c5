"""The CI example does what it says: its very commands, on a real engine and a real registry."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound
from ruamel.yaml import YAML

from expkit.containers.engine import Engine
from tests.conftest import EXPKIT, Desk

WORKFLOW = Path(__file__).parents[1] / ".github" / "workflows" / "image.yml"
BRANCH = "feature/Fast"
TAG = "feature-Fast-17d240"


@pytest.fixture(scope="module")
def workflow() -> Any:
    """The workflow as GitHub reads it."""
    return YAML(typ="safe").load(WORKFLOW)


def commands(workflow: Any) -> dict[str, str]:
    """Every `run:` by its step's name."""
    (job,) = workflow["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def test_every_branch_is_built_and_no_text_of_others_reaches_a_shell(workflow: Any) -> None:
    """A branch may be called anything; an expression inside `run:` would be executed with the token at hand."""
    assert workflow["on"] == {"push": {"branches": ["**"]}}
    assert workflow["permissions"] == {"contents": "read", "packages": "write"}
    assert not any("${{" in run for run in commands(workflow).values())


@pytest.fixture(scope="module")
def steps_done(
    workflow: Any,
    engine: Engine,
    registry: str,
    own_project: Desk,
    worker_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Desk, dict[str, str]]]:
    """The project on a branch, and what each command said there. Its environment is set up: it is this test's own."""
    root = Path(shutil.copytree(own_project.root, tmp_path_factory.mktemp("ci") / "expkit", symlinks=True))
    shutil.rmtree(root / ".expkit" / "ledger", ignore_errors=True)
    desk = replace(own_project, root=root)
    desk.git("checkout", "--quiet", "-b", BRANCH)
    path = {"PATH": f"{EXPKIT.parent}:{desk.environment['PATH']}"}
    said: dict[str, str] = {}
    for name, run in commands(workflow).items():
        if name == "Set up":
            continue
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run],
            cwd=root,
            env={**desk.environment, **path, "EXPKIT_REGISTRY": f"{registry}/ci", "CI": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        said[name] = done.stdout
    yield desk, said
    commit = desk.git("rev-parse", "HEAD")[:12]
    for name in (f"expkit:{TAG}", f"{registry}/ci/expkit:{TAG}", f"{registry}/ci/expkit:{commit}"):
        with suppress(ImageNotFound):
            engine.client.images.remove(name, noprune=True)


def test_the_registry_has_the_image_under_its_commit_and_its_branch(
    steps_done: tuple[Desk, dict[str, str]], registry: str
) -> None:
    """Both names lead to one manifest: the commit's name for good, the branch's until its next commit."""
    desk, _ = steps_done
    names = desk.git("rev-parse", "HEAD")[:12], TAG
    digests = set()
    for name in names:
        url = f"http://{registry}/v2/ci/expkit/manifests/{name}"
        accepted = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=accepted)) as answer:
            digests.add(answer.headers["Docker-Content-Digest"])
    assert len(digests) == 1


def test_the_question_ran_in_the_pushed_image(
    steps_done: tuple[Desk, dict[str, str]], registry: str, worker_image: str
) -> None:
    """Every record names what can be pulled again, the branch, and the commit; the numbers are the committed ones."""
    desk, said = steps_done
    assert "reproduced: these results equal the committed evidence" in said["Run the question in it"]
    provenance = [json.loads(record.read_text())["provenance"] for record in desk.records()]
    assert {one["image"]["id"] for one in provenance} == {worker_image}
    assert {one["image"]["digest"].partition("@")[0] for one in provenance} == {f"{registry}/ci/expkit"}
    assert {one["git"]["branch"] for one in provenance} == {BRANCH}
    commit = desk.git("rev-parse", "HEAD")
    assert {one["image"]["revision"] for one in provenance} == {one["git"]["commit"] for one in provenance} == {commit}


def test_fresh_seeds_are_asked_and_nothing_is_left_in_the_tree(steps_done: tuple[Desk, dict[str, str]]) -> None:
    """A CI run shows whether verdicts hold; it commits nothing."""
    desk, said = steps_done
    assert "h1" in said["Ask again on fresh seeds"]
    assert len({json.loads(record.read_text())["work"]["root"] for record in desk.records()}) == 2
    assert desk.git("status", "--porcelain") == ""
