from __future__ import annotations

import json
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expkit.checkpoint.rollout import evaluate, luck_key, returns
from expkit.checkpoint.stored import Stored
from expkit.containers.engine import Engine
from expkit.containers.image import REVISION_LABEL, Inspected, resolve
from expkit.digests import array_digest
from expkit.errors import CheckFailed, ServiceAbsent
from expkit.images.build import build
from expkit.images.checkpoint import build_checkpoint, checkpoint_context, checkpoint_labels
from expkit.records.checkpoint import CHECKPOINT_FILE, TABLE_FILE
from expkit.records.provenance import Image
from tests.checkpoint.conftest import COMMIT, Packed, pack

PARENT = f"sha256:{'a' * 64}"
REFERENCE = f"expkit-tests-checkpoint-{uuid.uuid4().hex[:8]}:{{}}"
Seal = Callable[..., tuple[Packed, Inspected]]
KINDS = ("gambler", "drunkard", "accountant")
CONFINED = ("--read-only", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def on(parent: Inspected, packed: Packed) -> Packed:
    """The checkpoint as it is packaged on an image."""
    return packed.with_(parent=parent.record)


def built(engine: Engine, packed: Packed, name: str) -> Inspected:
    """Its image."""
    return build_checkpoint(
        engine,
        packed.checkpoint,
        sha256=packed.sha256,
        files=packed.files,
        reference=REFERENCE.format(name),
        on_line=lambda line: None,
    )


@pytest.fixture
def packed() -> Packed:
    """The gambler's checkpoint."""
    return pack()


@pytest.fixture(scope="session")
def parent(engine: Engine, worker_image: str) -> Inspected:
    """The image that holds this very expkit."""
    return resolve(engine, worker_image)


@pytest.fixture(scope="session")
def sealed(engine: Engine, parent: Inspected) -> Iterator[Seal]:
    """The checkpoint of a kind of agent, with its image; made once."""
    known: dict[str, tuple[Packed, Inspected]] = {}

    def seal(kind: str = "gambler") -> tuple[Packed, Inspected]:
        if kind not in known:
            packed = on(parent, pack(kind, steps=2000))
            known[kind] = packed, built(engine, packed, kind)
        return known[kind]

    yield seal
    for _, image in known.values():
        engine.client.images.remove(image.reference)


def run(image: Inspected, *arguments: str, options: tuple[str, ...] = CONFINED) -> subprocess.CompletedProcess[str]:
    """What the image says, as a person would run it."""
    command = ["docker", "run", "--rm", *options, image.id, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    return done


def told(image: Inspected, *arguments: str, options: tuple[str, ...] = CONFINED) -> Any:
    """The same for machines."""
    done = run(image, *arguments, "--json", options=options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_context_holds_the_checkpoint_and_nothing_of_its_maker(packed: Packed) -> None:
    """Sorted, owned by nobody in particular, of no time: what it is built from is a function of the checkpoint."""
    context = checkpoint_context(PARENT, packed.files)
    with tarfile.open(fileobj=context) as tar:
        entries = tar.getmembers()
        first = tar.extractfile(entries[0])
        assert first is not None
        commands = first.read().decode().splitlines()
    assert [entry.name for entry in entries] == [
        "Dockerfile",
        f"checkpoint/{CHECKPOINT_FILE}",
        f"checkpoint/{TABLE_FILE}",
    ]
    assert {(entry.uid, entry.gid, entry.mtime, entry.mode) for entry in entries} == {(0, 0, 0, 0o644)}
    assert commands[0] == f"FROM {PARENT}"
    assert checkpoint_context(PARENT, packed.files).read() == checkpoint_context(PARENT, packed.files).read()


def test_labels_say_what_it_is_and_leave_the_codes_revision_alone(packed: Packed) -> None:
    """The commit of the code is inherited; the commit of the trial, which may be older, has a label of its own."""
    digest = f"localhost:5000/caves@sha256:{'b' * 64}"
    found = packed.with_(parent=Image(reference="caves:1", id=PARENT, digest=digest), dirty=True)
    labels = checkpoint_labels(found.checkpoint, found.sha256)
    assert REVISION_LABEL not in labels
    assert labels["expkit.checkpoint.commit"] == COMMIT
    assert labels["expkit.checkpoint.dirty"] == "true"
    assert labels["expkit.checkpoint.digest"] == found.sha256
    assert labels["expkit.checkpoint.parent"] == PARENT
    assert labels["org.opencontainers.image.base.digest"] == f"sha256:{'b' * 64}"
    unknown = checkpoint_labels(packed.with_(commit=None, dirty=None).checkpoint, "")
    assert not {"expkit.checkpoint.commit", "expkit.checkpoint.dirty"} & set(unknown)


@pytest.mark.parametrize("kind", KINDS)
def test_in_its_own_container_it_evaluates_as_on_the_host(kind: str, sealed: Seal, tmp_path: Path) -> None:
    """Number for number, in a container that can write nowhere, reach nobody and do nothing."""
    packed, image = sealed(kind)
    stored: Stored = packed.stored(tmp_path)
    one = stored.checkpoint
    here = evaluate(
        stored.mdp, one.resolved.agent, stored.q, arm_key=one.arm_key, root=one.root, episodes=200, steps=2000
    )
    found = told(image, "evaluate", "--episodes", "200")
    assert found == {"arm": one.arm, "seed": one.seed, **here.model_dump(mode="json")}
    assert found["interval"]["low"] <= found["expected"] <= found["interval"]["high"]


@pytest.mark.parametrize("options", [(), ("--user", "12345"), ("--read-only", "--ipc", "none", "--tmpfs", "/tmp")])
def test_it_needs_no_particular_way_to_be_run(sealed: Seal, options: tuple[str, ...]) -> None:
    """Bare, as any user, or with memory for its temporary files: the same numbers."""
    confined, free = (told(sealed()[1], "evaluate", "--episodes", "20", options=way) for way in (CONFINED, options))
    assert confined == free


def test_with_nowhere_to_write_at_all_it_says_what_to_add(sealed: Seal) -> None:
    """Only `evaluate` needs a place for the compiled kernel, and says so; the others go on."""
    options = ("--read-only", "--ipc", "none")
    done = run(sealed()[1], "evaluate", options=options)
    assert done.returncode == 5
    assert "docker run --tmpfs /tmp" in done.stderr
    assert run(sealed()[1], "act", "--state", "0", options=options).returncode == 0


@pytest.mark.parametrize("kind", ["gambler", "drunkard"])
def test_it_acts_in_every_state(kind: str, sealed: Seal, tmp_path: Path) -> None:
    """By the larger entry; the drunkard by chance."""
    packed, image = sealed(kind)
    q = packed.stored(tmp_path).q.tolist()
    for state, entries in enumerate(q):
        found = told(image, "act", "--state", str(state))
        best = [action for action, entry in enumerate(entries) if entry == max(entries)]
        assert found["action"] in best
        assert found["tie"] == (len(best) > 1)
    refused = run(image, "act", "--state", str(len(q)))
    assert refused.returncode == 2
    assert f"the states are 0 to {len(q) - 1}" in refused.stderr


def test_it_knows_where_it_came_from(sealed: Seal, parent: Inspected) -> None:
    """Inside, and for whoever only inspects it; it inherits the commit of its code."""
    packed, image = sealed()
    found = told(image, "info")
    assert found["checkpoint_digest"] == packed.sha256 == image.labels["expkit.checkpoint.digest"]
    assert found["parent"]["id"] == parent.id == image.labels["expkit.checkpoint.parent"]
    assert image.labels[REVISION_LABEL] == parent.labels[REVISION_LABEL]
    assert image.labels["org.opencontainers.image.title"] == packed.checkpoint.title


def test_the_same_checkpoint_is_the_same_image(sealed: Seal, engine: Engine) -> None:
    """The second build finds the first."""
    packed, image = sealed()
    assert built(engine, packed, packed.checkpoint.arm).id == image.id


def test_a_table_that_was_changed_on_the_way_is_refused_inside(
    engine: Engine, parent: Inspected, packed: Packed
) -> None:
    """The image is asked before it keeps its name: nobody can run what does not know itself."""
    changed = on(parent, packed)
    files = {**changed.files, TABLE_FILE: packed.files[TABLE_FILE] + b" "}
    with pytest.raises(CheckFailed, match="not the table that was packaged"):
        built(engine, Packed(checkpoint=changed.checkpoint, files=files), "changed")
    assert not engine.client.images.list(REFERENCE.format("changed"))


def test_an_image_that_holds_no_expkit_is_refused_as_a_parent(engine: Engine, packed: Packed, base: str) -> None:
    """With what to do instead; neither an image nor a container is left behind."""
    foreign = on(resolve(engine, base), packed)
    with pytest.raises(CheckFailed, match="does not know its checkpoint") as refused:
        built(engine, foreign, "foreign")
    assert "expkit image build" in str(refused.value)
    assert not engine.client.images.list(REFERENCE.format("foreign"))
    # a container has the labels of its image
    assert not engine.client.containers.list(all=True, filters={"label": f"expkit.checkpoint.digest={foreign.sha256}"})


def named(engine: Engine, id: str, name: str) -> str:
    """A good image of that name, from before."""
    engine.client.api.tag(id, *REFERENCE.format(name).split(":"))
    return REFERENCE.format(name)


def test_a_name_that_was_good_stays_with_its_image(engine: Engine, packed: Packed, base: str, nothing: str) -> None:
    """Whether the new image answers wrongly, or there is nothing in it to start; and no nameless image is left."""
    good = resolve(engine, nothing)
    name = named(engine, good.id, "kept")
    try:
        for parent in (base, nothing):
            bad = on(resolve(engine, parent), packed)
            with pytest.raises(CheckFailed):
                built(engine, bad, "kept")
            assert resolve(engine, name).id == good.id
            labels = {"label": f"expkit.checkpoint.digest={bad.sha256}"}
            assert not engine.client.images.list(all=True, filters=labels)
    finally:
        engine.client.images.remove(name)


def test_an_engine_that_does_not_answer_names_no_image(
    engine: Engine, parent: Inspected, packed: Packed, nothing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault cannot be made in time: the asking itself fails here. The name and the parent stay as they were."""

    def absent(engine: Engine, image: Inspected) -> str:
        raise ServiceAbsent("the container engine could not start the image")

    monkeypatch.setattr("expkit.images.checkpoint._asked", absent)
    good = resolve(engine, nothing)
    name = named(engine, good.id, "silent")
    try:
        with pytest.raises(ServiceAbsent, match="could not start"):
            built(engine, on(parent, packed), "silent")
        assert resolve(engine, name).id == good.id
        assert resolve(engine, parent.id).id == parent.id
    finally:
        engine.client.images.remove(name)


def test_a_nameless_parent_outlives_a_failed_checkpoint(engine: Engine, packed: Packed, nothing: str) -> None:
    """An engine prunes nameless parents with what is removed: the image that the seed was trained in may be one."""
    context = checkpoint_context(resolve(engine, nothing).id, {"note": b"nameless"})
    labels = {"expkit.tests": REFERENCE}
    parent = build(engine, context, tags=(), labels=labels, arguments={}, on_line=lambda line: None)
    try:
        with pytest.raises(CheckFailed):
            built(engine, on(parent, packed), "nameless")
        assert resolve(engine, parent.id) == parent
    finally:
        engine.client.images.remove(parent.id)


def test_what_is_compared_are_whole_returns(sealed: Seal, tmp_path: Path) -> None:
    """The digest in the answer is that of every single return, not of their mean."""
    packed, image = sealed()
    stored = packed.stored(tmp_path)
    one = stored.checkpoint
    options = {"luck": luck_key(one.arm_key), "root": 9, "episodes": 40, "steps": 50}
    whole = returns(stored.mdp, one.resolved.agent, stored.q, **options)
    found = told(image, "evaluate", "--episodes", "40", "--steps", "50", "--root", "9")
    assert found["returns_digest"] == array_digest(whole)
