"""The workflows have the shape that GitHub wants; each pushed commit gets its image, on a real engine and registry."""

from __future__ import annotations

import json
import shutil
import sys
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
from tests.actions import Runner, Step, workflow
from tests.conftest import Desk

BRANCH = "feature/Fast"
TAG = "feature-Fast-17d240"
CALLED, CALLER = workflow("expkit.yml"), workflow("science.yml")
PAGE = (Path(__file__).parents[1] / "docs" / "reviewing.md").read_text()
ON_THE_PAGE = YAML(typ="safe").load(PAGE.partition("```yaml\n")[2].partition("```")[0])


def test_no_text_of_others_reaches_a_shell() -> None:
    """A branch may be called anything; an expression inside `run:` would be executed with the token at hand."""
    runs = [step["run"] for job in CALLED["jobs"].values() for step in job["steps"] if "run" in step]
    assert len(runs) == 14
    assert not any("${{" in run for run in runs)


def test_each_job_runs_on_its_occasion_with_the_least_rights() -> None:
    """What executes a pull request's code may write comments at most; only what pushes images may write packages."""
    jobs = CALLED["jobs"]
    main = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert {name: (job.get("if"), job.get("needs")) for name, job in jobs.items()} == {
        "review": ("github.event_name == 'pull_request'", None),
        "replay": (None, None),
        "replicate": (f"github.event_name == 'push' && {main}", "replay"),
        "image": ("github.event_name == 'push' && inputs.image", None),
    }
    assert CALLED["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "review": {"contents": "read", "pull-requests": "write"},
        "replay": {"contents": "read"},
        "replicate": {"contents": "read"},
        "image": {"contents": "read", "packages": "write"},
    }
    for job in jobs.values():
        assert job["timeout-minutes"]
        checkout = job["steps"][0]
        assert checkout["uses"] == "actions/checkout@v4"
        assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}


@pytest.mark.parametrize("caller", [CALLER, ON_THE_PAGE], ids=["this repository's", "the page's"])
def test_a_caller_grants_what_the_jobs_ask_for_on_every_push_and_pull_request(caller: Any) -> None:
    """Whether they run or not; else GitHub starts none of them. And what it hands over is asked for."""
    assert caller["on"] == {"push": {"branches": ["**"]}, "pull_request": None}
    (job,) = caller["jobs"].values()
    assert job["uses"].partition("@")[0].endswith("/.github/workflows/expkit.yml")
    asked: dict[str, str] = {}
    for one in CALLED["jobs"].values():
        asked |= one["permissions"]
    assert job["permissions"] == asked
    inputs = CALLED["on"]["workflow_call"]["inputs"]
    assert set(job["with"]) <= set(inputs)
    types = {"string": str, "boolean": bool, "number": int}
    assert all(isinstance(one["default"], types[one["type"]]) for one in inputs.values())


@pytest.fixture(scope="module")
def steps_done(
    engine: Engine, registry: str, own_project: Desk, worker_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, dict[str, Step]]]:
    """The project on a branch, and what each command said there, with the settings that this repository hands over."""
    folder = tmp_path_factory.mktemp("ci")
    root = Path(shutil.copytree(own_project.root, folder / "expkit", symlinks=True))
    shutil.rmtree(root / ".expkit" / "ledger", ignore_errors=True)
    desk = replace(own_project, root=root)
    desk.git("checkout", "--quiet", "-b", BRANCH)
    _prepare(root / ".venv")
    inputs = CALLER["jobs"]["expkit"]["with"]
    called_for = CALLED["jobs"]["image"]["env"]["REGISTRY"].strip("${} ")
    runner = Runner(
        workflow=CALLED,
        folder=root,
        temporary=folder,
        environment={**desk.environment, "CI": "true", "GITHUB_ACTIONS": "true"},
        expressions={f"inputs.{name}": value for name, value in inputs.items()} | {called_for: f"{registry}/CI"},
    )
    done = runner.job("image")
    assert {name: step for name, step in done.items() if step.code} == {}
    yield desk, done
    commit = desk.git("rev-parse", "HEAD")[:12]
    for name in (f"expkit:{TAG}", f"{registry}/ci/expkit:{TAG}", f"{registry}/ci/expkit:{commit}"):
        with suppress(ImageNotFound):
            engine.client.images.remove(name, noprune=True)


def _prepare(venv: Path) -> None:
    """This test's own environment where `make setup` would make one, and newer than what it is made from."""
    venv.mkdir()
    (venv / "bin").symlink_to(Path(sys.executable).parent)
    (venv / ".ready").touch()


def test_every_command_is_executed(steps_done: tuple[Desk, dict[str, Step]]) -> None:
    """Of this job here, of the others in tests/test_ci_pull_request.py: a command that nobody tried may not work."""
    _, done = steps_done
    assert list(done) == [step["name"] for step in CALLED["jobs"]["image"]["steps"] if "run" in step]


def test_the_registry_has_the_image_under_its_commit_and_its_branch(
    steps_done: tuple[Desk, dict[str, Step]], registry: str
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
    steps_done: tuple[Desk, dict[str, Step]], registry: str, worker_image: str
) -> None:
    """Every record names what can be pulled again, the branch, and the commit; the numbers are the committed ones."""
    desk, done = steps_done
    assert "reproduced: these results equal the committed evidence" in done["Run the question in it"].out
    provenance = [json.loads(record.read_text())["provenance"] for record in desk.records()]
    assert {one["image"]["id"] for one in provenance} == {worker_image}
    assert {one["image"]["digest"].partition("@")[0] for one in provenance} == {f"{registry}/ci/expkit"}
    assert {one["git"]["branch"] for one in provenance} == {BRANCH}
    commit = desk.git("rev-parse", "HEAD")
    assert {one["image"]["revision"] for one in provenance} == {one["git"]["commit"] for one in provenance} == {commit}


def test_fresh_seeds_are_asked_and_nothing_is_left_in_the_tree(steps_done: tuple[Desk, dict[str, Step]]) -> None:
    """A CI run shows whether verdicts hold; it commits nothing."""
    desk, done = steps_done
    assert "h1" in done["Ask again on fresh seeds"].out
    assert len({json.loads(record.read_text())["work"]["root"] for record in desk.records()}) == 2
    assert desk.git("status", "--porcelain") == ""
