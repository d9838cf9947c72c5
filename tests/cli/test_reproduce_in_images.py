from __future__ import annotations

import io
import json
import shutil
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import look
from expkit.containers.orphans import PROJECT_LABEL
from tests.conftest import Desk
from tests.reproduction.doctored import OTHER_ARCHITECTURE, doctor_record, doctor_trials, record_of


@pytest.fixture
def derived(engine: Engine, worker_image: str) -> Iterator[Callable[..., str]]:
    """Makes an image of its own on the worker's: (lines of its Dockerfile). Its id; all are removed afterwards."""
    made: list[str] = []

    def make(*lines: str) -> str:
        content = "\n".join([f"FROM {worker_image}", f"LABEL expkit.test={len(made)}", *lines, ""]).encode()
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as packed:
            about = tarfile.TarInfo("Dockerfile")
            about.size = len(content)
            packed.addfile(about, io.BytesIO(content))
        context.seek(0)
        image, _ = engine.client.images.build(
            fileobj=context, custom_context=True, rm=True, nocache=True, network_mode="none"
        )
        made.append(image.id)
        return str(image.id)

    yield make
    for image in made:
        forget(engine, image)


def forget(engine: Engine, image: str) -> None:
    """Remove an image by its id, whatever it is called."""
    from docker.errors import ImageNotFound

    with suppress(ImageNotFound):
        engine.client.images.remove(image, force=True)


def run_in(desk: Desk, image: str) -> None:
    """Answer the question in an image."""
    said = desk.expkit("run", "rq01", "--executor", "docker", "--image", image)
    assert said.code == 0, said


