from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidDeclaration
from expkit.plan import plan
from expkit.project.inputs import Unusable, content_digest, places
from expkit.project.read import read_project
from expkit.specs.program import Command

if TYPE_CHECKING:
    from tests.conftest import Desk

EXPERIMENT = """\
id: maps
title: An arm that reads maps
{inputs}
environment: {{kind: dungeon}}
trainer: {{kind: tabular, steps: 40}}
arms: {{drunkard: {{agent: {{kind: drunkard}}}}}}
seeds: {{root: 1, count: 5}}
"""
PROGRAM = """\
id: maps
title: A program that reads maps
image: maps:1
{inputs}
trainer:
  kind: command
  command: [python, train.py, "--seed={{seed}}", "--maps={{inputs}}/maps"]
  metrics: {{score: {{definition: what it scores}}}}
arms: {{one: {{}}}}
seeds: {{root: 1, count: 5}}
"""
MAPS = b"the maps"
SHA256 = hashlib.sha256(MAPS).hexdigest()


def project(root: Path, inputs: str, text: str = EXPERIMENT) -> Path:
    """A project with one input, and an experiment that declares `inputs`."""
    (root / "inputs").mkdir(exist_ok=True)
    (root / "experiments").mkdir(exist_ok=True)
    (root / "inputs" / "maps.npz").write_bytes(MAPS)
    (root / "experiments" / "maps.yaml").write_text(text.format(inputs=inputs, digest="ab" * 32))
    return root


def refused(root: Path, inputs: str) -> str:
    """What is said of a declaration that cannot be meant."""
    with pytest.raises(InvalidDeclaration) as error:
        read_project(project(root, inputs))
    return str(error.value)


def key(root: Path, inputs: str, text: str = EXPERIMENT) -> str:
    """The key of the one arm."""
    return plan(read_project(project(root, inputs, text)).experiments["maps"], lambda *_: frozenset())[0].key


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    """`sha256sum` prints the same."""
    file = tmp_path / "maps.npz"
    file.write_bytes(MAPS)
    assert content_digest(file) == subprocess.check_output(["sha256sum", file], text=True).split()[0]


def test_the_digest_of_a_folder_is_that_of_its_files_by_path(tmp_path: Path) -> None:
    """Anybody can compute it: canonical JSON of paths and digests. Empty folders, times and rights are not in it."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "b").mkdir(parents=True)
        (folder / "b" / "ä.txt").write_bytes(b"2")
        (folder / "a.txt").write_bytes(b"1")
    (other / "empty").mkdir()
    (other / "a.txt").chmod(0o600)
    os.utime(other / "a.txt", (0, 0))
    digests = {"a.txt": hashlib.sha256(b"1").hexdigest(), "b/ä.txt": hashlib.sha256(b"2").hexdigest()}
    text = json.dumps(digests, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert content_digest(one) == content_digest(other) == hashlib.sha256(text.encode()).hexdigest()
    (other / "a.txt").rename(other / "c.txt")
    assert content_digest(one) != content_digest(other)


def test_what_is_no_regular_file_has_no_digest(tmp_path: Path) -> None:
    """A link, a pipe, a name that is no text."""
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "piped").mkdir()
    os.mkfifo(tmp_path / "piped" / "pipe")
    (tmp_path / "named").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "named") + b"/\xff")).write_bytes(b"")
    for name in ("linked", "piped", "named"):
        with pytest.raises(Unusable):
            content_digest(tmp_path / name)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("inputs/../../maps.npz", "inputs/../../maps.npz leads out of the project"),
        ("/etc/passwd", "a path relative to the project's root"),
        ("outside/maps.npz", "outside/maps.npz goes through a symbolic link, outside"),
    ],
)
def test_a_path_that_leaves_the_project_is_refused_where_it_stands(tmp_path: Path, path: str, said: str) -> None:
    """By dots, from the root of the machine, through a link."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "outside").symlink_to(tmp_path)
    message = refused(root, f"inputs: {{maps: {{path: {path}, sha256: {SHA256}}}}}")
    assert message.startswith("experiments/maps.yaml:3:23: ")
    assert said in message


