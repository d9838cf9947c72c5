from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from expkit.containers.engine import Engine
from expkit.digests import file_digest

if TYPE_CHECKING:
    from tests.conftest import Desk, Said

SECOND_QUESTION = """\
id: rq02
title: Another one
question: Does the gambler beat the drunkard?
scope: Six seeds of a short run.
experiments: [strategies]
hypotheses:
  - id: h1
    statement: It does.
    experiment: strategies
    criterion: {kind: difference, metric: total_reward, treatment: gambler, control: drunkard, at_least: 0}
"""


@pytest.fixture
def tidy(engine: Engine) -> Iterator[None]:
    """Takes the names of the images that a test made from them."""
    before = {tag for image in engine.client.images.list() for tag in image.tags}
    yield
    for tag in {tag for image in engine.client.images.list() for tag in image.tags} - before:
        if tag.partition(":")[0].startswith("trial.") or "/trial." in tag:
            engine.client.images.remove(tag)


@pytest.fixture
def gambler(tidy: None, answered: Desk, worker_image: str) -> dict[str, Any]:
    """The packaged gambler of a question that was answered on this host."""
    return dict(answered.json("package", "gambler", "--image", worker_image))


@pytest.fixture
def base(require: Callable[[str, bool, str], None]) -> str:
    """An image with Python and without expkit."""
    named = os.environ.get("EXPKIT_BASE_IMAGE", "")
    require("docker", bool(named), "EXPKIT_BASE_IMAGE names no image")
    return named