@pytest.fixture(scope="module")
def _recorded(
    desk_of: Callable[[Path], Desk], engine: Engine, worker_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Desk:
    desk = desk_of(tmp_path_factory.mktemp("recorded") / "project")
    run_in(desk, worker_image)
    assert containers(engine, desk) == []
    return desk


@pytest.fixture
def recorded(_recorded: Desk, tmp_path: Path) -> Desk:
    """A project whose question was answered in the worker's image."""
    return replace(_recorded, root=Path(shutil.copytree(_recorded.root, tmp_path / "project", symlinks=True)))


def executed_in(desk: Desk, *arguments: str) -> set[str]:
    """The ids of the images that a reproduction ran in."""
    return {arm["image"]["id"] for arm in desk.json("reproduce", "rq01", *arguments)["arms"]}


def containers(engine: Engine, desk: Desk) -> list[str]:
    """The containers of a project, running or not."""
    scratch = (desk.root / ".expkit" / "containers").resolve()
    found = engine.client.api.containers(all=True, filters={"label": f"{PROJECT_LABEL}={scratch}"})
    return [container["Id"] for container in found]


def test_a_run_is_reproduced_in_its_image_by_its_id(recorded: Desk, engine: Engine, worker_image: str) -> None:
    """As long as it was never pushed, the Id is all it has; nothing of the reproduction is left."""
    records = recorded.records()
    said = recorded.expkit("reproduce", "rq01")
    assert said.code == 0, said
    assert f"in image {worker_image[:19]}, the recorded one by its Id; it was never pushed" in said.out
    assert said.out.splitlines()[-1] == "reproduced: 18 trials came out as recorded, digest by digest"
    assert said.out.count(worker_image.removeprefix("sha256:")[:12]) >= 3
    assert "as recorded" in said.out.splitlines()[2]
    assert executed_in(recorded) == {worker_image}
    assert recorded.records() == records
    assert containers(engine, recorded) == []
    assert list((recorded.root / ".expkit" / "containers").iterdir()) == []


def test_what_was_recorded_in_an_image_is_the_same_on_this_host(recorded: Desk, worker_image: str) -> None:
    """`--on host` is said, with the versions that differ, if any do."""
    said = recorded.expkit("reproduce", "rq01", "--on", "host")
    assert said.code == 0, said
    assert f"on this host, as --on host says; it was recorded in {worker_image[:19]}" in said.out
    assert "recorded with " in said.out or "as recorded" in said.out


def test_what_was_recorded_on_a_host_is_the_same_in_an_image(answered: Desk, worker_image: str) -> None:
    """`--image` names where; it is said that this is not where it was recorded."""
    said = answered.expkit("reproduce", "rq01", "--image", worker_image)
    assert said.code == 0, said
    assert "as --image says; it was recorded outside of any image" in said.out
    assert executed_in(answered, "--image", worker_image) == {worker_image}


def test_a_mismatch_is_found_in_an_image_as_on_the_host(recorded: Desk) -> None:
    """Seed, state, action and by how much."""

    def change(arrays: dict[str, Any], _: dict[str, Any]) -> None:
        arrays["q"][5, 4, 1] -= 2

    doctor_trials(recorded, "gambler", change)
    said = recorded.expkit("reproduce", "rq01")
    assert said.code == 1, said
    assert "differs: seed 5, state 4, BACKWARD: " in said.out
    assert "(+2)" in said.out


def test_a_pushed_image_is_pulled_by_its_repository_digest(
    desk: Desk, engine: Engine, registry: str, derived: Callable[..., str]
) -> None:
    """Even after it was removed here: the digest names it wherever it is."""
    image, name = derived(), f"{registry}/reproduced/worker"
    engine.client.images.get(image).tag(name, "1")
    engine.client.images.push(name, "1")
    run_in(desk, f"{name}:1")
    said = desk.expkit("reproduce", "rq01")
    assert said.code == 0, said
    assert "the recorded one by its repository digest, which is here" in said.out
    forget(engine, image)
    again = desk.expkit("reproduce", "rq01")
    assert again.code == 0, again
    assert f"in image {name}@sha256:" in again.out
    assert "the recorded one by its repository digest, pulled" in again.out
    assert executed_in(desk) == {image}


def test_an_image_that_is_gone_and_cannot_be_rebuilt(
    desk: Desk, engine: Engine, worker_image: str, derived: Callable[..., str]
) -> None:
    """The ways out are in the message, and they work."""
    image = derived()
    run_in(desk, image)
    forget(engine, image)
    said = desk.expkit("reproduce", "rq01")
    assert said.code == 5, said
    assert f"the recorded image {image[:19]} is gone" in said.err
    assert "there is no Dockerfile at " in said.err
    assert "--image" in said.err
    assert "--on host" in said.err
    other = desk.expkit("reproduce", "rq01", "--image", worker_image)
    assert other.code == 0, other
    assert f"as --image says; it is not the recorded one ({image[:19]})" in other.out
    assert desk.expkit("reproduce", "rq01", "--on", "host").code == 0


def test_an_image_that_is_gone_is_rebuilt_from_its_commit(
    desk: Desk, engine: Engine, worker_image: str, derived: Callable[..., str]
) -> None:
    """Though the work tree has moved on; that it is a rebuild is said, and whether it has the same Id."""
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    desk.commit()
    base = {"EXPKIT_BASE_IMAGE": worker_image}
    built = desk.expkit("image", "build", "--json", **base)
    assert built.code == 0, built
    image = json.loads(built.out)["id"]
    run_in(desk, image)
    commit = desk.git("rev-parse", "HEAD")
    (desk.root / "Dockerfile").unlink()
    desk.commit()
    forget(engine, image)
    try:
        said = desk.expkit("reproduce", "rq01", **base)
        assert said.code == 0, said
        assert f"rebuilt, since the recorded one is gone: from {commit[:12]} on the base that is here now" in said.out
        assert "it has the recorded Id" in said.out or f"its Id is not {image[:19]}" in said.out
        assert desk.git("status", "--porcelain") == "", "the rebuild took place elsewhere"
    finally:
        forget(engine, f"trial:{commit[:12]}")


def test_a_rebuild_moves_no_name_and_is_removed(
    desk: Desk, engine: Engine, worker_image: str, derived: Callable[..., str]
) -> None:
    """Whatever stands under the name of the commit, on whatever base, is there afterwards; nothing else is."""
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV LEFT=nothing\n")
    desk.commit()
    name, standing = f"trial:{desk.git('rev-parse', 'HEAD')[:12]}", derived()
    engine.client.images.get(standing).tag(*name.split(":"))
    assert desk.expkit("run", "rq01").code == 0
    said = desk.expkit("reproduce", "rq01", "--on", "image", "--json", EXPKIT_BASE_IMAGE=worker_image)
    assert said.code == 0, said
    (ran,) = {arm["image"]["id"] for arm in json.loads(said.out)["arms"]}
    assert ran not in (standing, worker_image)
    assert look(engine, ran) is None
    named = look(engine, name)
    assert named is not None
    assert named.id == standing
    assert look(engine, worker_image) is not None


def test_an_image_that_stood_is_not_removed_with_the_rebuild_that_equals_it(
    desk: Desk, engine: Engine, worker_image: str
) -> None:
    """The engine's cache makes the very same image: with a name or without one, it stays."""
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    desk.commit()
    base = {"EXPKIT_BASE_IMAGE": worker_image}
    image = json.loads(desk.expkit("image", "build", "--json", **base).out)["id"]
    assert desk.expkit("run", "rq01").code == 0
    try:
        before = look(engine, image)
        for _ in range(2):
            said = desk.expkit("reproduce", "rq01", "--on", "image", "--json", **base)
            assert said.code == 0, said
            assert {arm["image"]["id"] for arm in json.loads(said.out)["arms"]} == {image}
        assert before is not None
        assert look(engine, image) == before
    finally:
        forget(engine, image)


class TestAnImageOfAnotherRevision:
    def test_is_rebuilt_from_that_revision(self, desk: Desk, engine: Engine, worker_image: str) -> None:
        """The run's commit says what was declared, the image's what computed it."""
        (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
        desk.commit()
        base = {"EXPKIT_BASE_IMAGE": worker_image}
        revision = desk.git("rev-parse", "HEAD")
        image = json.loads(desk.expkit("image", "build", "--json", **base).out)["id"]
        (desk.root / "Dockerfile").unlink()
        desk.commit()
        run_in(desk, image)
        forget(engine, image)
        said = desk.expkit("reproduce", "rq01", **base)
        assert said.code == 0, said
        assert (
            f"since the recorded one is gone: from {revision[:12]}, which it says it was built from, on the base"
        ) in said.out
        found = json.loads(desk.expkit("reproduce", "rq01", "--json", **base).out)
        assert {arm["image"]["revision"] for arm in found["arms"]} == {revision}

    @pytest.mark.parametrize(
        ("revision", "words"),
        [
            ("0" * 40, "was built from 000000000000 (commit 000000000000 is not in this repository)"),
            ("{head}-dirty", "was built from {head}-dirty (as it differed from its commit)"),
            ("--output=x", "does not say which commit it was built from"),
            (None, "does not say which commit it was built from"),
        ],
    )
    def test_that_cannot_be_had_is_said(self, desk: Desk, worker_image: str, revision: str | None, words: str) -> None:
        """What is built from the run's commit instead is never called what ran."""
        (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
        desk.commit()
        head = desk.git("rev-parse", "HEAD")
        assert desk.expkit("run", "rq01").code == 0
        gone = {"id": f"sha256:{'5' * 64}", "revision": revision and revision.format(head=head)}
        for arm in ("drunkard", "accountant", "gambler"):
            doctor_record(desk, arm, lambda record: record["provenance"]["image"].update(gone))
        said = desk.expkit("reproduce", "rq01", EXPKIT_BASE_IMAGE=worker_image)
        assert said.code == 0, said
        expected = f"the recorded image {words.format(head=head[:12])}; rebuilt from {head[:12]} instead on the base"
        assert expected in " ".join(said.out.split())


def test_an_image_without_a_worker_is_refused_with_an_option_that_exists(
    answered: Desk, derived: Callable[..., str]
) -> None:
    """`--on host` is what this command calls it."""
    said = answered.expkit("reproduce", "rq01", "--image", derived("ENV PATH=/usr/bin:/bin"))
    assert said.code == 3, said
    assert "does not hold a worker" in said.err
    assert "--on host" in said.err
    assert "--executor" not in said.err


def test_on_image_builds_the_projects_own_where_none_was_recorded(
    desk: Desk, engine: Engine, worker_image: str
) -> None:
    """What ran on a host is executed in the image of its commit."""
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    desk.commit()
    assert desk.expkit("run", "rq01").code == 0
    try:
        said = desk.expkit("reproduce", "rq01", "--on", "image", EXPKIT_BASE_IMAGE=worker_image)
        assert said.code == 0, said
        assert "the project's own, as --on image says" in said.out
    finally:
        forget(engine, f"trial:{desk.git('rev-parse', 'HEAD')[:12]}")


def test_a_build_that_fails_is_told_with_the_ways_around_it(desk: Desk, worker_image: str) -> None:
    """A rebuild is a last resort."""
    (desk.root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN exit 7\n")
    desk.commit()
    assert desk.expkit("run", "rq01").code == 0
    said = desk.expkit("reproduce", "rq01", "--on", "image", EXPKIT_BASE_IMAGE=worker_image)
    assert said.code == 2, said
    assert "could not be built" in said.err
    assert "--on host" in said.err


def test_an_image_of_another_engine_version_refuses_the_work(desk: Desk, derived: Callable[..., str]) -> None:
    """Its numbers would be others by design; nothing is called a mismatch."""
    image = derived(
        "USER 0",
        "RUN sed -i 's/^ENGINE_VERSION = .*/ENGINE_VERSION = 99/' $(find /opt -path '*expkit/training/engine.py')",
        "USER 65534:65534",
    )
    assert desk.expkit("run", "rq01").code == 0
    said = desk.expkit("reproduce", "rq01", "--image", image)
    assert said.code == 5, said
    assert "what runs there cannot do the recorded work" in said.err
    assert "this worker has 99" in said.err
    assert "expkit replicate" in said.err


def test_an_image_of_another_machine_is_not_looked_for(recorded: Desk) -> None:
    """What was recorded on another architecture cannot come out here."""
    doctor_record(
        recorded, "gambler", lambda record: record["provenance"]["machine"].update(architecture=OTHER_ARCHITECTURE)
    )
    said = recorded.expkit("reproduce", "rq01")
    assert said.code == 5, said
    assert f"recorded on {OTHER_ARCHITECTURE}, and the container engine runs " in said.err


def test_ctrl_c_leaves_no_container_behind(desk: Desk, engine: Engine, worker_image: str, tmp_path: Path) -> None:
    """Nor a folder, nor a record; exit 130."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    desk.edit(desk.experiment, "steps: 400", "steps: 4000000")
    desk.commit()
    run_in(desk, worker_image)
    records = desk.records()
    assert record_of(desk, "gambler") in records
    process = desk.start("reproduce", "rq01", "-j", "1", TMPDIR=str(scratch))
    assert process.stderr is not None
    assert "running 18 trials" in process.stderr.readline()
    for _ in range(600):
        if containers(engine, desk):
            break
        time.sleep(0.05)
    assert containers(engine, desk) != []
    assert list(scratch.iterdir()) != []
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "nothing is left behind" in err
    assert "Traceback" not in err
    assert list(scratch.iterdir()) == []
    assert containers(engine, desk) == []
    assert list((desk.root / ".expkit" / "containers").iterdir()) == []
    assert desk.records() == records