def test_a_declaration_without_a_digest_is_told_what_it_is(tmp_path: Path) -> None:
    """To be pasted; and where there is nothing to digest, that is said."""
    said = refused(tmp_path, "inputs: {maps: {path: inputs/maps.npz}}")
    assert said == f"experiments/maps.yaml:3:16: input maps has no sha256; declare sha256: {SHA256}"
    said = refused(tmp_path, "inputs: {maps: {path: inputs/mops.npz}}")
    assert said.startswith("experiments/maps.yaml:3:23: there is no inputs/mops.npz; ")


def test_what_is_recorded_already_reads_no_inputs(tmp_path: Path) -> None:
    """They were read by somebody else, if at all."""
    text = """\
id: maps
title: What was recorded
{inputs}
trainer: {{kind: recorded, file: results/old.csv, metrics: {{score: {{definition: what it scores}}}}}}
arms: {{one: {{}}}}
seeds: {{root: 1, count: 5}}
"""
    with pytest.raises(InvalidDeclaration, match="recorded results read no inputs"):
        read_project(project(tmp_path, f"inputs: {{maps: {{path: inputs/maps.npz, sha256: {SHA256}}}}}", text))


@pytest.mark.parametrize("text", [EXPERIMENT, PROGRAM])
def test_inputs_are_in_an_arms_key_by_name_and_content(tmp_path: Path, text: str) -> None:
    """An arm without has the key it always had; where a file is kept is nobody's business."""
    none = key(tmp_path, "", text)
    one = key(tmp_path, f"inputs: {{maps: {{path: inputs/maps.npz, sha256: {SHA256}}}}}", text)
    moved = key(tmp_path, f"inputs: {{maps: {{path: elsewhere/maps.npz, sha256: {SHA256}}}}}", text)
    named = key(tmp_path, f"inputs: {{mops: {{path: inputs/maps.npz, sha256: {SHA256}}}}}", text)
    other = key(tmp_path, f"inputs: {{maps: {{path: inputs/maps.npz, sha256: {'cd' * 32}}}}}", text)
    assert one == moved
    assert len({none, one, named, other}) == 4


def test_a_program_is_told_where_its_inputs_are(tmp_path: Path) -> None:
    """Name by name."""
    root = project(tmp_path, f"inputs: {{maps: {{path: inputs/maps.npz, sha256: {SHA256}}}}}", PROGRAM)
    [arm] = plan(read_project(root).experiments["maps"], lambda *_: frozenset())
    assert isinstance(arm.arm.trainer, Command)
    assert places(root, arm.arm.inputs) == {"maps": root / "inputs" / "maps.npz"}


def test_a_run_begins_only_with_the_inputs_that_are_declared(desk: Desk) -> None:
    """Changed and missing ones are told together, with both digests; what needs no run needs no inputs."""
    project(desk.root, "")
    folder = desk.root / "inputs" / "levels"
    folder.mkdir()
    (folder / "one.txt").write_text("one")
    levels = desk.expkit("digest", "inputs/levels").out.strip()
    assert desk.json("digest", "inputs/maps.npz") == {"path": "inputs/maps.npz", "sha256": SHA256}
    declared = f"maps: {{path: inputs/maps.npz, sha256: {SHA256}}}, levels: {{path: inputs/levels, sha256: {levels}}}"
    project(desk.root, f"inputs: {{{declared}}}")
    desk.commit()

    (desk.root / "inputs" / "maps.npz").write_bytes(b"other maps")
    (folder / "one.txt").rename(desk.root / "one.txt")
    folder.rmdir()
    said = desk.expkit("run", "maps")
    assert said.code == 2
    found = hashlib.sha256(b"other maps").hexdigest()
    assert f"maps: inputs/maps.npz is {found}, and declared is {SHA256}" in said.err
    assert "levels: there is no inputs/levels" in said.err
    assert not desk.records()
    assert desk.expkit("check").code == 0

    (desk.root / "inputs" / "maps.npz").write_bytes(MAPS)
    folder.mkdir()
    (desk.root / "one.txt").rename(folder / "one.txt")
    assert desk.expkit("run", "maps").code == 0
    [record] = [json.loads(file.read_text()) for file in desk.records()]
    assert record["work"]["arm"]["inputs"]["levels"] == {"path": "inputs/levels", "sha256": levels}

    (desk.root / "inputs" / "maps.npz").unlink()
    assert desk.expkit("run", "maps").code == 0
    attempt = next(iter(desk.records())).parent.name
    said = desk.expkit("reproduce", attempt)
    assert said.code == 2, said
    assert "maps: there is no inputs/maps.npz" in said.err