def run(image: str, *arguments: str) -> Any:
    """What an image says for machines."""
    command = ["docker", "run", "--rm", "--network", "none", image, *arguments, "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def test_what_is_packaged_runs_and_knows_where_it_came_from(gambler: dict[str, Any], answered: Desk) -> None:
    """The best of the evidence's seeds, on the image that was named, by its own account."""
    evidence = json.loads(answered.evidence.read_text())
    arm = next(one for one in evidence["arms"] if one["name"] == "gambler")
    found = run(gambler["image"]["id"], "info")
    assert (found["question"], found["experiment"], found["arm"]) == ("rq01", "strategies", "gambler")
    assert (found["seed"], found["rule"], found["among"]) == (gambler["seed"], "best", 6)
    assert found["checkpoint_digest"] == gambler["checkpoint_digest"]
    assert found["evidence_digest"] == file_digest(answered.evidence)
    assert (found["arm_key"], found["results_digest"]) == (arm["key"], arm["results_digest"])
    assert found["metrics"]["total_reward"] == arm["seeds"]["total_reward"][found["seed"]]
    assert found["commit"] == evidence["provenance"]["commit"]
    assert gambler["parent_is"] == "named by --image; the seed was trained on a host"
    assert run(gambler["image"]["reference"], "evaluate", "--episodes", "20")["steps"] == 400
    assert gambler["image"]["reference"] == f"trial.rq01.gambler:{found['commit'][:12]}-seed{found['seed']}"


def test_the_model_is_registered_once_and_on_the_run_of_its_arm(
    gambler: dict[str, Any], answered: Desk, worker_image: str
) -> None:
    """The same command again finds image and version."""
    from mlflow import MlflowClient

    client = MlflowClient(answered.store, registry_uri=answered.store)
    version = client.get_model_version_by_alias("trial.rq01.gambler", "current")
    assert client.get_run(version.run_id).data.tags["expkit.arm"] == "gambler"
    assert version.tags["expkit.image.id"] == gambler["image"]["id"]
    again = answered.json("package", "gambler", "--image", worker_image)
    assert again["image"]["id"] == gambler["image"]["id"]
    assert again["model"] == {**gambler["model"], "new": False}


def test_the_answer_says_which_seed_why_and_what_to_type(tidy: None, answered: Desk, worker_image: str) -> None:
    """Choosing is a selection, and the answer says so; a named seed is not."""
    said = answered.expkit("package", "strategies/gambler", "--image", worker_image)
    assert said.code == 0
    first, worth, selection = said.out.splitlines()[:3]
    assert first.startswith("gambler of rq01 · seed ")
    assert first.endswith(", the best of 6 seeds by gain, then total reward")
    assert worth.startswith("it earns exactly ")
    assert "was chosen for being large" in selection
    assert max(map(len, (first, worth, selection))) <= 100
    for command in ("evaluate --episodes 1000", "act --state 0", "info"):
        assert f"docker run --rm trial.rq01.gambler:{answered.git('rev-parse', 'HEAD~')[:12]}" in said.out
        assert command in said.out
    assert 'mlflow.pyfunc.load_model("models:/trial.rq01.gambler@current")' in said.out
    named = answered.expkit("package", "gambler", "--seed", "2", "--image", worker_image)
    assert "seed 2, as named" in named.out
    assert "the best of" not in named.out
    assert "chosen for being large" not in named.out


def test_a_parent_that_does_not_do_leaves_a_good_image_its_name(
    tidy: None, answered: Desk, worker_image: str, base: str, engine: Engine
) -> None:
    """What was packaged before is what the name still means."""
    good = answered.json("package", "gambler", "--image", worker_image)["image"]
    refused(answered.expkit("package", "gambler", "--image", base), 1, "does not know its checkpoint", base)
    assert engine.client.images.get(good["reference"]).id == good["id"]


def test_two_dirty_trees_are_two_images(tidy: None, desk: Desk, worker_image: str) -> None:
    """Of one commit, each by the changes that the seed was trained with."""
    names = []
    for steps in ("steps: 440", "steps: 480"):
        desk.edit(desk.experiment, "steps: 400" if not names else "steps: 440", steps)
        assert desk.expkit("run", "rq01").code == 0
        digits = provenance_of(desk)["git"]["patch"]["sha256"][:8]
        names.append(desk.json("package", "gambler", "--seed", "2", "--image", worker_image)["image"]["reference"])
        assert names[-1] == f"trial.rq01.gambler:{desk.git('rev-parse', 'HEAD')[:12]}-dirty-{digits}-seed2"
    assert len(set(names)) == 2


def provenance_of(desk: Desk) -> Any:
    """Where the newest record came from."""
    newest = max(desk.records(), key=lambda record: record.parent.name)
    return json.loads(newest.read_text())["provenance"]


def test_a_pushed_image_is_registered_with_its_digest(
    tidy: None, answered: Desk, worker_image: str, registry: str
) -> None:
    """What other machines can pull."""
    said = answered.expkit(
        "package", "accountant", "--image", worker_image, "--push", "--json", EXPKIT_REGISTRY=registry
    )
    found = json.loads(said.out)
    assert found["image"]["reference"].startswith(f"{registry}/trial.rq01.accountant:")
    assert found["image"]["digest"].startswith(f"{registry}/trial.rq01.accountant@sha256:")


def test_a_tracker_that_is_down_costs_the_model_and_not_the_image(
    tidy: None, answered: Desk, worker_image: str
) -> None:
    """Exit 4, with what to type when it is back."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        away = replace(answered, store=f"http://127.0.0.1:{free.getsockname()[1]}")
    said = away.expkit("package", "drunkard", "--image", worker_image)
    assert said.code == 4
    assert "publishing pending" in said.err
    assert "register the model later with: expkit package strategies/drunkard --question rq01" in said.err
    assert "docker run --rm trial.rq01.drunkard:" in said.out
    assert "models:/" not in said.out


def refused(said: Said, code: int, *words: str) -> None:
    """It ended with this code, said these words, and did nothing."""
    assert said.code == code, said
    assert said.out == ""
    for word in words:
        assert word in said.err


def test_stale_evidence_packages_nothing(answered: Desk) -> None:
    """An experiment that was edited after the run is not the one that was judged."""
    answered.edit(answered.experiment, "steps: 400", "steps: 440")
    refused(answered.expkit("package", "gambler"), 1, "stale", "expkit run rq01")


def test_edited_evidence_packages_nothing(answered: Desk) -> None:
    """Numbers that were prettified contradict each other."""
    found = json.loads(answered.evidence.read_text())
    found["arms"][2]["summaries"]["total_reward"]["mean"] += 1
    answered.evidence.write_text(json.dumps(found))
    refused(answered.expkit("package", "gambler"), 1, "does not pass its check", "expkit check rq01")


def test_evidence_of_other_results_packages_nothing(answered: Desk) -> None:
    """A results digest that the ledger's trials do not have."""
    digest = json.loads(answered.evidence.read_text())["arms"][2]["results_digest"]
    text = answered.outcome.read_text()
    answered.edit(answered.evidence, digest, "0" * 64)
    said = answered.expkit("package", "gambler")
    refused(said, 1, "gambler")
    assert answered.outcome.read_text() == text


def test_without_the_ledger_there_is_no_table_to_package(answered: Desk) -> None:
    """A fresh clone has the evidence and not the trials; running reproduces them."""
    refused(answered.clone().expkit("package", "gambler"), 2, "6 of the 6 seeds of gambler", "expkit run rq01")


def test_without_evidence_there_is_nothing_to_package_on(desk: Desk) -> None:
    """Nobody has run it yet."""
    refused(desk.expkit("package", "gambler"), 2, "rq01 has no evidence yet", "expkit run rq01")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gambler", "--seed", "6"), ("gambler has no seed 6", "0 to 5")),
        (("gamblr",), ("there is no arm 'gamblr'", "did you mean 'gambler'")),
        (("strategies/nobody",), ("there is no arm 'nobody' in strategies",)),
        (("gambler", "--question", "rq09"), ("there is no question 'rq09'",)),
        (("gambler", "--seed", "1", "--rule", "best"), ("give one of them",)),
        (("gambler", "--rule", "worst"), ("'worst' is not 'best'",)),
        (("gambler", "--push"), ("no registry is configured", "EXPKIT_REGISTRY")),
    ],
)
def test_what_cannot_be_meant_is_exit_2(answered: Desk, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    """Before an engine is asked for anything."""
    refused(answered.expkit("package", *arguments, DOCKER_HOST="tcp://127.0.0.1:9"), 2, *words)


def test_without_an_engine_it_is_exit_5(answered: Desk) -> None:
    """There is no image without one."""
    said = answered.expkit("package", "gambler", DOCKER_HOST="tcp://127.0.0.1:9")
    refused(said, 5, "no container engine")
    assert "--executor" not in said.err  # it has no such option


def test_the_projects_own_image_has_to_be_there(answered: Desk, engine: Engine) -> None:
    """What was trained on a host is built on the commit's image, which is named with what makes it."""
    commit = answered.git("rev-parse", "HEAD")[:12]
    refused(answered.expkit("package", "gambler"), 5, f"trial:{commit}", "expkit image build")


def test_two_questions_on_one_arm_need_a_choice(answered: Desk) -> None:
    """Only among those that have evidence."""
    other = answered.question.parent.with_name("rq02") / "question.yaml"
    other.parent.mkdir()
    other.write_text(SECOND_QUESTION)
    assert "2 questions" not in answered.expkit("package", "gambler", DOCKER_HOST="tcp://127.0.0.1:9").err
    assert answered.expkit("run", "rq02").code == 0
    refused(answered.expkit("package", "gambler"), 2, "2 questions draw on", "--question with one of rq01, rq02")
    said = answered.expkit("package", "gambler", "--question", "rq02", DOCKER_HOST="tcp://127.0.0.1:9")
    refused(said, 5, "no container engine")


def test_an_experiment_that_serves_no_question_has_no_evidence(answered: Desk) -> None:
    """Nothing of it was judged."""
    text = answered.experiment.read_text().replace("id: strategies", "id: alone").replace("gambler:", "loner:")
    answered.experiment.with_name("alone.yaml").write_text(text)
    refused(answered.expkit("package", "loner"), 2, "no question draws on the experiment alone")


def test_a_seed_that_failed_is_refused_and_never_chosen(answered: Desk) -> None:
    """Rewards beyond the range of doubles fail a trial: it has no table to hand on."""
    answered.edit(
        answered.experiment, "environment: {kind: dungeon}", "environment: {kind: dungeon, large_reward: 1e307}"
    )
    assert answered.expkit("run", "rq01").code == 3
    refused(answered.expkit("package", "gambler", "--seed", "2"), 1, "seed 2 of gambler failed", "not finite")
    refused(answered.expkit("package", "gambler"), 1, "every seed of gambler failed")
