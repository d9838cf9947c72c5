"""The whole way in containers: this very project, built, pushed, run, packaged, reproduced and replicated."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from expkit.containers.engine import Engine
from tests.conftest import Desk


@pytest.fixture(scope="module")
def built(worker_image: str, own_project: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The project in a clone of its own with one more commit, so that its image is another than that of other tests."""
    desk = replace(own_project, root=tmp_path_factory.mktemp("path") / "expkit")
    own_project.git("clone", "--quiet", str(own_project.root), str(desk.root))
    desk.git("remote", "remove", "origin")
    desk.git("commit", "--quiet", "--allow-empty", "--message", f"the way in containers, {os.getpid()}")
    # what took half a minute is the layers that both have
    assert desk.json("image", "build")["id"] != worker_image
    return desk


@pytest.fixture(scope="module")
def run_in_image(built: Desk) -> Desk:
    """The project, rq01 run in its image."""
    said = built.expkit("run", "rq01", "--executor", "docker")
    assert said.code == 0, said
    assert "in expkit:" in said.out.splitlines()[0]
    # the committed evidence was found on a bare machine: the same digests, byte for byte
    assert "reproduced: these results equal the committed evidence, digest by digest" in said.out
    return built


def container(engine: Engine, image: str, *command: str) -> str:
    """What a container prints that has nothing but its image."""
    said = engine.client.containers.run(
        image, list(command), remove=True, network_mode="none", read_only=True, cap_drop=["ALL"], tmpfs={"/tmp": ""}
    )
    return bytes(said).decode()


def test_the_image_is_pushed_and_known_by_its_digest(built: Desk, registry: str) -> None:
    """Only a push gives it a digest that others can ask for."""
    assert built.json("image", "show")["digest"] is None
    pushed = built.json("image", "push", "--registry", f"{registry}/team")
    assert pushed["digest"].startswith(f"{registry}/team/expkit@sha256:")


def test_the_records_name_the_image(run_in_image: Desk) -> None:
    """Reference, id and platform of what ran, and the packages that were in it."""
    provenance = [json.loads(record.read_text())["provenance"] for record in run_in_image.records()]
    assert {one["image"]["id"] for one in provenance} == {run_in_image.json("image", "show")["id"]}
    assert {one["executor"] for one in provenance} == {"docker"}
    assert all("mlflow" not in one["packages"] and "numba" in one["packages"] for one in provenance)


def test_the_gambler_is_packaged_and_plays_in_its_own_container(engine: Engine, run_in_image: Desk) -> None:
    """The checkpoint needs nothing else: it earns what its Q-table is worth, acts, and knows where it comes from."""
    packaged = run_in_image.json("package", "strategies/gambler")
    image = packaged["image"]["reference"]
    evaluated = json.loads(container(engine, image, "evaluate", "--episodes", "1000", "--json"))
    # the interval of a thousand fresh episodes covers what the policy is exactly worth: the optimum
    assert evaluated["interval"]["low"] < evaluated["expected"] < evaluated["interval"]["high"]
    assert packaged["model"]["version"]
    assert json.loads(container(engine, image, "act", "--state", "3", "--json"))["name"] == "FORWARD"
    info = json.loads(container(engine, image, "info", "--json"))
    assert (info["question"], info["arm"]) == ("rq01", "gambler")
    assert info["commit"] == run_in_image.git("rev-parse", "HEAD")


def test_the_run_is_reproduced_in_its_image(run_in_image: Desk) -> None:
    """From its commit, in its image, every digest of every seed."""
    said = run_in_image.expkit("reproduce", "rq01")
    assert said.code == 0, said
    assert said.out.count("match") >= 3


def test_the_question_is_replicated_in_its_image(run_in_image: Desk) -> None:
    """Fresh seeds, the same hypotheses; whether they agree is a result."""
    replicated = run_in_image.json("replicate", "rq01", "--executor", "docker")
    assert len(replicated["hypotheses"]) == 3


def test_nothing_of_all_this_shows_in_git(run_in_image: Desk) -> None:
    """Images, wheels, records and checkpoints are no files of the project's."""
    assert run_in_image.git("status", "--porcelain") == ""
